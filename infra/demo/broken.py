"""Events as broken senders make them. The doors must refuse or quarantine each, and lose no other for it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from infra.demo.people import Person
from infra.demo.sending import SEGMENT, WEBHOOK, Millis, Sending

YEAR_2099_MS = 4_070_908_800_000

# fault → (door, type, fields that make it wrong)
FAULTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "future": (SEGMENT, "order.paid", {}),
    "negative_amount": (SEGMENT, "order.paid", {"amount": "-120.00"}),
    "blocked_identifier": (SEGMENT, "order.paid", {}),
    "wrong_type": (SEGMENT, "order.paid", {"amount": True, "items": "three"}),
    "bad_time": (WEBHOOK, "survey.answered", {}),
    "no_identifier": (WEBHOOK, "survey.answered", {}),
    "score_out_of_range": (WEBHOOK, "survey.answered", {"score": 99}),
}


def broken(rng: Random, people: Sequence[Person], now: Millis, count: int) -> list[Sending]:
    """``count`` broken events, the faults in turn, each in the name of a registered person."""
    registered = [person for person in people if person.stage != "guest"] or list(people)
    kinds = tuple(FAULTS)
    return [
        _spoilt(kinds[index % len(kinds)], index, rng.choice(registered), now - rng.randint(60_000, 80_000_000))
        for index in range(count)
    ]


def _spoilt(fault: str, index: int, person: Person, at: Millis) -> Sending:
    door, type_, wrong = FAULTS[fault]
    names: tuple[tuple[str, str], ...] = (("user_id", person.user_id),)
    if fault == "no_identifier":
        names = ()
    if fault == "blocked_identifier":
        names = (("user_id", "无"),)
    if door == SEGMENT:
        data: dict[str, Any] = {"order_id": f"o-broken-{index}", "amount": "10.00", "currency": "CNY", "items": 1}
    else:
        data = {"score": 3, "ticket_id": f"t-broken-{index}"}
    return Sending(
        door=door,
        id=f"e-broken-{index}",
        type=type_,
        at=YEAR_2099_MS if fault == "future" else at,
        arrives=at,
        channel="shop" if door == SEGMENT else "desk",
        identifiers=names,
        data=data | wrong,
        person=person.index,
        fault=fault,
        time_text="昨天下午三点" if fault == "bad_time" else "",
    )
