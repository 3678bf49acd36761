"""What one event adds to which measures."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.events.model import Event
from chalicelib.events.types import EVENT_TYPES
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.texts import Text
from chalicelib.profiles.conditions import MOST_NODES, OPERATORS, nodes, reads
from chalicelib.profiles.measures import Measure, MeasureSet, deltas, load_measures
from chalicelib.profiles.model import Delta

CASES = json.loads((Path(__file__).parents[1] / "cases" / "tags_measures.json").read_text())
MEASURES = load_measures()


def event(type_: str, data: dict[str, Any], channel: str = "app") -> Event:
    return Event("e", type_, 0, 0, "t", "s", channel, (), data)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_event__of_a_type__adds_to_its_measures(case: dict[str, Any]) -> None:
    """The table says what each event adds."""
    found = deltas(MEASURES, event(case["type"], case["data"], case["channel"]), case["hour"], case.get("weekday"))
    assert {one.measure: one.amount for one in found} == case["adds"]
    assert [one.measure for one in found] == sorted(case["adds"])


@pytest.mark.parametrize(
    ("type_", "data", "code"),
    [
        ("order.paid", {"amount": "a lot"}, "bad_amount"),
        ("order.paid", {"amount": [1]}, "bad_amount"),
        ("survey.answered", {"score": "good"}, "bad_measure_input"),
        ("survey.answered", {"score": Decimal("2.5")}, "bad_number"),
        ("survey.answered", {"score": True}, "bad_number"),
        ("call.ended", {"duration_seconds": {"s": 1}}, "bad_number"),
    ],
)
def test_event__with_a_field_no_measure_can_read__is_refused(type_: str, data: dict[str, Any], code: str) -> None:
    """An event is measured whole or set aside."""
    with pytest.raises(BadInput) as refused:
        deltas(MEASURES, event(type_, data), 12)
    assert refused.value.code == code
    assert refused.value.path.startswith("data")


_DECIMALS = [Decimal("1.5"), Decimal("-0.01"), Decimal("1e30"), Decimal("5.0")]
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.sampled_from(_DECIMALS)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=4,
)
_FIELDS = st.sampled_from(["amount", "score", "topic", "text", "conversation_id", "resolved", "category", "path"])


@given(st.sampled_from(sorted(EVENT_TYPES)), st.dictionaries(_FIELDS, _JSON, max_size=5), st.integers(0, 23))
def test_event__with_any_values__is_measured_or_refused(type_: str, data: dict[str, Any], hour: int) -> None:
    """Nothing a sender can put into an event raises anything but BadInput."""
    try:
        found = deltas(MEASURES, event(type_, data), hour)
    except BadInput:
        return
    assert {one.measure for one in found} <= set(MEASURES.measures)


def test_measures__as_shipped__are_sound() -> None:
    """Known event types; two names; conditions of bounded size over an event's own fields."""
    for one in MEASURES.measures.values():
        assert set(one.on) <= set(EVENT_TYPES), one.id
        assert one.names.zh
        assert one.names.en
        assert one.amount is None or (one.amount.startswith("data.") and one.amount.count(".") == 1)
        parts = list(nodes(one.where))
        assert len(parts) <= MOST_NODES
        assert {name for part in parts if isinstance(part, dict) for name in part} <= OPERATORS
        for path in reads(one.where):
            head, _, rest = path.partition(".")
            assert head in {"type", "channel", "source", "hour", "weekday", "data"}
            assert "." not in rest


def test_measures__of_money__are_named_for_those_who_read_values() -> None:
    """Micros are turned into units of the currency when they are read."""
    assert MEASURES.money == {"carts", "discounts", "orders_paid", "orders_placed", "phone_bills", "refunds", "topups"}


def test_condition__of_a_field_that_holds_a_structure__sees_nothing() -> None:
    """Conditions see scalars only, so that no depth of input reaches the engine."""
    seen = Measure("seen", ("x.y",), Text("见", "seen"), where={"!!": [{"var": "data.deep"}]})
    assert deltas(MeasureSet([seen]), event("x.y", {"deep": {"a": [1]}}), 1) == ()
    assert deltas(MeasureSet([seen]), event("x.y", {"deep": 10**30}), 1) == (Delta("seen", 0),)
