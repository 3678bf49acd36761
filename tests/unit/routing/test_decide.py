"""Decisions: the table of routes, and what holds for every decision."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.kernel.moments import parse_moment
from chalicelib.routing.checked_policy import load_policy
from chalicelib.routing.conditions import Conditions
from chalicelib.routing.decide import decide
from chalicelib.routing.declaration import Night
from chalicelib.routing.effects import Outcome
from chalicelib.routing.facts import changed, facts_of, is_night, recent
from chalicelib.routing.intent import read_message
from chalicelib.routing.judge import judge
from chalicelib.routing.model import MODES, Caller, Decision, RouteRequest
from chalicelib.routing.policy import shipped_policy
from chalicelib.routing.what_if import outcome_if
from tests.unit.routing.calls import NIGHT, NOON, caller_of, case, request, rule, small_policy, table

POLICY = shipped_policy()
MESSAGES = [row["text"] for row in table("routing_messages.json")]


def tags() -> st.SearchStrategy[dict[str, float]]:
    return st.dictionaries(st.sampled_from(sorted(POLICY.tag_ids)), st.floats(0.1, 1.0), max_size=8)


def values() -> st.SearchStrategy[dict[str, Any]]:
    few = st.none() | st.integers(0, 12)
    return st.fixed_dictionaries(
        {
            "orders": st.fixed_dictionaries({"open": few, "undelivered_days": few}),
            "tickets": st.fixed_dictionaries({"open": few, "oldest_open_days": few}),
            "complaints": st.fixed_dictionaries({"open": few, "oldest_open_days": few}),
            "t": st.fixed_dictionaries({"region": st.none() | st.just("华东"), "language": st.none() | st.just("zh")}),
        }
    )


def requests() -> st.SearchStrategy[RouteRequest]:
    return st.builds(
        request,
        channel=st.sampled_from(["wechat", "phone", "app", "web_chat", "email"]),
        message=st.none() | st.sampled_from(MESSAGES) | st.text(max_size=60),
        intent=st.none() | st.sampled_from(["refund", "logistics", "unknown"]),
    )


def callers() -> st.SearchStrategy[Caller]:
    known = st.builds(Caller, profile_id=st.just("p_someone"), tags=tags(), values=values())
    return known | st.just(Caller())


MOMENTS = st.integers(NOON, NOON + 7 * 86_400_000)


@pytest.mark.parametrize("row", table("routing.json"), ids=lambda row: row["name"])
def test_route__of_the_table__is_as_told(row: dict[str, Any]) -> None:
    """The row's name is the rule."""
    now = parse_moment(row["at"])
    fields = dict(row["request"])
    made = decide(POLICY, request(**fields), caller_of(row, now), decision_id="d_1", now=now)
    wanted = row["expect"]
    for name in ("queue", "mode", "personalised"):
        assert name not in wanted or getattr(made, name) == wanted[name], name
    for name in ("tone", "format", "scene", "language"):
        assert name not in wanted or getattr(made.hints, name) == wanted[name], name
    lowest, highest = wanted.get("priority", [1, 99])
    assert lowest <= made.priority <= highest
    assert made.urgency.level == wanted.get("urgency", made.urgency.level)
    assert [made.intent.id, made.intent.source] == wanted.get("intent", [made.intent.id, made.intent.source])
    assert made.sla.first_response_seconds <= wanted.get("first_response_seconds", 60)
    assert made.sla.resolve_seconds <= wanted.get("resolve_seconds", 172_800)
    assert {reason.id for reason in made.reasons} >= set(wanted.get("reasons", []))
    assert {advice.id for advice in made.hints.ask} >= set(wanted.get("ask", []))
    assert {advice.id for advice in made.hints.do_not_ask} >= set(wanted.get("do_not_ask", []))
    assert "offer" not in wanted or (made.hints.offer is not None and made.hints.offer.id == wanted["offer"])
    assert "runner_up" not in wanted or made.runners_up[0].queue == wanted["runner_up"]
    changes = {name for would in made.would_change for name in would.then}
    assert changes >= set(wanted.get("would_change", []))
    assert len(made.reasons) >= 2
    assert all(reason.evidence for reason in made.reasons)


def test_four_callers__vip_newcomer_elderly_unknown__get_four_different_decisions() -> None:
    """A VIP with an open complaint, a newcomer, an elderly customer at night and a stranger are told apart."""
    made = []
    for row in table("routing.json")[:4]:
        now = parse_moment(row["at"])
        made.append(decide(POLICY, request(**row["request"]), caller_of(row, now), decision_id="d", now=now))
    assert len({decision.queue for decision in made}) == 4
    assert len({decision.priority for decision in made}) == 4
    assert [decision.profile_id for decision in made] == ["p_someone", "p_someone", "p_someone", None]


