"""What followed after a cutoff, from a person's own series: the truth that scores are learned from and judged by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from chalicelib.kernel.amounts import MICROS
from chalicelib.kernel.moments import day_of, first_day_of
from chalicelib.profiles.model import Profile
from chalicelib.segments.as_of import Window, after, before, buckets_after
from chalicelib.segments.score_specs import Followed, ScoreSpec

_USUAL_DAYS = 90
"""What is usual for somebody: the mean of these days before the cutoff."""
_CHANGE_DAYS = 30
"""Contacts are compared by so many days, however long the window is."""

type Reader = Callable[[ScoreSpec, Profile, Window], float | None]


def outcome(spec: ScoreSpec, profile: Profile, window: Window) -> float | None:
    """What followed, in the score's unit; None where there is nothing to learn of this person.

    silent    1 where nothing of the measures followed, else 0
    happened  1 where anything of them did, else 0
    amount    their sum, in units of the currency
    change    their count beyond the usual, both per 30 days: usual is the mean of the 90 days before
    topic     which topic was asked about next, by its place in ``spec.labels``; None where nothing was asked

    None for those who came after the cutoff, who are not among those that the score is for, and where the window
    reaches beyond the scan.
    """
    if profile.first_seen >= window.cutoff or window.end > window.until or not _is_among(spec, profile, window):
        return None
    return _READERS[spec.outcome](spec, profile, window)


def _is_among(spec: ScoreSpec, profile: Profile, window: Window) -> bool:
    return not spec.among_days or _counted_before(spec.among, profile, window, spec.among_days) > 0


def _counted_before(measures: Iterable[str], profile: Profile, window: Window, days: int) -> int:
    """How often anything of some measures happened in so many days before the cutoff; months count from their first day."""
    first, counted = day_of(window.cutoff) - days, 0
    for name in measures:
        series = profile.series.get(name)
        past = None if series is None else before(series, window)
        if past is not None:
            counted += sum(one.count for one in past.days if one.period >= first)
            counted += sum(one.count for one in past.months if first_day_of(one.period) >= first)
    return counted


def _followed(spec: ScoreSpec, profile: Profile, window: Window) -> tuple[int, int]:
    """Count and sum of all measures within the window."""
    found = [after(profile.series[name], window) for name in spec.measures if name in profile.series]
    return sum(count for count, _ in found), sum(total for _, total in found)


def _change(spec: ScoreSpec, profile: Profile, window: Window) -> float:
    days = day_of(window.end) - day_of(window.cutoff)
    usual = _counted_before(spec.measures, profile, window, _USUAL_DAYS) * _CHANGE_DAYS / _USUAL_DAYS
    return _followed(spec, profile, window)[0] * _CHANGE_DAYS / days - usual


def _topic(spec: ScoreSpec, profile: Profile, window: Window) -> float | None:
    """The topic of the earliest bucket; of one day or month, the most frequent, then the one declared first."""
    firsts = []
    for place, name in enumerate(spec.topics.values()):
        series = profile.series.get(name)
        found = None if series is None else next(buckets_after(series, window), None)
        if found is not None:
            firsts.append((found[0], -found[1].count, place))
    return float(min(firsts)[2]) if firsts else None


_READERS: Mapping[Followed, Reader] = {
    "silent": lambda spec, profile, window: float(_followed(spec, profile, window)[0] == 0),
    "happened": lambda spec, profile, window: float(_followed(spec, profile, window)[0] > 0),
    "amount": lambda spec, profile, window: _followed(spec, profile, window)[1] / MICROS,
    "change": _change,
    "topic": _topic,
}
