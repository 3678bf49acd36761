"""The report on a tenant's sources as api.md writes it: states, since when, why, and what they were judged by."""

from __future__ import annotations

import msgspec

from chalicelib.flows.judge_sources import last_judgement
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.kernel.texts import Text
from chalicelib.quality.health import health_of
from chalicelib.quality.judge import SourceReport
from chalicelib.quality.shape import Missing
from chalicelib.store.health import HealthStore


class DriftView(msgspec.Struct, frozen=True):
    """One field's population stability index, what it takes to be a drift, and how many values were compared."""

    name: str
    psi: float
    threshold: float
    recent: int
    usual: int
    drifts: bool


class SourceStateView(msgspec.Struct, frozen=True):
    """One source. ``surprise`` is how unlikely its present gap is; from ``surprise_needed`` on it is silent."""

    source: str
    state: str
    weight: float
    since: str | None
    says: Text
    last_event_at: str
    gap_hours: int
    surprise: float
    surprise_needed: float
    missing: tuple[Missing, ...]
    psi: tuple[DriftView, ...]


class MeasureStateView(msgspec.Struct, frozen=True):
    """A measure that suffers from sources that are not well. Of ``known_until`` on nothing is known of it."""

    measure: str
    weight: float
    known_until: str | None
    says: Text


class QualityView(msgspec.Struct, frozen=True):
    """How a tenant's sources were when they were judged last; ``judged_at`` is null before the first time."""

    judged_at: str | None
    sources: tuple[SourceStateView, ...]
    measures: tuple[MeasureStateView, ...]


def describe_sources(tenant_id: str, store: HealthStore) -> QualityView:
    """The last judgement; those that are not well come first."""
    last = last_judgement(tenant_id, store)
    reports = sorted(last.sources.values(), key=lambda one: (one.weight, one.source))
    measures = health_of(reports).measures
    return QualityView(
        judged_at=_written(last.at),
        sources=tuple(map(_source, reports)),
        measures=tuple(
            MeasureStateView(name, one.weight, _written(one.known_until), one.says)
            for name, one in sorted(measures.items())
        ),
    )


def _source(one: SourceReport) -> SourceStateView:
    psi = (
        DriftView(
            each.name, each.drift.psi, each.drift.threshold, each.drift.recent, each.drift.usual, each.drift.drifts
        )
        for each in sorted(one.drifts, key=lambda each: -each.drift.psi)
    )
    return SourceStateView(
        source=one.source,
        state=one.state,
        weight=one.weight,
        since=_written(one.since),
        says=one.says,
        last_event_at=format_moment(one.last_event_at),
        gap_hours=one.silence.gap_hours,
        surprise=one.silence.surprise,
        surprise_needed=one.silence.threshold,
        missing=one.missing,
        psi=tuple(psi),
    )


def _written(moment: Millis | None) -> str | None:
    return format_moment(moment) if moment else None
