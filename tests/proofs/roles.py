"""What the processes do: the product's flows on DynamoDB, put together as in a function that just started."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Collection, Mapping, MutableSequence, Sequence

import msgspec

from chalicelib.events.model import Identifier
from chalicelib.flows.admission import Message
from chalicelib.flows.find_person import by_identifiers
from chalicelib.flows.identity_records import find_merge
from chalicelib.flows.ingest_events import ingest_events
from chalicelib.flows.merge_people import MergeOrder, merge_people
from chalicelib.flows.read_timeline import read_timeline
from chalicelib.flows.services import Change, IdentityServices, IngestServices, ReadServices
from chalicelib.flows.split_people import SplitOrder, link_id, split_people
from chalicelib.kernel.errors import NotFound, Unavailable, ZhiyinError
from chalicelib.kernel.moments import Millis
from chalicelib.routing.policy import shipped_policy
from chalicelib.store.dynamo_history import DynamoHistory
from chalicelib.store.dynamo_profiles import DynamoProfiles
from chalicelib.store.dynamo_secrets import DynamoSecrets
from chalicelib.tags.catalogue import load_catalogue
from tests.flows.world import NOW, TENANT_ID, KeySet, tenant_of
from tests.proofs.crew import Role, Say
from tests.proofs.faults import KINDS, Faults, FaultyApi
from tests.proofs.material import Command
from tests.proofs.mutants import MUTANTS

_TENANT = tenant_of(TENANT_ID)
_BUS_SHARE = 0.5
"""The bus fails half as often as DynamoDB does."""


class Plan(msgspec.Struct, frozen=True):
    """What the processes of one trial share."""

    endpoint: str
    tables: Mapping[str, str]
    rate: float
    seed: int
    counts: Sequence[MutableSequence[int]]
    """For each worker, its faults by kind and its calls, in memory that outlives it."""
    mutant: str = ""
    kinds: Collection[str] = KINDS

    def api(self, number: int) -> FaultyApi:
        """A client with this worker's faults; each life of the worker has other ones."""
        chance = random.Random(f"{self.seed}/{number}/{os.getpid()}")
        return FaultyApi(self.endpoint, Faults(self.rate, chance, self.counts[number], self.kinds))


def ticking(start: float) -> Callable[[], Millis]:
    """The trial's clock: it begins at the tests' moment and goes on with the machine's."""
    return lambda: NOW + int((time.time() - start) * 1000)


def ingestion(plan: Plan, api: FaultyApi, publish: Callable[[Sequence[Change]], None]) -> IngestServices:
    """What ingestion gets, on this client."""
    tables = plan.tables
    store = MUTANTS.get(plan.mutant, DynamoProfiles)
    return IngestServices(
        profiles=store(api.call, tables["TABLE_PROFILES"], tables["TABLE_HISTORY"]),
        history=DynamoHistory(api.call, tables["TABLE_HISTORY"]),
        secrets=DynamoSecrets(api.call, tables["TABLE_KEYS"]),
        tenant=tenant_of,
        keys=KeySet().ingest,
        publish=publish,
        catalogue=lambda _: load_catalogue(),
        random=os.urandom,
    )


def reading(plan: Plan, api: FaultyApi) -> ReadServices:
    """What answering gets, on this client."""
    tables = plan.tables
    return ReadServices(
        profiles=DynamoProfiles(api.call, tables["TABLE_PROFILES"], tables["TABLE_HISTORY"]),
        history=DynamoHistory(api.call, tables["TABLE_HISTORY"]),
        tenant=tenant_of,
        index=KeySet().index,
        catalogue=load_catalogue(),
        policy=shipped_policy(),
        alarm=lambda _: None,
    )


def _bus(plan: Plan, number: int, say: Say) -> Callable[[Sequence[Change]], None]:
    chance = random.Random(f"{plan.seed}/bus/{number}/{os.getpid()}")

    def publish(changes: Sequence[Change]) -> None:
        if chance.random() < plan.rate * _BUS_SHARE:
            raise Unavailable("throttled", "The service events could not be used; try again.")
        say([(one.type, one.detail["profile_id"], one.detail["version"]) for one in changes])

    return publish


def editing(plan: Plan, api: FaultyApi, publish: Callable[[Sequence[Change]], None]) -> IdentityServices:
    """What merging and splitting gets, on this client."""
    whole = ingestion(plan, api, publish)
    return IdentityServices(whole.profiles, whole.history, KeySet().index, publish, whole.catalogue(TENANT_ID))


def ingester(plan: Plan, now: Callable[[], Millis]) -> Callable[[int, Say], Role]:
    """A function behind the queue: a job is a batch of (message id, body), the answer its report."""

    def opened(number: int, say: Say) -> Role:
        services = ingestion(plan, plan.api(number), _bus(plan, number, say))
        return lambda batch: ingest_events([Message(*one) for one in batch], services, now())

    return opened


def operator(plan: Plan, now: Callable[[], Millis]) -> Callable[[int, Say], Role]:
    """Somebody who merges and splits: a job is a command, the answer the code of how it ended, '' when it was done."""

    def opened(number: int, say: Say) -> Role:
        services = editing(plan, plan.api(number), _bus(plan, number, say))
        index = services.index(_TENANT)

        def obey(command: Command) -> str:
            try:
                give(command, [index.identifier_key(Identifier(*one)) for one in command.ends], services, now())
            except ZhiyinError as error:
                return error.code
            return ""

        return obey

    return opened


def give(command: Command, ends: Sequence[str], services: IdentityServices, now: Millis) -> None:
    """Give a command to the product. Raises what it raises."""
    if command.kind == "merge":
        owners = _owners(command, ends, services)
        merge_people(MergeOrder(command.command_id, owners, "trial", "o_1", command.force), _TENANT, services, now)
    else:
        link = link_id(*ends) if command.kind == "cut" else ""
        split_people(SplitOrder(command.command_id, "trial", "o_1", command.merge_id, link), _TENANT, services, now)


def _owners(command: Command, ends: Sequence[str], services: IdentityServices) -> tuple[str, ...]:
    """Whom a merge names. Who sends an order again sends the ids of the first time, and looks nobody up anew: by then
    a link may have been cut, and an identifier that was seen on it alone leads to nobody.
    """
    done = find_merge(services.history, TENANT_ID, command.command_id)
    if done is not None:
        return done.profile_ids
    found = services.profiles.find(TENANT_ID, ends, fresh=True)
    owners = tuple(found[one].profile_id for one in ends if one in found and found[one].profile_id)
    if len(owners) < len(ends):
        raise NotFound("no_such_profile", "There is no such profile.")
    return owners


def reader(plan: Plan, now: Callable[[], Millis]) -> Callable[[int, Say], Role]:
    """A function that answers while all that goes on: a job is an identifier, the answer what was seen."""

    def opened(number: int, say: Say) -> Role:
        services = reading(plan, plan.api(number))

        def look(who: tuple[str, str]) -> tuple[str, int, int]:
            try:
                found = by_identifiers(_TENANT, [Identifier(*who)], services)
                if found is None:
                    return "nobody", 0, 0
                shown = read_timeline(TENANT_ID, found.profile_id, 100, "", services, now())
            except (NotFound, Unavailable) as error:
                return error.code, 0, 0
            counted = found.series["orders_paid"].count if "orders_paid" in found.series else 0
            return "answered", counted, len(shown.events)

        return look

    return opened
