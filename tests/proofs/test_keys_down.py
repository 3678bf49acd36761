"""P8: KMS refuses for a whole run; reads answer, cached keys go on until their limit, the rest waits, nothing is lost."""

from __future__ import annotations

import os
import random
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.aws.api_errors import ApiError
from chalicelib.aws.key_ring import KeyRing, new_tenant
from chalicelib.aws.kms import Kms
from chalicelib.aws.settings import Settings
from chalicelib.events.model import Identifier
from chalicelib.flows.admission import Message
from chalicelib.flows.answer_route import answer_route
from chalicelib.flows.find_person import by_identifiers
from chalicelib.flows.ingest_events import Report, ingest_events
from chalicelib.flows.services import IngestKeys, ReadServices
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.kernel.errors import Unavailable
from chalicelib.privacy.tenants import Tenant
from chalicelib.routing.model import RouteRequest
from infra.dynamodb_local import Running
from tests.flows.world import NOW, TENANT_ID, World
from tests.proofs import accounts
from tests.proofs.faults import FaultyApi
from tests.proofs.material import Doors, Sent, events_of
from tests.proofs.queueing import Queue
from tests.proofs.roles import Plan, ingestion, reading

pytestmark = pytest.mark.proof

FRESH_SECONDS, LIMIT_SECONDS, STEP_SECONDS = 300, 3_600, 300
_NAMED = {name: name for name, kind in Settings.__annotations__.items() if kind == "str"}
SETTINGS = Settings(**_NAMED, endpoints={}, key_cache_seconds=FRESH_SECONDS, key_hard_limit_seconds=LIMIT_SECONDS)
LAST_STEP = LIMIT_SECONDS // STEP_SECONDS
WAITS = frozenset({"no_answer", "throttled", "key_unavailable"})
REFUSALS = (
    Unavailable("no_answer", "KMS does not answer."),
    Unavailable("throttled", "KMS throttles."),
    ApiError("KMSInternalException", 500, "no"),
    ApiError("AccessDeniedException", 400, "no"),
    ApiError("DisabledException", 400, "no"),
    ApiError("KMSInvalidStateException", 400, "pending deletion"),
    ApiError("NotFoundException", 400, "no"),
)


class KmsCalls:
    """The calls of KMS, in place of its client. While ``refuses``, it says no in every way it has, in turns."""

    def __init__(self) -> None:
        self.refuses = False
        self.refused = 0
        self._ways = cycle(REFUSALS)

    def call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        if self.refuses:
            self.refused += 1
            raise next(self._ways)
        head = repr((body["KeyId"], sorted(body["EncryptionContext"].items()))).encode() + b"|"
        if operation == "Encrypt":
            return {"CiphertextBlob": b64encode(head + b64decode(body["Plaintext"])).decode()}
        blob = b64decode(body["CiphertextBlob"])
        assert blob.startswith(head)
        return {"Plaintext": b64encode(blob.removeprefix(head)).decode()}


class Keys:
    """A function's keys: the product's ring, as the entry points put it together."""

    def __init__(self, kms: KmsCalls, settings: Settings, clock: Callable[[], float]) -> None:
        self._ring = KeyRing(Kms(kms), settings, clock)

    def index(self, tenant: Tenant) -> BlindIndex:
        return BlindIndex(self._ring.index_key(tenant))

    def ingest(self, tenant: Tenant) -> IngestKeys:
        branches = dict(self._ring.branch_key(tenant, one) for one in tenant.branch_keys)
        return IngestKeys(self.index(tenant), branches, self._ring.ingest_private(tenant))


class Outage:
    """A deployment under an outage: doors, a queue, functions with their own keys, and a clock that only this moves."""

    def __init__(self, database: Running, tables: Mapping[str, str], settings: Settings) -> None:
        self.seconds = 0.0
        self.codes: set[str] = set()
        self.found: list[int] = []
        self._settings = settings
        self.kms = KmsCalls()
        self.chance = random.Random(8)
        self.tenant = new_tenant(
            Kms(self.kms), SETTINGS, os.urandom, tenant_id=TENANT_ID, name="Shop", timezone="Asia/Shanghai"
        )
        self.plan = Plan(database.endpoint, tables, 0.0, 8, ())
        self.queue = Queue(self.chance)
        self.world = self.with_keys(World())
        self.sent = Sent([], [], 0)
        self.items: dict[str, list[str]] = {}
        self.functions = {name: self._function() for name in ("warm-1", "cold", "warm-2")}
        self.reader = self._reader()

    def with_keys(self, world: World) -> World:
        """A world whose tenant and keys are these, opened by a KMS that never refuses."""
        world.tenants[TENANT_ID] = self.tenant
        world.keys = Keys(KmsCalls(), SETTINGS, lambda: 0.0)
        return world

    def _clock(self) -> float:
        return self.seconds

    def _function(self) -> Callable[[], Report | None]:
        keys = Keys(self.kms, self._settings, self._clock)
        services = replace(
            ingestion(self.plan, FaultyApi(self.plan.endpoint), lambda _: None),
            tenant=lambda _: self.tenant,
            keys=keys.ingest,
        )

        def work() -> Report | None:
            batch = self.queue.receive(0, 10)
            if not batch:
                return None
            messages = [Message(one.message_id, one.body) for one in batch]
            report = ingest_events(messages, services, NOW + int(self.seconds * 1000))
            self.queue.settle(batch, report.failed)
            return report

        return work

    def _reader(self) -> ReadServices:
        keys = Keys(self.kms, self._settings, self._clock)
        services = reading(self.plan, FaultyApi(self.plan.endpoint))
        return replace(services, tenant=lambda _: self.tenant, index=keys.index)

    def accept(self, number: int, name: str) -> None:
        """Events come in through the doors, each twice; the doors hold the public key only."""
        asked = self.kms.refused
        events = [
            replace(one, id=f"{name}-{one.id}")
            for one in events_of(self.chance, number, over_limits=False)
            if not one.id.startswith("bad-")
        ]
        sent = Doors(self.world).sent(events, self.chance, copies=2, poison=0)
        for _, body, items in sent.bodies:
            self.items[self.queue.send(body)] = items
        self.sent = Sent([*self.sent.events, *events], [*self.sent.bodies, *sent.bodies], 0)
        assert self.kms.refused == asked

    def work(self, *names: str) -> Counter[str]:
        """Each of these functions takes a batch; what became of the events, and the codes of what has to wait."""
        done: Counter[str] = Counter()
        for name in names:
            report = self.functions[name]()
            if report is not None:
                done["applied"] += report.applied
                done.update(report.failed.values())
        return done

    def lookup(self, phone: str) -> str:
        """What a call by identifiers answers: the profile's id, or the code of why not."""
        try:
            found = by_identifiers(self.tenant, [Identifier("phone", phone)], self.reader)
        except Unavailable as error:
            return error.code
        assert found is not None
        return found.profile_id

    def route(self, profile_id: str) -> str:
        """The queue that a route by id was decided for: reads by id need no key."""
        asked = RouteRequest(channel="web_chat", purpose="service", profile_id=profile_id)
        decision_id = f"d_{self.seconds:.0f}"
        answer = answer_route(asked, self.tenant, decision_id, self.reader, NOW + int(self.seconds * 1000))
        # Who was merged meanwhile is decided for as who they are now, and who is not profiled is named nowhere.
        return str(msgspec.json.decode(answer)["queue"])

    def account(self) -> tuple[accounts.Account, accounts.Stored]:
        stored = accounts.read_back(self.plan.endpoint, self.plan.tables)
        return accounts.account(self.sent, stored, [self.items[one.message_id] for one in self.queue.dead]), stored


