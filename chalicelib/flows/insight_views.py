"""The answers about many people as types. Every number in them is a count of at least five, or made of such counts."""

from __future__ import annotations

import msgspec

from chalicelib.kernel.texts import Text


class ForecastView(msgspec.Struct, frozen=True):
    """The next 24 hours: the mean of the same hours of past weeks, and an interval that holds 8 times in 10."""

    expected: float
    low: float
    high: float


class HotWordView(msgspec.Struct, frozen=True):
    """One word in the window against the same hours of the weeks before.

    ``expected`` is null where the past has fewer than 5; ``lift`` is then the least that it may be
    (``lift_is_floor``). ``rises``: the false discovery rate ``q`` is at most 0.05 and the lift at least 1.2.
    """

    id: str
    name: Text
    topic: str
    trade: str
    count: int
    share: float
    expected: float | None
    lift: float | None
    lift_is_floor: bool
    p: float | None
    q: float | None
    rises: bool
    forecast: ForecastView | None


class HotWordsView(msgspec.Struct, frozen=True):
    """What people ask now. ``messages`` is null below 5; ``weeks`` past weeks could be compared with."""

    window: str
    since: str
    until: str
    region: str | None
    segment: str | None
    channel: str | None
    messages: int | None
    weeks: int
    risers: tuple[str, ...]
    words: tuple[HotWordView, ...]
