"""The forecast of contacts as it is told."""

from __future__ import annotations

import msgspec

from chalicelib.forecast.outlook import Confidence


class VolumeSlotView(msgspec.Struct, frozen=True):
    """A half hour: when it begins, how many contacts are likely, and bounds that hold 8 times in 10, and 19 in 20."""

    at: str
    mean: float
    low: float
    high: float
    low_95: float
    high_95: float


class VolumeErrorsView(msgspec.Struct, frozen=True):
    """The sum of absolute errors ÷ the sum of counts, of past forecasts; null where none could be tried.

    ``forecast``: of the method that was chosen anew at each of them. ``seasonal_naive``: each half hour as a week before.
    ``slot_mean``: as the mean of its weekday's.
    """

    forecast: float | None
    seasonal_naive: float | None
    slot_mean: float | None


class VolumeCoverageView(msgspec.Struct, frozen=True, rename={"of_80": "80", "of_95": "95"}):
    """The share of counts that past forecasts' bounds held, of half hours in which any were likely."""

    of_80: float
    of_95: float


class VolumeHistoryView(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """What it was learnt from: whole local days, and how many of them were too far out to tell of the usual week."""

    from_: str | None
    to: str | None
    days: int
    odd_days: int


class VolumeForecastView(msgspec.Struct, frozen=True):
    """Contacts of a queue by half hour. ``confidence`` ``none``: too little is known, and ``slots`` is empty; ``low``: below six weeks.

    ``method``: which variant was chosen by its past errors. ``trials``: forecasts of past weeks that were tried. ``says``: the same in words.
    """

    queue: str
    timezone: str
    made_at: str
    confidence: Confidence
    method: str | None
    says: dict[str, str]
    history: VolumeHistoryView
    trials: int
    errors: VolumeErrorsView
    coverage: VolumeCoverageView | None
    slots: tuple[VolumeSlotView, ...]
