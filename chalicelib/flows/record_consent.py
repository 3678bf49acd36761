"""Keeps what a person agreed to or refuses, said by themselves or by staff for them: at once, with an audit row.

It is an event of the person's first facet like any other, so that the ledger, merges, splits and time keep it alike.
"""

from __future__ import annotations

import msgspec

from chalicelib.events.model import Event
from chalicelib.events.types import CHANNELS
from chalicelib.flows.consent_words import words_of
from chalicelib.flows.contribute import EventContent
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.say_of_person import ATTEMPTS, KEPT_DAYS, RANK, first_facet, person_of, told_anew, with_word
from chalicelib.flows.services import Change, IdentityServices
from chalicelib.flows.views import ConsentView
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import BadInput, Unavailable
from chalicelib.kernel.moments import DAY_MS, Millis, local_hour, local_weekday
from chalicelib.privacy.permission import CONSENTED
from chalicelib.privacy.plain import is_plain_id
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.consents import GRANTED, WITHDRAWN, Consent, consent_name, consent_trait
from chalicelib.profiles.measures import MeasureSet, deltas
from chalicelib.profiles.model import Body, Contribution
from chalicelib.store import rows


class ConsentOrder(msgspec.Struct, frozen=True):
    """What was said, and on whose word. ``consent_id``: 32 hexadecimal digits that make a repeat the same word.

    ``principal`` is ``person`` where people speak for themselves.
    """

    consent_id: str
    profile_id: str
    purposes: tuple[str, ...]
    granted: bool
    reason: str
    principal: str
    channel: str = "desk"
    version: str = ""
    proof: str = ""


class Consented(msgspec.Struct, frozen=True):
    """What stands now. ``version`` is that of the profile."""

    profile_id: str
    version: int
    consents: tuple[ConsentView, ...]


def record_consent(order: ConsentOrder, tenant: Tenant, services: IdentityServices, now: Millis) -> Consented:
    """Keep the word and publish what it changed. The same ``consent_id`` again publishes that again, and no more.

    Raises BadInput, NotFound for an unknown profile, Unavailable when others are faster for too long.
    """
    _check(order)
    for _ in services.patience.attempts(ATTEMPTS):
        row, body = person_of(tenant.tenant_id, order.profile_id, services.profiles)
        key = bytes.fromhex(order.consent_id)
        before = services.history.events(tenant.tenant_id, [key]).get(key)
        if before is not None:
            # A crash between the save and its publication may have eaten it.
            services.publish(decode(before.changes, list[Change]) if before.changes else [])
            return _standing(row, body)
        word = _contribution(order, row, body, tenant, services.catalogue.measures, now)
        kept = with_word(body, word)
        made = msgspec.structs.replace(row, version=row.version + 1, updated_at=max(now, row.updated_at))
        made = msgspec.structs.replace(made, body=encode(kept))
        made, told = told_anew(row, body, made, kept, services.catalogue, now, services.models)
        if services.profiles.save(_change(order, tenant, row, made, word, told, now)).saved:
            services.publish(told)
            return _standing(made, kept)
    raise Unavailable("contended", "Others change this profile; try again.")


def _check(order: ConsentOrder) -> None:
    """Raises BadInput ``unknown_purpose``, ``bad_channel`` or ``bad_id``: nothing here is sealed, so all is plain."""
    if not order.purposes or not set(order.purposes) <= set(CONSENTED):
        raise BadInput("unknown_purpose", f"One agrees to or refuses: {', '.join(CONSENTED)}.", "purposes")
    if order.channel not in CHANNELS:
        raise BadInput("bad_channel", "That is not a channel.", "channel")
    for name, text in (("version", order.version), ("proof", order.proof)):
        if text and not is_plain_id(text):
            raise BadInput("bad_id", "An id of letters, digits and marks that names nobody is needed here.", name)


def _standing(row: rows.ProfileRow, body: Body) -> Consented:
    return Consented(row.profile_id, row.version, words_of(profile_of(row, body).traits))


def _contribution(
    order: ConsentOrder, row: rows.ProfileRow, body: Body, tenant: Tenant, measures: MeasureSet, now: Millis
) -> Contribution:
    """The word as an event. It is the last one: clocks of sources may run a little ahead, and it counts at once."""
    registers = [consent_name(one) for one in order.purposes]
    standing = profile_of(row, body).traits
    at = max([now, *(1 + standing[one].observed_at for one in registers if one in standing)])
    source, key = f"person:{order.principal}", bytes.fromhex(order.consent_id)
    said = Consent(order.granted, at, source, order.channel, order.version, order.proof)
    traits = dict.fromkeys(registers, consent_trait(said, RANK, key))
    kind = GRANTED if order.granted else WITHDRAWN
    # It is counted as one that a source brings is: rules tell by the counts who accepts marketing.
    hour, weekday = local_hour(at, tenant.timezone), local_weekday(at, tenant.timezone)
    told = Event(order.consent_id, kind, at, now, tenant.tenant_id, source, order.channel, ())
    counted = [
        delta
        for purpose in order.purposes
        for delta in deltas(measures, msgspec.structs.replace(told, data={"purpose": purpose}), hour, weekday)
    ]
    facet = first_facet(body)
    return Contribution(key, kind, at, source, RANK, order.channel, facet, {}, traits, tuple(counted))


def _change(
    order: ConsentOrder,
    tenant: Tenant,
    row: rows.ProfileRow,
    made: rows.ProfileRow,
    word: Contribution,
    told: list[Change],
    now: Millis,
) -> rows.Change:
    # The reason is a sentence of a person, so it stands in the audit alone.
    view = {"purposes": list(order.purposes), "version": order.version, "proof": order.proof}
    event = rows.EventRow(
        tenant=tenant.tenant_id,
        event_key=word.event_key,
        facet=word.facet,
        at=word.at,
        expires_at=word.at + KEPT_DAYS * DAY_MS,
        content=encode(EventContent(word, view, word.source, now, b"")),
        changes=encode(told),
        saved_at=made.updated_at,
        version=made.version,
    )
    action = "consents.grant" if order.granted else "consents.withdraw"
    audited = Audited(action, order.principal, (row.profile_id,), order.reason, ",".join(order.purposes))
    return rows.Change(
        tenant=tenant.tenant_id,
        profiles=((made, row.version),),
        events=(event,),
        records=(audit_record(tenant.tenant_id, order.consent_id, now, audited),),
    )
