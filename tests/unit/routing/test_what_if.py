"""What-ifs of policies of every kind: what is taken over from the judgement is what judging anew comes to."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from chalicelib.routing import what_if
from chalicelib.routing.checked_policy import load_policy
from chalicelib.routing.effects import Outcome
from chalicelib.routing.facts import Facts, changed
from chalicelib.routing.judge import Judgement, judge
from chalicelib.routing.policy import Policy
from chalicelib.routing.what_if import outcome_if
from tests.unit.routing.calls import rule, small_policy

VIP = {"var": "tags.vip"}
STATES = {"stated.intent": "refund", "stated.confidence": 0.5, "stated.source": "given"}


def policy(trial: dict[str, Any], **sections: Any) -> Policy:
    """A policy with one what-if, rules that read all that is derived, and what a test adds."""
    raw = small_policy()
    raw["urgency"]["rules"] = [rule("pressing", {"when": {">=": [{"var": "orders.open"}, 2]}, "points": 20})]
    raw["intents"] = [
        rule("told", {"when": {"var": "tags.vip"}, "intent": {"var": "recent.ticket_topic"}, "confidence": 0.7}),
        rule("other", {"when": {"!": [{"var": "tags.vip"}]}, "intent": "logistics", "confidence": 0.4}),
    ]
    raw["rules"] = [
        rule("vip", {"when": VIP, "queues": {"second": 5}, "modes": {"human": 2}}),
        rule("high", {"when": {"==": [{"var": "urgency.level"}, "high"]}, "priority": 7}),
        rule("calm_vip", {"when": {"and": [VIP, {"==": [{"var": "urgency.level"}, "low"]}]}, "priority": 3}),
        rule("refund", {"when": {"==": [{"var": "intent.id"}, "refund"]}, "queues": {"second": 9}, "priority": 2})
        | {"times": "intent.confidence"},
        rule("parcel", {"when": {"==": [{"var": "intent.id"}, "logistics"]}, "queues": {"first": 4}, "priority": 1}),
        *sections.pop("rules", ()),
    ]
    raw["what_if"] = [{"id": "trial", "if": {"zh": "如果", "en": "if"}, "when": True, "set": trial}]
    return load_policy({**raw, **sections})


def calls() -> list[Facts]:
    """Calls that differ in all that the policy reads."""
    each = product(
        [None, 0.9], [None, 1, 3], ["refund", "fault", None], [{}, {**_stated("fault")}, {**_stated("refund")}]
    )
    return [
        {
            "tags": {} if vip is None else {"vip": vip},
            "orders": {"open": orders},
            "recent": {} if topic is None else {"ticket_topic": topic},
            "t": {"share": 0.5},
            "stated": stated,
            "known": True,
        }
        for vip, orders, topic, stated in each
    ]


def _stated(intent: str) -> dict[str, Any]:
    return {"intent": intent, "confidence": 0.6, "source": "message", "evidence": ["x"]}


def differing(of: Policy, among: list[Facts]) -> list[Facts]:
    """The calls in which the what-if comes to something else than judging the changed facts does."""
    wrong = []
    for facts in among:
        whole = judge(of, changed(facts, of.declared.what_if[0].set))
        if outcome_if(of, judge(of, facts), 0) != Outcome(whole.queue, whole.mode, whole.priority):
            wrong.append(facts)
    return wrong


@pytest.mark.parametrize(
    "trial",
    [
        {"tags.vip": None},
        {"tags.vip": 1.0},
        {"orders.open": 5},
        {"orders.open": None, "tags.vip": 1.0},
        {"recent.ticket_topic": "refund", "tags.vip": 1.0},
        STATES,
        {**STATES, "orders.open": 9},
        {"stated.intent": "refund"},
        {"stated.intent": None},
        {**STATES, "stated.source": "message"},
        {"stated.confidence": 0.1},
        {"mood": "angry"},
    ],
)
@pytest.mark.parametrize(
    "rules",
    [
        [],
        [rule("score", {"when": {">=": [{"var": "urgency.score"}, 20]}, "queues": {"second": 8}})],
        [rule("lookup", {"when": {"missing": ["tags.vip"]}, "queues": {"first": 6}})],
        [rule("late", {"when": {"!": [{"missing": ["urgency.level"]}]}, "queues": {"second": 6}})],
        [rule("scaled", {"queues": {"second": 30}, "times": "orders.open"})],
        [rule("pressed", {"queues": {"first": 1}, "times": "urgency.score"})],
        [rule("words", {"when": {"in": ["x", {"var": "intent.evidence"}]}, "queues": {"second": 7}})],
    ],
    ids=lambda rules: rules[0]["id"] if rules else "plain",
)
def test_outcome_if__whatever_the_policy_reads__is_that_of_a_whole_judgement(
    trial: dict[str, Any], rules: list[dict[str, Any]]
) -> None:
    """Intent, urgency and numbers that scale change with a trial; what takes no constant is judged anew."""
    assert differing(policy(trial, rules=rules), calls()) == []


def test_outcome_if__where_a_condition_fails__is_that_of_a_whole_judgement() -> None:
    """A value that a condition cannot compare, there before or only by the trial, silences that one rule."""
    rules = [rule("many", {"when": {">=": [{"var": "tickets.open"}, 1]}, "queues": {"second": 50}})]
    odd = [{**facts, "tickets": {"open": "many"}} for facts in calls()]
    assert differing(policy({"tickets.open": 1}, rules=rules), odd) == []
    assert differing(policy({"tickets.open": "many"}, rules=rules), calls()) == []
    assert judge(policy({"tickets.open": 1}, rules=rules), odd[0]).skipped == ("many",)


def test_differing__of_a_what_if_that_is_not_tried__finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: an outcome that is taken over without a trial is caught."""

    def untried(_: Policy, judged: Judgement, *__: Any) -> Outcome:
        return Outcome(judged.queue, judged.mode, judged.priority)

    monkeypatch.setattr(what_if, "_by_given", untried)
    assert differing(policy({"tags.vip": 1.0}), calls()) != []


def test_judge__of_facts_that_the_engine_cannot_read__names_the_rules() -> None:
    """A number beyond what the engine takes makes the rules that read its branch be skipped, not the call fail."""
    facts = {**calls()[0], "orders": {"open": 2**70}}
    of = policy({"tags.vip": 1.0})
    judged = judge(of, facts)
    assert judged.read is None
    assert "pressing" in judged.skipped
    assert differing(of, [facts]) == []
