"""Export jobs: whose data, cut where, until when. A job holds ids, counts and moments; each part is made when it is asked for."""

from __future__ import annotations

import msgspec

from chalicelib.events.model import Identifier
from chalicelib.flows.export_events import cuts_of
from chalicelib.flows.export_person import ExportServices, export_of
from chalicelib.flows.export_views import FORMATS, ExportOpened, ExportRequest, ExportView
from chalicelib.flows.find_person import named_by
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.note_read import Seen, note_read
from chalicelib.flows.open_person import person_now
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import BadInput, Conflict, NotFound
from chalicelib.kernel.moments import DAY_MS, Millis, format_moment
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import FacetId
from chalicelib.store.rows import Position, Record

EXPORT = "export"
KEPT_MS = 7 * DAY_MS
_CLASSES = ("public", "internal", "personal", "sensitive")


class ExportOrder(msgspec.Struct, frozen=True):
    """Who wants whose data out. ``export_id`` makes a repeat the same job."""

    export_id: str
    asked: ExportRequest
    principal: str


class ExportJob(msgspec.Struct, frozen=True):
    """What is kept of a job. ``facets`` are the person's as it was opened: of another person it says nothing."""

    profile_id: str
    generation: int
    facets: tuple[FacetId, ...]
    cuts: tuple[Position, ...]
    events: int
    expires_at: Millis


class PartOrder(msgspec.Struct, frozen=True):
    """Who takes which part of an export, in which format. ``part_id`` names its row in the audit."""

    part_id: str
    export_id: str
    part: int
    format: str
    principal: str
    role: str


def open_export(order: ExportOrder, tenant: Tenant, services: ExportServices, now: Millis) -> ExportOpened:
    """Open a job, or tell of the one that this order opened before.

    Raises BadInput, NotFound, Conflict ``too_much_history``, Unavailable.
    """
    history = services.opening.history
    kept = history.record_of(tenant.tenant_id, EXPORT, order.export_id)
    if kept is not None:
        return _opened(order.export_id, decode(kept.content, ExportJob))
    row, body = person_now(tenant.tenant_id, _profile_id(order.asked, tenant, services), services.opening.profiles)
    audited = Audited("exports.open", order.principal, (row.profile_id,), order.asked.reason, order.export_id)
    history.keep(audit_record(tenant.tenant_id, order.export_id, now, audited))
    cuts, events = cuts_of(tenant, body.facets, services.opening, now)
    facets, until = tuple(sorted(body.facets)), now + KEPT_MS
    job = ExportJob(row.profile_id, row.generation, facets, tuple(cuts), events, until)
    history.keep(Record(tenant.tenant_id, EXPORT, order.export_id, now, encode(job), until))
    return _opened(order.export_id, job)


def read_export(order: PartOrder, tenant: Tenant, services: ExportServices, now: Millis) -> ExportView:
    """One part, opened now; who takes it is written down before.

    Raises BadInput, NotFound for a job that is over or whose person is gone, Conflict ``person_changed`` for one who was
    merged or split since, Unavailable.
    """
    if order.format not in FORMATS:
        raise BadInput("bad_format", f"The formats are {', '.join(FORMATS)}.", "format")
    job = _job(order.export_id, tenant, services, now)
    if not 1 <= order.part <= 1 + len(job.cuts):
        raise NotFound("no_such_part", "This export has no such part.")
    _noted(order, job, tenant.tenant_id, services, now)
    return export_of(tenant, job.profile_id, services, now, order.part, job.cuts, job.facets)


def _profile_id(asked: ExportRequest, tenant: Tenant, services: ExportServices) -> str:
    if bool(asked.profile_id) == bool(asked.identifiers):
        raise BadInput("bad_person", "An export names a profile_id or identifiers, and not both.", "profile_id")
    if asked.profile_id:
        return asked.profile_id
    named = [Identifier(one.namespace, one.value) for one in asked.identifiers]
    return named_by(tenant, named, services.reading).profile_id


def _job(export_id: str, tenant: Tenant, services: ExportServices, now: Millis) -> ExportJob:
    kept = services.opening.history.record_of(tenant.tenant_id, EXPORT, export_id)
    job = None if kept is None else decode(kept.content, ExportJob)
    if job is None or job.expires_at <= now:
        raise no_such_export()
    try:
        row, body = person_now(tenant.tenant_id, job.profile_id, services.opening.profiles)
    except NotFound:
        raise no_such_export() from None
    if row.generation != job.generation:
        # Erased, and registered again: this job is not about who came back.
        raise no_such_export()
    if tuple(sorted(body.facets)) != job.facets:
        raise Conflict("person_changed", "This person was merged or split since: open a new export.")
    return job


def no_such_export() -> NotFound:
    """One refusal for a job that never was, is over, or whose person is gone."""
    return NotFound("no_such_export", "There is no such export.")


def _noted(order: PartOrder, job: ExportJob, tenant_id: str, services: ExportServices, now: Millis) -> None:
    seen = Seen(
        principal=order.principal,
        role=order.role,
        action="exports.read",
        profile_ids=(job.profile_id,),
        purpose="legal",
        classes=_CLASSES,
        fields=("person",) if order.part == 1 else ("events",),
        clear=True,
        ticket=order.export_id,
    )
    history = services.opening.history
    note_read(tenant_id, seen, history, now)
    what = f"part {order.part} as {order.format}"
    audited = Audited("exports.read", order.principal, (job.profile_id,), what, order.export_id)
    history.keep(audit_record(tenant_id, order.part_id, now, audited))


def _opened(export_id: str, job: ExportJob) -> ExportOpened:
    return ExportOpened(
        export_id=export_id,
        profile_id=job.profile_id,
        parts=1 + len(job.cuts),
        events=job.events,
        formats=FORMATS,
        expires_at=format_moment(job.expires_at),
    )
