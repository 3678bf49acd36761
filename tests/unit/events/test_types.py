"""The registry of types is what the contract lists, and names lead to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.values import read
from chalicelib.events.types import (
    CUSTOM,
    EVENT_TYPES,
    fields_of,
    is_type,
    type_from_words,
    words_of,
)
from chalicelib.kernel.errors import BadInput

CONTRACT = [
    "profile.described",
    "session.started",
    "page.viewed",
    "search.performed",
    "message.received",
    "message.sent",
    "conversation.opened",
    "conversation.closed",
    "conversation.transferred",
    "call.started",
    "call.ended",
    "ticket.opened",
    "ticket.assigned",
    "ticket.replied",
    "ticket.resolved",
    "ticket.reopened",
    "ticket.closed",
    "complaint.filed",
    "survey.answered",
    "order.placed",
    "order.paid",
    "order.shipped",
    "order.delivered",
    "order.refunded",
    "order.cancelled",
    "payment.failed",
    "cart.updated",
    "subscription.started",
    "subscription.expiring",
    "subscription.ended",
    "price.changed",
    "feature.used",
    "consent.granted",
    "consent.withdrawn",
    "agent.presence_changed",
    "ticket.escalated",
    "ticket.breached",
    "ticket.chased",
    "bill.issued",
    "bill.paid",
    "bill.overdue",
    "card.issued",
    "card.used",
    "card.blocked",
    "transfer.sent",
    "transfer.received",
    "investment.bought",
    "investment.redeemed",
    "investment.maturing",
    "loan.applied",
    "loan.approved",
    "loan.declined",
    "loan.repaid",
    "insurance.bought",
    "insurance.claimed",
    "insurance.settled",
    "alert.raised",
    "usage.recorded",
    "usage.exceeded",
    "plan.changed",
    "plan.expiring",
    "topup.made",
    "porting.requested",
    "outage.reported",
    "outage.ended",
    "appointment.kept",
    "appointment.missed",
    "account.locked",
    "password.reset",
    "request.submitted",
    "request.approved",
    "request.rejected",
    "course.completed",
]


def test_types__registered__those_of_the_contract() -> None:
    """The registered types are exactly those that the contract lists."""
    assert sorted(EVENT_TYPES) == sorted(CONTRACT)


@pytest.mark.parametrize("name", CONTRACT)
def test_type__in_words__found(name: str) -> None:
    """Every type is found by its words, in any common spelling."""
    words = name.replace(".", " ").replace("_", " ")
    for spelling in (
        words,
        words.title(),
        words.upper(),
        words.replace(" ", "_"),
        words.title().replace(" ", ""),
        name,
    ):
        assert type_from_words(spelling) == name


def test_fields__every_kind__has_a_reader() -> None:
    """No type names a kind that nobody reads: each reader refuses an object with a code."""
    for name in EVENT_TYPES:
        for field, kind in fields_of(name).items():
            with pytest.raises(BadInput):
                read(kind, {}, field)
    assert fields_of("custom.x") == {}


@given(st.text(max_size=80))
def test_type_from_words__any_text__valid_and_stable(name: str) -> None:
    """Any name becomes a valid type, and that type is its own name."""
    found = type_from_words(name)
    assert is_type(found)
    assert type_from_words(found) == found
    assert found in EVENT_TYPES or found.startswith(CUSTOM)


def test_words_of__camel_and_signs__snake() -> None:
    """Names of every style become one style."""
    assert [words_of(each) for each in ("orderCompleted", "Order  Completed!", "v2 Beta", "领取 优惠券")] == [
        "order_completed", "order_completed", "v2_beta", "领取_优惠券"
    ]  # fmt: skip
