"""Who may be approached how often, who is held back, when, and what came of it."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.insights.rates import share_of
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, parse_moment
from chalicelib.kernel.texts import Text
from chalicelib.outreach.caps import KEPT_DAYS, forgotten, joined
from chalicelib.outreach.control import arm_of
from chalicelib.outreach.decide import Decided, Situation, decide
from chalicelib.outreach.effect import LEAST, Followed, difference, effects
from chalicelib.outreach.model import Caps, Ledger, Plan, QuietHours, Raised, RiskRule, Seen
from chalicelib.outreach.quiet import not_before
from chalicelib.outreach.rules import in_force, risk_reads, shipped_rules
from chalicelib.privacy.uses import wider
from chalicelib.tags.catalogue import load_catalogue

NOW = parse_moment("2026-11-22T04:00:00Z", "now")
EVERYBODY = Plan(hold_back=0.0)
OPEN = frozenset({"service", "marketing", "analytics", "security", "legal"})


def rule(id_: str = "churn", **changed: Any) -> RiskRule:
    text = Text("测", "test")
    made = RiskRule(id_, text, "retention_offer", text, "marketing", (), valid_days=7, again_days=10)
    return msgspec.structs.replace(made, **changed)


def seen(one: RiskRule, level: Any = "medium") -> Seen:
    return Seen(one, level, ("sign",))


def who(now: int = NOW, **changed: Any) -> Situation:
    made = Situation("acme", "p1", OPEN, {}, has_complaint=False, now=now)
    return msgspec.structs.replace(made, **changed)


def decided(*rules: Seen, ledger: Ledger = (), plan: Plan = EVERYBODY, **changed: Any) -> Decided:
    return decide(rules, ledger, plan, who(**changed))


def test_decide__a_risk_that_nothing_speaks_against__is_raised_once() -> None:
    """It stands for its days; deciding again on what is kept, at the same moment or later, raises nothing."""
    first = decided(seen(rule()))
    (raised,) = first.raised
    assert (raised.risk, raised.arm, raised.until) == ("churn", "treated", NOW + 7 * DAY_MS)
    for later in (0, HOUR_MS, 9 * DAY_MS):
        again = decided(seen(rule()), ledger=first.ledger, now=NOW + later)
        assert (again.raised, again.left_out, again.ledger) == ((), {"churn": "again"}, first.ledger)


def test_decide__the_same_decision_twice__has_the_same_id_and_another_person_another() -> None:
    """A repeat after a crash is recognised by its id, which tells nothing of the person."""
    ids = {decided(seen(rule())).raised[0].id for _ in range(2)}
    assert len(ids) == 1
    assert ids.isdisjoint({decided(seen(rule()), profile_id="p2").raised[0].id})
    assert "p1" not in ids.pop()


@pytest.mark.parametrize(
    ("purpose", "changed", "why"),
    [
        ("marketing", {}, ""),
        ("marketing", {"open_to": OPEN - {"marketing"}}, "consent"),
        ("service", {"open_to": OPEN - {"marketing"}}, ""),
        ("service", {"said": {"service": False}}, "consent"),
        ("service", {"said": {"service": True, "marketing": False}}, ""),
        ("marketing", {"has_complaint": True}, "complaint_open"),
    ],
)
def test_decide__consent_and_complaints__by_purpose(purpose: Any, changed: dict[str, Any], why: str) -> None:
    """Marketing needs its purpose open, service ends with a no, and who complains is offered nothing."""
    found = decided(seen(rule(purpose=purpose)), **changed)
    assert found.left_out == ({"churn": why} if why else {})
    assert len(found.raised) == (not why)


def test_decide__soothing_while_a_complaint_is_open__is_raised() -> None:
    """Negative control: what is no offer is what somebody who complains needs."""
    assert decided(seen(rule(suggestion="soothing_call", purpose="service")), has_complaint=True).raised


def test_decide__more_risks_than_may_be__the_gravest_first() -> None:
    """Of several that are seen at once the high ones come first, then those declared first."""
    rules = [
        seen(rule("a", suggestion="price_alert")),
        seen(rule("b", suggestion="guard_call"), "high"),
        seen(rule("c")),
    ]
    found = decided(*rules)
    assert [one.risk for one in found.raised] == ["b", "a"]
    assert found.left_out == {"c": "person"}


MOMENTS = st.lists(
    st.tuples(st.integers(0, 120), st.sampled_from(["a", "b", "c", "d"]), st.booleans()), min_size=1, max_size=60
)


@given(MOMENTS, st.integers(1, 3), st.integers(1, 2), st.booleans())
def test_caps__any_order_any_repeat__no_window_holds_more(
    moments: list[tuple[int, str, bool]], person: int, kind: int, in_order: bool
) -> None:
    """Whatever is seen whenever, in and out of order, told twice, and split and merged in between: no window of days
    holds more than the limit, of a person or of a kind.
    """
    kinds: dict[str, Any] = {"a": "price_alert", "b": "price_alert", "c": "guard_call", "d": "soothing_call"}
    rules = {id_: rule(id_, suggestion=of, purpose="service", again_days=3) for id_, of in kinds.items()}
    plan = Plan(hold_back=0.5, caps=Caps(person=person, person_days=14, kind=kind, kind_days=30))
    ledger: Ledger = ()
    every: dict[str, Raised] = {}
    for day, id_, repeated in sorted(moments) if in_order else moments:
        for _ in range(1 + repeated):
            found = decide([seen(rules[id_])], ledger, plan, who(NOW + day * DAY_MS))
            every |= {one.id: one for one in found.raised}
            ledger = joined((found.ledger, ledger), NOW)
    for one in every.values():
        near = [other for other in every.values() if 0 <= other.at - one.at < 14 * DAY_MS]
        assert len(near) <= person
        alike = [
            other
            for other in every.values()
            if other.suggestion == one.suggestion and 0 <= other.at - one.at < 30 * DAY_MS
        ]
        assert len(alike) <= kind


def test_caps__without_what_was_kept__are_exceeded() -> None:
    """Negative control: the same risks decided without the ledger are raised each time."""
    moments = [NOW + day * DAY_MS for day in range(5)]
    assert sum(len(decided(seen(rule()), now=at).raised) for at in moments) == 5


def test_caps__of_two_who_are_one__count_together_and_once() -> None:
    """A merge joins what was raised of both; what both know of is there once, and what is too old is gone."""
    one, other = decided(seen(rule("a"))).ledger, decided(seen(rule("b")), profile_id="p2").ledger
    both = joined((one, other, one), NOW)
    assert len(both) == 2
    assert decided(seen(rule("c", suggestion="guard_call")), ledger=both).left_out == {"c": "person"}
    assert joined((both,), NOW + KEPT_DAYS * DAY_MS) == ()


def test_caps__of_somebody_forgotten__still_count_and_say_nothing() -> None:
    """Who is not profiled any more keeps how often they were approached, and no risk, level or sign."""
    left = forgotten(decided(seen(rule("a"))).ledger)
    assert [(one.risk, one.level, one.arm, one.signs) for one in left] == [("", "", "", ())]
    assert decided(seen(rule("b")), ledger=left).left_out == {"b": "kind"}


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_control__of_many_people__is_the_declared_share(share: float) -> None:
    """Of 20,000 people within four standard errors of what was declared; all and nobody at the ends."""
    held = sum(arm_of("acme", "first", f"p{one}", share) == "held" for one in range(20_000))
    assert abs(held / 20_000 - share) <= 4 * (share * (1 - share) / 20_000) ** 0.5


@given(st.text(max_size=12), st.text(max_size=12), st.floats(0, 1), st.floats(0, 1))
def test_control__of_anybody__is_stable_and_grows_with_the_share(
    profile_id: str, experiment: str, one: float, other: float
) -> None:
    """The same person is always in the same arm, and whom a smaller share holds back a greater one does, too."""
    small, great = min(one, other), max(one, other)
    arms = {arm_of("acme", experiment, profile_id, small) for _ in range(3)}
    assert len(arms) == 1
    assert not (arms == {"held"} and arm_of("acme", experiment, profile_id, great) == "treated")


def test_control__another_experiment_or_tenant__draws_anew() -> None:
    """Negative control: who is held back in one experiment is in another as often as anybody is."""
    held = [f"p{one}" for one in range(20_000) if arm_of("acme", "first", f"p{one}", 0.3) == "held"]
    for tenant, experiment in (("acme", "second"), ("other", "first")):
        again = sum(arm_of(tenant, experiment, one, 0.3) == "held" for one in held) / len(held)
        assert 0.26 < again < 0.34


def test_control__the_held_back__are_raised_and_counted_alike() -> None:
    """The arms are comparable: a control's risk is kept like any other, and counts against the caps."""
    found = decided(seen(rule()), plan=Plan(hold_back=1.0))
    assert [one.arm for one in found.raised] == ["held"]
    assert len(found.ledger) == 1


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        ((21, 9), "2026-11-22T04:00:00Z", "2026-11-22T04:00:00Z"),
        ((21, 9), "2026-11-22T13:00:00Z", "2026-11-23T01:00:00Z"),
        ((21, 9), "2026-11-22T22:30:00Z", "2026-11-23T01:00:00Z"),
        ((21, 9), "2026-11-22T01:00:00Z", "2026-11-22T01:00:00Z"),
        ((12, 14), "2026-11-22T04:30:00Z", "2026-11-22T06:00:00Z"),
        ((0, 0), "2026-11-22T16:30:00Z", "2026-11-22T16:30:00Z"),
    ],
)
def test_quiet__by_the_tenants_clock(hours: tuple[int, int], at: str, expected: str) -> None:
    """Nobody is contacted from nine in the evening until nine in Shanghai; none where the hours are empty."""
    found = not_before(QuietHours(*hours), "Asia/Shanghai", parse_moment(at, "at"))
    assert found == parse_moment(expected, "expected")


