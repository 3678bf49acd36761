"""The other commands of the house that the demo and the journeys call, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from infra.demo.doors import Access

ROOT = Path(__file__).resolve().parents[2]
CLOUD_FILE = ROOT / ".local" / "cloud.json"


class CommandFailed(Exception):
    """A command of ours ended with an error; its last lines say which."""


class Source(msgspec.Struct, frozen=True):
    """A source as the operator command prints it: its write key, and the secret its webhooks are signed with."""

    source_id: str
    write_key: str
    webhook_secret: str

    def __repr__(self) -> str:
        return f"<source {self.source_id}>"


class Tenant(msgspec.Struct, frozen=True):
    """A tenant with two sources: the shop's own records, which may set vip and member levels, and all else."""

    tenant_id: str
    admin_token: str
    records: Source
    shop: Source

    def __repr__(self) -> str:
        return f"<tenant {self.tenant_id}>"

    def access(self, base_url: str) -> Access:
        """What opens this tenant's doors."""
        return Access(
            base_url, self.shop.write_key, self.records.write_key, self.shop.webhook_secret, self.shop.source_id
        )


class Counts(msgspec.Struct, frozen=True):
    """What became of a tenant's events, as the tables say, and what still waits in the cloud's queue.

    An event sent again leaves no row of its own: duplicates are what was accepted beyond these.
    ``dead_messages`` are all of the cloud's, whichever tenant's.
    """

    applied: int = 0
    quarantined: int = 0
    waiting: int = 0
    in_flight: int = 0
    dead_messages: int = 0

    @property
    def kept(self) -> int:
        """Distinct events whose end is known."""
        return self.applied + self.quarantined

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is being worked on."""
        return not (self.waiting or self.in_flight)


class Cloud(msgspec.Struct, frozen=True):
    """Where the local cloud answers: the HTTP API through its front, and the AWS APIs of the emulator.

    ``outputs`` are those of the deployed stack, such as ``EventsQueueUrl``.
    """

    front_port: int
    emulator_port: int
    outputs: dict[str, str] = {}

    @property
    def url(self) -> str:
        """The HTTP API, without ``/v1``."""
        return f"http://127.0.0.1:{self.front_port}"

    @property
    def aws_url(self) -> str:
        """The AWS APIs."""
        return f"http://127.0.0.1:{self.emulator_port}"


def cloud_up() -> Cloud:
    """Make sure the local cloud runs; its addresses. Raises CommandFailed."""
    _run("infra.cloud", "up", show=True)
    try:
        return msgspec.json.decode(CLOUD_FILE.read_bytes(), type=Cloud)
    except FileNotFoundError:
        raise CommandFailed("No local cloud is up; start it with: python -m infra.cloud up") from None


def create_tenant(name: str, timezone: str = "Asia/Shanghai") -> Tenant:
    """A new tenant with its keys. Raises CommandFailed."""
    printed = _run("infra.operator", "tenant", "create", "--name", name, "--timezone", timezone, "--json")
    tenant_id, admin_token = (msgspec.json.decode(printed)[field] for field in ("tenant_id", "admin_token"))
    shop = _run(
        "infra.operator", "source", "create", "--tenant", tenant_id, "--name", "shop", "--channel", "web", "--json"
    )
    records = msgspec.json.decode(printed, type=Source)
    return Tenant(tenant_id, admin_token, records, msgspec.json.decode(shop, type=Source))


def create_token(tenant_id: str, role: str, principal: str = "") -> str:
    """The token of a new principal of a role. Raises CommandFailed."""
    named = ("--tenant", tenant_id, "--role", role, "--principal", principal or f"{role}-1")
    printed = _run("infra.operator", "token", "create", *named, "--json")
    return str(msgspec.json.decode(printed)["token"])


def counts(tenant_id: str) -> Counts:
    """What became of a tenant's events so far. Raises CommandFailed."""
    return msgspec.json.decode(_run("infra.operator", "counts", "--tenant", tenant_id, "--json"), type=Counts)


def bodies(tenant_id: str) -> dict[str, str]:
    """Profile id → SHA-256 of the profile's stored body. Raises CommandFailed."""
    return msgspec.json.decode(_run("infra.operator", "bodies", "--tenant", tenant_id, "--json"), type=dict[str, str])


def reset(tenant_id: str) -> None:
    """Wipe a tenant's profiles and history but keep its keys. Raises CommandFailed."""
    _run("infra.operator", "reset", "--tenant", tenant_id, "--yes")


def _run(module: str, *arguments: str, show: bool = False) -> bytes:
    command = [sys.executable, "-m", module, *arguments]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ,
        check=False,
        stdout=None if show else subprocess.PIPE,
        stderr=None if show else subprocess.PIPE,
    )
    if ended.returncode != 0:
        said = (ended.stderr or b"").decode(errors="replace").strip().splitlines()[-5:]
        raise CommandFailed(f"python -m {module} {arguments[0]} failed: " + "\n".join(said))
    # With --json the answer is the last line, whatever was said before it.
    return (ended.stdout or b"").strip().rsplit(b"\n", 1)[-1]
