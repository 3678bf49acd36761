"""The report on sources as types, apart from what makes it: every start of the API reads them."""

from __future__ import annotations

import msgspec

from chalicelib.kernel.texts import Text
from chalicelib.quality.shape import Missing


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
