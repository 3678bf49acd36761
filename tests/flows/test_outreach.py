"""Risks raised with the save that lets them be seen: once, within the caps, for who may be approached, and kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.flows.bot_context import context_for_bot
from chalicelib.flows.export_person import ExportServices, export_of
from chalicelib.flows.export_views import ExportedPerson
from chalicelib.flows.fire_timers import Fired, TimerServices, fire_timers
from chalicelib.flows.link_services import Linked
from chalicelib.flows.me_views import MeView
from chalicelib.flows.measure_outreach import OutcomeOrder, measure_effect, tell_outcome
from chalicelib.flows.open_person import person_now
from chalicelib.flows.outreach import Outreach
from chalicelib.flows.outreach_views import SuggestionOutcome, SuggestionView
from chalicelib.flows.raise_risks import ledger_of
from chalicelib.flows.show_outreach import Listing, OutreachServices, list_suggestions
from chalicelib.flows.show_person import ShowServices, show_person
from chalicelib.insights.shown_tags import NOTHING
from chalicelib.kernel.errors import BadInput, Conflict, NotFound
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, MINUTE_MS, format_moment
from chalicelib.outreach.model import Ledger, Plan, RiskRule
from chalicelib.outreach.rules import RiskRules, shipped_rules
from chalicelib.privacy.links import ACTIONS, Claims
from chalicelib.store.outreach import MemoryOutreach
from chalicelib.store.rows import Change as StoreChange
from chalicelib.store.rows import Outcome
from chalicelib.tags.catalogue import load_catalogue
from tests.flows.opening_world import opening_of
from tests.flows.test_erasure import erase
from tests.flows.test_profiling import SILENCES, Silence
from tests.flows.world import NOW, TENANT_ID, World, consent, event, paid

USER, PHONE = ("user_id", "u1"), ("phone", "13587654329")
TEXT = {"zh": "测", "en": "test"}


def plan(**changed: Any) -> Outreach:
    return Outreach(RiskRules(Plan(**{"hold_back": 0.0, **changed}), "retail", load_catalogue()), "Asia/Shanghai")


def own(id_: str = "often", measure: str = "contacts", **changed: Any) -> RiskRule:
    made = {
        "id": id_,
        "name": TEXT,
        "suggestion": "personal_reminder",
        "says": TEXT,
        "purpose": "service",
        "signs": [{"id": "one", "when": {">=": [{"var": f"m.{measure}.count_30d"}, 1]}, "says": TEXT}],
        "valid_days": 7,
        "again_days": 20,
    }
    return msgspec.convert(made | changed, RiskRule)


@pytest.fixture
def world() -> World:
    world = World()
    world.outreach = plan()
    return world


def failed_payment(who: tuple[str, str] = USER, number: int = 0, **changed: Any) -> Any:
    return event("payment.failed", who, id=f"f{number}", order_id=f"o{number}", **changed)


def fail(world: World, times: int = 3, who: tuple[str, str] = USER, first: int = 0) -> None:
    world.apply(*(failed_payment(who, first + one, at=world.now) for one in range(times)))


def told(world: World) -> list[Mapping[str, Any]]:
    return [one.detail for one in world.published if one.type == "risk.raised"]


def ledger(world: World, who: tuple[str, str] = USER) -> Ledger:
    return ledger_of(world.profiles.rows[TENANT_ID, world.person(*who).profile_id])


def services(world: World) -> OutreachServices:
    store = MemoryOutreach(world.history)
    return OutreachServices(store, world.profiles, lambda _: load_catalogue(), lambda _: world.outreach)


def listed(world: World, *purposes: str) -> tuple[SuggestionView, ...]:
    asked = Listing(TENANT_ID, purposes or ("service", "marketing"), 50)
    return list_suggestions(asked, services(world), world.now).suggestions


def context(world: World, who: tuple[str, str] = USER) -> list[dict[str, Any]]:
    reading = replace(world.reading(), outreach=lambda: world.outreach)
    found: list[dict[str, Any]] = context_for_bot(world.person(*who), "web_chat", reading, world.now)["suggestions"]
    return found


def test_save__that_lets_a_risk_be_seen__raises_it_once_with_why(world: World) -> None:
    """Payments that fail raise a call to be on guard: ids and codes, no value of the person; and not again."""
    fail(world)
    by_risk = {one["risk"]: one for one in told(world)}
    assert by_risk.keys() == {"payment_anomaly", "payment_trouble"}
    anomaly = by_risk["payment_anomaly"]
    assert (anomaly["suggestion"], anomaly["why"], anomaly["purposes"]) == ("guard_call", ["failures"], ["service"])
    assert set(anomaly) == {
        *("tenant", "profile_id", "version", "risk_id", "risk", "level", "suggestion", "channels", "at"),
        *("not_before", "until", "purposes", "why", "experiment"),
    }
    world.now += HOUR_MS
    fail(world, first=10)
    assert len(told(world)) == 2


def test_save__without_a_plan__raises_nothing_and_keeps_nothing(world: World) -> None:
    """Negative control: nobody is approached unless the tenant has said so."""
    world.outreach = None
    fail(world)
    assert told(world) == [] and ledger(world) == ()


def test_save__of_the_control_group__keeps_it_and_tells_nobody(world: World) -> None:
    """Who is held back is raised and counted alike, and stands in no event, list or context."""
    world.outreach = plan(hold_back=1.0)
    fail(world)
    assert {one.arm for one in ledger(world)} == {"held"}
    assert told(world) == [] and listed(world) == () and context(world) == []


def test_save__more_risks_than_a_person_may_hear__keeps_within_the_cap(world: World) -> None:
    """The third risk within a fortnight waits until there is room, and is raised then by the next event."""
    world.outreach = plan(
        rules=tuple(
            own(f"r{one}", suggestion=kind)
            for one, kind in enumerate(("personal_reminder", "guard_call", "soothing_call"))
        )
    )
    world.apply(event("message.received", USER, id="m1", text="你好"))
    assert [one["risk"] for one in told(world)] == ["r0", "r1"]
    world.now += 15 * DAY_MS
    world.apply(event("message.received", USER, id="m2", at=world.now, text="你好"))
    assert [one["risk"] for one in told(world)][2:] == ["r2"]


def test_save__delivered_again__tells_the_same_again_and_counts_once(world: World) -> None:
    """A bus that was down fails the message; when it comes again the very same is told, and the ledger is as it was."""
    world.bus_down = True
    world.accept(*(failed_payment(number=one) for one in range(3)))
    world.ingest()
    kept = ledger(world)
    world.bus_down = False
    world.ingest()
    assert {one["risk_id"] for one in told(world)} == {one.id for one in kept} and len(kept) == 2
    assert ledger(world) == kept


@pytest.mark.parametrize("silence", SILENCES, ids=lambda one: getattr(one, "__name__", str(one)))
def test_save__of_who_is_not_profiled__raises_nothing(world: World, silence: Silence) -> None:
    """Restricted people, children and who refuses profiling are approached about nothing."""
    world.apply(paid("o1", "10.00", USER))
    silence(world, USER)
    fail(world)
    assert told(world) == [] and listed(world) == ()


def test_optout__after_a_risk_was_raised__forgets_it_and_keeps_the_caps(world: World) -> None:
    """What was seen in them is gone from their row and from what desks see; that they were approached still counts."""
    fail(world)
    world.apply(consent(USER, granted=False, purpose="profiling", source="s_web"))
    assert {one.risk for one in ledger(world)} == {""} and len(ledger(world)) == 2
    assert listed(world) == () and context(world) == []


def test_consent__to_marketing__is_asked_at_raising_and_at_showing(world: World) -> None:
    """Without a yes no offer is raised; after one it is; and a no takes it off the desk at once."""
    world.outreach = plan(rules=(own("offer", purpose="marketing", suggestion="retention_offer"),))
    world.apply(event("message.received", USER, id="m1", text="你好"))
    assert told(world) == []
    world.apply(consent(USER, granted=True), source=world.crm)
    world.apply(event("message.received", USER, id="m2", text="你好"))
    assert [one["risk"] for one in told(world)] == ["offer"]
    assert len(listed(world)) == 1 and listed(world, "service") == ()
    world.now += MINUTE_MS
    world.apply(consent(USER, granted=False, at=world.now), source=world.crm)
    assert listed(world) == ()


def test_complaint__while_it_is_open__no_offers(world: World) -> None:
    """Who complains is soothed and sold nothing, and what was offered before is taken off the desk."""
    offer = own("offer", suggestion="price_alert")
    world.outreach = plan(rules=(offer,))
    world.apply(event("message.received", USER, id="m1", text="你好"))
    assert len(listed(world)) == 1
    world.apply(event("complaint.filed", USER, id="c1", ticket_id="t1"))
    assert listed(world) == ()


def test_context__of_who_had_a_risk_raised__says_what_to_suggest_and_why(world: World) -> None:
    """A bot reads the sentence in both languages with its reasons, until it stands no more."""
    fail(world)
    first = context(world)[0]
    assert first["says"]["zh"] and first["says"]["en"] and first["why"][0]["zh"]
    world.now += 20 * DAY_MS
    assert context(world) == []


def test_list__pages_and_outcomes__a_desk_works_through_them(world: World) -> None:
    """What was sent says so, what was answered is gone; another answer is refused, the same one is not."""
    for number in range(5):
        fail(world, who=("user_id", f"w{number}"), first=100 * number)
        world.now += 1
    first = list_suggestions(Listing(TENANT_ID, ("service",), 4), services(world), world.now)
    second = list_suggestions(Listing(TENANT_ID, ("service",), 4, first.cursor), services(world), world.now)
    ids = [one.risk_id for one in (*first.suggestions, *second.suggestions)]
    assert len(ids) == len(set(ids)) and set(ids) <= {one["risk_id"] for one in told(world)}
    order = OutcomeOrder(TENANT_ID, ids[0], "t_desk", ("service",))
    assert tell_outcome(order, SuggestionOutcome("sent"), services(world), world.now).answer is None
    assert next(one for one in listed(world) if one.risk_id == ids[0]).state == "sent"
    for _ in range(2):
        assert tell_outcome(order, SuggestionOutcome("accepted"), services(world), world.now).answer == "accepted"
    assert ids[0] not in {one.risk_id for one in listed(world)}
    with pytest.raises(Conflict, match="Another answer"):
        tell_outcome(order, SuggestionOutcome("declined"), services(world), world.now)


def test_outcome__of_nothing_of_the_held_back_or_of_another_purpose__is_not_found(world: World) -> None:
    """Nobody learns by an outcome who is in the control group, or what is for a purpose that they may not state."""
    fail(world)
    theirs = ledger(world)[0].id
    for order in (
        OutcomeOrder(TENANT_ID, "none", "x", ("service",)),
        OutcomeOrder(TENANT_ID, theirs, "x", ("marketing",)),
    ):
        with pytest.raises(NotFound):
            tell_outcome(order, SuggestionOutcome("sent"), services(world), world.now)
    world.outreach = plan(hold_back=0.5, experiment="second")
    held = next(number for number in range(50) if _arm(world, number) == "held")
    with pytest.raises(NotFound):
        tell_outcome(
            OutcomeOrder(TENANT_ID, ledger(world, ("user_id", f"h{held}"))[0].id, "x", ("service",)),
            SuggestionOutcome("sent"),
            services(world),
            world.now,
        )


def _arm(world: World, number: int) -> str:
    fail(world, who=("user_id", f"h{number}"), first=1_000 + 10 * number)
    return ledger(world, ("user_id", f"h{number}"))[0].arm


@pytest.mark.parametrize(("limit", "cursor"), [(0, ""), (101, ""), (5, "x"), (5, "9" * 20)])
def test_list__of_no_such_page__is_refused(world: World, limit: int, cursor: str) -> None:
    """Limits and cursors that are none of ours."""
    with pytest.raises(BadInput):
        list_suggestions(Listing(TENANT_ID, ("service",), limit, cursor), services(world), world.now)


def test_merge__of_two_who_were_approached__counts_both_and_split_gives_it_to_each(world: World) -> None:
    """What was raised of either counts for the one that they are, and afterwards for both."""
    fail(world)
    fail(world, who=PHONE, first=50)
    first, second = (world.person(*one).profile_id for one in (USER, PHONE))
    merged = world.merge(first, second)
    assert len(ledger(world)) == 4
    assert len({one.risk_id for one in listed(world)}) == 4
    assert {one.profile_id for one in listed(world)} == {world.person(*USER).profile_id}
    world.split(merge_id=merged.merge_id)
    assert len(ledger(world)) == len(ledger(world, PHONE)) == 4


def test_erasure__of_who_was_approached__forgets_it(world: World) -> None:
    """The row, the risks, what came of them and what leads to them are gone; those of others stay."""
    fail(world)
    fail(world, who=PHONE, first=50)
    mine, others = ledger(world), ledger(world, PHONE)
    tell_outcome(
        OutcomeOrder(TENANT_ID, mine[0].id, "x", ("service",)), SuggestionOutcome("sent"), services(world), NOW
    )
    erase(world, world.person(*USER).profile_id, desk=(MemoryOutreach(world.history),))
    left = {record_id for _, kind, record_id in world.history.kept_records if kind.startswith("risk")}
    assert left == {one.id for one in others}
    assert not any(row.outreach for row in world.profiles.rows.values() if row.state == "erased")


def told_themselves(world: World, who: tuple[str, str] = USER) -> tuple[ExportedPerson, MeView]:
    """What a person is told of themselves: in an export, and on their page."""
    reading, store = replace(world.reading(), outreach=lambda: world.outreach), MemoryOutreach(world.history)
    profile_id, tenant = world.person(*who).profile_id, world.tenant(TENANT_ID)
    exporting = ExportServices(opening_of(world), reading, risks=store)
    person = export_of(tenant, profile_id, exporting, world.now).person
    row, body = person_now(TENANT_ID, profile_id, world.profiles)
    claims = Claims(1, TENANT_ID, "l1", "", 1, ACTIONS, world.now + HOUR_MS)
    showing = ShowServices(opening_of(world), reading, NOTHING, lambda one: one, store)
    assert person is not None
    return person, show_person(Linked(claims, tenant, row, body, ()), showing, world.now)


def test_person__of_whom_something_was_raised__is_told_what_why_and_what_came_of_it(world: World) -> None:
    """In both languages, on the page and in the export alike; of who of the staff it was nothing is told."""
    fail(world)
    one = next(one for one in ledger(world) if one.risk == "payment_anomaly")
    for result in ("sent", "declined"):
        order = OutcomeOrder(TENANT_ID, one.id, "t_agent_7", ("service",))
        tell_outcome(order, SuggestionOutcome(result), services(world), NOW)
    exported, me = told_themselves(world)
    assert exported.risks == me.risks and {told.risk for told in me.risks} == {"payment_anomaly", "payment_trouble"}
    told = next(told for told in me.risks if told.risk_id == one.id)
    (rule,) = (rule for rule in shipped_rules() if rule.id == "payment_anomaly")
    assert (told.name, told.says, told.why) == (rule.name, rule.says, (rule.signs[0].says,))
    assert (told.sent_at, told.answer, told.answered_at) == (format_moment(NOW), "declined", format_moment(NOW))
    assert not told.held_back and (exported.control_group, me.control_group.held_back) == (me.control_group, False)
    assert "t_agent_7" not in str(msgspec.to_builtins(exported.risks))


def test_person__of_the_control_group__is_told_that_they_are_held_back_for_measurement(world: World) -> None:
    """Who asks what is held of them is told what the desk and the bus are not."""
    world.outreach = plan(hold_back=1.0)
    fail(world)
    exported, me = told_themselves(world)
    assert me.risks and all(one.held_back and "measurement" in one.explained.en for one in exported.risks)
    assert me.control_group.held_back and "对照组" in me.control_group.explained.zh
    assert listed(world) == ()


def test_person__split_from_somebody__is_told_of_what_was_raised_of_themselves_alone(world: World) -> None:
    """What was raised of another whom they were taken for is the other's own."""
    fail(world)
    fail(world, who=PHONE, first=50)
    before = {who: {one.risk_id for one in told_themselves(world, who)[1].risks} for who in (USER, PHONE)}
    merged = world.merge(*(world.person(*one).profile_id for one in (USER, PHONE)))
    assert {one.risk_id for one in told_themselves(world)[1].risks} == before[USER] | before[PHONE]
    world.split(merge_id=merged.merge_id)
    assert {who: {one.risk_id for one in told_themselves(world, who)[1].risks} for who in (USER, PHONE)} == before