def test_decision__as_json__has_the_fields_of_the_contract() -> None:
    """The answer has the names of the HTTP contract; an absent reservation is left out."""
    made = decide(POLICY, request(), Caller("p_someone", tags={"vip": 0.9}), decision_id="d_1", now=NOON)
    told = msgspec.json.decode(msgspec.json.encode(made))
    assert set(told) >= {
        *("decision_id", "profile_id", "personalised", "mode", "intent", "urgency", "queue", "skill", "priority"),
        *("agent", "sla", "hints", "reasons", "runners_up", "would_change", "policy_version", "decided_at"),
    }
    assert "reservation_id" not in told
    assert told["agent"] is None
    assert set(told["hints"]) == {"tone", "format", "language", "scene", "ask", "do_not_ask", "offer"}
    assert set(told["reasons"][0]) == {"id", "says", "weight", "evidence"}
    assert set(told["would_change"][0]) == {"if", "then"}
    assert told["decided_at"] == "2026-03-04T04:00:00.000Z"
    assert msgspec.json.decode(msgspec.json.encode(made), type=Decision) == made


@settings(max_examples=150, deadline=None)
@given(requests(), callers(), MOMENTS)
def test_decision__of_any_call__is_bounded_explained_and_repeatable(
    asked: RouteRequest, caller: Caller, now: int
) -> None:
    """Equal inputs give equal decisions; priority is 1–99; two reasons at least, each with values, zh and en."""
    made = decide(POLICY, asked, caller, decision_id="d", now=now)
    assert made == decide(POLICY, asked, caller, decision_id="d", now=now)
    assert 1 <= made.priority <= 99
    assert made.mode in MODES
    assert made.mode in POLICY.declared.queues[made.queue].modes
    assert len(made.reasons) >= 2
    assert all(reason.says.zh and reason.says.en and reason.evidence for reason in made.reasons)
    assert not any("{" in reason.says.zh + reason.says.en for reason in made.reasons)
    assert made.won_by is not None
    assert made.won_by.queue == made.queue
    assert all(made.won_by.score >= other.score for other in made.runners_up)
    assert round(sum(made.won_by.parts.values()), 2) == made.won_by.score
    assert not made.skipped_rules


@settings(max_examples=80, deadline=None)
@given(requests(), callers(), callers(), MOMENTS)
def test_opted_out__of_any_two_people__is_the_same_decision(
    asked: RouteRequest, one: Caller, other: Caller, now: int
) -> None:
    """Who opted out of profiling gets what everyone who did gets, whatever is known of them."""
    made = [
        decide(
            POLICY,
            asked,
            Caller("p_someone", personalised=False, tags=person.tags, values=person.values),
            decision_id="d",
            now=now,
        )
        for person in (one, other)
    ]
    assert msgspec.json.encode(made[0]) == msgspec.json.encode(made[1])
    assert made[0].personalised is False
    assert (made[0].queue, made[0].priority) == (POLICY.declared.default.queue, POLICY.declared.default.priority)


@settings(max_examples=150, deadline=None)
@given(requests(), callers(), st.sampled_from([NOON, NIGHT]))
def test_would_change__when_the_change_is_made__gives_what_it_says(
    asked: RouteRequest, caller: Caller, now: int
) -> None:
    """Every ``would_change`` is true: the changed caller or request, decided anew, gives ``then`` and no less."""
    made = decide(POLICY, asked, caller, decision_id="d", now=now)
    trials = {trial.if_: trial for trial in POLICY.declared.what_if}
    for would in made.would_change:
        then_asked, then_caller, then_now = _applied(trials[would.if_].set, asked, caller, now)
        other = decide(POLICY, then_asked, then_caller, decision_id="d", now=then_now)
        differing = {
            name: getattr(other, name)
            for name in ("mode", "queue", "priority")
            if getattr(other, name) != getattr(made, name)
        }
        assert would.then == differing


@settings(max_examples=100, deadline=None)
@given(requests(), callers(), st.sampled_from([NOON, NIGHT]))
def test_outcome_if__any_change_of_the_policy__is_that_of_a_whole_judgement(
    asked: RouteRequest, caller: Caller, now: int
) -> None:
    """What is taken over from the judgement before is what judging all of it anew comes to."""
    reading, night = read_message(asked.message), POLICY.declared.night
    facts = facts_of(asked, reading, caller, now=now, timezone=POLICY.declared.timezone, night=night)
    judged = judge(POLICY, facts)
    for place, trial in enumerate(POLICY.declared.what_if):
        whole = judge(POLICY, changed(facts, trial.set))
        found = outcome_if(POLICY, judged, place)
        assert found == Outcome(whole.queue, whole.mode, whole.priority), trial.id


