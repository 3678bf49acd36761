"""Learned segments with their sizes, members of one, and models with their versions and runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.flows.describe_judged import segment_id
from chalicelib.flows.judge import LISTED
from chalicelib.flows.learning_job import Drift, LearningJob, job_of, parts_of
from chalicelib.flows.model_views import (
    DecayedView,
    DriftedView,
    MembersView,
    ModelDriftView,
    ModelsView,
    ModelVersionView,
    ModelView,
    RunOutcome,
    RunView,
    SegmentListed,
    SegmentsView,
)
from chalicelib.flows.models import Models
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import ReadServices
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import BadInput, Forbidden, NotFound
from chalicelib.kernel.moments import THE_LAST, format_moment
from chalicelib.kernel.texts import Text
from chalicelib.privacy.plain import is_plain_id
from chalicelib.profiles.model import Body
from chalicelib.segments.model import SegmentModel
from chalicelib.segments.naming import in_words
from chalicelib.segments.purposes import may_serve
from chalicelib.segments.score_specs import score_specs
from chalicelib.segments.segmentation import Kind, Segmentation
from chalicelib.segments.watch import Shifted
from chalicelib.store.jobs import JobStore
from chalicelib.store.judged import JudgedStore
from chalicelib.store.learned import InForceEntry, LearnedStore, LearnedVersion, SegmentSizes
from chalicelib.store.rows import ProfileRow
from chalicelib.tags.judging import open_to

_VERSIONS, _RUNS, _MEMBERS, _FARTHEST = 5, 5, 100, 5
_NOT_LISTED = (
    f"Members are listed of “{LISTED}” alone, one index for everybody. Declare the kinds that you want listed as "
    f"segmentations/{LISTED}; of the others GET /v1/segments has sizes, and segment.entered|left tell who moves."
)


def list_segments(tenant_id: str, models: Models, learned: LearnedStore) -> SegmentsView:
    """Every segment of every segmentation that is in force."""
    sizes = learned.sizes(tenant_id)
    declared = models.segmentations.values()
    listed = tuple(one for spec in declared for one in _segments(spec, tenant_id, models, learned, sizes))
    return SegmentsView(
        segments=listed if models else (),
        people=None if sizes is None else sizes.people,
        counted_at=None if sizes is None else format_moment(sizes.at),
    )


def _segments(
    spec: Segmentation, tenant_id: str, models: Models, learned: LearnedStore, sizes: SegmentSizes | None
) -> Iterator[SegmentListed]:
    model = models.segments.get(spec.id)
    if model is None and spec.by == "model":
        # Nothing was learned yet, or by another declaration than today's.
        return
    version = None if model is None else learned.load(tenant_id, spec.id, model.version)
    won = _winner(_report(version)) if version is not None else {}
    for kind in spec.kinds:
        if model is None or kind.id in model.segments:
            yield _segment(spec, kind, model, won, sizes)


def _segment(
    spec: Segmentation, kind: Kind, model: SegmentModel | None, won: Mapping[str, Any], sizes: SegmentSizes | None
) -> SegmentListed:
    id_ = segment_id(spec.id, kind.id)
    size = None if sizes is None else sizes.counts.get(id_, 0)
    return SegmentListed(
        id=id_,
        segmentation=spec.id,
        segmentation_name=spec.names,
        name=kind.names,
        says=kind.says,
        size=size,
        share=round(size / sizes.people, 6) if size is not None and sizes is not None and sizes.people else None,
        stands_out=()
        if model is None
        else tuple(in_words(model.columns, model.centroids, model.segments.index(kind.id))),
        model_version=None if model is None else model.version,
        stability=won.get("stability"),
        quality=won.get("silhouette"),
    )


def list_members(
    tenant_id: str, segment: str, cursor: str, purpose: str, judged: JudgedStore, services: ReadServices
) -> MembersView:
    """Ids of people who are in a segment, of those whom a purpose may know of it. A page may hold fewer than another.

    The index by which they are found holds one segment of everybody, that of ``LISTED``.

    Raises NotFound ``no_such_segment``, BadInput ``not_listed`` and ``bad_cursor``, Forbidden ``purpose_not_allowed``.
    """
    name, _, kind = segment.partition(".")
    spec = services.segmentations().get(name)
    if spec is None or spec.kind(kind) is None:
        raise NotFound("no_such_segment", "There is no such learned segment.")
    if name != LISTED:
        raise BadInput("not_listed", _NOT_LISTED, "segment_id")
    if cursor and not is_plain_id(cursor):
        raise BadInput("bad_cursor", "That cursor is none of ours.", "cursor")
    if not may_serve(services.segment_purposes(), name, purpose):
        raise Forbidden("purpose_not_allowed", "This segment does not serve this purpose.")
    if spec.by == "model" and name not in services.models().segments:
        # The index still holds who was in it before it was declared otherwise.
        return MembersView(segment, (), "")
    found = judged.members(tenant_id, segment, cursor, limit=_MEMBERS)
    rows = services.profiles.load(tenant_id, found.profile_ids, fresh=False)
    open_ids = (one for one in found.profile_ids if one in rows and _is_open(rows[one], segment, purpose, services))
    return MembersView(segment, tuple(open_ids), found.after)


def _is_open(row: ProfileRow, segment: str, purpose: str, services: ReadServices) -> bool:
    """Whether somebody is in a segment, which the index tells a moment late, and the purpose may know it of them."""
    if row.state != "active" or row.segment != segment:
        return False
    return purpose in open_to(profile_of(row, decode(row.body, Body)), services.catalogue)


def list_models(tenant_id: str, in_force: Models, learned: LearnedStore, jobs: JobStore) -> ModelsView:
    """All models with their newest versions, and the newest runs. Those of segmentations that are gone come last."""
    head, declared = learned.head(tenant_id), in_force.segmentations
    named: dict[str, tuple[str, Text]] = {
        **{id_: ("segment", one.names) for id_, one in declared.items() if one.by == "model"},
        **{id_: ("score", one.names) for id_, one in score_specs().items()},
    }
    gone = {id_: (one.kind, Text(zh=id_, en=id_)) for id_, one in sorted(head.models.items()) if id_ not in named}
    used = in_force.segments.keys() | in_force.scores.keys()
    models = (
        _model(tenant_id, id_, *of, head.models.get(id_), id_ in used, learned) for id_, of in {**named, **gone}.items()
    )
    rows = jobs.newest(tenant_id, before=THE_LAST, limit=_RUNS)
    return ModelsView(
        models=tuple(one for one in models if one.versions), runs=tuple(_run(job_of(row), jobs) for row in rows)
    )


def _model(
    tenant_id: str, id_: str, kind: str, name: Text, entry: InForceEntry | None, is_used: bool, learned: LearnedStore
) -> ModelView:
    is_in_force = entry is not None and entry.number > 0 and is_used
    versions = learned.versions(tenant_id, id_, limit=_VERSIONS)
    return ModelView(
        id=id_,
        kind=kind,
        name=name,
        version=entry.number if entry is not None and is_in_force else None,
        before=entry.before if entry is not None and entry.before else None,
        in_force_since=format_moment(entry.at) if entry is not None and is_in_force else None,
        published_by=entry.by if entry is not None and is_in_force else None,
        versions=tuple(_version(one, entry, is_used) for one in versions),
    )


def _version(one: LearnedVersion, entry: InForceEntry | None, is_used: bool) -> ModelVersionView:
    state: str = one.state
    if entry is not None and one.number == entry.number:
        state = "in_force" if is_used else "outdated"
    elif entry is not None and one.number in entry.withdrawn:
        state = "rolled_back"
    report = _report(one)
    return ModelVersionView(
        version=one.number,
        state=state,
        reason=one.reason,
        trained_at=format_moment(one.at),
        run=one.run_id,
        features_version=one.features_version,
        winner=_winner(report).get("algorithm") or _winner(report).get("name"),
        report={name: value for name, value in report.items() if name != "reference"},
    )


def _report(one: LearnedVersion) -> dict[str, Any]:
    report: dict[str, Any] = msgspec.json.decode(one.report)
    return report


def _winner(report: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((one for one in report.get("contest", ()) if one.get("won")), {})


def _run(job: LearningJob, jobs: JobStore) -> RunView:
    done = [one.is_done for one in parts_of(job, jobs).values()] if job.parts else []
    share = 1.0 if job.is_over else sum(done) / len(job.parts) if job.parts else 0.0
    return RunView(
        run=job.job_id,
        sort=job.sort,
        phase=job.phase,
        opened_by=job.principal,
        created_at=format_moment(job.at),
        finished_at=None if job.finished_at is None else format_moment(job.finished_at),
        share_done=round(share, 4),
        people=job.people,
        judged=job.judged,
        changed=job.changed,
        outcomes=tuple(RunOutcome(one.id, one.number or None, one.reason) for one in job.outcomes),
        failure=job.failure,
        drift=None if job.drift is None else _drift(job.drift),
    )


def _drift(one: Drift) -> ModelDriftView:
    report = one.report
    return ModelDriftView(
        verdict=report.verdict,
        people=report.people,
        models=dict(one.versions),
        says=report.says,
        features=_shifts(report.features),
        scores=_shifts(report.scores),
        segments=_shifts(report.segments),
        decay=tuple(
            DecayedView(of.score, of.measure, of.trained, of.now, of.people, of.verdict) for of in report.decay
        ),
    )


def _shifts(found: Sequence[Shifted]) -> tuple[DriftedView, ...]:
    return tuple(DriftedView(one.id, one.psi, one.verdict) for one in found[:_FARTHEST])
