"""Conditions with values put in: the same answers as on facts that have these values."""

from __future__ import annotations

from typing import Any

import pytest
from datalogic_py import DataHandle
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.routing.facts import changed
from chalicelib.routing.given import ENGINE, NotPlain, Putting, put

PATHS = ("tags.vip", "tags.elderly", "orders.open", "mood", "now.night")
VALUES = st.none() | st.booleans() | st.integers(0, 9) | st.floats(0.0, 1.0) | st.sampled_from(["angry", "calm", "0"])


def conditions() -> st.SearchStrategy[Any]:
    """JSONLogic of the kind that policies are written in."""
    var = st.sampled_from(PATHS).map(lambda path: {"var": path})
    number = st.integers(0, 9)
    leaf = st.one_of(
        var,
        st.booleans(),
        var.map(lambda at: {"!": at}),
        st.tuples(var, st.lists(st.sampled_from(["angry", "calm", "glad"]))).map(lambda pair: {"in": list(pair)}),
        st.tuples(st.sampled_from(["===", "!=="]), var, VALUES).map(lambda told: {told[0]: [told[1], told[2]]}),
        st.tuples(number, number).map(lambda two: {">=": [{"var": "orders.open"}, two[0]]}),
    )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"and": parts}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"or": parts}),
            st.tuples(inner, inner, inner).map(lambda parts: {"if": list(parts)}),
            inner.map(lambda part: {"!!": [part]}),
        ),
        max_leaves=6,
    )


def facts() -> st.SearchStrategy[dict[str, Any]]:
    few = st.none() | st.integers(0, 9)
    return st.fixed_dictionaries(
        {
            "tags": st.dictionaries(st.sampled_from(["vip", "elderly"]), st.floats(0.1, 1.0)),
            "orders": st.fixed_dictionaries({"open": few}),
            "mood": st.none() | st.sampled_from(["angry", "calm"]),
            "now": st.fixed_dictionaries({"night": st.booleans()}),
        }
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(conditions(), max_size=5), facts(), st.dictionaries(st.sampled_from(PATHS), VALUES, max_size=3))
def test_given__of_any_conditions__is_what_changed_facts_come_to(
    whens: list[Any], known: dict[str, Any], values: dict[str, Any]
) -> None:
    """Constants for paths give what the engine finds in facts that have these values there."""
    if isinstance(values.get("orders.open"), str):
        # A word is no number: such a condition cannot be evaluated either way, and the other tests tell of it.
        values["orders.open"] = None
    rules = [ENGINE.compile(when) for when in whens]
    reads = [[".".join(path) for path in rule.facts()["reads"]] for rule in rules]
    held = tuple(place for place, rule in enumerate(rules) if rule.evaluate(known))
    after = tuple(place for place, rule in enumerate(rules) if rule.evaluate(changed(known, values)))
    assert Putting(whens, reads).given("key", values).holding(held, DataHandle(known)) == after


@pytest.mark.parametrize(
    ("when", "values"),
    [
        ({"missing": ["tags.vip"]}, {"tags.vip": 1}),
        ({"some": [{"var": "tags"}, {"var": "vip"}]}, {"tags.vip": 1}),
        ({"!": {"var": "tags"}}, {"tags.vip": 1}),
        ({"!": {"var": "tags.vip"}}, {"tags": None}),
        ({"!": {"var": ["tags.vip", 1]}}, {"tags.vip": None}),
        ({"!": {"var": ""}}, {"tags.vip": 1}),
        ({"in": ["退款", {"var": "stated.evidence"}]}, {"stated.evidence": ["退款"]}),
    ],
)
def test_put__what_no_constant_can_stand_for__is_refused(when: Any, values: dict[str, Any]) -> None:
    """Operators that look things up themselves, branches of what is given, and values that are no constants."""
    with pytest.raises(NotPlain):
        put(when, values)


def test_given__that_cannot_be_put_in__is_refused_again() -> None:
    """A refusal is kept as an answer is; no half-made one takes its place."""
    putting = Putting([{"missing": ["tags.vip"]}, True], [["tags.vip"], []])
    for _ in range(2):
        with pytest.raises(NotPlain):
            putting.given("key", {"tags.vip": 1})
    assert putting.given("other", {"tags.elderly": 1}).touched == frozenset()


def test_given__of_many_keys__is_kept_for_the_latest_only() -> None:
    """What is kept is bounded, and what was dropped is made again."""
    putting = Putting([{"in": [{"var": "mood"}, ["3"]]}], [["mood"]])
    read = DataHandle({"mood": None})
    found = [putting.given(key, {"mood": str(key)}).holding((), read) for key in (*range(1_100), 3)]
    assert [key for key, held in enumerate(found) if held] == [3, 1_100]


def test_given__beside_what_is_kept_as_it_is__touches_only_what_is_another() -> None:
    """Values that stand in for what the facts lack are put in, and make no condition be asked again."""
    whens = [{"and": [{"var": "tags.vip"}, {"==": [{"var": "urgency.level"}, "high"]}]}, {"var": "urgency.level"}]
    found = Putting(whens, [["tags.vip", "urgency.level"], ["urgency.level"]]).given(
        "key", {"tags.vip": 1.0}, {"urgency.level": "high"}
    )
    assert (found.touched, found.sure, found.program) == ({0}, (0,), None)
