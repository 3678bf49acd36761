"""The operators of our own: each is a short way to write plain JSONLogic, and says how it is used wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.profiles.conditions import ENGINE, needs, reads
from chalicelib.profiles.operators import OURS, BadOperator, expand


@pytest.mark.parametrize(
    ("short", "path"),
    [
        ({"count": ["orders_paid", 30]}, "m.orders_paid.count_30d"),
        ({"count": "orders_paid"}, "m.orders_paid.count"),
        ({"sum": ["orders_paid", 365]}, "m.orders_paid.sum_365d"),
        ({"mean": ["surveys"]}, "m.surveys.mean"),
        ({"max_of": "orders_paid"}, "m.orders_paid.max"),
        ({"days_since": "contacts"}, "m.contacts.days_since_last"),
        ({"days_since_first": ["contacts"]}, "m.contacts.days_since_first"),
        ({"gap_days": "orders_paid"}, "m.orders_paid.gap_days"),
        ({"trend": ["contacts", 7]}, "m.contacts.trend_7d"),
        ({"active_days": ["sessions", 90]}, "m.sessions.active_days_90d"),
        ({"trait": "region"}, "t.region"),
        ({"scene": "night"}, "scene.night"),
    ],
)
def test_operator__of_a_value__is_a_path(short: Any, path: str) -> None:
    """An operator that names a value reads one path."""
    assert expand(short) == {"var": path}


def test_expand__deep_inside_plain_conditions__leaves_them_as_they_are() -> None:
    """Only operators of ours are rewritten, wherever they stand."""
    condition = {"and": [{">=": [{"count": ["contacts", 7]}, 2]}, {"in": [{"trait": "region"}, ["a", "b"]]}]}
    assert expand(condition) == {
        "and": [{">=": [{"var": "m.contacts.count_7d"}, 2]}, {"in": [{"var": "t.region"}, ["a", "b"]]}]
    }
    assert expand(expand(condition)) == expand(condition)


@pytest.mark.parametrize(("refunds", "orders", "expected"), [(1, 4, 0.25), (0, 4, 0), (2, 0, None), (0, 0, None)])
def test_share__of_counts__is_null_where_there_is_nothing_to_share(
    refunds: int, orders: int, expected: float | None
) -> None:
    """One count over another; nothing over nothing is unknown, not 0."""
    condition = expand({"share": ["refunds", "orders_paid", 90]})
    flat = {"m": {"refunds": {"count_90d": refunds}, "orders_paid": {"count_90d": orders}}}
    assert ENGINE.eval(condition, flat) == expected


def test_within__of_something_that_never_was__is_false_and_needs_it() -> None:
    """Somebody who never did it did not do it lately; an index may leave the rule out."""
    condition = expand({"within": ["contacts", 7]})
    assert ENGINE.eval(condition, {"m": {"contacts": {"days_since_last": None}}}) is False
    assert ENGINE.eval(condition, {"m": {"contacts": {"days_since_last": 6}}}) is True
    assert ENGINE.eval(condition, {"m": {"contacts": {"days_since_last": 7}}}) is False
    assert needs(condition) == reads(condition) == {"m.contacts.days_since_last"}


def test_says__in_any_language__finds_a_word_in_the_text() -> None:
    """A message that holds one of the words says it; no message says nothing."""
    condition = expand({"says": ["退款", "Refund"]})
    assert ENGINE.eval(condition, {"text": "我要退款"}) is True
    assert ENGINE.eval(condition, {"text": "a refund, please"}) is True
    assert ENGINE.eval(condition, {"text": "hello"}) is False
    assert not ENGINE.eval(condition, {"text": None})


@pytest.mark.parametrize("operator", sorted(OURS))
@pytest.mark.parametrize("wrong", [7, [], [7, "x", None], {"var": "t.region"}, ["orders_paid", 31, 4]])
def test_operator__used_wrongly__says_how_it_is_used(operator: str, wrong: Any) -> None:
    """An operator refuses what it does not take, with an example of what it does."""
    if operator == "ratio" and isinstance(wrong, list) and len(wrong) == 2:
        return
    with pytest.raises(BadOperator) as refused:
        expand({operator: wrong})
    assert refused.value.suggestion


def test_window__that_is_not_kept__names_those_that_are() -> None:
    """A window of 31 days is refused with the list of windows."""
    with pytest.raises(BadOperator, match="31 days") as refused:
        expand({"count": ["contacts", 31]})
    assert "30" in refused.value.suggestion
