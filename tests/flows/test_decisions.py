"""Looking back at decisions: made again, as of earlier, and what came of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.desk.model import Track
from chalicelib.flows.answer_route import answer_route, decision_of
from chalicelib.flows.decide_as_of import TRIAL, AsOfRequest, PastServices, decide_as_of
from chalicelib.flows.effective import POLICY
from chalicelib.flows.export_held import exported_decisions
from chalicelib.flows.recompute_decision import ReplayServices, recompute_decision, shown_of
from chalicelib.flows.report_outcome import (
    OutcomeOrder,
    OutcomeServices,
    Survey,
    outcomes_of,
    report_outcome,
    with_outcome,
)
from chalicelib.flows.seen_in import shown_in
from chalicelib.flows.ticket_views import view_of, withheld_of
from chalicelib.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, Millis
from chalicelib.routing.checked_policy import load_policy
from chalicelib.routing.inputs import read_inputs
from chalicelib.routing.model import Decision, NamedIdentifier, RouteRequest
from chalicelib.routing.outcome import MOST_INTENTS, Outcome
from chalicelib.routing.policy import Policy, shipped_policy
from chalicelib.store.declarations import Head, Publication, Version
from chalicelib.store.memory_declarations import MemoryDeclarations
from chalicelib.store.rows import DecisionRow
from chalicelib.store.tracks import MemoryTracks
from chalicelib.tickets.declaration import TicketRules
from chalicelib.tickets.opening import Asked, opened
from tests.flows.test_erasure import erase
from tests.flows.world import NOW, TENANT_ID, World, described, event, paid
from tests.unit.routing.calls import small_policy

USER = ("user_id", "u1")


@pytest.fixture
def world() -> World:
    world = World()
    world.apply(described(USER, city="上海", member_level="gold"), paid("o1", "5000.00", USER))
    world.apply(event("complaint.filed", USER, ticket_id="t1", text="我要赔偿"))
    return world


def routed(world: World, id_: str = "d_1", *, policy: Policy | None = None, **more: Any) -> dict[str, Any]:
    request = RouteRequest("wechat", "service", identifiers=(NamedIdentifier(*USER),), **more)
    reading = world.reading() if policy is None else replace(world.reading(), policy=policy)
    found: dict[str, Any] = msgspec.json.decode(
        answer_route(request, world.tenant(TENANT_ID), id_, reading, world.now, "bot")
    )
    return found


def published(declarations: MemoryDeclarations, number: int, at: Millis, body: bytes) -> None:
    version = Version("policies", POLICY, number, "declared", body, at, "ed", "", number, number)
    assert declarations.publish(Publication(TENANT_ID, Head(number), version))


class Reports:
    """Reports on decisions of a world, and the surveys that the profile was told of."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tracks = MemoryTracks(world.history)
        self.surveys: list[tuple[str, int, int]] = []

    def services(self) -> OutcomeServices:
        return OutcomeServices(self.world.history, self.tracks, self._tell)

    def tell(self, told: Outcome, report_id: str = "r1", decision_id: str = "d_1") -> Outcome:
        order = OutcomeOrder(TENANT_ID, decision_id, report_id, "bot")
        return report_outcome(order, told, self.services(), self.world.now).outcome

    def _tell(self, row: DecisionRow, survey: Survey) -> None:
        self.surveys.append((row.profile_id, survey.score, survey.number))


def test_record__of_who_is_given_any_intent__is_bounded_and_counts_all(world: World) -> None:
    """Who calls the API names any intent: beyond so many, one counts among all, and so does its correction. Those that
    have their place go on.
    """
    reports, most = Reports(world), MOST_INTENTS + 5
    for number in range(most):
        routed(world, f"d_{number}", intent=f"menu_{number}")
        reports.tell(Outcome(resolved=True, agent_id="ann"), decision_id=f"d_{number}")
    record = reports.tracks.tracks(TENANT_ID, ["ann"])["ann"]
    assert record.keys() == {"", *(f"menu_{number}" for number in range(MOST_INTENTS))}
    assert (record[""].outcomes, record[""].resolved) == (most, most)
    for number in (0, most - 1):
        reports.tell(Outcome(resolved=False), "r2", decision_id=f"d_{number}")
    record = reports.tracks.tracks(TENANT_ID, ["ann"])["ann"]
    assert (record[""].outcomes, record[""].resolved, record["menu_0"].resolved) == (most, most - 2, 0)
    assert len(record) == MOST_INTENTS + 1


# -- made again


