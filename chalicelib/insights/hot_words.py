"""How mentions are tallied, and how tallies are read again: by hour, region, segment and channel.

One tally per hour and region, and one per hour for all regions, holds how many messages spoke of each word, by segment
and channel. A message counts once per word, and once as a message (``EVERY``), whatever it speaks of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from chalicelib.insights.usual import Compared, Counted, coarse, compare
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, Millis

type HourCounts = Mapping[int, Mapping[str, int]]
"""Hour since the epoch → tally key → count."""

WINDOW_HOURS: Mapping[str, int] = {"1h": 1, "24h": 24, "7d": 167}
"""Whole hours of a window, before the one that goes on. None reaches into the week before."""
WEEKS = 4
WEEK_HOURS = 168
DAY_HOURS = 24
KEPT_MS = 36 * DAY_MS
"""How long a tally is kept: the seventh day of a window, four weeks before it, and a day to spare."""
FAMILY = "words"
EVERY = "*"
"""In place of a word: the messages themselves. In place of a region, segment or channel: all of them."""
_BETWEEN = "~"


class Mention(msgspec.Struct, frozen=True):
    """One message: when and where it came from, and the words it speaks of."""

    at: Millis
    region: str
    segment: str
    channel: str
    words: frozenset[str]


def tallied(mention: Mention) -> Iterator[tuple[str, int, str]]:
    """Family, hour and key of everything that a mention adds 1 to."""
    hour = mention.at // HOUR_MS
    for region in (EVERY, mention.region):
        for word in (EVERY, *sorted(mention.words)):
            yield family_of(region), hour, _BETWEEN.join((word, mention.segment, mention.channel))


def family_of(region: str) -> str:
    """The tallies of a region; ``EVERY``: of all."""
    return FAMILY if region == EVERY else f"{FAMILY}.{region}"


class Span(msgspec.Struct, frozen=True):
    """A window that ends now: its first hour, the hour that goes on, and the share of that which is over."""

    first: int
    last: int
    part: float

    @property
    def hours(self) -> int:
        """Hours, the one that goes on included."""
        return self.last - self.first + 1

    @property
    def exposure(self) -> float:
        """Its time ÷ the time of as many whole hours."""
        return (self.hours - 1 + self.part) / self.hours


def span_of(window: str, now: Millis) -> Span:
    """The whole hours of a window and the hour that goes on."""
    last, part = divmod(now, HOUR_MS)
    return Span(last - WINDOW_HOURS[window], last, part / HOUR_MS)


def hours_needed(span: Span) -> tuple[range, ...]:
    """The hours whose tallies a comparison reads: the window, its past, and the past of the next day."""
    weeks = [week * WEEK_HOURS for week in range(1, WEEKS + 1)]
    if span.hours >= WEEK_HOURS:
        return (range(span.first - weeks[-1], span.last + 1),)
    # Not beyond the window: past hours are over, and the next day of the last week ends where the window does.
    past = [range(span.first - back, span.last - back + DAY_HOURS + 1) for back in reversed(weeks)]
    return (*past, range(span.first, span.last + 1))


class Usual(msgspec.Struct, frozen=True):
    """The words of a window against their usual. ``weeks`` past weeks could be compared with."""

    messages: int
    weeks: int
    words: dict[str, Compared]


def against_usual(
    tallies: HourCounts, span: Span, segment: str = EVERY, channel: str = EVERY, *, of_all: bool = False
) -> Usual:
    """Compare what a window was about with the same hours of the weeks before.

    Unless it is asked ``of_all`` regions, segments and channels, counts are coarse: exact ones of two answers could be
    subtracted, and the rest may be one person.

    A week in which nothing at all was counted is no week to compare with: the tenant was not there, or its source
    was silent.
    """
    summed = _summing(tallies, segment, channel)
    now = summed(range(span.first, span.last + 1))
    spans = [
        (range(span.first - back, span.last - back + 1), range(span.last - back + 1, span.last - back + 1 + DAY_HOURS))
        for back in (week * WEEK_HOURS for week in range(1, WEEKS + 1))
    ]
    weeks = [(past, summed(ahead)) for past, ahead in ((summed(past), ahead) for past, ahead in spans) if past]
    exposure = span.exposure / len(weeks) if weeks else 0.0
    told = int if of_all else coarse
    counted = {
        word: Counted(
            now=told(count),
            past=told(sum(past.get(word, 0) for past, _ in weeks)),
            next_days=tuple(told(ahead.get(word, 0)) for _, ahead in weeks),
        )
        for word, count in now.items()
        if word != EVERY
    }
    return Usual(told(now.get(EVERY, 0)), len(weeks), compare(counted, exposure))


def _summing(tallies: HourCounts, segment: str, channel: str) -> Callable[[Iterable[int]], dict[str, int]]:
    def summed(hours: Iterable[int]) -> dict[str, int]:
        total: dict[str, int] = {}
        for hour in hours:
            for key, count in tallies.get(hour, {}).items():
                word, of_segment, of_channel = key.split(_BETWEEN)
                if segment in {EVERY, of_segment} and channel in {EVERY, of_channel}:
                    total[word] = total.get(word, 0) + count
        return total

    return summed


def expires_at(at: Millis) -> Millis:
    """When the tally of an instant's hour may go: the same for all of its hour."""
    return at // HOUR_MS * HOUR_MS + KEPT_MS
