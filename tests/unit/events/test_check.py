"""An event is accepted within its bounds and refused just outside, with a code."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.events.check import check
from chalicelib.events.model import Event, Identifier
from chalicelib.kernel.errors import BadInput, TooLarge
from chalicelib.kernel.moments import DAY_MS

NOW = 1_772_366_400_000
USER = Identifier("user_id", "u-1")
GOOD = Event(
    id="e-1", type="order.paid", time=NOW, received_at=NOW, tenant="t", source="s", channel="shop", identifiers=(USER,)
)  # fmt: skip


def event(**changes: Any) -> Event:
    """A good event with changes."""
    return msgspec.structs.replace(GOOD, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"id": "x" * 256},
        {"type": "custom.thing"},
        {"time": NOW + 300_000},
        {"time": NOW - 730 * DAY_MS},
        {"identifiers": tuple(Identifier("email", str(n)) for n in range(10))},
        {"identifiers": (Identifier("user_id", "x" * 1024),)},
        {"data": {"text": "x" * 32_000}},
    ],
)
def test_check__at_the_bound__accepted(changes: dict[str, Any]) -> None:
    """The bounds themselves are let in."""
    check(event(**changes), NOW)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": ""}, "bad_id"),
        ({"id": "x" * 257}, "bad_id"),
        ({"id": "a\u2028b"}, "bad_id"),
        ({"type": "order.eaten"}, "bad_type"),
        ({"type": "custom."}, "bad_type"),
        ({"type": "custom.a b"}, "bad_type"),
        ({"channel": "fax"}, "bad_channel"),
        ({"time": NOW + 300_001}, "future_event"),
        ({"time": NOW - 730 * DAY_MS - 1}, "beyond_horizon"),
        ({"identifiers": ()}, "no_identifier"),
        (
            {"identifiers": tuple(Identifier("email", str(n)) for n in range(11))},
            "too_many_identifiers",
        ),
        ({"identifiers": (USER, Identifier("phone", ""))}, "empty_identifier"),
        ({"identifiers": (USER, Identifier("phone", "\t"))}, "empty_identifier"),
        ({"identifiers": (Identifier("user_id", "知" * 342),)}, "identifier_too_long"),
        ({"data": {"n": 2**64}}, "bad_number"),
    ],
)
def test_check__outside_the_bound__refused(changes: dict[str, Any], code: str) -> None:
    """One step outside is refused with the code of the bound."""
    with pytest.raises(BadInput) as caught:
        check(event(**changes), NOW)
    assert caught.value.code == code


def test_check__size__counts_bytes_of_the_whole_event() -> None:
    """32 KB are counted as encoded: 11,000 letters of Chinese are too many."""
    with pytest.raises(TooLarge, match="event_too_large"):
        check(event(data={"text": "知" * 11_000}), NOW)


def test_check__horizon__is_an_argument() -> None:
    """A tenant may accept older events; the message names the horizon."""
    old = event(time=NOW - 1000 * DAY_MS)
    check(old, NOW, horizon_days=1000)
    with pytest.raises(BadInput, match="999 days"):
        check(old, NOW, horizon_days=999)