def work_on(run: Outage) -> list[int]:
    """KMS refuses, events come in and people ask, until long after every cached key is too old.

    Returns the steps at which something was applied.
    """
    phone = next(who.value for one in run.sent.events for who in one.identifiers if who.namespace == "phone")
    known = run.lookup(phone)
    assert known.startswith("p_")
    run.kms.refuses = True
    went_on: list[int] = []
    for step in range(1, 2 * LAST_STEP):
        run.seconds = step * STEP_SECONDS - 1.0
        run.accept(6, f"step-{step}")
        # The cold one takes its batch first, so that what waits is tried by it and by others.
        cold = run.work("cold")
        assert cold["applied"] == 0
        warm = run.work("warm-1", "warm-2")
        went_on += [step] if warm["applied"] else []
        run.codes |= (cold | warm).keys() - {"applied"}
        assert run.route(known)
        seen = run.lookup(phone)
        # An event that was applied meanwhile may have made them one with somebody, under another id.
        assert seen.startswith("p_") or seen in WAITS
        run.found += [step] if seen.startswith("p_") else []
    while not run.queue.is_drained:
        run.work("warm-1", "cold", "warm-2")
    return went_on


def warmed_up(database: Running, tables: Mapping[str, str], settings: Settings) -> Outage:
    """Two functions and a reader that have used their keys, and one that has not."""
    run = Outage(database, tables, settings)
    run.accept(40, "before")
    while not run.queue.is_drained:
        assert run.work("warm-1", "warm-2").keys() <= {"applied"}
    return run


def test_keys_down__for_a_whole_run__reads_answer_and_one_replay_applies_all(
    database: Running, new_tables: Callable[[], Mapping[str, str]], show: Callable[[str], None]
) -> None:
    """Warm functions go on until the cache's limit, cold ones wait, and afterwards all is there once."""
    run = warmed_up(database, new_tables(), SETTINGS)
    assert work_on(run) == run.found == list(range(1, LAST_STEP + 1))
    assert run.codes <= WAITS
    during, _ = run.account()
    assert during.adds_up and during.dead > 0

    run.kms.refuses = False
    replayed = run.queue.replay()
    while not run.queue.is_drained:
        assert run.work("warm-1", "cold", "warm-2").keys() <= {"applied"}
    after, stored = run.account()
    show(
        f"keys down: {run.kms.refused} refusals ({', '.join(sorted(run.codes))}); applied on cached keys for"
        f" {LAST_STEP * STEP_SECONDS} s, as the limit says; {during.dead} items waited; replayed {replayed} messages:"
        f" accepted {after.accepted} = applied {after.applied} + duplicate {after.duplicate}"
        f" + quarantined {after.quarantined} + dead {after.dead}"
    )
    assert after.adds_up and after.dead == 0 and run.queue.dead == []
    should = accounts.straight(run.sent.events, stored.secrets, run.with_keys)
    assert sorted(stored.bodies.values()) == should.bodies()


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        pytest.param(replace(SETTINGS, key_hard_limit_seconds=1), 0, id="nothing is cached"),
        pytest.param(replace(SETTINGS, key_hard_limit_seconds=1 << 30), 2 * LAST_STEP - 1, id="no limit"),
    ],
)
def test_keys_down__cache_that_forgets_or_never_does__is_found(
    database: Running, new_tables: Callable[[], Mapping[str, str]], settings: Settings, steps: int
) -> None:
    """Negative control: the same outage shows functions that stop at once, and ones that never stop."""
    run = warmed_up(database, new_tables(), settings)
    assert len(work_on(run)) == steps
