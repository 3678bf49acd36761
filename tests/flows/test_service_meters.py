"""Meters of service: hand-counted tables, whatever the order of what is told, and what may be shown of them."""

from __future__ import annotations

import json
import random
from collections import Counter
from itertools import permutations
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.flows.hear_decisions import FAMILY, Heard, HearServices, hear_decisions
from chalicelib.flows.read_service import BY, cell_of, read_service
from chalicelib.flows.report_outcome import OutcomeOrder, OutcomeServices, report_outcome
from chalicelib.flows.services import Change
from chalicelib.kernel.errors import BadInput, Unavailable
from chalicelib.kernel.moments import DAY_MS, Millis, day_of
from chalicelib.routing.checked_policy import load_policy
from chalicelib.routing.decide import decide_on, facts_for
from chalicelib.routing.inputs import conversation_mark, kept_inputs
from chalicelib.routing.meters import EVERY
from chalicelib.routing.model import Caller
from chalicelib.routing.outcome import Outcome
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.rows import DecisionRow
from chalicelib.store.tallies import MemoryTallies
from chalicelib.store.tracks import MemoryTracks
from infra.package import ROOT
from tests.unit.routing.calls import NOON, request, small_policy

TABLE: list[dict[str, Any]] = json.loads((ROOT / "tests/cases/service_meters.json").read_text())
POLICY = load_policy(small_policy())
TENANT = "t"


class Desk:
    """A history whose changes are heard as its stream would give them."""

    def __init__(self) -> None:
        self.history, self.tallies = MemoryHistory(), MemoryTallies()
        self.tracks = MemoryTracks(self.history)
        self.published: list[Change] = []
        self.unreadable: list[tuple[str, str]] = []
        self.bus_down = False

    def services(self) -> HearServices:
        return HearServices(self.history, self.tallies, self.publish, lambda *told: self.unreadable.append(told))

    def publish(self, changes: Any) -> None:
        if self.bus_down:
            raise Unavailable("throttled", "The bus is away.")
        self.published += changes

    def make(self, id_: str, at: Millis, *, who: str = "p_1", intent: str = "refund", **more: Any) -> Heard:
        """A decision, as the stream tells it."""
        caller = Caller(who, tags=more.get("tags", {})) if who else Caller()
        asked = request(more.get("channel", "wechat"), intent=intent)
        facts = facts_for(POLICY, asked, caller, now=at)
        decision = decide_on(POLICY, facts, caller.profile_id, True, decision_id=id_, now=at)
        decision = replace(decision, sla=replace(decision.sla, first_response_seconds=60))
        mark = conversation_mark(TENANT, more.get("conversation"))
        kept = kept_inputs(POLICY, facts, True, conversation=mark)
        row = DecisionRow(TENANT, id_, who, at, msgspec.json.encode(decision), at + DAY_MS, "bot", kept)
        assert self.history.record(row)
        return Heard(None, row)

    def tell(self, id_: str, outcome: Outcome) -> Heard | None:
        """An outcome, as the stream tells it; None where nothing was written."""
        before = self.history.decisions[TENANT, id_]
        order = OutcomeOrder(TENANT, id_, f"r{before.version}", "bot")
        report_outcome(order, outcome, OutcomeServices(self.history, self.tracks), before.at)
        after = self.history.decisions[TENANT, id_]
        return None if after == before else Heard(before, after)

    def hear(self, *heard: Heard | None) -> None:
        hear_decisions([one for one in heard if one is not None], self.services())

    def counts(self, dimension: str = "all", value: str = EVERY) -> dict[str, int]:
        """The counters of all days."""
        total: Counter[str] = Counter()
        for (_, family, _), names in self.tallies.kept.items():
            if family == f"{FAMILY}.{dimension}":
                for name, amount in names.items():
                    of, _, counter = name.rpartition("~")
                    total[counter] += amount if of == value else 0
        return {name: amount for name, amount in total.items() if amount}


