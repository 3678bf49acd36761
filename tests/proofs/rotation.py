"""A deployment whose keys are rotated while events come in and people are looked up: functions with their own caches,
their own clients with faults in them, the real key ring, and the operator's real command.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from chalicelib.aws.key_ring import KeyRing, new_tenant
from chalicelib.aws.kms import Kms
from chalicelib.events.model import Identifier
from chalicelib.flows.admission import Message
from chalicelib.flows.facet_keys import opened, secret_name
from chalicelib.flows.find_person import by_identifiers
from chalicelib.flows.ingest_events import ingest_events
from chalicelib.flows.services import IngestKeys, IngestServices, ReadServices
from chalicelib.flows.sweep_keys import Kind, sweep_keys
from chalicelib.flows.sweep_services import SweepKeys, SweepServices
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Unavailable, ZhiyinError
from chalicelib.kernel.moments import MINUTE_MS, Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Body
from chalicelib.store.catalogue import DynamoCatalogue
from chalicelib.store.dynamo_history import DynamoHistory
from chalicelib.store.dynamo_profiles import DynamoProfiles
from chalicelib.store.dynamo_secrets import DynamoSecrets
from chalicelib.store.sweeps import DynamoIdentifiers
from infra import rotation
from infra.dynamodb_local import Running
from tests.flows.world import NOW, TENANT_ID, World, described, paid
from tests.proofs.faults import CALLS, Faults, FaultyApi
from tests.proofs.queueing import Queue
from tests.proofs.roles import Plan, ingestion, reading
from tests.proofs.test_keys_down import SETTINGS, KmsCalls

PEOPLE = 24
_KINDS = ("refused", "answer_lost", "throttled", "server_error", "server_error_after", "conflict", "unprocessed")
_FUNCTIONS = ("a", "b", "c")
_SWEEP_ROWS = 60
_KEPT_SECONDS = 60.0
_LONGEST_SECONDS = 30.0

type Change[T] = Callable[[T], T]


def same[T](one: T) -> T:
    return one


class Mutant(msgspec.Struct, frozen=True):
    """What is broken in a run; nothing, unless a negative control says so."""

    index: Change[BlindIndex] = same
    """What readers look up by."""
    written: Change[BlindIndex] = same
    """What ingestion names by."""
    sweep: Change[SweepServices] = same


class Function:
    """One warm function: a tenant's record that may be a minute old, and opened keys of its own."""

    def __init__(self, run: Rotating) -> None:
        self._run = run
        self._ring = KeyRing(Kms(KmsCalls()), SETTINGS, lambda: run.seconds)
        self._kept: tuple[float, Tenant] | None = None

    def tenant(self, _: str = TENANT_ID) -> Tenant:
        """The record, read again once it is a minute old."""
        if self._kept is None or self._run.seconds - self._kept[0] >= _KEPT_SECONDS:
            found = self._run.catalogue.tenant(TENANT_ID)
            assert found is not None
            self._kept = (self._run.seconds, found)
        return self._kept[1]

    def index(self, tenant: Tenant) -> BlindIndex:
        """As ``compose.index`` puts it together."""
        keys = {one: self._ring.index_key(tenant, one) for one in tenant.index_keys}
        written = tenant.index_written(self._run.now)
        return BlindIndex(keys.pop(written), written, keys)

    def branches(self, tenant: Tenant) -> dict[int, bytes]:
        return dict(self._ring.branch_key(tenant, one) for one in tenant.branch_keys)

    def ingest(self, tenant: Tenant) -> IngestKeys:
        index = self._run.mutant.written(self.index(tenant))
        private = self._ring.ingest_private(tenant)
        return IngestKeys(index, self.branches(tenant), private, tenant.branch_written(self._run.now))


