"""Sets or denies a tag by a person's word, which wins over the rules until it is taken back."""

from __future__ import annotations

import msgspec

from chalicelib.flows.contribute import EventContent
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.save_changes import told_of_models
from chalicelib.flows.say_of_person import ATTEMPTS, KEPT_DAYS, RANK, first_facet, person_of, with_word
from chalicelib.flows.services import Change, IdentityServices
from chalicelib.flows.tell_changes import About, still_open, tag_changes
from chalicelib.flows.time_told import confirmed, past_of
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Body, Contribution, FacetId, Trait
from chalicelib.profiles.pins import PINNED, pin_name
from chalicelib.store import rows
from chalicelib.tags.changes import changes
from chalicelib.tags.engine import assess
from chalicelib.tags.timers import earliest


class PinOrder(msgspec.Struct, frozen=True):
    """What somebody says of a tag: true sets it, false denies it, None takes that back. ``pin_id`` tells repeats."""

    pin_id: str
    profile_id: str
    tag_id: str
    value: bool | None
    reason: str
    principal: str


class Pin(msgspec.Struct, frozen=True):
    """What stands now. ``version`` is that of the profile."""

    profile_id: str
    tag: str
    value: bool | None
    version: int


def pin_tag(order: PinOrder, tenant: Tenant, services: IdentityServices, now: Millis) -> Pin:
    """Keep a person's word as an event of the person's first facet, and publish what it changed. The same ``pin_id``
    again publishes that again, and no more.

    Raises NotFound for an unknown tag or profile, Unavailable when others are faster for too long.
    """
    services.catalogue.compiled(order.tag_id)
    for _ in services.patience.attempts(ATTEMPTS):
        row, body = person_of(tenant.tenant_id, order.profile_id, services.profiles)
        if _was_said(order, row, body, tenant, services):
            return Pin(row.profile_id, order.tag_id, order.value, row.version)
        contribution = _contribution(order, first_facet(body), now)
        made, told = _told(order, row, body, contribution, services, now)
        if services.profiles.save(_change(order, tenant, row, made, contribution, told, now)).saved:
            services.publish(told)
            return Pin(made.profile_id, order.tag_id, order.value, made.version)
    raise Unavailable("contended", "Others change this profile; try again.")


def _was_said(order: PinOrder, row: rows.ProfileRow, body: Body, tenant: Tenant, services: IdentityServices) -> bool:
    """Whether this order was kept, or a person's last word is the same. What that changed is published again: a crash
    between the save and its publication, or a lost answer, may have eaten it.
    """
    last, own = profile_of(row, body).traits.get(pin_name(order.tag_id)), bytes.fromhex(order.pin_id)
    stands = (None if last is None else last.value) == order.value
    keys = {own, last.event_key} if last is not None and stands else {own}
    said = services.history.events(tenant.tenant_id, keys)
    for key, before in said.items():
        told = decode(before.changes, list[Change]) if before.changes else []
        # Another's order is told again only of whom nothing was saved since: of an id that is gone by now, or of a
        # version long overruled, it would be news that nobody has asked for.
        if key == own or {(row.profile_id, row.version)} == {
            (one.detail["profile_id"], before.version) for one in told
        }:
            services.publish(told)
    return stands or own in said


def _contribution(order: PinOrder, facet: FacetId, now: Millis) -> Contribution:
    key = bytes.fromhex(order.pin_id)
    source = f"person:{order.principal}"
    said = Trait(order.value, now, RANK, key, source)
    return Contribution(key, PINNED, now, source, RANK, "desk", facet, {}, {pin_name(order.tag_id): said}, ())


def _told(
    order: PinOrder, row: rows.ProfileRow, body: Body, one: Contribution, services: IdentityServices, now: Millis
) -> tuple[rows.ProfileRow, list[Change]]:
    """The row that a person's word makes, and what there is to publish then."""
    kept = with_word(body, one)
    made = msgspec.structs.replace(row, version=row.version + 1, updated_at=now, body=encode(kept))
    about: About = {"tenant": row.tenant, "profile_id": row.profile_id, "version": made.version}
    rules, was, grown = services.catalogue, profile_of(row, body), profile_of(made, kept)
    past = past_of(row, body, now, rules)
    # What is taken back leaves no word behind that would name the tags concerned: they are named here.
    family = rules.families.kin(order.tag_id) | {order.tag_id}
    old, new = (assess(rules, profile, now, among=family) for profile in (was, grown))
    changed = confirmed(changes(old, new), past, rules, grown, now)
    told = [
        *still_open(past.changes, grown, rules),
        Change("profile.updated", about),
        *tag_changes(changed, about, now),
    ]
    assessed, waits = ([new], row.due_at) if past.walked is None else ([past.walked.ends_in, new], 0)
    # Of all rules: while a person's word stood, nobody waited for what time does to this tag.
    due_at = earliest(rules, grown, assessed, now, waits=waits)
    made, moved = told_of_models(made, was, grown, services.models, rules, now)
    return msgspec.structs.replace(made, due_at=due_at or 0), [*told, *moved]


def _change(
    order: PinOrder,
    tenant: Tenant,
    row: rows.ProfileRow,
    made: rows.ProfileRow,
    one: Contribution,
    told: list[Change],
    now: Millis,
) -> rows.Change:
    # The reason is a sentence of a person, so it stands in the audit alone and in no view of the profile.
    view = {"tag": order.tag_id, "value": order.value}
    event = rows.EventRow(
        tenant=tenant.tenant_id,
        event_key=one.event_key,
        facet=one.facet,
        at=now,
        expires_at=now + KEPT_DAYS * DAY_MS,
        content=encode(EventContent(one, view, one.source, now, b"")),
        changes=encode(told),
        saved_at=now,
        version=made.version,
    )
    said = {True: "set", False: "deny", None: "release"}[order.value]
    audited = Audited(f"tags.{said}", order.principal, (row.profile_id,), order.reason, order.tag_id)
    return rows.Change(
        tenant=tenant.tenant_id,
        profiles=((made, row.version),),
        events=(event,),
        records=(audit_record(tenant.tenant_id, order.pin_id, now, audited),),
    )
