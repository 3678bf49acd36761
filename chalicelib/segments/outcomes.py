"""What followed after a cutoff, from a person's own series: the truth that scores are learned from and judged by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from chalicelib.kernel.amounts import MICROS
from chalicelib.kernel.moments import day_of
from chalicelib.segments.as_of import Pasts, Window
from chalicelib.segments.score_specs import Followed, ScoreSpec

_USUAL_DAYS = 90
"""What is usual for somebody: the mean of these days before the cutoff."""
_CHANGE_DAYS = 30
"""Contacts are compared by so many days, however long the window is."""

type Reader = Callable[[ScoreSpec, Pasts, Window], float | None]


def outcome(spec: ScoreSpec, person: Pasts, window: Window) -> float | None:
    """What followed, in the score's unit; None where there is nothing to learn of this person.

    silent    1 where nothing of the measures followed, else 0
    happened  1 where anything of them did, else 0
    amount    their sum, in units of the currency
    change    their count beyond the usual, both per 30 days: usual is the mean of the 90 days before
    topic     which topic was asked about next, by its place in ``spec.labels``; None where nothing was asked

    None for those who came after the cutoff, who are not among those that the score is for, and where the window
    reaches beyond the scan.
    """
    first_seen = person.profile.first_seen
    if first_seen >= window.cutoff or window.end > window.until or not _is_among(spec, person, window):
        return None
    return _READERS[spec.outcome](spec, person, window)


def _is_among(spec: ScoreSpec, person: Pasts, window: Window) -> bool:
    return not spec.among_days or any(_counted_before(spec.among, person, window, spec.among_days))


def _counted_before(measures: Iterable[str], person: Pasts, window: Window, days: int) -> Iterator[int]:
    """How often each of some measures happened in so many days before the cutoff; months count from their first day."""
    cut = day_of(window.cutoff)
    for name in measures:
        line = person.line(name)
        if line is not None:
            yield line.counted(cut - days, cut)


def _followed(spec: ScoreSpec, person: Pasts, window: Window) -> Iterator[tuple[int, int]]:
    """Count and sum of each measure within the window."""
    cut, end = day_of(window.cutoff), day_of(window.end)
    for name in spec.measures:
        line = person.line(name)
        if line is not None:
            yield line.followed(cut, end)


def _happened(spec: ScoreSpec, person: Pasts, window: Window) -> bool:
    return any(count for count, _ in _followed(spec, person, window))


def _change(spec: ScoreSpec, person: Pasts, window: Window) -> float:
    days = day_of(window.end) - day_of(window.cutoff)
    usual = sum(_counted_before(spec.measures, person, window, _USUAL_DAYS)) * _CHANGE_DAYS / _USUAL_DAYS
    return sum(count for count, _ in _followed(spec, person, window)) * _CHANGE_DAYS / days - usual


def _topic(spec: ScoreSpec, person: Pasts, window: Window) -> float | None:
    """The topic of the earliest bucket; of one day or month, the most frequent, then the one declared first."""
    cut, end = day_of(window.cutoff), day_of(window.end)
    firsts = []
    for place, name in enumerate(spec.topics.values()):
        line = person.line(name)
        found = None if line is None else line.first_after(cut, end)
        if found is not None:
            firsts.append((found[0], -found[1].count, place))
    return float(min(firsts)[2]) if firsts else None


_READERS: Mapping[Followed, Reader] = {
    "silent": lambda spec, person, window: float(not _happened(spec, person, window)),
    "happened": lambda spec, person, window: float(_happened(spec, person, window)),
    "amount": lambda spec, person, window: sum(total for _, total in _followed(spec, person, window)) / MICROS,
    "change": _change,
    "topic": _topic,
}
