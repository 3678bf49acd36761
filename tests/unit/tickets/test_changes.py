"""A ticket's life as a machine of states: whatever is tried in whatever order, what must hold holds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from chalicelib.kernel.errors import BadInput, Conflict
from chalicelib.tickets.changes import (
    MOST_WORDS,
    STEPS,
    Doing,
    SurveyAnswer,
    TicketChange,
    changed,
    is_done,
    looked_after,
    told,
)
from chalicelib.tickets.declaration import Limits, TicketRules
from chalicelib.tickets.model import ON_THE_BUS, OPEN, Entry, Status, Ticket
from chalicelib.tickets.opening import Asked, opened
from chalicelib.tickets.sla import due_at

AT = 1_760_000_000_000
RULES = TicketRules(limits={"complaint": Limits(first_response_seconds=5, resolve_seconds=60)}, reopen_days=1)
STATUSES = tuple(STEPS)


def new(agent_id: str = "") -> Ticket:
    asked = Asked(
        "tk_1", "complaint", "refund", "normal", "general", 10, 60, "bot", profile_id="p_1", agent_id=agent_id
    )
    return opened(asked, RULES, AT)


def by(at: int = AT + 1, id_: str = "c_1") -> Doing:
    return Doing(id_, "anna", at, RULES)


class Life(RuleBasedStateMachine):
    """Random requests and the timer, in random order, at times that only go on."""

    def __init__(self) -> None:
        super().__init__()
        self.ticket = new()
        self.now = AT
        self.requests = 0
        self.overdue_of_opening: Counter[tuple[int, str]] = Counter()
        self.bus: list[str] = []
        self.profile: list[str] = []

    def _take(self, after: Ticket) -> None:
        before = self.ticket
        assert after.version == before.version + 1
        assert after.history[: len(before.history)] == before.history
        fresh = after.outgoing[len(before.outgoing) :]
        assert len({one.id for one in after.outgoing}) == len(after.outgoing)
        for one in fresh:
            (self.bus if one.where == "bus" else self.profile).append(one.type)
            if one.type == "ticket.overdue":
                limit = str(one.says["limit"])
                opening = before.reopened if limit == "resolve" else 0
                self.overdue_of_opening[opening, limit] += 1
        if before.status != after.status:
            reached = after.status in STEPS[before.status] or after.status == "resolved"
            assert reached or (before.status in OPEN and after.status in OPEN)
        self.ticket = after

    @rule(
        seconds=st.integers(0, 90),
        status=st.none() | st.sampled_from(STATUSES),
        agent=st.none() | st.sampled_from(["", "anna", "bea"]),
        reply=st.none() | st.just("好的"),
        score=st.none() | st.integers(1, 5),
    )
    def request(
        self, seconds: int, status: Status | None, agent: str | None, reply: str | None, score: int | None
    ) -> None:
        """Somebody asks for something, possible or not."""
        self.now += seconds * 1_000
        self.requests += 1
        survey = None if score is None else SurveyAnswer(score)
        change = TicketChange(status=status, agent_id=agent, reply=reply, survey=survey)
        try:
            after = changed(self.ticket, change, by(self.now, f"c_{self.requests}"))
        except (Conflict, BadInput):
            return
        self._take(after)
        assert is_done(after, f"c_{self.requests}")

    @rule(seconds=st.integers(0, 90))
    def timer(self, seconds: int) -> None:
        """Time passes, and somebody looks: twice, which is as once."""
        self.now += seconds * 1_000
        after = looked_after(self.ticket, RULES, self.now)
        if after is not self.ticket:
            self._take(after)
        assert looked_after(self.ticket, RULES, self.now) is self.ticket

    @rule()
    def tell(self) -> None:
        """What was told is not told again."""
        ids = frozenset(one.id for one in self.ticket.outgoing)
        if ids:
            self.ticket = told(self.ticket, ids)
            assert not self.ticket.outgoing

    @invariant()
    def holds(self) -> None:
        """Agents and statuses agree; each limit was overdue once at most; time that is due is in the future or now."""
        one = self.ticket
        if one.status in ("open", "assigned"):
            assert bool(one.agent_id) == (one.status == "assigned")
        assert bool(one.paused_at) == (one.status == "waiting_customer")
        assert bool(one.settled_at) == (not one.is_open)
        assert all(count == 1 for count in self.overdue_of_opening.values())
        assert not one.is_open or one.resolve.met_at == 0
        assert one.is_open or one.first_response.met_at
        surveys = self.profile.count("survey.answered")
        assert surveys <= 1 + one.reopened
        if one.is_open and not one.paused_at and not one.resolve.overdue_at:
            assert due_at(one, RULES) > 0


TestLife = Life.TestCase


@pytest.mark.parametrize("was", STATUSES)
@pytest.mark.parametrize("to", STATUSES)
def test_transition__is_made_or_refused__as_the_table_says(was: Status, to: Status) -> None:
    """Every pair of statuses."""
    agent = "anna" if was == "assigned" else ""
    one = replace(new(agent), status=was, settled_at=0 if was in OPEN else AT)
    change = TicketChange(status=to, agent_id="bea" if to == "assigned" and was != "assigned" else None)
    if to in STEPS[was]:
        assert changed(one, change, by()).status == to
    else:
        with pytest.raises((Conflict, BadInput)) as raised:
            changed(one, change, by())
        assert raised.value.code in ("bad_transition", "nothing_changed")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (TicketChange(), "nothing_changed"),
        (TicketChange(version=7, note="x"), "ticket_changed"),
        (TicketChange(adopt={"buy_flowers": True}), "no_such_step"),
        (TicketChange(survey=SurveyAnswer(5)), "not_closed"),
        (TicketChange(status="assigned"), "bad_transition"),
        (TicketChange(status="open", agent_id="anna"), "bad_transition"),
    ],
)
def test_change__that_cannot_be__is_refused_with_its_code(change: TicketChange, code: str) -> None:
    """And the ticket stays as it was."""
    with pytest.raises((Conflict, BadInput)) as raised:
        changed(new(), change, by())
    assert raised.value.code == code


def test_change__says_who_and_when__and_what_it_was() -> None:
    """One request with several parts stands in the history part by part, under its id."""
    change = TicketChange(agent_id="bea", topic="logistics", priority="high", note="看过物流")
    after = changed(new(), change, by(AT + 9, "c_9"))
    lines = [(one.what, one.was, one.to, one.text) for one in after.history[1:]]
    assert lines == [("topic", "refund", "logistics", ""), ("priority", "normal", "high", ""),
                     ("assigned", "", "bea", ""), ("note", "", "", "看过物流")]  # fmt: skip
    assert {(one.who, one.at, one.id) for one in after.history[1:]} == {("anna", AT + 9, "c_9")}


def test_adoption__of_a_step__is_kept_with_who__and_may_be_taken_back() -> None:
    """Yes, and then no; to say it twice is no change."""
    first = new().steps[0].id
    taken = changed(new(), TicketChange(adopt={first: True}), by())
    assert (taken.steps[0].adopted, taken.steps[0].by) == (True, "anna") and taken.steps[1].adopted is None
    with pytest.raises(BadInput):
        changed(taken, TicketChange(adopt={first: True}), by())
    assert changed(taken, TicketChange(adopt={first: False}), by()).steps[0].adopted is False


def test_reopened__in_time__runs_anew__and_too_late_is_refused() -> None:
    """A closed ticket is opened again for so many days as the policy says."""
    closed = changed(new("anna"), TicketChange(status="closed"), by())
    again = changed(closed, TicketChange(status="assigned"), by(AT + 1_000))
    assert (again.reopened, again.agent_id, again.resolve.due_at) == (1, "anna", AT + 61_000)
    assert "ticket.reopened" in [one.type for one in again.outgoing]
    with pytest.raises(Conflict):
        changed(closed, TicketChange(status="assigned"), by(AT + 3 * 86_400_000))


def test_history__that_is_full__takes_no_words__and_still_an_end() -> None:
    """A ticket cannot grow without bound, and can always be closed."""
    full = replace(new(), history=tuple(Entry(AT, "anna", "note", text="x") for _ in range(MOST_WORDS)))
    with pytest.raises(Conflict) as raised:
        changed(full, TicketChange(note="more"), by())
    assert raised.value.code == "ticket_full"
    assert changed(full, TicketChange(status="closed"), by()).status == "closed"


def test_nobodys_ticket__tells_no_profile__and_the_bus_all_the_same() -> None:
    """A ticket of somebody who is not known has nobody that could learn from it."""
    one = replace(new(), profile_id="", outgoing=())
    late = looked_after(changed(one, TicketChange(note="x"), by()), RULES, AT + 90_000)
    assert {one.where for one in late.outgoing} == {"bus"}


def test_events__of_a_whole_life__are_those_that_profiles_know() -> None:
    """Each type that is told is registered, and carries declared fields only."""
    from chalicelib.events.types import EVENT_TYPES

    one = changed(new(), TicketChange(agent_id="anna", reply="在查"), by())
    one = looked_after(one, RULES, AT + 90_000)
    one = changed(one, TicketChange(status="resolved"), by(AT + 91_000))
    one = changed(one, TicketChange(status="assigned"), by(AT + 92_000))
    one = changed(one, TicketChange(status="closed", survey=SurveyAnswer(4, "还行")), by(AT + 93_000))
    whole = one.outgoing
    events = [one for one in whole if one.where == "profile"]
    assert [one.type for one in events] == [
        "ticket.opened", "complaint.filed", "ticket.assigned", "ticket.replied", "ticket.breached", "ticket.escalated",
        "ticket.resolved", "ticket.reopened", "ticket.closed", "survey.answered"]  # fmt: skip
    assert {one.type for one in whole if one.where == "bus"} <= ON_THE_BUS
    undeclared: Any = {name for one in events for name in one.says if name not in EVENT_TYPES[one.type]}
    assert undeclared == set()
