"""Corrects what is held of a person, by their own word or by staff's: an event like any other, sealed to ingestion.

Staff know a profile and not its clear identifiers, so the correction names the person's first facet, with its
generation. Whoever is erased between is not corrected: ingestion refuses it as it refuses every late event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from chalicelib.events.delivery import FACET, Delivery
from chalicelib.events.model import Event, Identifier
from chalicelib.flows.accept_events import bodies
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.say_of_person import first_facet, person_of
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.corrections import CORRECTED, check_corrections
from chalicelib.profiles.model import FacetId
from chalicelib.store.rows import HistoryStore, ProfileStore, Record

CORRECTION = "correction"
"""The kind of the records of what was asked to be corrected."""
PERSON = "person"
"""The source of what a person says for themselves; staff's is ``person:<principal>``."""

type CorrectionState = Literal["waiting", "applied", "refused"]


class CorrectionServices(msgspec.Struct, frozen=True):
    """What correcting needs: no key that opens anything."""

    profiles: ProfileStore
    history: HistoryStore
    index: Callable[[Tenant], BlindIndex]
    send: Callable[[Sequence[str]], None]
    message_limit_bytes: int


class CorrectionOrder(msgspec.Struct, frozen=True):
    """What is right, or with None not so. ``correction_id`` tells repeats; no ``principal`` = the person themselves."""

    correction_id: str
    profile_id: str
    traits: Mapping[str, Any]
    reason: str
    principal: str = ""

    def __repr__(self) -> str:
        return f"<correction {self.correction_id}>"


class Correction(msgspec.Struct, frozen=True):
    """What is kept of a correction: names of traits, and never a value."""

    correction_id: str
    at: Millis
    profile_id: str
    facet: FacetId
    generation: int
    fields: tuple[str, ...]
    source: str


def correct_person(order: CorrectionOrder, tenant: Tenant, services: CorrectionServices, now: Millis) -> Correction:
    """Keep that it was asked for, with its audit row, then queue it. A repeat is the same correction.

    Raises BadInput for what cannot be corrected so, NotFound ``no_such_profile``, TooLarge, Unavailable.
    """
    check_corrections(order.traits)
    kept = services.history.record_of(tenant.tenant_id, CORRECTION, order.correction_id)
    correction = _of(order, tenant, services, now) if kept is None else decode(kept.content, Correction)
    sealed = list(bodies(_delivery(correction, order, tenant), tenant, services.message_limit_bytes))
    if kept is None:
        about = (correction.profile_id,)
        principal = order.principal or PERSON
        audited = Audited("profiles.correct", principal, about, order.reason, ",".join(correction.fields))
        services.history.keep(audit_record(tenant.tenant_id, order.correction_id, correction.at, audited))
        services.history.keep(
            Record(tenant.tenant_id, CORRECTION, order.correction_id, correction.at, encode(correction))
        )
    services.send(sealed)
    return correction


def state_of(correction: Correction, tenant: Tenant, services: CorrectionServices) -> CorrectionState:
    """How far it came: its event waits, was applied, or was refused because the person is gone."""
    key = services.index(tenant).event_key(correction.source, correction.correction_id)
    if services.history.events(tenant.tenant_id, [key]):
        return "applied"
    noted = services.history.quarantine_row(tenant.tenant_id, f"erased-{key.hex()}")
    return "waiting" if noted is None else "refused"


def _of(order: CorrectionOrder, tenant: Tenant, services: CorrectionServices, now: Millis) -> Correction:
    row, body = person_of(tenant.tenant_id, order.profile_id, services.profiles)
    facet = first_facet(body)
    anchor = services.profiles.find(tenant.tenant_id, [facet], fresh=True).get(facet)
    return Correction(
        correction_id=order.correction_id,
        at=now,
        profile_id=row.profile_id,
        facet=facet,
        generation=1 if anchor is None else 1 + anchor.generation,
        fields=tuple(sorted(order.traits)),
        source=f"{PERSON}:{order.principal}" if order.principal else PERSON,
    )


def _delivery(correction: Correction, order: CorrectionOrder, tenant: Tenant) -> Delivery:
    event = Event(
        id=correction.correction_id,
        type=CORRECTED,
        time=correction.at,
        received_at=correction.at,
        tenant=tenant.tenant_id,
        source=correction.source,
        channel="desk",
        identifiers=(Identifier(FACET, correction.facet),),
        data={"generation": correction.generation, "traits": dict(order.traits)},
    )
    return Delivery(correction.source, 0, frozenset(), correction.at, (event,), internal=True)
