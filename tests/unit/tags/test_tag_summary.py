"""One sentence about a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.profiles.model import Profile, Trait
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.engine import evaluate
from chalicelib.tags.model import Tag
from chalicelib.tags.summary import summary
from tests.unit.tags.persons import NOW, happened, person
from tests.unit.tags.rules import catalogue, rule

CASES = json.loads((Path(__file__).parents[2] / "cases" / "tags_summary.json").read_text())


def tagged(tag_id: str) -> Tag:
    rule = load_catalogue().rules[tag_id]
    return Tag(rule.id, rule.name, rule.class_, rule.dimension, True, 0.9, 0, None, "rule", rule.phrase or rule.name)


def known(traits: dict[str, Any], channels: dict[str, int]) -> Profile:
    return msgspec.structs.replace(person(traits=traits), channels=channels)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_summary__of_what_is_known__is_one_sentence(case: dict[str, Any]) -> None:
    """The table says how people are told in a sentence, in both languages."""
    found = summary(known(case["traits"], case["channels"]), [tagged(one) for one in case["tags"]])
    assert (found.zh, found.en) == (case["zh"], case["en"])


def test_summary__of_a_sealed_trait__does_not_tell_it() -> None:
    """What is masked is not said."""
    sealed = Trait(b"secret", 0, 0, b"", "s", masked="***")
    someone = msgspec.structs.replace(person(), traits={"gender": sealed, "member_level": sealed})
    assert summary(someone, []).zh == "了解不多的客户"


def test_summary__of_every_tag_alone__is_a_sentence() -> None:
    """No tag breaks the sentence."""
    for tag_id in load_catalogue().rules:
        found = summary(person(), [tagged(tag_id)])
        assert found.zh
        assert found.en[0].isupper()
        assert "，，" not in found.zh


def test_summary__of_a_tag_and_its_parent__says_the_more_telling_one() -> None:
    """What a tag implies goes without saying."""
    child = rule(id="child", parent="parent", phrase={"zh": "近期低分", "en": "scored low lately"})
    parent = rule(id="parent", phrase={"zh": "不太满意", "en": "is not content"})
    library = catalogue(child, parent)
    someone = person([happened("conversation.opened", 1), happened("conversation.opened", 2)])
    tags = evaluate(library, someone, NOW)
    assert {tag.id for tag in tags} == {"child", "parent"}
    said = summary(someone, tags, library.families).en
    assert "scored low lately" in said
    assert "not content" not in said