@given(st.integers(0, 23), st.integers(0, 23), st.integers(0, 400 * 24 * 60))
def test_quiet__any_hours__never_within_them_nor_later_than_a_day(begins: int, ends: int, minutes: int) -> None:
    """What it names is in no quiet hour itself, is not past, and is the same when asked for then. Summer time included."""
    quiet, now = QuietHours(begins, ends), NOW + minutes * 60_000
    found = not_before(quiet, "Europe/Berlin", now)
    assert now <= found <= now + 25 * HOUR_MS
    assert not_before(quiet, "Europe/Berlin", found) == found


def test_effect__by_hand__is_newcombes() -> None:
    """Newcombe (1998), table II: 56 of 70 against 48 of 80 differ by 0.2, between 0.0524 and 0.3339."""
    found = difference(share_of(56, 70), share_of(48, 80))
    assert (found.difference, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_effect__where_approaching_helps__is_seen_and_where_it_does_not_is_not() -> None:
    """A planted effect lies outside of 0; negative control: without one, 0 lies within in about 19 draws of 20."""

    def drawn(seed: int, treated: float, held: float) -> Any:
        dice = Random(seed)
        people = [Followed("treated", frozenset({"silent"} if dice.random() < treated else ())) for _ in range(900)]
        people += [Followed("held", frozenset({"silent"} if dice.random() < held else ())) for _ in range(400)]
        return effects(people)[0].difference

    assert all(drawn(seed, 0.2, 0.4).high < 0 for seed in range(20))
    within = sum(drawn(seed, 0.3, 0.3).low <= 0 <= drawn(seed, 0.3, 0.3).high for seed in range(200))
    assert within >= 180


def test_effect__of_few__says_nothing() -> None:
    """An arm of fewer than the least is null, and so is the difference."""
    few = [Followed("held", frozenset())] * (LEAST - 1) + [Followed("treated", frozenset())] * LEAST
    for one in effects(few):
        assert one.held is None and one.difference is None
        assert one.treated is not None and one.treated.share == 0


def test_shipped__every_rule__reads_what_exists_for_its_purpose() -> None:
    """Tags, measures and purposes of the shipped rules are those of the catalogue; ids are told once."""
    catalogue = load_catalogue()
    assert len({one.id for one in shipped_rules()}) == len(shipped_rules())
    for one in shipped_rules():
        for path in risk_reads(one):
            head, _, name = path.partition(".")
            if head in ("score", "segment"):
                continue
            use = catalogue.uses.of_rule(catalogue.rules[name]) if head == "tag" else catalogue.uses.of_path(path)
            assert use is not None and not wider([one.purpose], use), (one.id, path)
            if head == "tag" and catalogue.rules[name].trades:
                assert set(one.trades) <= set(catalogue.rules[name].trades), (one.id, path)


@pytest.mark.parametrize("trade", ["retail", "finance", "telecom", "it_desk"])
def test_shipped__in_each_trade__suggests_of_several_kinds(trade: str) -> None:
    """Every trade has risks of service and of offers; what a plan switches off is not among them, and its own come first."""
    rules = in_force(Plan(), trade)
    assert len({one.suggestion for one in rules}) >= 4
    own = rule("churn", trades=())
    changed = in_force(Plan(off=("complaint_risk",), rules=(own,)), trade)
    assert changed[0] is own
    assert {one.id for one in changed} == {one.id for one in rules} - {"complaint_risk"}
