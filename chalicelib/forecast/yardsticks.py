"""The two ways to forecast that need no model, which any other has to beat: last week again, and the mean of past weeks."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.forecast.series import SLOTS_A_WEEK, Place, Series


def seasonal_naive(past: Series, ahead: Sequence[Place]) -> list[float]:
    """Each half hour as in the last week: the last count at its place."""
    last: dict[int, float] = {}
    for place, count in zip(past.places[-SLOTS_A_WEEK - 4 :], past.counts[-SLOTS_A_WEEK - 4 :], strict=True):
        last[place.place] = float(count)
    return [last.get(one.place, 0.0) for one in ahead]


def slot_mean(past: Series, ahead: Sequence[Place]) -> list[float]:
    """Each half hour as the mean of its weekday's over the whole past."""
    sums: dict[int, int] = {}
    many: dict[int, int] = {}
    for place, count in zip(past.places, past.counts, strict=True):
        sums[place.place] = sums.get(place.place, 0) + count
        many[place.place] = many.get(place.place, 0) + 1
    return [sums.get(one.place, 0) / many.get(one.place, 1) for one in ahead]
