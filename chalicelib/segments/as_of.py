"""A person as of an earlier day, from the profile of today alone: what a model is taught with, beside what followed.

A profile keeps day buckets for 90 days and months before that, so the past can be cut where a bucket ends: at any day of
the last 90, and at the first day of a month before. Two things keep what is learned honest. Nobody's past may show what
came later: buckets are first made as coarse for everybody as the moment of the scan makes them, and the times of the
last events are read off buckets, never off what only those have kept who did not come back. And what is known by month
only is spread evenly over the days it can have been on, so that windows of 30 and 90 days read as they do at run time;
where days are known, they are what they were.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from chalicelib.kernel.moments import DAY_MS, Millis, day_of, first_day_of, month_of
from chalicelib.profiles.model import Profile, Series
from chalicelib.profiles.series import DAYS_KEPT
from chalicelib.segments.timeline import Timeline

_MONTH_DAYS = 30


class Window(msgspec.Struct, frozen=True):
    """A cutoff, the end of what is looked at after it (both begin a day, which they exclude before and include after),
    and the moment of the scan.
    """

    cutoff: Millis
    end: Millis
    until: Millis

    @property
    def now(self) -> Millis:
        """The instant that features as of the cutoff are read for: the last one before it."""
        return self.cutoff - 1


def windows(until: Millis, horizon_days: int, earlier: int) -> tuple[Window, ...]:
    """Where a scan can cut: the last ``horizon_days`` (at most 90) before it, and ``earlier`` times as many whole months.

    The latest comes first, and none overlaps another. The earlier ones are as many months as the horizon has thirties of days.
    """
    today = day_of(until)
    cut = today - min(horizon_days, DAYS_KEPT)
    found = [Window(cut * DAY_MS, today * DAY_MS, until)]
    months = max(1, round(horizon_days / _MONTH_DAYS))
    end = month_of(cut)
    for _ in range(earlier):
        found.append(Window(first_day_of(end - months) * DAY_MS, first_day_of(end) * DAY_MS, until))
        end -= months
    return tuple(found)


def checked(window: Window) -> Window:
    """The window, if buckets end at its cutoff and end. Raises ValueError."""
    exact = day_of(window.until) - DAYS_KEPT
    for at in (window.cutoff, window.end):
        day = day_of(at)
        if at % DAY_MS or (day < exact and first_day_of(month_of(day)) != day):
            raise ValueError("A cutoff must begin one of the last 90 days, or a month.")
    return window


class Pasts:
    """A person of one scan, to be looked at as of several cutoffs: what these share is made once."""

    def __init__(self, profile: Profile, until: Millis) -> None:
        """``until`` is the moment of the scan, and that of every window that is asked about."""
        self.profile = profile
        self._until = until
        self._lines: dict[str, Timeline] = {}

    def line(self, measure: str) -> Timeline | None:
        """A measure over time; None of one that never happened."""
        line = self._lines.get(measure)
        if line is None:
            series = self.profile.series.get(measure)
            if series is None:
                return None
            line = self._lines[measure] = Timeline(series, self._until)
        return line

    def as_of(self, window: Window, measures: Collection[str] | None = None) -> Profile | None:
        """The profile as it was known when the window's cutoff began; None for somebody who came later.

        It says the same whatever followed. Of channels it knows those that were not used later, because when one was
        first used is kept nowhere: features of channels must not be learned from. Of ``measures`` alone it holds series,
        where they are given: all tell when somebody was last seen. Raises ValueError for a cutoff within a bucket.
        """
        checked(window)
        profile, cut = self.profile, day_of(window.cutoff)
        if profile.first_seen >= window.cutoff:
            return None
        past: dict[str, Series] = {}
        last_seen = [profile.first_seen]
        for name in profile.series:
            line = self.line(name)
            if line is None:
                continue
            if measures is not None and name not in measures:
                last_seen += line.last_before(cut)
            elif (series := line.before(cut)) is not None:
                past[name] = series
                last_seen.append(series.last_at)
        return msgspec.structs.replace(
            profile,
            last_seen=max(last_seen),
            links={key: one for key, one in profile.links.items() if one.first_seen < window.cutoff},
            traits={name: one for name, one in profile.traits.items() if one.observed_at < window.cutoff},
            series=past,
            steps=tuple([one for one in profile.steps if one.at < window.cutoff]),
            channels={name: at for name, at in profile.channels.items() if at < window.cutoff},
            claims={},
        )


def as_of(profile: Profile, window: Window) -> Profile | None:
    """The profile as of one cutoff (``Pasts.as_of``)."""
    return Pasts(profile, window.until).as_of(window)
