"""What is answered of learned segments and models."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.kernel.texts import Text


class SegmentListed(msgspec.Struct, frozen=True):
    """One learned segment. ``size`` and ``share`` are what the last run counted, null before there was one.

    ``stands_out`` says in words by what its middle differs from the others. ``stability`` is the adjusted Rand index of
    fits of resampled people, ``quality`` the silhouette; both null, as is the version, of a segmentation by rule.
    """

    id: str
    segmentation: str
    segmentation_name: Text
    name: Text
    says: Text
    size: int | None
    share: float | None
    stands_out: tuple[Text, ...]
    model_version: int | None
    stability: float | None
    quality: float | None


class SegmentsView(msgspec.Struct, frozen=True):
    """All learned segments of a tenant. ``counted_at`` is when people were counted, null if they never were."""

    segments: tuple[SegmentListed, ...]
    people: int | None
    counted_at: str | None


class MembersView(msgspec.Struct, frozen=True):
    """Ids of people who are in a segment. ``cursor`` is '' at the end."""

    segment: str
    profile_ids: tuple[str, ...]
    cursor: str


class ModelVersionView(msgspec.Struct, frozen=True):
    """One version of a model. ``state``: trained, in_force, held, worse, rolled_back, or outdated: what it was learned by,
    its segmentation or the features, is declared otherwise since, and it is not used. ``report`` is its contest, its
    figures and what training found, as it was kept; without what drift is told by.
    """

    version: int
    state: str
    reason: str
    trained_at: str
    run: str
    features_version: int
    winner: str | None
    report: dict[str, Any]


class ModelView(msgspec.Struct, frozen=True):
    """A model with its newest versions. ``version`` is the one in force, null where none is; ``before`` what a roll back
    returns to.
    """

    id: str
    kind: str
    name: Text
    version: int | None
    before: int | None
    in_force_since: str | None
    published_by: str | None
    versions: tuple[ModelVersionView, ...]


class RunOutcome(msgspec.Struct, frozen=True):
    """What a run came to for one model: its version, null where none was made, and why it is not in force."""

    id: str
    version: int | None
    reason: str


class DriftedView(msgspec.Struct, frozen=True):
    """A feature, a score, or the shares of a segmentation, beside those of the training: its population stability index."""

    id: str
    psi: float
    verdict: str


class DecayedView(msgspec.Struct, frozen=True):
    """How right a score is now (``measure``: auc, ece or mae), beside how right it was when it was learned."""

    score: str
    measure: str
    trained: float
    now: float
    people: int
    verdict: str


class ModelDriftView(msgspec.Struct, frozen=True):
    """How a run found people, beside the training of the ``models`` then in force (id → version).

    ``verdict`` is ok, watch or alarm; null where there were too few people to say. The farthest stand first.
    """

    verdict: str | None
    people: int
    models: dict[str, int]
    says: tuple[Text, ...]
    features: tuple[DriftedView, ...]
    scores: tuple[DriftedView, ...]
    segments: tuple[DriftedView, ...]
    decay: tuple[DecayedView, ...]


class RunView(msgspec.Struct, frozen=True):
    """A run: its phase (waiting, scanning, training, assigning, finished, failed), and how much of the phase is done.

    ``drift`` is null where no model was in force that could be watched.
    """

    run: str
    sort: str
    phase: str
    opened_by: str
    created_at: str
    finished_at: str | None
    share_done: float
    people: int
    judged: int
    changed: int
    outcomes: tuple[RunOutcome, ...]
    failure: str
    drift: ModelDriftView | None


class ModelsView(msgspec.Struct, frozen=True):
    """All models of a tenant, and its newest runs, the newest first."""

    models: tuple[ModelView, ...]
    runs: tuple[RunView, ...]


class RunAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run of learning. There is nothing to say yet."""


class RollBackAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To which version of the model; left out: the one before, if there is one. 0 takes it out of force altogether."""

    version: int | None = None
