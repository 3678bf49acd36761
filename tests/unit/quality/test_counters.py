"""What is counted of a source's events, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.privacy.fields import SOURCE_TRAITS
from chalicelib.profiles.model import Delta
from chalicelib.quality.counters import ARRIVALS, FEEDS, KEPT_DAYS, SHAPE, VALUES, counts_of
from tests.flows.world import NOW, event

DAY = NOW // DAY_MS


def names(family: str, type: str, **data: Any) -> set[str]:
    counted = counts_of(event(type, **data), (), SOURCE_TRAITS)
    return {one.name for one in counted if one.family == family + "s_web"}


def test_counts__of_an_event__are_its_arrival_shape_values_and_measures() -> None:
    """An event counts once in its hour, once of its type, once for each field, value and measure."""
    paid = event("order.paid", order_id="o1", amount="12.34")
    counted = {
        (one.family, one.bucket, one.name, one.amount) for one in counts_of(paid, (Delta("orders_paid", 5),), ())
    }
    assert counted == {
        (ARRIVALS, NOW // HOUR_MS, "s_web", 1),
        (SHAPE + "s_web", DAY, "order.paid", 1),
        (SHAPE + "s_web", DAY, "order.paid|order_id", 1),
        (SHAPE + "s_web", DAY, "order.paid|amount", 1),
        (VALUES + "s_web", DAY, "order.paid|amount|2^10", 1),
        (FEEDS + "s_web", DAY, "orders_paid", 1),
        (FEEDS + "s_web", DAY, "p.silent", 1),
        (FEEDS + "s_web", DAY, "orders.*", 1),
    }
    assert {one.expires_at for one in counts_of(paid, (), ())} == {(DAY + KEPT_DAYS) * DAY_MS}


def test_counts__late_event__arrived_and_says_nothing_of_today() -> None:
    """An import of three years shows that somebody sends, and not how a source is now."""
    late = event("order.paid", order_id="o1", amount="12.34", at=NOW - 8 * DAY_MS)
    assert [one.family for one in counts_of(late, (Delta("orders_paid", 5),), ())] == [ARRIVALS]


@pytest.mark.parametrize(
    ("type_", "data", "expected"),
    [
        ("survey.answered", {"score": 4}, {"survey.answered|score|4"}),
        ("call.ended", {"duration_seconds": 130}, {"call.ended|duration_seconds|2^7"}),
        ("order.paid", {"amount": "-3.00"}, {"order.paid|amount|-2^8"}),
        ("order.paid", {"amount": "0"}, {"order.paid|amount|0"}),
        ("order.paid", {"amount": "9" * 200}, {"order.paid|amount|other"}),
        ("conversation.closed", {"resolved": True}, {"conversation.closed|resolved|true"}),
        ("conversation.closed", {"resolved": "yes"}, {"conversation.closed|resolved|other"}),
        ("message.received", {"topic": "refund"}, {"message.received|topic|refund"}),
        ("message.received", {"text": "我的电话是13800138000", "conversation_id": "c1"}, set()),
        ("profile.described", {"traits": {"notify_channel": "sms"}}, {"profile.described|t.notify_channel|sms"}),
        ("profile.described", {"traits": {"name": "张三", "phone": "13907551234", "birth_date": "1990-01-01"}}, set()),
        ("profile.described", {"traits": {"is_vip": True}}, set()),
        ("custom.anything", {"amount": 5}, {"custom|amount|2^8"}),
    ],
)
def test_values__of_a_field__lie_in_bins(type_: str, data: dict[str, Any], expected: set[str]) -> None:
    """Numbers by powers of two, words that are declared by themselves; personal ones, ids and texts not at all."""
    assert names(VALUES, type_, **data) == expected


def test_words__that_nobody_declared__count_by_checksum() -> None:
    """A category or a city is not written down; two different ones mostly fall into two bins."""
    found = names(VALUES, "profile.described", traits={"city": "上海"})
    assert len(found) == 1 and "上海" not in str(found)
    assert len({str(names(VALUES, "profile.described", traits={"city": f"城市{one}"})) for one in range(40)}) > 8


def test_shape__fields__are_there_or_not_even_when_sealed() -> None:
    """A personal field counts as carried; what nobody declared, or the source may not write, does not count."""
    data = {"traits": {"phone": "13907551234", "is_vip": True, "unheard": 1, "city": None}, "nonsense": 1}
    assert names(SHAPE, "profile.described", **data) == {"profile.described", "profile.described|t.phone"}