def test_outcome_if__a_change_below_what_a_rule_reads__is_judged_anew() -> None:
    """A rule may read a whole branch of the facts, or one leaf of what is replaced."""
    conditions = Conditions([{"var": "tags"}, {"var": "orders.open"}], also=["stated"])
    assert conditions.depend_on(("tags.vip",))
    assert conditions.depend_on(("orders",))
    assert conditions.depend_on(("stated.intent",))
    assert not conditions.depend_on(("orders.paid", "tagsvip"))


def _applied(
    changes: dict[str, Any], asked: RouteRequest, caller: Caller, now: int
) -> tuple[RouteRequest, Caller, int]:
    """The change made by the means of a caller of ``decide``, not by those of the decision."""
    then = now
    tags = dict(caller.tags)
    values = {stem: dict(inner) for stem, inner in caller.values.items()}
    profile_id = caller.profile_id
    for path, value in changes.items():
        stem, _, last = path.partition(".")
        if stem == "tags":
            tags[last] = value
        elif path == "stated.intent":
            asked = msgspec.structs.replace(asked, intent=value)
        elif path == "now.hour":
            then = parse_moment("2026-03-04T10:00:00+08:00")
        elif path == "known":
            profile_id = "p_someone"
        elif stem not in {"stated", "now", "recent"}:
            values.setdefault(stem, {})[last] = value
    changed = Caller(profile_id, tags={id_: sure for id_, sure in tags.items() if sure is not None}, values=values)
    return asked, changed, then


def test_cases__of_the_profile__are_read_for_the_intent() -> None:
    """The latest order's state decides what a silent caller is presumed to want."""
    shipped = case("order", "o1", "shipped", at=NOON - 86_400_000, open=True)
    caller = Caller("p_someone", tags={}, values={"orders": {"open": 1}}, cases=(shipped,))
    made = decide(POLICY, request(), caller, decision_id="d", now=NOON)
    assert (made.intent.id, made.intent.source) == ("logistics", "profile")
    told = next(reason for reason in made.reasons if reason.id == "presumed_delivery")
    assert told.evidence == {"orders.open": 1, "recent.order_status": "shipped"}
    assert told.says.zh == "有 1 个未完成订单，推测为物流问题。"


def test_recent__of_cases__is_the_latest_order_and_what_is_open() -> None:
    """Closed tickets and complaints tell nothing; days count from the last step."""
    day = 86_400_000
    cases = [
        case("order", "o1", "refunded", at=NOON - 9 * day, open=False),
        case("ticket", "t1", "resolved", at=NOON - 5 * day, open=False, topic="usage"),
        case("ticket", "t2", "opened", at=NOON - 4 * day, open=True, topic="fault"),
        case("complaint", "c1", "closed", at=NOON - 4 * day, open=False),
        case("complaint", "c2", "filed", at=NOON - 3 * day, open=True),
        case("order", "o2", "paid", at=NOON - 2 * day - 1, open=True),
    ]
    assert recent(cases, NOON) == {
        "order_status": "paid",
        "order_days": 2,
        "refund_days": 9,
        "ticket_topic": "fault",
        "ticket_days": 4,
        "complaint_days": 3,
    }


@pytest.mark.parametrize(("hour", "wraps", "plain"), [(23, True, False), (3, True, True), (12, False, False)])
def test_night__of_an_hour__may_pass_midnight(hour: int, wraps: bool, plain: bool) -> None:
    """From 22 until 7 passes midnight; from 0 until 6 does not."""
    assert is_night(hour, Night(22, 7)) is wraps
    assert is_night(hour, Night(0, 6)) is plain


def test_presumed_intent__whose_path_has_no_name__leaves_the_next_to_speak() -> None:
    """An intent taken from a path counts only where a name stands there."""
    raw = small_policy()
    raw["intents"] = [
        rule("odd", {"intent": {"var": "orders.open"}, "confidence": 0.9}),
        rule("next", {"intent": "refund", "confidence": 0.6}),
    ]
    caller = Caller("p_someone", values={"orders": {"open": 2}})
    made = decide(load_policy(raw), request(), caller, decision_id="d", now=NOON)
    assert (made.intent.id, made.intent.confidence) == ("refund", 0.6)


def test_rule__that_meets_a_value_of_a_wrong_type__is_named_and_silences_no_other() -> None:
    """A value that a condition cannot compare makes that one rule be skipped, and the answer says so."""
    caller = Caller("p_someone", tags={"vip": 0.9}, values={"complaints": {"open": "many"}})
    made = decide(POLICY, request(), caller, decision_id="d", now=NOON)
    assert "complaint_open" in made.skipped_rules
    assert made.queue == "vip"


def test_equal_scores__go_to_the_queue_listed_first() -> None:
    """Ties are broken by the order of the policy, so that they do not depend on chance."""
    raw = small_policy()
    raw["rules"] = [
        rule("a", {"queues": {"second": 5, "first": 5}, "modes": {"human": 1, "bot": 1}}),
    ]
    made = decide(load_policy(raw), request(), Caller("p_someone"), decision_id="d", now=NOON)
    assert (made.queue, made.mode) == ("first", "bot")
    assert [other.queue for other in made.runners_up] == ["second"]


