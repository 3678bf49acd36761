"""Counting what a changed catalogue changes."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.profiles.measures import MeasureSet, load_measures
from chalicelib.tags.catalogue import Catalogue, load_catalogue
from chalicelib.tags.compare import (
    BINS,
    Comparison,
    Held,
    Seen,
    add,
    bin_of,
    by_scene,
    compare,
    concerned,
    held,
    wilson,
)
from chalicelib.tags.model import Assessment, Failure
from tests.unit.tags.rules import catalogue, rule, signal

people = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.floats(0, 1), st.floats(0, 1), st.sampled_from(["", "old", "new"])),
    max_size=30,
)


def comparison(number: int, one: tuple[bool, bool, float, float, str]) -> Comparison:
    had, has, before, after, failed = one
    old, new = ({"t": Seen(round(by, 4), number)} if there else {} for there, by in ((had, before), (has, after)))
    sides = (
        Held(tags, frozenset({"t"}) if failed == side else frozenset()) for tags, side in ((old, "old"), (new, "new"))
    )
    return compare(f"p_{number:02}", *sides)


@given(people, st.integers(1, 9), st.randoms(use_true_random=False))
def test_add__any_parts_in_any_order__come_to_the_same(
    given_: list[tuple[bool, bool, float, float, str]], cut: int, chance: random.Random
) -> None:
    """Counting in parts, in whatever order, is counting once."""
    each = [comparison(number, one) for number, one in enumerate(given_)]
    whole = add(each, most=5)
    chance.shuffle(each)
    parts = [add(each[start : start + cut], most=5) for start in range(0, len(each), cut)]
    assert add(parts, most=5) == whole
    assert whole.people == len(given_)
    told = [one for one in given_ if not one[4]]
    if "t" in whole.tags:
        found = whole.tags["t"]
        assert found.before == sum(one[0] for one in told) and found.after == sum(one[1] for one in told)
        assert found.after == found.before + found.gained.count - found.lost.count
        assert len(found.gained.named) == min(5, found.gained.count)
        assert found.unknown == len(given_) - len(told)


def test_fingerprint__of_people__tells_apart_and_does_not_cancel_out() -> None:
    """The same people have the same one in any order; somebody twice, or somebody else, has another."""
    a, b, c = (compare(one, Held({}), Held({"t": Seen(1, 0)})) for one in "abc")

    def of(*parts: Comparison) -> int:
        return add(parts, most=1).tags["t"].gained.fingerprint

    assert of(a, b) == of(b, a) and len({of(a, b), of(a, c), of(a), of(a, b, b), of(a, b, b, b)}) == 5


def test_held__of_an_assessment__is_of_those_asked_for() -> None:
    """Neither tags nor failures of other rules count."""
    failed = Assessment((), (Failure("a", "Thrown"), Failure("b", "Thrown")))
    assert held(failed, frozenset({"a"})) == Held({}, frozenset({"a"}))


@pytest.mark.parametrize(
    ("shift", "place"),
    [(-1.0, 0), (-0.95, 0), (-0.0001, 9), (0.0001, 10), (0.3 - 0.2, 11), (0.0999, 10), (0.95, 19), (1.0, BINS - 1)],
)
def test_bin__of_a_shift__holds_its_lower_edge(shift: float, place: int) -> None:
    """A tenth each; the last holds 1 too."""
    assert bin_of(shift) == place


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # The examples of Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson__published_examples__agree(count: int, of: int, low: float, high: float) -> None:
    """The score interval, to four places."""
    found = wilson(count, of)
    assert (round(found[0], 4), round(found[1], 4)) == (low, high)


def test_wilson__of_samples__holds_the_true_share_19_times_of_20() -> None:
    """Coverage near what it promises, also for a rare tag."""
    chance = random.Random(7)
    for share in (0.02, 0.3):
        counts = (sum(chance.random() < share for _ in range(500)) for _ in range(600))
        bounds = [wilson(count, 500) for count in counts]
        assert 0.92 <= sum(low <= share <= high for low, high in bounds) / len(bounds) <= 0.98


def changed(**given_: Any) -> Catalogue:
    """Four rules of which one may be another."""
    return catalogue(
        rule(id="alone"),
        rule(id="base", **given_),
        rule(id="child", parent="base"),
        rule(id="rival", exclusive="g"),
        rule(id="other", exclusive="g", signals=[signal("x", 1, {">": [{"var": "m.sessions.count_7d"}, 3]})]),
    )


def test_concerned__rules_that_differ__with_their_kin() -> None:
    """A changed rule, what implies it or is implied by it, and what it excludes; no other."""
    assert concerned(changed(), changed()) == frozenset()
    assert concerned(changed(), changed(threshold=0.7)) == {"base", "child"}
    assert concerned(changed(), changed(exclusive="g")) == {"base", "child", "rival", "other"}
    assert concerned(changed(), catalogue(rule(id="alone"))) == {"base", "child", "rival", "other"}


def test_concerned__a_measure_that_differs__concerns_those_that_read_it() -> None:
    """A rule is what it was, and reads something else."""
    measures = dict(load_measures().measures)
    del measures["sessions"]
    old = changed()
    assert concerned(old, Catalogue(old.rules.values(), MeasureSet(measures.values()))) == {"other", "rival"}


def test_concerned__a_scene_that_differs__concerns_what_is_otherwise_in_it() -> None:
    """Rules that a changed scene re-weights or that read it; and those are told to be otherwise in scenes."""
    scene = replace(next(iter(load_catalogue().stage.scenes.values())), id="late")
    rules = [
        rule(id="alone"),
        rule(id="weighed", scenes=[{"scene": "late", "weights": {"often": 1}}]),
        rule(
            id="reader", signals=[signal("x", 1, {"and": [{"scene": "late"}, {">": [{"var": "m.contacts.count"}, 0]}]})]
        ),
    ]
    old, new = (Catalogue(rules, load_measures(), scenes=one) for one in ([], [scene]))
    assert concerned(old, new) == {"weighed", "reader"}
    assert by_scene(new, frozenset({"weighed"})) and by_scene(new, frozenset({"reader"}))
    assert not by_scene(new, frozenset({"alone"}))