def test_person__not_profiled_or_without_a_plan__is_in_no_group(world: World) -> None:
    """Nobody is drawn who is not judged, and where nobody is approached; what was raised before is still told."""
    fail(world)
    world.apply(consent(USER, granted=False, purpose="profiling"))
    _, me = told_themselves(world)
    assert me.control_group.held_back is None and len(me.risks) == 2
    world.outreach = None
    assert told_themselves(world)[1].control_group.held_back is None


@pytest.mark.parametrize("is_forgotten", [True, False])
def test_person__who_was_erased_and_came_again__is_told_nothing_of_before(world: World, is_forgotten: bool) -> None:
    """A number that was given to somebody else tells them nothing of who had it, though a record had been left behind."""
    fail(world)
    erase(world, world.person(*USER).profile_id, desk=(MemoryOutreach(world.history),) if is_forgotten else ())
    assert any(kind == "risk" for _, kind, _ in world.history.kept_records) is not is_forgotten
    world.now += HOUR_MS
    world.apply(event("order.paid", USER, id="o9", at=world.now, order_id="o9", amount="10.00"))
    exported, me = told_themselves(world)
    assert exported.risks == me.risks == ()


def timers(world: World, **changed: Any) -> TimerServices:
    made = TimerServices(
        profiles=world.profiles,
        timers=world.profiles,
        catalogue=lambda _: load_catalogue(),
        publish=world._publish,
        clock=lambda: world.now,
        wait=lambda _: None,
        seconds_left=lambda: 60.0,
        outreach=lambda _: world.outreach,
    )
    return replace(made, **changed)


