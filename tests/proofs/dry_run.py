"""A dry run and then a publish on many people in DynamoDB Local, their workers killed at the calls they make.

What is foretold, what is told on the bus and what reads answer before and after are three ways to one answer, each by
code of its own: the first counts in parts, the second publishes page by page, the third asks for everybody anew.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from msgspec.structs import replace

from chalicelib.flows.catalogue_job import Declared, Job, job_of, part_of
from chalicelib.flows.catalogue_services import CatalogueServices, Order, Published
from chalicelib.flows.current_tags import current_tags
from chalicelib.flows.draft_declaration import draft_declaration
from chalicelib.flows.effective import InForceCatalogues
from chalicelib.flows.job_services import JobServices
from chalicelib.flows.lay_over import declared, rules_over, tell_published
from chalicelib.flows.open_job import APPLY_SECONDS, DraftAsked, DryRunRequest, drafts_of, open_job
from chalicelib.flows.publish_declaration import publish_declaration
from chalicelib.flows.run_job import run_job
from chalicelib.flows.services import Change, ReadServices
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, Millis
from chalicelib.profiles.fold import fold
from chalicelib.profiles.join import body_of, join
from chalicelib.profiles.model import Body, Contribution, Delta
from chalicelib.routing.policy import shipped_policy
from chalicelib.store.declarations import Draft
from chalicelib.store.dynamo_declarations import DynamoDeclarations
from chalicelib.store.dynamo_history import DynamoHistory
from chalicelib.store.dynamo_profiles import DynamoProfiles
from chalicelib.store.items import typed
from chalicelib.store.jobs import DynamoJobs, JobRow
from chalicelib.store.people import DynamoPeople
from chalicelib.tags.catalogue import load_catalogue
from tests.flows.job_world import at_least
from tests.flows.world import NOW, TENANT_ID, KeySet, tenant_of
from tests.proofs.crew import Say
from tests.proofs.faults import Faults, FaultyApi
from tests.unit.tags.rules import declaration, signal

KINDS = ("kill_before", "kill_after", "answer_lost")
MEASURES = ("orders_paid", "contacts", "complaints", "refunds")
BUYER, TROUBLED = "proof_buyer", "proof_troubled"
_IDS_AT_ONCE = 100

type Message = tuple[str, str]
type Heard = tuple[str, str, int, bool]
"""A change as a consumer hears it: tag, profile, version of the catalogue, and whether it was set."""
type Holders = dict[str, set[str]]
type Outcome = dict[str, tuple[set[str], set[str]]]
"""Tag → who gained it and who lost it."""


class Trial(msgspec.Struct, frozen=True):
    """What the workers of one trial share."""

    endpoint: str
    tables: Mapping[str, str]
    counts: Sequence[Any]
    rate: float
    mutant: bool = False

    def calm(self) -> FaultyApi:
        """A client without faults, for those who look on."""
        return FaultyApi(self.endpoint)

    def api(self, number: int) -> FaultyApi:
        """A client with this worker's faults."""
        chance = random.Random(f"{number}/{os.getpid()}")
        return FaultyApi(self.endpoint, Faults(self.rate, chance, self.counts[number], KINDS))


# -- the rules


def buyer(threshold: int, weight: float) -> dict[str, Any]:
    """Who buys often, and a little by who contacts often; it fades by half in a month."""
    signals = [
        signal("buys", weight, at_least("orders_paid", threshold)),
        signal("asks", round(1 - weight, 2), at_least("contacts", 2, 7)),
    ]
    examples = {
        "positive": {"m.orders_paid.count_30d": threshold, "m.contacts.count_7d": 2},
        "negative": {"m.orders_paid.count_30d": threshold - 1, "m.contacts.count_7d": 1},
    }
    return declaration(id=BUYER, signals=signals, threshold=0.5, half_life_days=30, examples=examples)


def troubled() -> dict[str, Any]:
    """Who complained or sent back; by it, who has it has ``proof_buyer`` as well."""
    when = {"or": [at_least("complaints", 1), at_least("refunds", 2)]}
    examples = {"positive": {"m.complaints.count_30d": 1}, "negative": {"m.refunds.count_30d": 1}}
    signals = [signal("any", 1, when)]
    return declaration(id=TROUBLED, signals=signals, parent=BUYER, examples=examples)


IN_FORCE = {BUYER: buyer(3, 0.7)}
DRAFTS = {BUYER: buyer(2, 0.6), TROUBLED: troubled()}
TAGS = frozenset(DRAFTS)


# -- the people


def store_people(call: Callable[[str, dict[str, Any]], Any], tables: Mapping[str, str], people: int) -> None:
    """Write people, some more of another tenant, and an identifier of every second one."""
    batch: list[dict[str, Any]] = []
    for item in _items(people):
        batch.append({"PutRequest": {"Item": typed(item)}})
        if len(batch) == 25:
            call("BatchWriteItem", {"RequestItems": {tables["TABLE_PROFILES"]: batch}})
            batch = []
    if batch:
        call("BatchWriteItem", {"RequestItems": {tables["TABLE_PROFILES"]: batch}})


