"""One sentence about a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.profiles.model import Profile, Trait
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.model import Tag
from chalicelib.tags.summary import summary
from tests.unit.tags.persons import person

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
