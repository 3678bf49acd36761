"""Judges a tenant's sources by what was counted of them, and puts the result in force."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, Millis
from chalicelib.quality.counters import ARRIVALS, FEEDS, SHAPE, VALUES
from chalicelib.quality.health import health_of
from chalicelib.quality.judge import ACCEPTED_DAYS, USUAL_DAYS, Material, SourceReport, judge
from chalicelib.quality.silence import USUAL_HOURS
from chalicelib.store.health import HealthRecord, HealthStore
from chalicelib.store.tallies import TallyStore
from chalicelib.tags.health import Health

_HOURS_BACK = 2 * USUAL_HOURS
"""A source that was not heard for so long is taken to be gone: it is no longer reported, nor doubted."""
_DAYS_BACK = USUAL_DAYS + ACCEPTED_DAYS + 2


class QualityServices(msgspec.Struct, frozen=True):
    """What judging needs: no profile, no key."""

    tallies: TallyStore
    health: HealthStore


class Judgement(msgspec.Struct, frozen=True):
    """How a tenant's sources are at a moment, by their ids."""

    at: Millis
    sources: dict[str, SourceReport]

    def in_state(self, *states: str) -> tuple[str, ...]:
        """The sources in one of these states."""
        return tuple(one.source for one in self.sources.values() if one.state in states)


class Judged(msgspec.Struct, frozen=True):
    """A judgement, what it puts in force, and whose state is another than it was."""

    judgement: Judgement
    health: Health
    turned: tuple[str, ...]


def judge_sources(tenant_id: str, services: QualityServices, now: Millis) -> Judged:
    """Judge every source that was heard in the last weeks. Raises Unavailable."""
    before = last_judgement(tenant_id, services.health)
    found: dict[str, SourceReport] = {}
    for source, material in _materials(tenant_id, services.tallies, now).items():
        report = judge(source, material, before.sources.get(source), now)
        if report is not None:
            found[source] = report
    judgement, health = Judgement(now, found), health_of(found.values())
    services.health.keep(tenant_id, HealthRecord(now, health), encode(judgement))
    turned = tuple(name for name, one in found.items() if one.state != _state(before, name))
    return Judged(judgement, health, turned)


def last_judgement(tenant_id: str, store: HealthStore) -> Judgement:
    """The last one that was made; an empty one at 0 where there is none."""
    coded = store.report(tenant_id)
    return decode(coded, Judgement) if coded else Judgement(0, {})


def _state(before: Judgement, source: str) -> str:
    known = before.sources.get(source)
    return "healthy" if known is None else known.state


def _materials(tenant_id: str, tallies: TallyStore, now: Millis) -> Mapping[str, Material]:
    hour, day = now // HOUR_MS, now // DAY_MS
    arrivals = tallies.read(tenant_id, ARRIVALS, hour - _HOURS_BACK, hour)
    sources = sorted({source for counts in arrivals.values() for source in counts})
    return {
        source: Material(
            arrivals={one: counts[source] for one, counts in arrivals.items() if source in counts},
            shape=tallies.read(tenant_id, SHAPE + source, day - _DAYS_BACK, day),
            values=tallies.read(tenant_id, VALUES + source, day - _DAYS_BACK, day),
            feeds=tallies.read(tenant_id, FEEDS + source, day - _DAYS_BACK, day),
        )
        for source in sources
    }
