"""What the service notices by itself of a source that fell silent, by the detection that ships.

Everything that arrived in the weeks before is tallied as ingestion tallies it; every source is judged by its own past.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from chalicelib.events.model import Event
from chalicelib.profiles.model import Contribution
from chalicelib.quality.counters import ARRIVALS, FEEDS, SHAPE, VALUES, counts_of
from chalicelib.quality.health import health_of
from chalicelib.quality.judge import Material, SourceReport, judge
from chalicelib.tags.health import Health
from infra.truth.moments import DAY_MS, END

_LOOKS_BACK_DAYS = 60

type Tally = dict[str, dict[int, Counter[str]]]


def noticed(arrived: Iterable[tuple[Event, Contribution]]) -> tuple[Health, list[SourceReport]]:
    """The health of the sources at the end, and the report on each."""
    tally: Tally = {}
    sources: set[str] = set()
    for event, contribution in arrived:
        if not END - _LOOKS_BACK_DAYS * DAY_MS <= event.received_at <= END:
            continue
        sources.add(event.source)
        for count in counts_of(event, contribution.deltas, contribution.traits.keys()):
            tally.setdefault(count.family, {}).setdefault(count.bucket, Counter())[count.name] += count.amount
    reports = [one for source in sorted(sources) if (one := _judged(tally, source)) is not None]
    return health_of(reports), reports


def _judged(tally: Tally, source: str) -> SourceReport | None:
    material = Material(
        arrivals={hour: counted[source] for hour, counted in tally[ARRIVALS].items() if source in counted},
        shape=_days(tally, SHAPE + source),
        values=_days(tally, VALUES + source),
        feeds=_days(tally, FEEDS + source),
    )
    return judge(source, material, None, END)


def _days(tally: Tally, family: str) -> dict[int, dict[str, int]]:
    return {day: dict(counted) for day, counted in tally.get(family, {}).items()}
