"""A tenant's own words and its own tags of groups: checked like what ships, and in force beside it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.flows.check_declaration import check_declaration, check_removal
from chalicelib.flows.effective import InForce
from chalicelib.flows.own_words import lexicon_of
from chalicelib.insights.lexicon import shipped_lexicon
from chalicelib.kernel.errors import ManyMistakes
from chalicelib.tags.catalogue import load_catalogue

SHIPPED = InForce({})
TAG: dict[str, Any] = {
    "id": "many_vips",
    "version": 1,
    "granularity": "segment",
    "name": {"zh": "VIP聚集", "en": "Many VIPs"},
    "meaning": {"zh": "这个群体VIP多", "en": "This group holds many VIPs"},
    "class": "customer_group",
    "dimension": "business_state",
    "owner": "marketing",
    "purposes": ["marketing"],
    "signals": [
        {
            "id": "share",
            "weight": 1,
            "when": {">=": [{"var": "g.lift.vip"}, 1.7]},
            "says": {"zh": "VIP占比是全体的1.7倍", "en": "VIPs are 1.7 times as frequent"},
        }
    ],
    "threshold": 1,
    "half_life_days": None,
    "expires_days": None,
    "examples": {"positive": {"g.lift.vip": 2.0}, "negative": {"g.lift.vip": 1.2}},
}
WORDS: dict[str, Any] = {"id": "festival", "name": {"zh": "端午", "en": "Dragon boat"}, "words": ["端午礼盒", "zongzi"]}


def with_own(kind: Any, declared: dict[str, Any]) -> InForce:
    """What is in force once this is published."""
    check_declaration(kind, str(declared["id"]), declared, SHIPPED)
    return SHIPPED.with_entry(kind, str(declared["id"]), 1, msgspec.json.encode(declared))


def codes(refused: pytest.ExceptionInfo[ManyMistakes]) -> set[str]:
    return {mistake.code for mistake in refused.value.mistakes}


def test_own_group_tag__sound__is_in_force_for_groups_and_not_for_people() -> None:
    """Published like any tag, it is evaluated where groups are counted, and on nobody."""
    catalogue = with_own("tags", TAG).catalogue
    assert "many_vips" in {rule.id for rule in catalogue.group_rules} and "many_vips" not in catalogue.rules
    assert len(catalogue.group_rules) == len(load_catalogue().group_rules) + 1


@pytest.mark.parametrize("path", ["g.lift.vips", "m.contacts.count_30d", "t.region"])
def test_own_group_tag__that_reads_a_persons_path__is_refused(path: str) -> None:
    """A group has no single person's values; what it has not is refused with a suggestion."""
    signal = {**TAG["signals"][0], "when": {">=": [{"var": path}, 1.7]}}
    with pytest.raises(ManyMistakes) as refused:
        with_own("tags", {**TAG, "signals": [signal]})
    assert "unknown_path" in codes(refused)


def test_persons_tag__that_reads_a_group__is_refused() -> None:
    """What a person is tagged with follows from the person."""
    with pytest.raises(ManyMistakes) as refused:
        with_own("tags", {**TAG, "granularity": "person"})
    assert "unknown_path" in codes(refused)


def test_tag__that_groups_read__cannot_be_withdrawn() -> None:
    """A tag of groups must not read what is no more; one that nobody reads may go."""
    in_force = with_own("tags", TAG)
    with pytest.raises(ManyMistakes) as refused:
        check_removal("tags", in_force, in_force.with_entry("tags", "churn_risk", 1, b""))
    assert codes(refused) == {"in_use"}
    check_removal("tags", in_force, in_force.with_entry("tags", "many_vips", 2, b""))


def test_own_words__published__are_found_beside_the_shipped_ones() -> None:
    """A list is one word of its id; the same version makes its index once."""
    own = with_own("words", WORDS)
    assert lexicon_of(own).found_in("两个端午礼盒，什么时候发货") == {"festival", "not_shipped"}
    assert lexicon_of(own) is lexicon_of(own) and lexicon_of(own).words["festival"].name.en == "Dragon boat"
    assert lexicon_of(SHIPPED) is shipped_lexicon()


def test_own_words__with_a_shipped_id__take_its_place() -> None:
    """Who declares the word “refund” says what a refund is called here."""
    own = with_own("words", {**WORDS, "id": "refund", "words": ["回款"]})
    assert lexicon_of(own).found_in("回款") == {"refund"} and "refund" not in lexicon_of(own).found_in("退款")
