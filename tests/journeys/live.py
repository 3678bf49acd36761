"""A fresh tenant on the living local cloud, and what every journey does with it."""

from __future__ import annotations

import time
import urllib.request
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import boto3
import msgspec
from segment.analytics.client import Client

from infra.demo import commands
from infra.demo.api import Api, open_session
from infra.demo.commands import Cloud, Counts, Tenant
from infra.demo.doors import Doors, Outcome, segment_call
from infra.demo.sending import SEGMENT, Sending
from infra.demo.waiting import wait_until_accounted

READERS = 4
IMPORT_SECONDS = 120


def now_ms() -> int:
    """The present moment in milliseconds UTC."""
    return int(datetime.now(UTC).timestamp() * 1000)


def unique(prefix: str) -> str:
    """A name that no other run has used."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


class Live:
    """One tenant: its doors, its reads, and its counts."""

    def __init__(self, cloud: Cloud, tenant: Tenant) -> None:
        self.cloud = cloud
        self.tenant = tenant
        self.access = tenant.access(cloud.url)
        self.api = Api(cloud.url, tenant.admin_token)
        self.session = open_session()
        self._accepted: set[str] = set()

    @classmethod
    def fresh(cls, name: str) -> Live:
        """The cloud brought up if need be, and a new tenant on it."""
        return cls(commands.cloud_up(), commands.create_tenant(name))

    def counts(self) -> Counts:
        """What became of this tenant's events."""
        return commands.counts(self.tenant.tenant_id)

    def send(self, sendings: Sequence[Sending]) -> Outcome:
        """Send through the doors and wait until all that was accepted is accounted for."""
        with Doors(self.access) as doors:
            outcome = doors.send(sendings)
        self._accepted |= set(outcome.accepted)
        self.settle(len(self._accepted))
        return outcome

    def settle(self, distinct: int) -> Counts:
        """Wait until so many different events of this tenant have an end; fails when they never do."""
        counts = wait_until_accounted(self.counts, distinct, pause_seconds=0.5)
        assert counts.idle, counts
        assert counts.kept >= distinct, f"{distinct - counts.kept} events are not accounted for: {counts}"
        return counts

    def profiles(self, people: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Any]:
        """The profiles behind identifiers; those that nobody knows are left out."""
        with ThreadPoolExecutor(READERS) as pool:
            found = pool.map(lambda identifier: (identifier, self.api.find([identifier])), people)
            return {identifier: profile for identifier, profile in found if profile is not None}

    def aws(self, service: str) -> Any:
        """A boto3 client of the emulator."""
        return boto3.client(
            service,
            endpoint_url=self.cloud.aws_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


def sending(type_: str, user_id: str, **changes: Any) -> Sending:
    """An event of one person, by the Segment client and a minute ago unless ``changes`` say otherwise."""
    at = changes.pop("at", now_ms() - 60_000)
    fields: dict[str, Any] = {
        "door": SEGMENT,
        "id": unique("e"),
        "type": type_,
        "at": at,
        "arrives": at,
        "channel": "web",
        "identifiers": (("user_id", user_id),),
    }
    return Sending(**(fields | changes))


def described(user_id: str, **traits: Any) -> Sending:
    """A registration, by the credential that may set member level and vip."""
    return sending("profile.described", user_id, channel="shop", data={"traits": traits})


def segment_items(sendings: Sequence[Sending]) -> list[dict[str, Any]]:
    """The calls as the Segment client would send them in one batch."""
    client = Client("unused", send=False)
    items: list[dict[str, Any]] = []
    keep = client._enqueue

    def enqueue(message: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        done: tuple[bool, dict[str, Any]] = keep(message)
        items.append(done[1])
        return done

    client._enqueue = enqueue
    for one in sendings:
        segment_call(client, one)
    return items


def bring_file(live: Live, declaration: dict[str, Any], content: bytes) -> Any:
    """Declare an import, upload its file, and wait until it is over; what is told of it then."""
    opened = live.api.call("POST", "/v1/imports", body=declaration)
    put = urllib.request.Request(opened["upload"]["url"], content, {"Content-Type": "text/csv"}, method="PUT")
    urllib.request.urlopen(put).close()
    ends_at = time.monotonic() + IMPORT_SECONDS
    while (view := live.api.call("GET", f"/v1/imports/{opened['import_id']}"))["state"] in ("waiting", "running"):
        assert time.monotonic() < ends_at, view
        time.sleep(0.5)
    return view


def again(one: Sending) -> Sending:
    """The same event sent a second time."""
    return msgspec.structs.replace(one, copy=1)
