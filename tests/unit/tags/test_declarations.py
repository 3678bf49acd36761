"""Checks of single declarations as tenants send them: all mistakes at once, and no mistake of ours."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.profiles.measures import load_measures
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.declared_rule import declared_rule_mistakes
from chalicelib.tags.measure_check import measure_mistakes
from chalicelib.tags.scene_check import scene_mistakes
from chalicelib.tags.scenes import load_scenes
from chalicelib.tags.vocabulary import Vocabulary
from chalicelib.tags.word_list_check import word_list_mistakes

CATALOGUE = load_catalogue()
VOCABULARY = Vocabulary(load_measures().measures, scenes=CATALOGUE.stage.scenes.keys())


def as_sent(declared: Any) -> Any:
    """A declaration as JSON gives it."""
    return msgspec.json.decode(msgspec.json.encode(declared))


RULE = as_sent(CATALOGUE.rules["vip"])
SCENE = as_sent(load_scenes()[0])
WORDS = {"id": "live", "name": {"zh": "直播", "en": "Live"}, "words": ["直播间", "livestream"]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.floats(-2, 2) | st.text("ab中.", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("aé_.-[", max_size=4), inner, max_size=3),
    max_leaves=6,
)


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in items:
        found += paths_of(one, (*path, name))
    return found


def broken(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The same with another value at a path."""
    if not path:
        return value
    made = deepcopy(whole)
    place = made
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return made


def codes(found: list[Any]) -> list[tuple[str, str]]:
    return [(one.path, one.code) for one in found]


@pytest.mark.parametrize("tag_id", sorted(CATALOGUE.rules))
def test_shipped_rule__declared_by_a_tenant__is_right(tag_id: str) -> None:
    """Every shipped tag passes the check that a tenant's own must pass."""
    assert declared_rule_mistakes(as_sent(CATALOGUE.rules[tag_id]), tag_id, VOCABULARY, CATALOGUE.rules) == []


@pytest.mark.parametrize("measure_id", sorted(load_measures().measures))
def test_shipped_measure__declared_by_a_tenant__is_right(measure_id: str) -> None:
    """Every shipped measure passes the check that a tenant's own must pass."""
    assert measure_mistakes(as_sent(load_measures().measures[measure_id]), measure_id) == []


def test_shipped_scene__declared_by_a_tenant__is_right() -> None:
    """Every shipped scene passes the check that a tenant's own must pass."""
    for scene in load_scenes():
        assert scene_mistakes(as_sent(scene), scene.id) == []


@given(st.sampled_from(paths_of(RULE)), JSON)
def test_rule__broken_anywhere__is_refused_or_readable(path: tuple[Any, ...], value: Any) -> None:
    """Whatever stands where, the check answers with mistakes, or the rule can be decoded and run."""
    made = broken(RULE, path, value)
    found = declared_rule_mistakes(made, "vip", VOCABULARY, CATALOGUE.rules)
    if not found:
        assert msgspec.convert(made, type(CATALOGUE.rules["vip"])).id == "vip"


@given(st.sampled_from(paths_of(SCENE)), JSON)
def test_scene__broken_anywhere__is_refused_or_readable(path: tuple[Any, ...], value: Any) -> None:
    """Whatever stands where, the check answers."""
    made = broken(SCENE, path, value)
    if not scene_mistakes(made, SCENE["id"]):
        assert msgspec.convert(made, type(load_scenes()[0])).id == SCENE["id"]


@given(st.sampled_from(sorted(load_measures().measures)), st.integers(0, 30), JSON)
def test_measure__broken_anywhere__is_refused_or_readable(measure_id: str, place: int, value: Any) -> None:
    """Whatever stands where, the check answers."""
    whole = as_sent(load_measures().measures[measure_id])
    paths = paths_of(whole)
    measure_mistakes(broken(whole, paths[place % len(paths)], value), measure_id)


def test_rule__wrong_in_form_and_in_meaning__both_are_told() -> None:
    """A field of a wrong type does not hide what else is wrong; what follows from it is not told."""
    made = {**deepcopy(RULE), "owner": 5, "threshold": 0, "colour": "red"}
    made["signals"][0]["when"] = {"==": [{"var": "t.vipp"}, True]}
    made["signals"][0]["weight"] = "heavy"
    found = codes(declared_rule_mistakes(made, "vip", VOCABULARY, CATALOGUE.rules))
    assert sorted(found) == [
        ("$.colour", "unknown_field"),
        ("$.owner", "wrong_type"),
        ("$.signals[0].weight", "wrong_type"),
        ("$.signals[0].when", "unknown_path"),
        ("$.threshold", "bad_threshold"),
    ]


def test_scene__that_reads_a_person__is_refused() -> None:
    """A scene is a situation: what it may read is the moment, the channel, the message, and open cases."""
    found = scene_mistakes({**SCENE, "when": {">": [{"var": "m.contacts.count"}, 1]}}, SCENE["id"])
    assert codes(found) == [("$.when", "unknown_path")]
    wrong = {
        **SCENE,
        "examples": {"positive": SCENE["examples"]["negative"], "negative": SCENE["examples"]["positive"]},
    }
    assert [code for _, code in codes(scene_mistakes(wrong, SCENE["id"]))] == ["example_fails"] * 2


WRONG_WORDS = [
    ([], [("$.words", "bad_words")]),
    (["ab"] * 2, [("$.words[1]", "repeated_word")]),
    (["Ａb"], [("$.words[0]", "bad_word")]),
    (["x" * 41], [("$.words[0]", "bad_word")]),
    ([" "], [("$.words[0]", "bad_word")]),
    ([f"w{n}" for n in range(201)], [("$.words", "bad_words")]),
]


@pytest.mark.parametrize(("words", "expected"), WRONG_WORDS)
def test_words__that_cannot_be_compared__are_refused(words: list[str], expected: list[tuple[str, str]]) -> None:
    """Words are given as they are compared: normalised, folded, not empty, each once."""
    assert codes(word_list_mistakes({**WORDS, "words": words}, "live")) == expected


def test_words__of_another_id__are_refused() -> None:
    """The id is that of the address."""
    assert word_list_mistakes(WORDS, "live") == []
    assert codes(word_list_mistakes(WORDS, "other")) == [("$.id", "other_id")]
