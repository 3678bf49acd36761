"""What goes wrong between what happened and what arrives: late, twice, broken, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any

import msgspec

from chalicelib.events.model import Event
from infra.truth.moments import DAY_MS, END, HOUR_MS, MINUTE_MS, Millis
from infra.truth.pathway import Arrived

LATE_SHARE = TWICE_SHARE = BROKEN_SHARE = 0.05
LATEST_DAYS = 10
SILENT_DAYS = 7
SILENT_FROM: Millis = END - SILENT_DAYS * DAY_MS


def faulty(events: Iterable[Event], rng: Random, *, lost: bool = False) -> Iterator[Event]:
    """The events as they arrive from bad senders: 5% late, 5% twice, 5% broken.

    A broken one comes in addition to the true ones, as from a sender that repairs and sends again; where they are
    ``lost``, it comes in the place of one.
    """
    for event in events:
        late = rng.random() < LATE_SHARE
        delay = rng.randrange(HOUR_MS, LATEST_DAYS * DAY_MS) if late else rng.randrange(MINUTE_MS)
        arriving = msgspec.structs.replace(event, received_at=event.time + delay)
        broken = rng.random() < BROKEN_SHARE
        if broken:
            yield rng.choice(_BREAKS)(msgspec.structs.replace(arriving, id=f"{event.id}-x"))
        if not (broken and lost):
            yield arriving
        if rng.random() < TWICE_SHARE:
            yield msgspec.structs.replace(arriving, received_at=arriving.received_at + rng.randrange(DAY_MS))


def without(arrived: Iterable[Arrived], source: str) -> list[Arrived]:
    """What a company has one of whose sources has been silent for a week."""
    return [one for one in arrived if one.contribution.source != source or one.contribution.at < SILENT_FROM]


def _in_2099(event: Event) -> Event:
    return msgspec.structs.replace(event, time=4_070_908_800_000)


def _long_ago(event: Event) -> Event:
    return msgspec.structs.replace(event, time=event.time - 900 * DAY_MS)


def _of_nobody(event: Event) -> Event:
    return msgspec.structs.replace(event, identifiers=())


def _of_no_type(event: Event) -> Event:
    return msgspec.structs.replace(event, type="Something Happened!")


def _by_no_channel(event: Event) -> Event:
    return msgspec.structs.replace(event, channel="carrier pigeon")


def _too_large(event: Event) -> Event:
    data: dict[str, Any] = {**event.data, "note": "x" * 40_000}
    return msgspec.structs.replace(event, data=data)


_BREAKS: tuple[Callable[[Event], Event], ...] = (
    _in_2099,
    _long_ago,
    _of_nobody,
    _of_no_type,
    _by_no_channel,
    _too_large,
)
