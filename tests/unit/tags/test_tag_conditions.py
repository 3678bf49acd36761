"""What conditions read, and what they cannot be true without."""

from __future__ import annotations

from typing import Any

import pytest
from datalogic_py import DataLogicError
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.profiles.conditions import ENGINE, needs, reads
from chalicelib.tags.condition_check import nested, outcome

COUNT, DAYS, TRAIT, KNOWN = "m.a.count_30d", "m.b.days_since_last", "t.gender", "p.days_known"


def var(path: str) -> dict[str, str]:
    return {"var": path}


@pytest.mark.parametrize(
    ("condition", "needed"),
    [
        ({">=": [var(COUNT), 1]}, {COUNT}),
        ({">=": [var(COUNT), 0]}, None),
        ({">": [var(COUNT), 0]}, {COUNT}),
        ({"<": [2, var(COUNT)]}, {COUNT}),
        ({"<=": [var(COUNT), 3]}, None),
        ({"<=": [var(DAYS), 3]}, {DAYS}),
        ({"==": [var(TRAIT), "female"]}, {TRAIT}),
        ({"==": [var(TRAIT), ""]}, None),
        ({"==": [False, var(TRAIT)]}, None),
        ({"in": [var(TRAIT), ["a", "b"]]}, {TRAIT}),
        ({"in": [var(TRAIT), ["a", None]]}, None),
        ({"in": ["zh", var(TRAIT)]}, {TRAIT}),
        ({"!": [var(COUNT)]}, None),
        ({"!!": [var(TRAIT)]}, {TRAIT}),
        (var(COUNT), {COUNT}),
        ({">=": [var(KNOWN), 3]}, None),
        ({">=": [var(COUNT), var(DAYS)]}, None),
        ({"and": [{">=": [var(KNOWN), 3]}, {">=": [var(COUNT), 1]}]}, {COUNT}),
        ({"and": [{"!": [var(COUNT)]}]}, None),
        ({"or": [{">=": [var(COUNT), 1]}, {"<": [var(DAYS), 2]}]}, {COUNT, DAYS}),
        ({"or": [{">=": [var(COUNT), 1]}, {">=": [var(KNOWN), 2]}]}, None),
        (True, None),
        ({"!!": [var(COUNT), 1]}, None),
    ],
)
def test_needs__by_form__is_what_must_be_seen(condition: Any, needed: set[str] | None) -> None:
    """A condition needs the paths whose absence makes it false, where its form shows it."""
    assert needs(condition) == needed


_VARIABLES = st.sampled_from([COUNT, DAYS, TRAIT, KNOWN, "orders.open"]).map(var)
_CONSTANTS = st.sampled_from([0, 1, 2.5, -1, "female", "", True, False, None])
_LEAVES = st.one_of(
    st.builds(
        lambda operator, left, right, turned: {operator: [right, left] if turned else [left, right]},
        st.sampled_from([">", ">=", "<", "<=", "=="]),
        _VARIABLES,
        _CONSTANTS,
        st.booleans(),
    ),
    st.builds(lambda left, right: {"in": [left, right]}, _VARIABLES, st.lists(_CONSTANTS, max_size=3)),
    _VARIABLES,
)
_CONDITIONS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda operator, parts: {operator: parts},
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=1),
        ),
        st.builds(lambda operator, part: {operator: [part]}, st.sampled_from(["!", "!!"]), inner),
    ),
    max_leaves=6,
)


@given(_CONDITIONS, st.integers(0, 400))
def test_needs__when_all_of_them_are_absent__the_condition_is_false(condition: Any, known: int) -> None:
    """The index is sound: what it leaves out could not have been true, whatever else is known."""
    needed = needs(condition)
    if needed is None:
        return
    others = {path: known for path in (COUNT, DAYS, KNOWN, "orders.open") if path not in needed}
    try:
        assert outcome(condition, {TRAIT: "female"} | others if TRAIT not in needed else others) is False
    except DataLogicError:
        # An error is reported as such; that it is not reported for somebody unconcerned is no loss.
        return


@given(_CONDITIONS)
def test_reads__of_any_condition__covers_what_the_engine_reads(condition: Any) -> None:
    """What the index knows of a condition is at least what the compiled condition reads."""
    facts = ENGINE.compile(condition).facts()
    assert {".".join(path) for path in facts["reads"]} <= reads(condition)


def test_null__compared__is_neither_small_nor_great() -> None:
    """Somebody who never did it did not do it less than seven days ago."""
    for operator in ("<", "<=", ">", ">="):
        assert ENGINE.eval({operator: [var(DAYS), 7]}, nested({DAYS: None})) is False
