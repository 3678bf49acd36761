"""Loading a policy: every mistake is told at once, with its path and what may have been meant."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from chalicelib.profiles.values import CASE_PATHS, PERSON_PATHS
from chalicelib.routing.checked_policy import PolicyRefused, load_policy
from chalicelib.routing.model import UNKNOWN_INTENT
from chalicelib.routing.policy import shipped_policy
from chalicelib.routing.policy_paths import Known
from chalicelib.routing.shipped import TRADES
from chalicelib.routing.words import topics_of
from tests.unit.routing.calls import rule, small_policy


def mistakes(raw: dict[str, Any], known: Known | None = None) -> dict[str, tuple[str, str | None]]:
    """Path → (code, suggestion) of what a policy is refused for."""
    with pytest.raises(PolicyRefused) as refused:
        load_policy(raw, known)
    assert refused.value.code == "bad_policy"
    assert refused.value.path == refused.value.mistakes[0].path
    return {mistake.path: (mistake.code, mistake.suggestion) for mistake in refused.value.mistakes}


def test_shipped_policy__is_accepted_and_tells_what_it_reads() -> None:
    """The shop's policy reads clear traits, states and tags; routing asks for these values alone."""
    policy = shipped_policy()
    assert policy is shipped_policy()
    assert {"complaints.open", "orders.undelivered_days", "t.region"} <= policy.paths
    assert {path for path in policy.paths if not path.startswith(("t.", "m."))} <= CASE_PATHS | PERSON_PATHS
    assert {"vip", "elderly", "newcomer", "open_complaint"} <= policy.tag_ids
    assert set(policy.declared.next_best) == {*topics_of("retail"), UNKNOWN_INTENT}


def test_small_policy__is_accepted() -> None:
    """The policy that the mistakes are planted in has none itself."""
    assert load_policy(small_policy()).paths == frozenset()


def test_shape__with_mistakes_in_many_places__tells_all() -> None:
    """Unknown, missing and mistyped fields and a broken condition come in one answer."""
    raw = small_policy()
    del raw["version"]
    raw["base_priorty"] = 50
    raw["urgency"]["base"] = "0"
    raw["queues"]["first"]["modes"] = ["bot", "humn"]
    raw["rules"] = [rule("a", {"when": {"vr": "x"}}), rule("b", {"sla": {"resolve_seconds": None}}), "no rule"]
    raw["hints"] = {"not": "a list"}
    found = mistakes(raw)
    assert found["version"] == ("missing_field", None)
    assert found["base_priorty"] == ("unknown_field", "base_priority")
    assert found["urgency.base"][0] == "wrong_type"
    assert found["queues.first.modes[1]"][0] == "wrong_type"
    assert found["rules[0].when"][0] == "bad_condition"
    assert found["rules[2]"][0] == "wrong_type"
    assert found["hints"][0] == "wrong_type"


def test_urgency__that_is_no_object__is_told() -> None:
    """A section of a wrong kind is a mistake and no crash."""
    raw = small_policy()
    raw["urgency"] = []
    assert mistakes(raw) == {"urgency": ("wrong_type", None)}


def test_condition__that_computes_its_path__is_refused() -> None:
    """What a rule reads must be known when it is published."""
    raw = small_policy()
    raw["rules"] = [rule("a", {"when": {"var": {"var": "channel"}}})]
    assert mistakes(raw)["rules[0].when"][0] == "computed_path"


def test_condition__that_cannot_be_compiled__is_refused() -> None:
    """Nesting that the engine refuses is told like any other mistake; so is a text in place of a condition."""
    deep: Any = {"var": "channel"}
    for _ in range(400):
        deep = {"!": [deep]}
    raw = small_policy()
    raw["rules"] = [rule("a", {"when": deep}), rule("b", {"when": "true"})]
    found = mistakes(raw)
    assert {code for code, _ in found.values()} == {"bad_condition"}
    assert [path.startswith("rules[0].when.!") or path == "rules[1].when" for path in found] == [True, True]


