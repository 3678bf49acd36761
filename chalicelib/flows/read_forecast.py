"""The contacts that a queue is likely to have in the next days, half hour by half hour."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chalicelib.flows.forecast_views import (
    VolumeCoverageView,
    VolumeErrorsView,
    VolumeForecastView,
    VolumeHistoryView,
    VolumeSlotView,
)
from chalicelib.flows.read_volume import past_volume
from chalicelib.forecast.methods import MEAN, NAIVE
from chalicelib.forecast.outlook import Confidence, Outlook, Slot, outlook
from chalicelib.forecast.rolling import HORIZON_DAYS
from chalicelib.forecast.series import SLOT_MS, Series, slot_of
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.kernel.names import WORD_PATTERN
from chalicelib.store.tallies import TallyStore

_WORD = re.compile(WORD_PATTERN, re.ASCII)


def read_forecast(
    tenant_id: str, queue: str, days: str, timezone: str, tallies: TallyStore, now: Millis
) -> VolumeForecastView:
    """The forecast of a queue from the next half hour on. Raises BadInput ``bad_queue``, ``bad_days``; Unavailable."""
    if not _WORD.fullmatch(queue):
        raise BadInput("bad_queue", "Name a queue of the routing policy.", "queue")
    if days and not (days.isascii() and days.isdigit() and len(days) <= 2 and 1 <= int(days) <= HORIZON_DAYS):
        raise BadInput("bad_days", f"A forecast is of 1 to {HORIZON_DAYS} days.", "days")
    past = past_volume(tenant_id, queue, timezone, tallies, now)
    found = outlook(past, slot_of(now) + 1, int(days or HORIZON_DAYS), timezone)
    return view_of(queue, timezone, past, found, now)


def view_of(queue: str, timezone: str, past: Series, found: Outlook, now: Millis) -> VolumeForecastView:
    """A forecast as it is told."""
    went = found.checked
    return VolumeForecastView(
        queue=queue,
        timezone=timezone,
        made_at=format_moment(now),
        confidence=found.confidence,
        method=found.method or None,
        says=says(found),
        history=VolumeHistoryView(
            from_=format_moment(past.first * SLOT_MS) if past.counts else None,
            to=format_moment((past.first + len(past.counts)) * SLOT_MS) if past.counts else None,
            days=found.days,
            odd_days=found.odd_days,
        ),
        trials=went.origins,
        errors=VolumeErrorsView(_figure(went.own), _figure(went.methods.get(NAIVE)), _figure(went.methods.get(MEAN))),
        coverage=None if went.coverage is None else VolumeCoverageView(*(round(one, 3) for one in went.coverage)),
        slots=tuple(_slot(one) for one in found.slots),
    )


def says(found: Outlook) -> dict[str, str]:
    """How far it may be trusted, in both languages."""
    return {language: text.format(days=found.days) for language, text in _SAYS[found.confidence].items()}


_SAYS: Mapping[Confidence, Mapping[str, str]] = {
    "none": {
        "zh": "可用历史只有 {days} 天,或联络太少:至少需要两周和 50 次联络,因此不作预测。",
        "en": "There are {days} days of history, or too few contacts: it takes two weeks and 50 contacts, so nothing is forecast.",
    },
    "low": {
        "zh": "仅根据 {days} 天的历史,可信度低,区间较宽;满六周后更可靠。",
        "en": "Learnt from {days} days alone: confidence is low and bounds are wide. From six weeks on it is better.",
    },
    "usual": {
        "zh": "根据 {days} 天的历史;区间按过去预测的误差校准。节假日和活动不在已知范围内。",
        "en": "Learnt from {days} days; bounds are set by the errors of past forecasts. Holidays and campaigns to come are not known to it.",
    },
}


def _slot(one: Slot) -> VolumeSlotView:
    return VolumeSlotView(
        at=format_moment(one.slot * SLOT_MS),
        mean=round(one.mean, 2),
        low=round(one.low, 2),
        high=round(one.high, 2),
        low_95=round(one.low_95, 2),
        high_95=round(one.high_95, 2),
    )


def _figure(error: float | None) -> float | None:
    return None if error is None else round(error, 4)