def test_decision__of_a_person__is_made_again_though_the_person_has_changed(world: World) -> None:
    """It rests on what was stored with it, and on nothing that came later. Of the message no word is kept but listed ones."""
    first = routed(world, message="我要退款，马上！我是上海的欧阳金雀，单号 77413")
    world.now += DAY_MS
    world.apply(event("payment.failed", USER, order_id="o2"), paid("o9", "9.00", USER))
    services = ReplayServices(world.history, MemoryDeclarations(world.history))
    found = recompute_decision(TENANT_ID, "d_1", services)
    assert (found.equal, found.differs, found.policy_number) == (True, (), 0)
    assert found.recomputed == first
    assert found.inputs["stated"]["source"] == "message"
    kept = msgspec.json.encode(found.inputs).decode()
    assert not [word for word in ("欧阳", "金雀", "77413", "我要") if word in kept]


def test_decision__by_a_policy_replaced_since__is_made_again_by_that_of_then(world: World) -> None:
    """The version that was in force is found by the number that the decision keeps; a policy of that number that says
    something else is refused.
    """
    declarations = MemoryDeclarations(world.history)
    body = msgspec.json.encode(small_policy())
    published(declarations, 1, world.now, body)
    policy = replace(load_policy(small_policy()), number=1)
    first = routed(world, policy=policy)
    published(declarations, 2, world.now + 1, msgspec.json.encode(small_policy() | {"base_priority": 10}))
    services = ReplayServices(world.history, declarations)
    found = recompute_decision(TENANT_ID, "d_1", services)
    assert (found.equal, found.policy, found.policy_number) == (True, "small/small-1", 1)
    assert found.recomputed == first
    row = world.history.decisions[TENANT_ID, "d_1"]
    number = read_inputs(row.inputs)
    world.history.decisions[TENANT_ID, "d_1"] = replace(
        row, inputs=b"\x00" + msgspec.msgpack.encode(replace(number, policy_number=2))
    )
    with pytest.raises(Conflict) as raised:
        recompute_decision(TENANT_ID, "d_1", services)
    assert raised.value.code == "policy_not_kept"


def test_decision__that_cannot_be_made_again__says_why(world: World) -> None:
    """None of that id; one of before inputs were kept; a policy that nobody has any more."""
    services = ReplayServices(world.history, MemoryDeclarations(world.history))
    with pytest.raises(NotFound):
        recompute_decision(TENANT_ID, "d_1", services)
    routed(world, policy=load_policy(small_policy()))
    with pytest.raises(Conflict) as gone:
        recompute_decision(TENANT_ID, "d_1", services)
    assert gone.value.code == "policy_not_kept"
    world.history.decisions[TENANT_ID, "d_1"] = replace(world.history.decisions[TENANT_ID, "d_1"], inputs=b"")
    with pytest.raises(Conflict) as without:
        recompute_decision(TENANT_ID, "d_1", services)
    assert without.value.code == "inputs_not_kept"


# -- as of earlier


def as_of(world: World, at: Millis, declarations: MemoryDeclarations | None = None, **more: Any) -> Decision:
    asked = AsOfRequest(world.person(*USER).profile_id, "", "wechat", "service", **more)
    kept = declarations or MemoryDeclarations(world.history)
    services = PastServices(world.reading(), kept, shipped_policy())
    return decide_as_of(asked, at, world.tenant(TENANT_ID), services, world.now)


def test_as_of__moment_of_a_decision__is_that_decision(world: World) -> None:
    """What would have been decided then is what was, whatever has happened since; now it would be another."""
    first = msgspec.convert(routed(world, message="退款"), Decision)
    at = world.now
    world.now += 3 * HOUR_MS
    world.apply(event("payment.failed", USER, order_id="o2"), event("ticket.opened", USER, ticket_id="t2"))
    kept = len(world.history.decisions)
    then = as_of(world, at, message="退款")
    assert then == replace(first, decision_id=TRIAL)
    assert as_of(world, world.now, message="退款") != replace(then, decided_at=world.now)
    assert len(world.history.decisions) == kept, "nobody was routed"


def test_as_of__policy__is_the_one_that_was_in_force(world: World) -> None:
    """Before the first of the tenant's own it is what is shipped."""
    declarations = MemoryDeclarations(world.history)
    world.now += 10
    published(declarations, 1, world.now - 5, msgspec.json.encode(small_policy()))
    published(declarations, 2, world.now, msgspec.json.encode(small_policy() | {"version": "small-2"}))
    seen = [as_of(world, world.now - ago, declarations).policy_version for ago in (6, 5, 1, 0)]
    assert seen == [shipped_policy().declared.version, "small-1", "small-1", "small-2"]


