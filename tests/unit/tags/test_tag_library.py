"""The shipped tags: sound, complete, and true to their own examples."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from chalicelib.profiles.measures import load_measures
from chalicelib.tags.catalogue import LIBRARY, load_catalogue
from chalicelib.tags.check import read_rules
from chalicelib.tags.condition_check import outcome
from chalicelib.tags.confidence import reaches, weight_of
from chalicelib.tags.engine import evaluate
from chalicelib.tags.model import TagRule
from chalicelib.tags.why import why
from tests.unit.tags.persons import NOW, happened, person
from tests.unit.tags.rules import vocabulary

RULES = list(load_catalogue().rules.values())
RELIED_ON = [
    "prefers_wechat",
    "prefers_phone",
    "prefers_web_chat",
    "prefers_app",
    "prefers_sms",
    "night_contact",
    "self_service_user",
    "multi_channel",
    "satisfied",
    "dissatisfied",
    "praise_giver",
    "recent_low_score",
    "unresolved_repeat",
    "female",
    "male",
    "young_adult",
    "elderly",
    "member",
    "high_tier_member",
    "newcomer",
    "contact_surge",
    "contact_drop",
    "frequent_contact",
    "silent",
    "first_contact",
    "open_complaint",
    "repeat_complainer",
    "refund_prone",
    "delivery_overdue",
    "payment_trouble",
    "vip",
    "high_purchasing_power",
    "repeat_buyer",
    "price_sensitive",
    "quality_sensitive",
    "impulse_buyer",
    "potential",
    "churn_risk",
    "common_question_prone",
    "high_engagement",
    "beauty_after_sales",
]


def _weight(rule: TagRule, flat: dict[str, Any]) -> float:
    return weight_of(rule, sum(1 << place for place, one in enumerate(rule.signals) if outcome(one.when, flat)))


def test_library__as_shipped__has_no_mistake() -> None:
    """Every shipped declaration passes the check that published ones must pass."""
    declared = [
        one
        for file in sorted(LIBRARY.rglob("*.json"))
        if file.parent.name != "groups"
        for one in json.loads(file.read_text())
    ]
    assert len(read_rules(declared, vocabulary())) == len(declared) >= 44


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_tag__its_positive_example__sets_it(rule: TagRule) -> None:
    """A tag is set by the values its author says set it."""
    assert reaches(rule, _weight(rule, rule.examples.positive))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_tag__its_negative_example__does_not_set_it(rule: TagRule) -> None:
    """A tag is not set by the values its author says do not set it."""
    assert not reaches(rule, _weight(rule, rule.examples.negative))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_tag__of_a_class__stands_in_the_file_of_its_class(rule: TagRule) -> None:
    """A tag stands in the file of its class, where people look for it."""
    files = [one for one in LIBRARY.rglob(f"{rule.class_}.json") if one.parent.name in (*rule.trades, "core")]
    assert rule.id in {one["id"] for file in files for one in json.loads(file.read_text())}


def test_library__tags_others_rely_on__are_there() -> None:
    """Routing and the demo name these tags."""
    assert set(RELIED_ON) <= set(load_catalogue().rules)


def test_library__all_classes_and_dimensions__are_covered() -> None:
    """Six classes and five dimensions have at least three tags each."""
    for field, wanted in (("class_", 6), ("dimension", 5)):
        found = [getattr(rule, field) for rule in RULES]
        assert len(set(found)) == wanted
        assert min(found.count(one) for one in set(found)) >= 3


def test_measures__each_declared_one__is_read_by_a_tag() -> None:
    """Nothing is counted that no tag asks for."""
    read = {path.split(".")[1] for rule in RULES for path in _paths(rule) if path.startswith("m.")}
    assert set(load_measures().measures) == read


def test_phrases__both_languages__carry_no_full_stop() -> None:
    """Phrases are parts of a sentence; says and meanings hold text in their own language."""
    for rule in RULES:
        phrase = rule.phrase or rule.name
        assert not phrase.zh.endswith("。")
        assert not phrase.en.endswith(".")
        assert not re.search(r"[\u4e00-\u9fff]", rule.meaning.en + phrase.en)
        assert re.search(r"[\u4e00-\u9fff]|VIP|App", phrase.zh)


def test_newcomer__a_single_unmeasured_event__is_all_that_is_said() -> None:
    """Of a person of whom nothing is known nothing is said but that they are new."""
    someone = person([happened("consent.granted")])
    assert [tag.id for tag in evaluate(load_catalogue(), someone, NOW)] == ["newcomer"]


def test_beauty_after_sales__two_conversations__is_set_and_explained() -> None:
    """The example of the design: a woman of 25 to 29 who asks about beauty after-sales and prefers SMS."""
    asks = [
        happened(
            "conversation.opened",
            day,
            "app",
            conversation_id=f"c{day}",
            topic="after_sales",
            category="beauty",
        )
        for day in (2, 20)
    ]
    someone = person(asks, {"gender": "female", "age_band": "25_29", "notify_channel": "sms"})
    assert {"beauty_after_sales", "prefers_sms", "female", "young_adult"} <= {
        tag.id for tag in evaluate(load_catalogue(), someone, NOW)
    }
    answer = why(load_catalogue(), someone, "beauty_after_sales", NOW)
    assert answer.set
    assert answer.signals[0].values == {"m.beauty_after_sales.count_90d": 2}
    assert answer.says.zh.startswith("标记为“美妆售后”")


def _paths(rule: TagRule) -> frozenset[str]:
    return load_catalogue().compiled(rule.id).reads