def steps_of(case: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What happens: every contact is made in order of time, and outcomes are told at any time after it."""
    return [("make", one) for one in case["contacts"]] + [("tell", one) for one in case["contacts"] if "outcome" in one]


def happen(desk: Desk, step: tuple[str, dict[str, Any]]) -> None:
    sort, one = step
    if sort == "tell":
        desk.hear(desk.tell(one["id"], msgspec.convert(one["outcome"], Outcome)))
        return
    who = "p_1" if one.get("known", True) else ""
    more = {"conversation": one.get("conversation")}
    at = NOON + int(one["day"] * DAY_MS)
    desk.hear(desk.make(one["id"], at, who=who, intent=one.get("intent", "refund"), **more))


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case["name"])
def test_meters__of_the_table__are_as_counted_by_hand(case: dict[str, Any]) -> None:
    """The row's name is the rule; it holds in whatever order outcomes are told between contacts."""
    for order in permutations(steps_of(case)):
        places = {(sort, one["id"]): at for at, (sort, one) in enumerate(order)}
        made = [one["id"] for sort, one in order if sort == "make"]
        if made != sorted(made) or any(places["make", id_] > at for (_, id_), at in places.items()):
            continue
        desk = Desk()
        for step in order:
            happen(desk, step)
        found = {name: amount for name, amount in desk.counts().items() if not name.startswith("mode.")}
        assert found == case["counts"], order


def test_meters__corrected_outcome__counts_as_it_stands() -> None:
    """What was told wrongly leaves nothing behind: counts of a correction are those of the right word alone."""
    wrong, right = Desk(), Desk()
    for desk in (wrong, right):
        desk.hear(desk.make("a", NOON))
    wrong.hear(wrong.tell("a", Outcome(resolved=True, csat=1, handling_seconds=900, first_response_seconds=5)))
    told = Outcome(resolved=False, csat=5, handling_seconds=60, first_response_seconds=90)
    for desk in (wrong, right):
        desk.hear(desk.tell("a", told))
    assert wrong.counts() == right.counts()
    assert wrong.counts("queue", "first") == right.counts()


def test_meters__of_dimensions__add_up_to_all() -> None:
    """Every contact counts to one queue, segment, channel and policy version; a segment is told by tags alone."""
    desk, draw = Desk(), random.Random(3)
    for number in range(60):
        who = f"p_{number}" if number % 5 else ""
        tags = {"vip": 0.9} if number % 3 == 0 else {}
        channel = draw.choice(["wechat", "phone"])
        desk.hear(desk.make(f"d{number}", NOON + number, who=who, tags=tags, channel=channel))
        desk.hear(desk.tell(f"d{number}", Outcome(resolved=bool(draw.randrange(2)))))
    for dimension, values in {
        "queue": ("first", "second"),
        "segment": ("vip", "other", "unknown"),
        "channel": ("wechat", "phone"),
        "policy_version": ("small-1",),
    }.items():
        parts: Counter[str] = Counter()
        for value in values:
            parts.update(desk.counts(dimension, value))
        assert dict(parts) == desk.counts(), dimension
    assert desk.counts("segment", "unknown")["n"] == 12
    assert desk.counts("segment", "vip")["n"] == 16


def test_service__of_a_hundred_contacts__is_as_worked_out_by_hand() -> None:
    """60 of 100 known outcomes are 0.6, from 0.5020 to 0.6906 (Wilson); every duration of 100 s is told as such."""
    desk = Desk()
    for number in range(100):
        desk.hear(desk.make(f"d{number}", NOON, who=f"p_{number}"))
        told = Outcome(resolved=number < 60, csat=5 if number < 60 else 1, handling_seconds=100)
        desk.hear(desk.tell(f"d{number}", told))
    view = read_service(TENANT, NOON, NOON + 1, "queue", desk.tallies, NOON + 9 * DAY_MS)
    assert view.all is not None
    (cell,) = view.cells
    assert replace(view.all, value="first") == cell
    assert (cell.contacts, cell.resolved) == (100, replace(cell.resolved, share=0.6, low=0.502, high=0.6906))
    assert (cell.satisfied, cell.csat and cell.csat.mean) == (cell.resolved, 3.4)
    assert cell.first_contact_resolved == cell.resolved
    assert cell.handling is not None
    assert (cell.handling.mean, cell.handling.p50.seconds, cell.handling.p95.high) == (100.0, 98.7, 98.7)
    assert (cell.transferred, cell.first_response, cell.sla_kept, cell.proposals_adopted) == (None, None, None, None)
    assert cell.repeated is not None and cell.repeated.share == 0
    assert view.settled_until[:10] == "2026-03-06"


def test_service__of_few__tells_nothing() -> None:
    """Below five a cell is left out and the smallest other with it; a meter that is known of fewer than five is null."""
    desk = Desk()
    for number in range(20):
        channel = "wechat" if number < 12 else "phone" if number < 17 else "app"
        desk.hear(desk.make(f"d{number}", NOON, who=f"p_{number}", channel=channel))
        if number < 4:
            desk.hear(desk.tell(f"d{number}", Outcome(resolved=True)))
    view = read_service(TENANT, NOON, NOON + 1, "channel", desk.tallies, NOON)
    assert [(cell.value, cell.contacts) for cell in view.cells] == [("wechat", 10)], "12 in fives"
    assert view.hidden == 2, "of 3 by app, and of the 5 by phone among whom they hide"
    assert view.cells[0].resolved is None
    alone = Desk()
    for number in range(4):
        alone.hear(alone.make(f"d{number}", NOON, who=f"p_{number}"))
    few = read_service(TENANT, None, None, "", alone.tallies, NOON)
    assert (few.all, few.cells, few.by) == (None, (), None)


def test_service__by_day__has_the_days_that_were() -> None:
    """A contact counts to its own day, whenever its outcome was told."""
    desk = Desk()
    for number in range(14):
        at = NOON + DAY_MS * (number % 2)
        desk.hear(desk.make(f"d{number}", at, who=f"p_{number}"))
        desk.hear(desk.tell(f"d{number}", Outcome(resolved=number % 2 == 0)))
    view = read_service(TENANT, NOON, NOON + 2 * DAY_MS, "day", desk.tallies, NOON + 30 * DAY_MS)
    told = [(cell.value, cell.contacts, cell.resolved and cell.resolved.share) for cell in view.cells]
    assert told == [("2026-03-04", 5, 1.0), ("2026-03-05", 5, 0.0)]


@pytest.mark.parametrize(
    ("since", "until", "by", "code"),
    [
        (NOON, NOON, "agent", "bad_by"),
        (NOON + DAY_MS, NOON, "", "bad_range"),
        (NOON - 92 * DAY_MS, NOON, "", "bad_range"),
    ],
)
def test_service__asked_wrongly__is_refused(since: Millis, until: Millis, by: str, code: str) -> None:
    """What is none of the choices, a range that ends before it begins, and one of more than 92 days."""
    with pytest.raises(BadInput) as raised:
        read_service(TENANT, since, until, by, MemoryTallies(), NOON)
    assert raised.value.code == code


def test_service__by_any_choice__reads_what_was_counted() -> None:
    """Each dimension that may be asked for is one that is counted."""
    desk = Desk()
    for number in range(6):
        desk.hear(desk.make(f"d{number}", NOON, who=f"p_{number}"))
    for by in BY:
        assert len(read_service(TENANT, NOON, NOON + 1, by, desk.tallies, NOON).cells) == 1, by
    assert {day for _, _, day in desk.tallies.kept} == {day_of(NOON)}


def test_cell__that_was_counted_twice_in_part__is_no_more_than_a_whole() -> None:
    """A repeat of the stream may count a yes and not its no: a share stays one."""
    cell = cell_of("*", Counter({"n": 10, "resolved.n": 8, "resolved.y": 9, "fcr.n": 7, "fcr.y": -1}))
    assert cell.resolved is not None and cell.resolved.share == 1.0
    assert cell.first_contact_resolved is not None and cell.first_contact_resolved.share == 0.0


# -- the bus


def test_made__decision__is_published_without_a_word_of_anybody() -> None:
    """Ids, queue, intent, policy; no tag, trait, message, or evidence. What came of it publishes nothing."""
    desk = Desk()
    heard = desk.make("a", NOON, tags={"vip": 0.9})
    desk.hear(heard, desk.tell("a", Outcome(resolved=True)))
    (told,) = desk.published
    assert told.type == "decision.made"
    assert set(told.detail) == {
        *("tenant", "decision_id", "profile_id", "personalised", "at", "mode", "queue", "skill", "intent", "urgency"),
        *("priority", "agent_id", "reservation_id", "policy_version"),
    }
    assert (told.detail["decision_id"], told.detail["profile_id"], told.detail["queue"]) == ("a", "p_1", "first")
    assert "vip" not in str(told.detail)


def test_made__while_the_bus_is_away__comes_again_and_counts_once() -> None:
    """Nothing is counted before it is told; the batch that failed is given again by the stream."""
    desk = Desk()
    heard = desk.make("a", NOON)
    desk.bus_down = True
    with pytest.raises(Unavailable):
        desk.hear(heard)
    desk.bus_down = False
    desk.hear(heard)
    assert (len(desk.published), desk.counts()["n"]) == (1, 1)


def test_heard__row_that_cannot_be_read__holds_up_no_other() -> None:
    """It is told of, and the others count."""
    desk = Desk()
    broken = desk.make("a", NOON)
    desk.hear(replace(broken, after=replace(broken.after, inputs=b"\x02")), desk.make("b", NOON, who="p_2"))
    assert ([tenant for tenant, _ in desk.unreadable], desk.counts()["n"]) == ([TENANT], 1)


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b"{}", b'{"agent": "ann", "profile_id": null}'])
def test_heard__decision_that_cannot_be_told__holds_up_no_other(content: bytes) -> None:
    """Raised, it would come again until it expires, with all that stand behind it in the stream; its code says nothing of
    what it holds.
    """
    desk = Desk()
    broken = desk.make("a", NOON)
    desk.hear(replace(broken, after=replace(broken.after, content=content)), desk.make("b", NOON, who="p_2"))
    assert desk.unreadable == [(TENANT, "bad_content")]
    assert ([one.detail["decision_id"] for one in desk.published], desk.counts()["n"]) == (["b"], 1)