def test_scaled_rule__whose_number_is_absent__adds_nothing() -> None:
    """``times`` on a path without a number gives no points instead of an error."""
    raw = small_policy()
    raw["rules"] = [rule("a", {"queues": {"second": 50}, "times": "t.share"})]
    made = decide(load_policy(raw), request(), Caller("p_someone"), decision_id="d", now=NOON)
    assert made.queue == "first"


def test_sentence__with_a_value_that_is_absent__says_unknown() -> None:
    """A placeholder without a value reads as unknown in the reader's language; floats are short."""
    raw = small_policy()
    raw["rules"] = [
        rule("a", {"priority": 1, "says": {"zh": "{t.share}/{t.gone}/{channel.name}", "en": "{t.share}/{t.gone}"}})
    ]
    caller = Caller("p_someone", values={"t": {"share": 0.25}})
    made = decide(load_policy(raw), request("kiosk"), caller, decision_id="d", now=NOON)
    assert (made.reasons[0].says.zh, made.reasons[0].says.en) == ("0.25/未知/kiosk", "0.25/unknown")
    assert made.reasons[0].evidence == {"t.share": 0.25}


def test_sentence__with_signs_of_its_own__keeps_them() -> None:
    """Percent signs and braces that name no path are text; a path may stand twice, and in one language only."""
    raw = small_policy()
    says = {"zh": "{t.share}% {t.share} %s {no path} {}", "en": "100% {channel.name} %(t.share)s"}
    raw["rules"] = [rule("a", {"priority": 1, "says": says})]
    made = decide(
        load_policy(raw), request(), Caller("p_someone", values={"t": {"share": 3}}), decision_id="d", now=NOON
    )
    assert made.reasons[0].says.zh == "3% 3 %s {no path} {}"
    assert made.reasons[0].says.en == "100% WeChat %(t.share)s"


def test_scaled_rule__of_a_queue_that_is_ranked__has_its_part_where_it_adds_any() -> None:
    """Parts stand in the order of the rules, and what adds nothing is none."""
    raw = small_policy()
    raw["rules"] = [
        rule("a", {"queues": {"second": 5}}),
        rule("b", {"queues": {"second": 10, "first": 1}, "times": "t.share"}),
        rule("c", {"queues": {"second": 2}}),
    ]
    for share, parts in ((0.5, {"a": 5.0, "b": 5.0, "c": 2.0}), (0, {"a": 5.0, "c": 2.0}), ("x", {"a": 5.0, "c": 2.0})):
        caller = Caller("p_someone", values={"t": {"share": share}})
        made = decide(load_policy(raw), request(), caller, decision_id="d", now=NOON)
        assert made.won_by is not None
        assert list(made.won_by.parts.items()) == list(parts.items())
        assert [other.queue for other in made.runners_up] == (["first"] if share == 0.5 else [])


def test_absence__as_the_reason__is_shown_as_the_evidence() -> None:
    """Where a rule held because nothing was there, the absent value is what it read."""
    raw = small_policy()
    raw["rules"] = [rule("a", {"priority": 1, "when": {"!": [{"var": "tags.vip"}]}})]
    made = decide(load_policy(raw), request(), Caller("p_someone"), decision_id="d", now=NOON)
    assert made.reasons[0].evidence == {"tags.vip": None}


@pytest.mark.parametrize(
    "fields",
    [
        {"channel": "web", "purpose": "service"},
        {"channel": "web", "purpose": "service", "profile_id": "p", "identifiers": [{"namespace": "a", "value": "b"}]},
        {"channel": "web", "purpose": "fun", "profile_id": "p"},
        {"channel": "Web chat", "purpose": "service", "profile_id": "p"},
        {"channel": "web", "purpose": "service", "profile_id": "p", "message": "x" * 8_001},
        {"channel": "web", "purpose": "service", "profile_id": "p", "tenant": "other"},
        {"channel": "web", "purpose": "service", "identifiers": [{"namespace": "phone", "value": ""}]},
    ],
)
def test_request__out_of_shape__is_refused(fields: dict[str, Any]) -> None:
    """A request names exactly one person, a known purpose and nothing that is not in the contract."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, RouteRequest)


def test_request__printed__shows_no_value() -> None:
    """Neither message nor identifier may reach a log by accident."""
    fields = {
        "channel": "web",
        "purpose": "service",
        "message": "秘密",
        "identifiers": [{"namespace": "phone", "value": "13900000000"}],
    }
    asked = msgspec.convert(fields, RouteRequest)
    assert "秘密" not in repr(asked)
    assert "139" not in repr(asked.identifiers)
