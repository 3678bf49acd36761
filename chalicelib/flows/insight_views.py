"""The answers about many people as types. Every number in them is a count of at least five, or made of such counts."""

from __future__ import annotations

from typing import Any

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


class TagCountView(msgspec.Struct, frozen=True):
    """How many people have a tag: null below 5. ``confidence`` is how many have it how surely, in ten equal steps."""

    id: str
    name: Text
    class_: str = msgspec.field(name="class")
    dimension: str
    people: int | None
    share: float | None
    confidence: tuple[int | None, ...]


class MeasureSpreadView(msgspec.Struct, frozen=True):
    """How often people did something in the last 30 days: how many did it ``from`` so often up to the next step."""

    id: str
    name: Text
    per_person: float | None
    steps: tuple[StepView, ...]


class StepView(msgspec.Struct, frozen=True):
    """``people`` did it at least ``from_`` times and less often than the next step says; null below 5."""

    from_: int = msgspec.field(name="from")
    people: int | None


class TagCountsView(msgspec.Struct, frozen=True):
    """The newest count of all people, or that of a day. ``people`` is null below 5."""

    day: str
    counted_at: str
    catalogue_version: int
    people: int | None
    tags: tuple[TagCountView, ...]
    measures: tuple[MeasureSpreadView, ...]


class CellView(msgspec.Struct, frozen=True):
    """Of the ``members`` of a group, how many have the tag, and how much more often than usual (``lift``)."""

    value: str
    members: int | None
    people: int | None
    share: float | None
    lift: float | None


class DayView(msgspec.Struct, frozen=True):
    """One day: people with the tag, and their share of all."""

    day: str
    people: int | None
    share: float | None


class TagDistributionView(msgspec.Struct, frozen=True):
    """One tag: by group and by day. What fewer than 5 have is null, and so is what would tell it by subtraction."""

    id: str
    name: Text
    day: str
    counted_at: str
    people: int | None
    share: float | None
    confidence: tuple[int | None, ...]
    by: dict[str, tuple[CellView, ...]]
    history: tuple[DayView, ...]


class GroupSignalView(msgspec.Struct, frozen=True):
    """One signal of a group's tag, and the values that it read."""

    id: str
    says: Text
    weight: float
    true: bool
    values: dict[str, Any]


class GroupTagView(msgspec.Struct, frozen=True):
    """A tag that a group has, and why: its confidence is the weight of its true signals."""

    id: str
    name: Text
    class_: str = msgspec.field(name="class")
    dimension: str
    confidence: float
    since: str
    signals: tuple[GroupSignalView, ...]


class GroupView(msgspec.Struct, frozen=True):
    """A group: everybody (``crowd``), or the people of one region, member level, age band, segment or channel."""

    grouping: str
    value: str
    members: int | None
    part: float | None
    growth: float | None
    tags: tuple[GroupTagView, ...]


class GroupsView(msgspec.Struct, frozen=True):
    """All groups of the newest count."""

    day: str
    counted_at: str
    groups: tuple[GroupView, ...]