def test_as_of__the_future_or_before_the_person__is_refused(world: World) -> None:
    """As a profile is."""
    with pytest.raises(BadInput):
        as_of(world, world.now + 1)
    with pytest.raises(NotFound):
        as_of(world, NOW - DAY_MS)


# -- what came of it


def test_outcome__told_and_corrected__stands_beside_the_decision(world: World) -> None:
    """The decision is as it was answered; what came of it can be read with it, and what it was before."""
    first, reports = routed(world), Reports(world)
    reports.tell(Outcome(resolved=True, handling_seconds=60), "r1")
    reports.tell(Outcome(resolved=False), "r2")
    shown = msgspec.json.decode(with_outcome(decision_of(TENANT_ID, "d_1", world.history)))
    told = shown.pop("outcome")
    assert shown == first
    assert told["outcome"] == {"resolved": False, "handling_seconds": 60}
    assert [(one["field"], one["was"]) for one in told["replaced"]] == [("resolved", True)]
    assert recompute_decision(TENANT_ID, "d_1", ReplayServices(world.history, MemoryDeclarations(world.history))).equal


def test_outcome__repeated__counts_once_for_the_agent(world: World) -> None:
    """The same report again, with its key or without one, moves no record; a correction moves it once."""
    intent, reports = routed(world)["intent"]["id"], Reports(world)
    for report_id in ("r1", "r1", "r2"):
        reports.tell(Outcome(resolved=True, csat=4, agent_id="ann"), report_id)
    assert reports.tracks.tracks(TENANT_ID, ["ann"])["ann"] == {intent: Track(1, 1, 1, 4.0), "": Track(1, 1, 1, 4.0)}
    reports.tell(Outcome(csat=2, agent_id="bo"), "r3")
    reports.tell(Outcome(resolved=True, csat=4, agent_id="ann"), "r1")
    assert reports.tracks.tracks(TENANT_ID, ["ann"])["ann"][""] == Track(0, 0, 0, 0.0)
    assert reports.tracks.tracks(TENANT_ID, ["bo"])["bo"][""] == Track(1, 1, 1, 2.0)


def test_outcome__with_an_answer_to_a_survey__is_told_to_the_profile_with_one_number(world: World) -> None:
    """At least once, also after a repeat, and with the same number for the same answer."""
    routed(world)
    reports, who = Reports(world), world.person(*USER).profile_id
    reports.tell(Outcome(resolved=True), "r1")
    assert reports.surveys == []
    for report_id, csat in (("r2", 5), ("r2", 5), ("r3", 2)):
        reports.tell(Outcome(csat=csat), report_id)
    assert reports.surveys == [(who, 5, 1), (who, 5, 1), (who, 2, 2)]


def test_outcome__of_racing_reports__loses_none(world: World) -> None:
    """Who was overtaken reads again: both reports are there, and each counts once."""
    routed(world)
    reports = Reports(world)
    settle, raced = reports.tracks.settle, []

    def overtaken(*args: Any) -> bool:
        if not raced:
            raced.append(True)
            reports.tell(Outcome(csat=3, agent_id="ann"), "other")
        return settle(*args)

    reports.tracks.settle = overtaken  # type: ignore[method-assign]  # a race, on purpose
    assert reports.tell(Outcome(resolved=True, agent_id="ann"), "mine") == Outcome(True, csat=3, agent_id="ann")
    assert reports.tracks.tracks(TENANT_ID, ["ann"])["ann"][""] == Track(1, 1, 1, 3.0)


def test_outcome__empty_or_of_nothing__is_refused(world: World) -> None:
    """Somebody who tells nothing made a mistake, and a decision must be there."""
    reports = Reports(world)
    with pytest.raises(NotFound):
        reports.tell(Outcome(resolved=True))
    routed(world)
    with pytest.raises(BadInput) as raised:
        reports.tell(Outcome())
    assert raised.value.code == "empty_outcome"


# -- rights


def test_export__of_decisions__has_what_they_were_made_from_and_what_came_of_them(world: World) -> None:
    """All that is held, but for who of the staff served."""
    routed(world)
    Reports(world).tell(Outcome(resolved=True, agent_id="ann"))
    who = world.person(*USER).profile_id
    (told,) = exported_decisions(TENANT_ID, {who: 0}, world.history, world.now)
    assert told["made_from"]["complaints"]["open"] == 1
    assert told["outcome"] == {"resolved": True}


