"""From what somebody did to a profile: by the product's own fold for some, and by sums that equal it for many.

Counting for many takes what an event adds from the product's measures, once for each shape of event, and puts the
days together in one go; ``tests/unit/segments`` holds its features to those of the fold.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chalicelib.events.model import Event
from chalicelib.flows.admission import with_topic
from chalicelib.kernel.moments import Millis, day_of, local_hour, local_weekday
from chalicelib.profiles.measures import MeasureSet, deltas
from chalicelib.profiles.model import Bucket, Delta, Profile, Series
from chalicelib.profiles.series import prune
from infra.segments.people import TENANT, Act, Who, events
from infra.truth.moments import HOUR_MS, TIMEZONE
from infra.truth.pathway import Door, profile_of

_ZONE = 8


def folded(measures: MeasureSet, who: Who, acts: list[Act], now: Millis) -> Profile | None:
    """The profile that the product makes of the events: checked, normalised, measured, folded and joined."""
    door = Door(measures)
    arrived = [door.take(event) for event in events(who, [act for act in acts if act.at <= now])]
    if door.refused:
        raise ValueError(f"Invented events were refused: {dict(door.refused)}.")
    return profile_of([one for one in arrived if one is not None], now)


class Counter:
    """Makes profiles of many people's acts."""

    def __init__(self, measures: MeasureSet) -> None:
        self._measures = measures
        self._known: dict[tuple[Any, ...], tuple[Delta, ...]] = {}

    def profile(self, acts: Iterable[Act], now: Millis) -> Profile:
        """The profile as of a moment; of its parts, those that features read."""
        days: dict[str, dict[int, list[int]]] = {}
        ends: dict[str, list[int]] = {}
        channels: dict[str, Millis] = {}
        first = last = 0
        for act in acts:
            if act.at > now:
                continue
            first, last = min(first or act.at, act.at), max(last, act.at)
            channels[act.channel] = max(channels.get(act.channel, 0), act.at)
            day = day_of(act.at)
            for delta in self._deltas(act):
                bucket = days.setdefault(delta.measure, {}).setdefault(day, [0, 0])
                bucket[0] += 1
                bucket[1] += delta.amount
                end = ends.setdefault(delta.measure, [act.at, act.at, 0])
                end[0], end[1], end[2] = min(end[0], act.at), max(end[1], act.at), max(end[2], delta.amount)
        series = {name: prune(_series(days[name], ends[name]), last) for name in days}
        return Profile("p_1", 1, "active", 1, first, last, {}, {}, series, (), channels)

    def _deltas(self, act: Act) -> tuple[Delta, ...]:
        hour = act.at // HOUR_MS + _ZONE
        key = (act.type, act.channel, hour % 24, (hour // 24) % 7, *act.data.items())
        found = self._known.get(key)
        if found is None:
            event = with_topic(Event("e", act.type, act.at, act.at, TENANT, "s_shop", act.channel, (), act.data))
            weekday = local_weekday(act.at, TIMEZONE)
            found = self._known[key] = deltas(self._measures, event, local_hour(act.at, TIMEZONE), weekday)
        return found


def _series(days: dict[int, list[int]], ends: list[int]) -> Series:
    buckets = tuple(Bucket(day, *days[day]) for day in sorted(days))
    count, total = sum(one.count for one in buckets), sum(one.total for one in buckets)
    return Series(ends[0], ends[1], count, total, ends[2], buckets, ())