class Rotating:
    """The deployment, its traffic and its operator. Only ``pass_minutes`` moves the clock."""

    def __init__(
        self, database: Running, tables: Mapping[str, str], *, rate: float = 0.04, mutant: Mutant | None = None
    ) -> None:
        self.seconds = 0.0
        self.mutant = mutant or Mutant()
        self.failed: list[str] = []
        self.reads = 0
        self.said: Counter[str] = Counter()
        self.sent = 0
        self._chance = random.Random(5)
        self._plan = Plan(database.endpoint, tables, 0.0, 5, ())
        self._rate = rate
        self._lock = threading.Lock()
        self._queue = Queue(self._chance, doubled=0.1, most_receives=1_000)
        self._bare = FaultyApi(database.endpoint)
        self.catalogue = DynamoCatalogue(self._bare.call, tables["TABLE_CATALOGUE"])
        self.secrets = DynamoSecrets(self._bare.call, tables["TABLE_KEYS"])
        self.profiles = DynamoProfiles(self._bare.call, tables["TABLE_PROFILES"], tables["TABLE_HISTORY"])
        tenant = new_tenant(
            Kms(KmsCalls()), SETTINGS, os.urandom, tenant_id=TENANT_ID, name="S", timezone="Asia/Shanghai"
        )
        self.catalogue.keep(tenant)
        self._doors = World()
        self._doors.tenants[TENANT_ID] = tenant
        self._functions = {name: Function(self) for name in _FUNCTIONS}
        self._reader, self._sweeper = Function(self), Function(self)
        self.orders: Counter[int] = Counter()
        self._settled: Counter[int] = Counter()

    @property
    def now(self) -> Millis:
        return NOW + int(self.seconds * 1000)

    # -- the operator

    def operate(self, *given: str) -> Mapping[str, object]:
        """One command of the operator, as typed."""
        import argparse

        parser = argparse.ArgumentParser()
        rotation.add_options(parser)
        command = rotation.Rotation(
            self.catalogue,
            self.secrets,
            DynamoIdentifiers(self._bare.call, self._plan.tables["TABLE_PROFILES"]),
            Kms(KmsCalls()),
            SETTINGS,
        )
        tenant = self.catalogue.tenant(TENANT_ID)
        assert tenant is not None
        return rotation.run(parser.parse_args([*given, "--tenant", TENANT_ID]), tenant, command, self.now)

    # -- the traffic

    def pass_minutes(self, minutes: int, *, people: range = range(PEOPLE)) -> None:
        """Some minutes of it: events come in while functions apply them, the sweep runs and people are looked up."""
        for _ in range(minutes):
            self.seconds += 60.0
            self._accept(people)
            self._work()

    def send_again(self, bodies: Sequence[str]) -> None:
        """Messages of long ago, as a replay delivers them."""
        for body in bodies:
            self._queue.send(body)
        self._work()

    @property
    def bodies(self) -> Sequence[str]:
        """Every message that was ever sent."""
        return tuple(self._doors.sent)

    def _accept(self, people: range) -> None:
        self._doors.now = self.now
        for who in self._chance.sample(people, k=4):
            self.orders[who] += 1
            self.sent += 1
            named = self._chance.choice((user(who), phone(who)))
            also = phone(who) if named == user(who) else user(who)
            order = paid(f"o{self.sent}", "1.00", named, also, id=f"order-{self.sent}")
            self._doors.accept(order)
            if self.orders[who] == 1:
                self._doors.accept(described(user(who), name=name_of(who)), source=self._doors.crm)
        while self._doors.queue:
            self._queue.send(self._doors.queue.pop())

    def _work(self) -> None:
        done = threading.Event()
        workers = [threading.Thread(target=self._ingest, args=(name,)) for name in self._functions]
        others = [threading.Thread(target=one, args=(done,)) for one in (self._look, self._sweep)]
        for one in (*workers, *others):
            one.start()
        for one in workers:
            one.join()
        done.set()
        for one in others:
            one.join()
        self._settled = Counter(self.orders)

    def _api(self, name: str) -> FaultyApi:
        chance = random.Random(f"{name}/{self.seconds}")
        return FaultyApi(self._plan.endpoint, Faults(self._rate, chance, [0] * (CALLS + 1), _KINDS))

    def _ingest(self, name: str) -> None:
        function = self._functions[name]
        services: IngestServices = replace(
            ingestion(self._plan, self._api(name), lambda _: None), tenant=function.tenant, keys=function.ingest
        )
        ends_at = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < ends_at:
            with self._lock:
                batch = self._queue.receive(0, 5)
                if not batch and self._queue.is_drained:
                    return
            if not batch:
                time.sleep(0.005)
                continue
            report = ingest_events([Message(one.message_id, one.body) for one in batch], services, self.now)
            with self._lock:
                self._queue.settle(batch, report.failed)
                self.said.update(report.failed.values())
                self.said["applied"] += report.applied
                self.said["duplicate"] += report.duplicate
        self.failed.append(f"the queue does not drain: {dict(self.said)}")

    def _look(self, done: threading.Event) -> None:
        """Look everybody up, at least once, by everything that names them."""
        services = self._reading()
        while True:
            for who, orders in list(self._settled.items()):
                for named in (user(who), phone(who)):
                    self.reads += 1
                    self._check(who, named, orders, services)
            if done.is_set():
                return

    def _reading(self) -> ReadServices:
        reader = self._reader
        services = reading(self._plan, FaultyApi(self._plan.endpoint))
        return replace(services, tenant=reader.tenant, index=lambda tenant: self.mutant.index(reader.index(tenant)))

    def _check(self, who: int, named: tuple[str, str], orders: int, services: ReadServices) -> None:
        """Whether this leads to this person and no other: all orders of theirs, and the name that was sealed."""
        try:
            tenant = services.tenant(TENANT_ID)
            person = by_identifiers(tenant, [Identifier(*named)], services)
            if person is None:
                self.failed.append(f"{named[0]} of {who} leads to nobody")
                return
            if "orders_paid" not in person.series or person.series["orders_paid"].count < orders:
                self.failed.append(f"{named[0]} of {who} leads to too little")
            opened_name = self._open_name(person.profile_id, tenant)
            if opened_name != name_of(who):
                self.failed.append(f"{named[0]} of {who} leads to {opened_name or 'no name'}")
        except ZhiyinError as error:
            self.failed.append(f"{named[0]} of {who}: {error.code}")

    def _open_name(self, profile_id: str, tenant: Tenant) -> str:
        """The sealed name, as whoever reveals it opens it: by the row's version of the branch key."""
        body = decode(self.profiles.load(TENANT_ID, [profile_id], fresh=True)[profile_id].body, Body)
        for facet, one in body.facets.items():
            if "name" in one.traits:
                name = secret_name(facet, 1)
                keys = opened(
                    TENANT_ID, facet, self.secrets.secrets(TENANT_ID, [name])[name], self._reader.branches(tenant)
                )
                return str(msgspec.msgpack.decode(keys.open(keys.fields, "trait/name", one.traits["name"].value)))
        return ""

    def _sweep(self, done: threading.Event) -> None:
        api, tables, function = self._api("sweep"), self._plan.tables, self._sweeper
        services = self.mutant.sweep(
            SweepServices(
                profiles=DynamoProfiles(api.call, tables["TABLE_PROFILES"], tables["TABLE_HISTORY"]),
                history=DynamoHistory(api.call, tables["TABLE_HISTORY"]),
                secrets=DynamoSecrets(api.call, tables["TABLE_KEYS"]),
                identifiers=DynamoIdentifiers(api.call, tables["TABLE_PROFILES"]),
                keys=lambda tenant: SweepKeys(function.index(tenant), function.branches(tenant)),
                random=os.urandom,
            )
        )
        kinds: tuple[Kind, ...] = ("branch", "index")
        for kind in kinds:
            try:
                tenant = self.catalogue.tenant(TENANT_ID)
                assert tenant is not None
                sweep_keys(kind, tenant, services, self.now, lambda: True, budget=_SWEEP_ROWS)
            except Unavailable as error:
                self.said[f"sweep {error.code}"] += 1

    # -- what there is then

    def counted(self) -> Counter[int]:
        """The orders of each person, of whom both identifiers lead to one profile."""
        found: Counter[int] = Counter()
        services = self._reading()
        for who in self.orders:
            asked = [[Identifier(*user(who))], [Identifier(*phone(who))]]
            one, other = (by_identifiers(services.tenant(TENANT_ID), each, services) for each in asked)
            if one is not None and other is not None and one.profile_id == other.profile_id:
                found[who] = one.series["orders_paid"].count
        return found

    def markers(self) -> int:
        """How many events the history holds."""
        asked = {
            "TableName": self._plan.tables["TABLE_HISTORY"],
            "Select": "COUNT",
            "FilterExpression": "contains(#pk, :mark)",
            "ExpressionAttributeNames": {"#pk": "pk"},
            "ExpressionAttributeValues": {":mark": {"S": "#e#"}},
        }
        return int(self._bare.call("Scan", asked)["Count"])


def user(who: int) -> tuple[str, str]:
    return "user_id", f"person-{who}"


def phone(who: int) -> tuple[str, str]:
    return "phone", f"+8613911{who:06d}"


def name_of(who: int) -> str:
    return f"王{who}"


MINUTES_TO_BEGIN = rotation.DEFAULT_MINUTES
MINUTES_IN_FLIGHT = 15
HOUR = 60 * MINUTE_MS