def test_exported__decision_with_an_agent__tells_nothing_of_the_staff(world: World) -> None:
    """Neither who was chosen, nor how well they or others did: that is not the person's own data."""
    told = routed(world)
    chosen = {"agent_id": "ann-of-staff", "score": 0.9, "parts": {"csat": 0.2}}
    weighed = [
        {"agent_id": "bo-of-staff", "score": 0.8, "parts": {"csat": 0.1}},
        {"queue": "vip", "score": 2.0, "parts": {}},
    ]
    content = msgspec.json.encode({**told, "agent": chosen, "runners_up": weighed})
    row = world.history.decisions[TENANT_ID, "d_1"]
    world.history.decisions[TENANT_ID, "d_1"] = replace(row, content=content)
    who = world.person(*USER).profile_id
    (exported,) = exported_decisions(TENANT_ID, {who: 0}, world.history, world.now)
    assert (exported["agent"], exported["runners_up"]) == ({"agent_id": "desk"}, [weighed[1]])
    assert "of-staff" not in repr(exported) and exported["reasons"] == told["reasons"]


def test_ticket__of_who_is_erased__shows_nothing_until_it_is_deleted(world: World) -> None:
    """Between the tombstone and the sweep nobody reads what was said."""
    asked = Asked(
        "tk_1", "consult", "refund", "normal", "general", 10, 60, "bot", world.person(*USER).profile_id, text="hi"
    )
    ticket = opened(asked, TicketRules(), NOW)
    assert withheld_of(TENANT_ID, ticket, "service", world.profiles) == ()
    erase(world, ticket.profile_id)
    view = view_of(ticket, withheld_of(TENANT_ID, ticket, "service", world.profiles))
    assert (view.text, view.facts.demands, {one.reason for one in view.withheld}) == ("", (), {"erased"})


def test_erased__person__leaves_no_inputs_and_takes_no_outcome(world: World) -> None:
    """What a decision was made from goes with it, and a late report makes nothing of it again."""
    routed(world)
    reports = Reports(world)
    row = world.history.decisions[TENANT_ID, "d_1"]
    assert row.inputs
    erase(world, world.person(*USER).profile_id)
    assert not world.history.decisions
    assert not reports.tracks.settle(row, b"late", {})
    with pytest.raises(NotFound):
        reports.tell(Outcome(resolved=True))
    assert not world.history.decisions


def test_outcomes__of_a_decision_without_any__are_none(world: World) -> None:
    """Most decisions are never reported on."""
    routed(world)
    assert outcomes_of(decision_of(TENANT_ID, "d_1", world.history)).now == Outcome()


def test_outcome__told_by_an_agent__is_of_their_own_work_only(world: World) -> None:
    """A record decides whom the next people are given to: no agent writes over a colleague's, or their name for them."""
    routed(world)
    services = OutcomeServices(world.history, MemoryTracks(world.history))

    def told_by(who: str, key: str, **fields: Any) -> str:
        try:
            report_outcome(OutcomeOrder(TENANT_ID, "d_1", key, who, who), Outcome(**fields), services, NOW)
        except Forbidden as refused:
            return refused.code
        return "told"

    assert told_by("ann", "r1", csat=1, agent_id="bo") == "not_your_own"
    assert told_by("ann", "r2", resolved=True, agent_id="ann") == "told"
    assert told_by("bo", "r3", csat=1) == "not_your_own"
    assert told_by("bo", "r4", csat=5, agent_id="bo") == "not_your_own"
    assert told_by("ann", "r5", csat=4) == "told"
    report_outcome(OutcomeOrder(TENANT_ID, "d_1", "r6", "lead"), Outcome(agent_id="bo"), services, NOW)
    assert told_by("ann", "r7", csat=5) == "not_your_own"
    assert services.outcomes.tracks(TENANT_ID, ["bo"])["bo"][""] == Track(1, 1, 1, 4.0)


def test_replay__noted__names_the_traits_that_it_shows(world: World) -> None:
    """Inputs hold more than what decided: the audit tells who was shown what of it, and not what nobody knows."""
    routed(world)
    view = recompute_decision(TENANT_ID, "d_1", ReplayServices(world.history, MemoryDeclarations(world.history)))
    known = {f"traits.{name}" for name, value in view.inputs["t"].items() if value is not None}
    noted = set(shown_in(shown_of(view)).fields)
    assert "traits.region" in known and {one for one in noted if one.startswith("traits.")} == known
    assert "values.complaints" in noted and not known & set(shown_in(view).fields)
