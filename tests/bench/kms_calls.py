"""How often KMS is asked while a million events are ingested: the product's key ring, a clock of ours, a KMS that counts.

    python -m tests.bench.kms_calls

What is assumed is printed with the figures. A container takes batches of ten events of one tenant each, at an even pace; the
tenants' batches come to all containers. Batches of several tenants only move calls from one batch to another: a key is
opened once per container and cache time, whoever asks first.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from chalicelib.aws.key_ring import KeyRing, new_tenant
from chalicelib.aws.kms import Kms
from chalicelib.aws.rotating import with_new_branch_key, with_new_index_key
from chalicelib.aws.settings import Settings
from chalicelib.privacy.tenants import Tenant

EVENTS = 1_000_000
BATCH = 10
MOST_CALLS = 2_500
"""The bound, of the first setting."""


class Setting(msgspec.Struct, frozen=True):
    """One line: ``events_per_second`` is of all containers together."""

    what: str
    containers: int = 20
    tenants: int = 10
    ttl_seconds: int = 300
    events_per_second: int = 1_000
    rotating: tuple[str, ...] = ()


SETTINGS = (
    Setting("as bounded: 20 containers of 50 events/s each"),
    Setting("a quarter of the load on a quarter of the containers", containers=5, events_per_second=250),
    Setting("half the load on as many containers", events_per_second=500),
    Setting("four times the load on as many containers", events_per_second=4_000),
    Setting("a shorter cache", ttl_seconds=60),
    Setting("a longer cache", ttl_seconds=3_600),
    Setting("the branch key being rotated", rotating=("branch",)),
    Setting("both keys being rotated", rotating=("branch", "index")),
    Setting("one tenant", tenants=1),
    Setting("100 tenants", tenants=100),
)


class CountingKms:
    """The calls of KMS: opens what it wrapped, and counts by the key's purpose."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}

    def call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One call as KMS answers it."""
        if operation == "Encrypt":
            return {"CiphertextBlob": body["Plaintext"]}
        purpose = body["EncryptionContext"]["purpose"]
        self.calls[purpose] = self.calls.get(purpose, 0) + 1
        return {"Plaintext": b64encode(b64decode(body["CiphertextBlob"])).decode()}


class Clock:
    """Seconds that only the simulation moves."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        """Now."""
        return self.at


def calls(setting: Setting) -> Mapping[str, int]:
    """Purpose → how often KMS opens a key of it while a million events are ingested."""
    kms, clock = CountingKms(), Clock()
    names = {name: name for name, kind in Settings.__annotations__.items() if kind == "str"}
    settings = Settings(**names, endpoints={}, key_cache_seconds=setting.ttl_seconds)
    tenants = [_tenant(Kms(kms), settings, number, setting.rotating) for number in range(setting.tenants)]
    kms.calls.clear()
    rings = [KeyRing(Kms(kms), settings, clock) for _ in range(setting.containers)]
    for batch in range(EVENTS // BATCH):
        clock.at = batch * BATCH / setting.events_per_second
        _open_all(rings[batch % len(rings)], tenants[batch // len(rings) % len(tenants)])
    return kms.calls


def _open_all(ring: KeyRing, tenant: Tenant) -> None:
    """What ``compose.ingest_keys`` asks for each message."""
    for version in tenant.index_keys:
        ring.index_key(tenant, version)
    for version in tenant.branch_keys:
        ring.branch_key(tenant, version)
    ring.ingest_private(tenant)


def _tenant(kms: Kms, settings: Settings, number: int, rotating: tuple[str, ...]) -> Tenant:
    drawn = iter(range(1, 99))

    def random(size: int) -> bytes:
        # Wrapped keys must differ, or the ring would take one for another.
        return bytes((number, next(drawn))) * (size // 2)

    tenant = new_tenant(kms, settings, random, tenant_id=f"t_{number}", name="", timezone="UTC")
    if "branch" in rotating:
        tenant = with_new_branch_key(kms, settings, random, tenant)
    if "index" in rotating:
        tenant = with_new_index_key(kms, settings, random, tenant, 0)
    return replace(tenant, name=f"tenant {number}")


def lines() -> Iterator[str]:
    """The table, line by line."""
    yield f"KMS calls per {EVENTS:,} events, in batches of {BATCH}; at most {MOST_CALLS:,} in the first setting"
    yield f"{'containers':>10} {'tenants':>8} {'cache s':>8} {'events/s':>9} {'calls':>8}  setting"
    for one in SETTINGS:
        of_purpose = calls(one)
        parts = ", ".join(f"{purpose} {times:,}" for purpose, times in sorted(of_purpose.items()))
        yield (
            f"{one.containers:>10} {one.tenants:>8} {one.ttl_seconds:>8} {one.events_per_second:>9,}"
            f" {sum(of_purpose.values()):>8,}  {one.what} ({parts})"
        )


if __name__ == "__main__":
    for line in lines():
        print(line)