def all_of(people: int) -> int:
    """How many profiles are written for so many people: every 21st is another tenant's."""
    return people * 21 // 20


def _items(people: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(people)
    for number in range(all_of(people)):
        name = sha256(b"%d" % number).hexdigest()[:22]
        tenant = TENANT_ID if number % 21 else "t_other"
        body = encode(_body(f"user_id:{name}", chance))
        row = {"v": 3, "state": "active", "generation": 1, "updated_at": NOW - DAY_MS, "body": body}
        yield {"pk": f"{tenant}#p#p_{name}", **row}
        if number % 2:
            yield {"pk": f"{tenant}#i#user_id:{name}", "v": 1, "profile_id": f"p_{name}"}


def _body(facet: str, chance: random.Random) -> Body:
    events = []
    for number in range(chance.randrange(1, 9)):
        at = NOW - chance.randrange(HOUR_MS, 40 * DAY_MS)
        measure = chance.choices(MEASURES, (6, 5, 1, 1))[0]
        key = f"{facet}/{number}".encode()
        events.append(
            Contribution(
                key, "order.paid", at, "s_web", 1, "web", facet, {facet: "***"}, {}, (Delta(measure, 1_000_000),)
            )
        )
    folded = fold(None, events)
    assert folded is not None
    return body_of({facet: folded})


# -- the workers


def declarations(trial: Trial, api: FaultyApi) -> DynamoDeclarations:
    """What the tenant declares itself."""
    return DynamoDeclarations(api.call, trial.tables["TABLE_CATALOGUE"], trial.tables["TABLE_HISTORY"])


def in_force(trial: Trial, api: FaultyApi) -> InForceCatalogues:
    """What is in force for the tenant."""
    return InForceCatalogues(lambda: declarations(trial, api), time.monotonic)


def services(trial: Trial, api: FaultyApi, say: Say) -> JobServices:
    """What a worker gets; what it queues and publishes is said."""
    call, tables = api.call, trial.tables
    jobs = CountsApart if trial.mutant else DynamoJobs
    catalogues = in_force(trial, api)
    return JobServices(
        jobs=jobs(call, tables["TABLE_HISTORY"]),
        people=DynamoPeople(call, tables["TABLE_PROFILES"]),
        reading=reading(call, tables),
        rules=lambda tenant_id, over: rules_over(catalogues.fresh(tenant_id), over),
        draft=lambda *named: _draft(declarations(trial, api).draft(*named)),
        go_on=lambda _, job_id, parts, __: say(("queued", [(job_id, one) for one in parts])),
        publish=lambda changes: say(("told", _heard(changes))),
        most_named=50_000,
        most_listed=50_000,
    )


def _draft(found: Draft | None) -> Declared | None:
    return None if found is None else declared(found)


def _heard(changes: Sequence[Change]) -> list[Heard]:
    return [
        (one.detail["tag"], one.detail["profile_id"], one.detail["catalogue_version"], one.type == "tag.set")
        for one in changes
        if "tag" in one.detail
    ]


def reading(call: Any, tables: Mapping[str, str]) -> ReadServices:
    """What answering gets."""
    return ReadServices(
        profiles=DynamoProfiles(call, tables["TABLE_PROFILES"], tables["TABLE_HISTORY"]),
        history=DynamoHistory(call, tables["TABLE_HISTORY"]),
        tenant=tenant_of,
        index=KeySet().index,
        catalogue=load_catalogue(),
        policy=shipped_policy(),
        alarm=lambda failed: None,
    )


class Work:
    """One worker's role: a message is worked on for a few pages, then what is left is queued."""

    def __init__(self, trial: Trial, number: int, say: Say) -> None:
        self._services = services(trial, trial.api(number), say)

    def __call__(self, message: Message) -> str:
        """Take one message."""
        pages = iter(range(3))
        now = NOW + (APPLY_SECONDS * 1000 if message[0].startswith("apply") else 0)
        run_job(TENANT_ID, *message, self._services, now, lambda: next(pages, None) is not None)
        return "done"


class Desk:
    """One queue for all workers. What a dead worker had is handed out again."""

    def __init__(self, *first: Message) -> None:
        self.waiting = list(first)
        self.told: list[Heard] = []
        self._out = 0

    def take(self) -> Message | None:
        """The next message."""
        if not self.waiting:
            return None
        self._out += 1
        return self.waiting.pop(0)

    def settle(self, job: Message, answer: str) -> None:
        """A message was worked on."""
        self._out -= 1

    def never_answered(self, job: Message) -> None:
        """The worker died over it."""
        self._out -= 1
        self.waiting.append(job)

    @property
    def is_done(self) -> bool:
        """Whether no message will come any more."""
        return not self.waiting and not self._out

    def heard(self, said: tuple[str, list[Any]]) -> None:
        """What a worker queued or published."""
        kind, what = said
        (self.waiting if kind == "queued" else self.told).extend(map(tuple, what))


class CountsApart(DynamoJobs):
    """A mutant: what a page came to is written before where the next one begins, and not with it."""

    def advance(self, row: JobRow) -> bool:
        """Two writes where one is due. It dies once between them."""
        if row.part and row.version > 1:
            kept = self.load(row.tenant, row.job_id, row.part)
            counted = replace(part_of(kept), counted=part_of(row).counted)
            assert kept is not None
            super().advance(replace(row, content=encode(counted)))
            if row.version == 2:
                os.kill(os.getpid(), 9)
            row = replace(row, version=row.version + 1)
        return super().advance(row)


# -- what happens, seen in three ways


def write_drafts(trial: Trial, drafts: Mapping[str, Any], jobs: JobServices | None) -> CatalogueServices:
    """Draft tags, as an editor does. With ``jobs`` each publication opens one."""
    api = trial.calm()
    store, standing = declarations(trial, api), in_force(trial, api)

    def tell(published: Published) -> None:
        if jobs is not None:
            tell_published(published, store, jobs.door, NOW)

    history = DynamoHistory(api.call, trial.tables["TABLE_HISTORY"])
    editing = CatalogueServices(store, history, standing.fresh, standing.forget, tell)
    for tag_id, raw in drafts.items():
        draft_declaration(_order("draft", tag_id), raw, editing, NOW)
    return editing


def publish(editing: CatalogueServices, tags: Iterable[str]) -> list[Message]:
    """Publish drafts one after the other; returns what that queues."""
    made = [publish_declaration(_order("publish", one), "", editing, NOW) for one in tags]
    return [(f"apply_{one.version}", "") for one in made]


def _order(what: str, tag_id: str) -> Order:
    return Order(f"{what}_{tag_id}_{time.monotonic_ns()}", TENANT_ID, "tags", tag_id, "editor-1", "")


def open_dry_run(jobs: JobServices) -> Message:
    """Try both drafts together."""
    asked = DryRunRequest(with_=(DraftAsked("tags", TROUBLED),))
    drafts = drafts_of(TENANT_ID, "tags", BUYER, asked, jobs)
    job = Job(TENANT_ID, "dry_run_1", "dry_run", "tags", BUYER, "analyst-1", NOW, (), tuple(drafts))
    open_job(job, jobs.door)
    return (job.job_id, "")


def job(jobs: JobServices, job_id: str) -> Job:
    """A job as it is kept."""
    row = jobs.jobs.load(TENANT_ID, job_id)
    assert row is not None
    return job_of(row)


def foretold(dry: Job) -> Outcome:
    """Who is to gain and lose, as a job counted it."""
    assert dry.result is not None
    return {
        tag_id: ({one.profile_id for one in count.gained.named}, {one.profile_id for one in count.lost.named})
        for tag_id, count in dry.result.tags.items()
    }


def told(heard: Iterable[Heard], before: Holders) -> Outcome:
    """Who gained and lost by the book of a consumer, who goes by the latest version it heard of each."""
    book: dict[tuple[str, str], tuple[int, bool]] = {}
    for tag_id, profile_id, version, is_set in heard:
        book[tag_id, profile_id] = max(book.get((tag_id, profile_id), (0, False)), (version, is_set))
    after: Holders = {tag_id: set(ids) for tag_id, ids in before.items()}
    for (tag_id, profile_id), (_, is_set) in book.items():
        (after[tag_id].add if is_set else after[tag_id].discard)(profile_id)
    return outcome(before, after)


def outcome(before: Holders, after: Holders) -> Outcome:
    """Who gained and who lost each tag."""
    return {tag_id: (after[tag_id] - before[tag_id], before[tag_id] - after[tag_id]) for tag_id in TAGS}


def read(trial: Trial, people: int, at: Millis) -> Holders:
    """Tag → who has it by what is in force, asked one by one."""
    api = trial.calm()
    ids = [f"p_{sha256(b'%d' % number).hexdigest()[:22]}" for number in range(all_of(people)) if number % 21]
    asked = replace(reading(api.call, trial.tables), catalogue=in_force(trial, api)(TENANT_ID).catalogue)
    found: Holders = {tag: set() for tag in TAGS}
    for start in range(0, len(ids), _IDS_AT_ONCE):
        rows = asked.profiles.load(TENANT_ID, ids[start : start + _IDS_AT_ONCE], fresh=True)
        for row in rows.values():
            profile = join(row.profile_id, row.version, row.state, row.generation, decode(row.body, Body))
            for tag in current_tags(profile, asked, at, among=TAGS):
                found[tag.id].add(row.profile_id)
    return found