def test_numbers__as_exact_decimals__are_taken() -> None:
    """A strict reader of JSON gives decimals for fractions."""
    raw = small_policy()
    raw["rules"] = [rule("a", {"weight": Decimal("0.5"), "when": {">": [{"var": "p.channels"}, Decimal("1.5")]}})]
    assert load_policy(raw).declared.rules[0].weight == 0.5


def test_names__that_are_not_there__are_told_with_the_nearest() -> None:
    """Queues, texts, levels and ids are looked up."""
    raw = small_policy()
    raw["rules"] = [rule("a", {"queues": {"frst": 5}}), rule("a", {})]
    raw["texts"] = {"what_need": {"zh": "问", "en": "ask"}}
    raw["hints"] = [{"when": True, "ask": ["what_ned"], "do_not_ask": ["gone"], "offer": "nothing"}]
    raw["default"]["queue"] = "secnd"
    raw["urgency"]["levels"] = {"normal": 10, "hgh": 20, "critical": 30}
    assert mistakes(raw) == {
        "rules[0].queues.frst": ("unknown_queue", "first"),
        "rules[1].id": ("double_id", None),
        "hints[0].ask": ("unknown_text", "what_need"),
        "hints[0].do_not_ask": ("unknown_text", None),
        "hints[0].offer": ("unknown_text", None),
        "default.queue": ("unknown_queue", "second"),
        "urgency.levels.hgh": ("unknown_level", "high"),
        "urgency.levels.high": ("missing_level", None),
    }


def test_numbers__out_of_bounds__are_told() -> None:
    """Zones, hours, weights, priorities and the count of reasons have bounds."""
    raw = small_policy()
    raw["timezone"] = "Asia/Shangai"
    raw["night"] = {"start": 25, "end": 6}
    raw["queues"]["second"]["modes"] = []
    raw["floor"] = raw["floor"][:1]
    raw["default"]["priority"] = 100
    raw["rules"] = [rule("a", {"weight": 0})]
    raw["intents"] = [rule("b", {"intent": "refund", "confidence": 1.5})]
    raw["urgency"]["rules"] = [rule("c", {"points": 5, "weight": 1.01})]
    assert set(mistakes(raw)) == {
        *("timezone", "night", "queues.second.modes", "floor", "default.priority", "rules[0].weight"),
        *("intents[0].confidence", "urgency.rules[0].weight"),
    }


def test_list__past_its_bound__is_refused() -> None:
    """A policy of thousands of rules would make every route dear."""
    raw = small_policy()
    raw["hints"] = [{"when": True}] * 501
    assert mistakes(raw) == {"hints": ("too_many", None)}


def test_policy__without_queues__is_refused() -> None:
    """There must be somewhere to go."""
    raw = small_policy()
    raw["queues"] = {}
    assert mistakes(raw)["queues"] == ("no_queue", None)


def test_paths__that_nothing_is_at__are_told_with_the_nearest() -> None:
    """Tags, traits, measures and states are checked against what is known; derived facts by where they are read."""
    raw = small_policy()
    raw["intents"] = [
        rule("i", {"when": {"var": "intent.id"}, "intent": {"var": "recent.ticket_topc"}, "confidence": 1})
    ]
    raw["urgency"]["rules"] = [rule("u", {"when": {"var": "urgency.score"}, "points": 1})]
    raw["rules"] = [
        rule("a", {"when": {"and": [{"var": "tags.vpi"}, {"var": "t.regoin"}]}}),
        rule("b", {"when": {"and": [{"var": "m.ordres.count"}, {"var": "m.orders.cuont"}]}, "times": "orders.opn"}),
        rule("c", {"says": {"zh": "{complaints.opened}", "en": "{intent.name}"}}),
    ]
    raw["hints"] = [{"when": {"var": "tags"}, "language": {"var": "t.languag"}}]
    raw["what_if"] = [{"id": "w", "if": {"zh": "若", "en": "if"}, "when": True, "set": {"urgency.level": "low"}}]
    raw["floor"][0]["reads"] = ["mod"]
    known = Known(tags={"vip"}, traits={"region", "language"}, measures={"orders"})
    with pytest.raises(PolicyRefused) as refused:
        load_policy(raw, known)
    found = [(mistake.path, mistake.suggestion) for mistake in refused.value.mistakes]
    assert found == [
        ("intents[0].when", None),
        ("urgency.rules[0].when", None),
        ("rules[0].when", "t.region"),
        ("rules[0].when", "tags.vip"),
        ("rules[1].when", "m.orders.count"),
        ("rules[1].when", "m.orders.count"),
        ("hints[0].when", None),
        ("rules[2].says", "complaints.open"),
        ("intents[0].intent", "recent.ticket_topic"),
        ("rules[1].times", "orders.open"),
        ("hints[0].language", "t.language"),
        ("what_if[0].set", None),
        ("floor[0].reads", "mood"),
    ]