def quiet_plan() -> Outreach:
    silent = {"id": "one", "when": {"!!": [{"var": "tag.lapsed"}]}, "says": TEXT}
    return plan(rules=(own("left", signs=[silent]),), off=("churn", "delivery_late"))


def test_time__that_lets_a_risk_be_seen__raises_it_with_the_timers(world: World) -> None:
    """Somebody who falls silent has no event: the timers' job looks, raises once, and never again for the same."""
    world.outreach = quiet_plan()
    world.apply(paid("o1", "10.00", USER))
    assert told(world) == []
    for _ in range(400):
        world.now += DAY_MS
        fire_timers(timers(world), 0, Fired())
        if told(world):
            break
    assert [one["risk"] for one in told(world)] == ["left"]
    fire_timers(timers(world), 0, Fired())
    assert len(told(world)) == 1 and len(ledger(world)) == 1


def test_time__killed_before_it_is_told__is_told_by_the_next_run(world: World) -> None:
    """It is kept first, so that no cap is exceeded; who could not publish does it a minute later, the very same."""
    first = World()
    first.outreach = world.outreach = quiet_plan()
    for one in (first, world):
        one.apply(paid("o1", "10.00", USER))
    while not ledger(first):
        world.now = first.now
        fire_timers(timers(world), 0, Fired())
        first.now += DAY_MS
        fire_timers(timers(first), 0, Fired())
    world.now, world.bus_down = first.now, True
    fire_timers(timers(world), 0, Fired(failed={}))
    kept = ledger(world)
    world.bus_down = False
    world.now += MINUTE_MS
    fire_timers(timers(world), 0, Fired())
    assert [one["risk_id"] for one in told(world)] == [one.id for one in kept]
    assert ledger(world) == kept


