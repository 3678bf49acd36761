"""The report on a tenant's sources as api.md writes it: states, since when, why, and what they were judged by."""

from __future__ import annotations

from chalicelib.flows.judge_sources import last_judgement
from chalicelib.flows.source_views import DriftView, MeasureStateView, QualityView, SourceStateView
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.quality.health import health_of
from chalicelib.quality.judge import SourceReport
from chalicelib.store.health import HealthStore


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