def test_ids__that_nobody_listed__are_not_checked() -> None:
    """Without a list of tags, traits or measures any id is taken."""
    raw = small_policy()
    raw["rules"] = [rule("a", {"when": {"and": [{"var": "tags.new"}, {"var": "t.new"}, {"var": "m.new.count"}]}})]
    policy = load_policy(raw)
    assert policy.tag_ids == {"new"}
    assert policy.paths == {"t.new", "m.new.count"}


def test_desk__with_mistakes_in_many_places__tells_all() -> None:
    """Weights, seconds, costs, steps out of order, skills, limits: every one with its path and what would do."""
    raw = small_policy()
    raw["desk"] = {
        "weights": {"skill": -1, "load": 0, "resolution": 0, "csat": 0, "last_agent": 0, "language": 0, "wait": 0},
        "relaxing": {"any_after_seconds": 60, "overflow_after_seconds": 30, "callback_after_seconds": None},
        "units": 5,
        "cost": 0,
        "costs": {"phone": 6, "emial": 1},
        "skilled_from": 6,
        "reservation_seconds": 0,
        "wrap_up_seconds": -1,
        "ageing_seconds": 99_999_999,
        "prior": -0.5,
    }
    raw["queues"]["first"] |= {"skill": "Two words", "overflow": ["first", "second", "second", "secnd"]}
    raw["queues"]["second"] |= {
        "sla": {"first_response_seconds": 90, "resolve_seconds": 60},
        "relaxing": {"any_after_seconds": 0, "overflow_after_seconds": None, "callback_after_seconds": -3},
    }
    raw["rules"] = [rule("a", {"sla": {"first_response_seconds": 0}})]
    raw["urgency"]["sla"] = {"high": {"resolve_seconds": -5}}
    assert mistakes(raw) == {
        "desk.weights.skill": ("out_of_range", "0"),
        "desk.weights": ("no_weight", None),
        "desk.reservation_seconds": ("out_of_range", "1"),
        "desk.ageing_seconds": ("out_of_range", "2678400"),
        "desk.wrap_up_seconds": ("out_of_range", "0"),
        "desk.cost": ("out_of_range", "1"),
        "desk.costs.phone": ("out_of_range", "5"),
        "desk.costs.emial": ("unknown_channel", "email"),
        "desk.skilled_from": ("out_of_range", None),
        "desk.prior": ("out_of_range", "0"),
        "desk.relaxing.overflow_after_seconds": ("out_of_order", "60"),
        "queues.first.skill": ("bad_name", None),
        "queues.first.overflow": ("unknown_queue", "second"),
        "queues.first.overflow[0]": ("flows_to_itself", None),
        "queues.first.overflow[2]": ("named_twice", None),
        "queues.second.sla": ("limits_crossed", "resolve_seconds: 90"),
        "queues.second.relaxing.callback_after_seconds": ("out_of_range", "0"),
        "rules[0].sla.first_response_seconds": ("out_of_range", "1"),
        "urgency.sla.high.resolve_seconds": ("out_of_range", "1"),
    }


def test_desk__as_each_trade_declares_it__is_sound_and_queues_may_flow_in_a_circle() -> None:
    """Two queues may help each other out; nobody looks further than one step."""
    raw = small_policy()
    raw["queues"]["first"]["overflow"], raw["queues"]["second"]["overflow"] = ["second"], ["first"]
    assert load_policy(raw).declared.queues["second"].overflow == ("first",)
    desks = [shipped_policy(trade).declared.desk for trade in TRADES]
    assert len({msgspec.json.encode(desk) for desk in desks}) == len(TRADES)
