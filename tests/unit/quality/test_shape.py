"""Fields and types that went missing of a source's events."""

from __future__ import annotations

import pytest

from chalicelib.quality.shape import missing_fields, missing_types

USUAL = {"order.paid": 2_000, "order.paid|amount": 1_980, "order.paid|items": 900, "page.viewed": 8_000}


@pytest.mark.parametrize(
    ("amounts", "items", "expected"),
    [
        (99, 45, []),
        (90, 40, []),
        (20, 45, ["order.paid|amount"]),
        (0, 0, ["order.paid|amount", "order.paid|items"]),
    ],
)
def test_fields__share_far_below_the_usual__are_missing(amounts: int, items: int, expected: list[str]) -> None:
    """A field of which half is gone is missed; a wobble, or one that comes more often, is not."""
    recent = {"order.paid": 100, "order.paid|amount": amounts, "order.paid|items": items}
    assert [one.name for one in missing_fields(recent, USUAL)] == expected


def test_fields__of_few_events_or_rare_ones__are_not_judged() -> None:
    """Thirty events are the least; a field that one in thirty carries is no promise."""
    assert missing_fields({"order.paid": 29}, USUAL) == ()
    assert missing_fields({"order.paid": 100}, {"order.paid": 3_000, "order.paid|reason": 90}) == ()


def test_fields__missing_before__are_back_only_near_the_usual() -> None:
    """Hysteresis: at 60% it is not called missing anew, and not called back either."""
    recent = {"order.paid": 100, "order.paid|amount": 60, "order.paid|items": 45}
    assert missing_fields(recent, USUAL) == ()
    assert [one.name for one in missing_fields(recent, USUAL, ["order.paid|amount"])] == ["order.paid|amount"]
    assert missing_fields({**recent, "order.paid|amount": 85}, USUAL, ["order.paid|amount"]) == ()


def test_types__that_stopped__are_missing() -> None:
    """A shop whose pages are viewed as ever and whose orders no longer come."""
    (found,) = missing_types({"page.viewed": 570}, USUAL, 14)
    assert (found.name, found.share, found.usual) == ("order.paid", 0.0, 0.2)


def test_types__a_rush_of_another_type__makes_none_missing() -> None:
    """Negative control: a campaign brings twenty times the pages; the orders come as ever."""
    assert missing_types({"page.viewed": 11_000, "order.paid": 140}, USUAL, 14) == ()


def test_types__missing_before__are_back_at_two_fifths() -> None:
    """Hysteresis, as for fields."""
    at_a_third = {"page.viewed": 570, "order.paid": 48}
    assert missing_types(at_a_third, USUAL, 14) == ()
    assert [one.name for one in missing_types(at_a_third, USUAL, 14, ["order.paid"])] == ["order.paid"]