def test_time__while_somebody_else_saves__raises_nothing_itself(world: World) -> None:
    """Negative control: a row that moved is left to who moved it."""
    world.outreach = quiet_plan()
    world.apply(paid("o1", "10.00", USER))

    class Moving:
        load = staticmethod(world.profiles.load)
        find = staticmethod(world.profiles.find)

        def save(self, change: StoreChange) -> Outcome:
            return Outcome(saved=False, stale=True)

    for _ in range(400):
        world.now += DAY_MS
        fire_timers(timers(world, profiles=Moving()), 0, Fired())
    assert told(world) == [] and ledger(world) == ()


def test_effect__of_treated_and_held_back__is_measured_on_what_followed(world: World) -> None:
    """Of those raised long enough ago, each person once: who bought in the thirty days after, in both arms."""
    world.outreach = plan(hold_back=0.5, rules=(own("often"),))
    for number in range(90):
        world.apply(event("message.received", ("user_id", f"e{number}"), id=f"m{number}", text="hi"))
    raised = {number: ledger(world, ("user_id", f"e{number}"))[0].arm for number in range(90)}
    world.now += 5 * DAY_MS
    for number, arm in raised.items():
        if arm == "treated":
            world.apply(
                event("order.paid", ("user_id", f"e{number}"), at=world.now, order_id=f"b{number}", amount="5.00")
            )
    world.now += 35 * DAY_MS
    found = measure_effect(TENANT_ID, "often", services(world), world.now)
    assert (found.treated, found.held) == (
        sum(a == "treated" for a in raised.values()),
        sum(a == "held" for a in raised.values()),
    )
    bought = next(one for one in found.effects if one.outcome == "bought")
    assert bought.treated is not None and bought.held is not None and bought.difference is not None
    assert (bought.treated.share, bought.held.share) == (1, 0) and bought.difference.low > 0
    assert measure_effect(TENANT_ID, "other", services(world), world.now).treated == 0
