"""The library as a whole: how much there is, that its parts fit, and the page that lists it."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from chalicelib.kernel.moments import DAY_MS
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.confidence import lasts_ms, reaches, weight_of
from chalicelib.tags.model import TagRule
from chalicelib.tags.scenes import load_scenes
from infra.library.page import FILE, page
from infra.library.shelf import (
    CLASSES,
    DIMENSIONS,
    LEAST,
    LEAST_GROUP_TAGS,
    LEAST_PERSON_TAGS,
    shelve,
    sum_of,
)

CATALOGUE = load_catalogue()
RULES = list(CATALOGUE.rules.values())
SHELF = shelve(CATALOGUE)
PERSONS = [one for one in SHELF if not one.is_group]
GROUPS = [one for one in SHELF if one.is_group]
SHIPPING = [trade for trade in LEAST if any(trade in one.trades for one in PERSONS)]


@pytest.mark.parametrize("trade", SHIPPING)
def test_library__of_a_trade__holds_its_floor(trade: str) -> None:
    """A trade that ships has the tags it promises."""
    assert sum(trade in one.trades for one in PERSONS) >= LEAST[trade]


def test_library__as_a_whole__holds_its_floor() -> None:
    """220 tags of persons once every trade ships, and 20 of groups once any does."""
    assert len(PERSONS) >= min(LEAST_PERSON_TAGS, sum(LEAST[trade] for trade in SHIPPING))
    assert sum(LEAST.values()) >= LEAST_PERSON_TAGS
    assert not GROUPS or len(GROUPS) >= LEAST_GROUP_TAGS


def test_library__each_class_and_dimension__has_a_tag() -> None:
    """There is something to say of every class in every dimension."""
    assert set(product(CLASSES, DIMENSIONS)) == {(one.rule.class_, one.rule.dimension) for one in PERSONS}


def test_examples__of_every_tag__come_out_right() -> None:
    """What the table prints as right is all there is."""
    found = sum_of(SHELF)
    assert found.examples_right == found.examples == 2 * len(SHELF)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("field", ["name", "meaning"])
def test_texts__in_each_language__belong_to_one_tag(field: str, language: str) -> None:
    """Nobody reads the same name or meaning for two tags."""
    seen = Counter(getattr(getattr(one.rule, field), language) for one in SHELF)
    assert [text for text, times in seen.items() if times > 1] == []


def test_says__of_every_signal__are_clauses_in_their_language() -> None:
    """What a signal says stands within a sentence, so it ends without a full stop."""
    for one in SHELF:
        for signal in one.rule.signals:
            assert signal.says.zh and not signal.says.zh.endswith("。"), one.rule.id
            assert signal.says.en and not signal.says.en.endswith("."), one.rule.id
        assert one.rule.meaning.zh.endswith("。") and one.rule.meaning.en.endswith("."), one.rule.id


@pytest.mark.parametrize("rule", [one for one in RULES if one.parent], ids=lambda rule: rule.id)
def test_parent__of_a_tag__is_another_one_and_no_rival(rule: TagRule) -> None:
    """A parent ships with its child, above it and not below, and does not push it out."""
    above = [rule.id]
    while (parent := CATALOGUE.rules[above[-1]].parent) is not None:
        assert parent in CATALOGUE.rules
        assert parent not in above
        above.append(parent)
    assert rule.exclusive is None or rule.exclusive not in {CATALOGUE.rules[one].exclusive for one in above[1:]}


@pytest.mark.parametrize("rule", [one for one in RULES if one.parent], ids=lambda rule: rule.id)
def test_parent__of_a_tag__is_of_no_trade_that_lacks_it(rule: TagRule) -> None:
    """What a tag implies ships wherever the tag does."""
    parent = CATALOGUE.rules[rule.parent or ""]
    assert not parent.trades or set(rule.trades) <= set(parent.trades)


def test_exclusive__groups__have_rivals() -> None:
    """A group of one keeps nobody out."""
    assert min(Counter(one.exclusive for one in RULES if one.exclusive).values()) >= 2


def test_scenes__of_every_tag__exist_and_reweigh_all_signals() -> None:
    """A scene names every signal, its weights sum to 1, and they are not the usual ones."""
    known = {one.id for one in load_scenes()}
    for rule in RULES:
        usual = {signal.id: signal.weight for signal in rule.signals}
        for scene in rule.scenes:
            assert scene.scene in known, rule.id
            assert scene.weights.keys() == usual.keys(), rule.id
            assert sum(scene.weights.values()) == pytest.approx(1)
            assert scene.weights != usual, rule.id


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_tag__set_by_any_signals_in_any_scene__lasts_a_day(rule: TagRule) -> None:
    """A half-life never takes a tag away the moment after its evidence: at a weight equal to the threshold it would."""
    for scene, bits in product((None, *rule.scenes), range(1, 1 << len(rule.signals))):
        weight = weight_of(rule, bits, scene)
        lasts = lasts_ms(rule, weight)
        assert not reaches(rule, weight) or lasts is None or lasts >= DAY_MS, (scene, bits)


def test_page__of_all_tags__is_fresh() -> None:
    """The page lists what ships; `make library` writes it."""
    assert FILE.read_text() == page(SHELF)
