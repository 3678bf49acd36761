"""What a day's count comes to: counts, and how they went over the last days; and what of it may be shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from chalicelib.insights.counting import Counts
from chalicelib.insights.groupings import CROWD
from chalicelib.insights.usual import LEAST_SHOWN
from chalicelib.kernel.moments import Millis

HISTORY_DAYS = 60
"""How many days before it a result remembers."""

type Days = list[tuple[int, int]]
"""Day since the epoch and people then, oldest first."""


class Result(msgspec.Struct, array_like=True):
    """The counts of one tenant and day. ``sizes`` are people by group, ``tagged`` people by tag, over the last days."""

    day: int
    at: Millis
    catalogue_version: int
    counts: Counts
    sizes: dict[str, Days]
    tagged: dict[str, Days]


def result_of(counts: Counts, day: int, at: Millis, version: int, before: Result | None) -> Result:
    """A day's result, with the history of the one before. A day that is counted again takes its own place."""
    everyone = counts.groups[CROWD].tags if CROWD in counts.groups else {}
    return Result(
        day=day,
        at=at,
        catalogue_version=version,
        counts=counts,
        sizes=_grown({} if before is None else before.sizes, {k: g.people for k, g in counts.groups.items()}, day),
        tagged=_grown({} if before is None else before.tagged, everyone, day),
    )


def _grown(before: Mapping[str, Days], now: Mapping[str, int], day: int) -> dict[str, Days]:
    kept = {name: [one for one in days if day - HISTORY_DAYS <= one[0] < day] for name, days in before.items()}
    return {
        name: [*kept.get(name, ()), (day, now.get(name, 0))]
        for name in now.keys() | kept.keys()
        if name in now or kept[name]
    }


def earlier(days: Days, day: int, *, least: int, most: int) -> int | None:
    """The oldest count between ``most`` and ``least`` days before a day; None where there is none."""
    return next((people for at, people in days if day - most <= at <= day - least), None)


def shown(cells: Mapping[str, int], tell: Collection[str] = ()) -> dict[str, int | None]:
    """The cells of one whole as they may be shown: None below five, and for those that ``tell`` more than they say.

    Whoever knows the sum would know that of the hidden ones, and two that come to two are one each. So the smallest of
    the others is always hidden with them; where no other is large enough to hide among, all are, the empty ones too.
    """
    hidden = {name for name, count in cells.items() if 0 < count < LEAST_SHOWN or name in tell}
    if hidden:
        others = sorted((count, name) for name, count in cells.items() if count >= LEAST_SHOWN and name not in hidden)
        hidden.update([others[0][1]] if others else cells)
    return {name: None if name in hidden else count for name, count in cells.items()}
