"""Splits people who were merged wrongly: the tie or link is cut, and its ends are kept apart from then on."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64

import msgspec

from chalicelib.flows.identity_records import (
    Audited,
    Split,
    audit_record,
    find_merge,
    find_split,
    split_record,
)
from chalicelib.flows.merge_people import change_of, obeyed, settle_people, updated, what_else
from chalicelib.flows.plan_save import Plan, plan, versions_of
from chalicelib.flows.save_changes import tell
from chalicelib.flows.services import Change, IdentityServices
from chalicelib.flows.snapshot import Snapshot
from chalicelib.identity.partition import Apart, Must, Ties
from chalicelib.kernel.errors import Conflict, NotFound
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import IdentifierKey
from chalicelib.store import rows


class SplitOrder(msgspec.Struct, frozen=True):
    """What to cut, a merge or a link, and on whose word. ``split_id`` makes a repeat the same split."""

    split_id: str
    reason: str
    principal: str
    merge_id: str = ""
    link_id: str = ""


type Pair = tuple[IdentifierKey, IdentifierKey]


def split_people(order: SplitOrder, tenant: Tenant, services: IdentityServices, now: Millis) -> Split:
    """Split, and publish what changed. The same ``split_id`` again answers what was done then.

    Every facet returns to the id it came from, with all that arrived since. Raises NotFound, Conflict
    ``already_split``, ``not_linked`` or ``too_tangled``, Unavailable.
    """
    return obeyed(lambda: _told_again(order, tenant, services), lambda: _split(order, tenant, services, now), services)


def _told_again(order: SplitOrder, tenant: Tenant, services: IdentityServices) -> Split | None:
    """What was done by this order, published again, as of a merge (``flows.merge_people``). None: nothing yet."""
    done = find_split(services.history, tenant.tenant_id, order.split_id)
    if done is not None:
        services.publish([_split_change(tenant.tenant_id, done), *updated(tenant.tenant_id, done.versions)])
    return done


def _split(order: SplitOrder, tenant: Tenant, services: IdentityServices, now: Millis) -> Split | None:
    """One attempt; None when others changed these people meanwhile."""
    aparts = tuple(Apart(now, order.split_id, left, right) for left, right in _pairs(order, tenant, services))
    snapshot = Snapshot(tenant.tenant_id, services.profiles)
    planned, undone = _planned(order, aparts, snapshot, tenant, services, now)
    split = _record(order, aparts, planned, undone, now)
    told = tell(planned, (), snapshot, now, services.catalogue, services.models)
    if snapshot.is_torn or not services.profiles.save(_change(split, told.planned, tenant)).saved:
        return None
    services.publish([_split_change(tenant.tenant_id, split), *what_else(told.changes)])
    return split


def link_id(anchor: IdentifierKey, other: IdentifierKey) -> str:
    """The id of a link: it says which, and holds no clear value."""
    return "l_" + urlsafe_b64encode(f"{anchor}~{other}".encode()).rstrip(b"=").decode()


def _pairs(order: SplitOrder, tenant: Tenant, services: IdentityServices) -> tuple[Pair, ...]:
    """What is to be kept apart."""
    if order.merge_id:
        merged = find_merge(services.history, tenant.tenant_id, order.merge_id)
        if merged is None:
            raise NotFound("no_such_merge", "There is no such merge.")
        # What the merge had overruled holds again: to take it back is to be where one was.
        tied = [(one.left, one.right) for one in merged.musts]
        return tuple(dict.fromkeys([*tied, *((one.left, one.right) for one in merged.lifted)]))
    return (_ends(order.link_id),)


def _ends(coded: str) -> Pair:
    raw = coded.removeprefix("l_").encode("utf-8", "replace")
    try:
        anchor, _, other = urlsafe_b64decode(raw + b"=" * (-len(raw) % 4)).decode("ascii").partition("~")
    except (BadBase64, ValueError):
        anchor = other = ""
    if not coded.startswith("l_") or ":" not in anchor or ":" not in other:
        raise NotFound("no_such_link", "There is no such link.")
    return anchor, other


def _planned(
    order: SplitOrder,
    aparts: tuple[Apart, ...],
    snapshot: Snapshot,
    tenant: Tenant,
    services: IdentityServices,
    now: Millis,
) -> tuple[Plan, tuple[Must, ...]]:
    pairs = [(one.left, one.right) for one in aparts]
    snapshot.know(key for pair in pairs for key in pair)
    owners = {snapshot.owner(key) for pair in pairs for key in pair} - {""}
    said = snapshot.ties(owners)
    if order.merge_id and not any(one.merge_id == order.merge_id for one in said.musts):
        raise Conflict("already_split", "That merge was split already.")
    if order.link_id:
        _check_linked(pairs[0], snapshot)

    undone: list[Must] = []

    def edit(said: Ties) -> Ties:
        undone[:] = [one for one in said.musts if one.merge_id == order.merge_id or (one.left, one.right) in pairs]
        return Ties(tuple(one for one in said.musts if one not in undone), said.aparts).joined(Ties(aparts=aparts))

    facets = {key: facet for one in owners for key, facet in snapshot.body(one).facets.items()}
    settled = settle_people(snapshot, facets, tenant, edit)
    return plan(settled, snapshot, services.index(tenant), now), tuple(undone)


def _check_linked(pair: Pair, snapshot: Snapshot) -> None:
    anchor, other = pair
    facet = snapshot.body_at(anchor).facets.get(anchor)
    if facet is None or other not in facet.links:
        raise NotFound("no_such_link", "There is no such link.")
    if other in snapshot.body_at(anchor).refused:
        raise Conflict("not_linked", "That link unites nobody.")


def _record(
    order: SplitOrder, aparts: tuple[Apart, ...], planned: Plan, undone: tuple[Must, ...], now: Millis
) -> Split:
    ends = {key for one in aparts for key in (one.left, one.right)}
    sides = [one.row for one in planned.people if not ends.isdisjoint(one.component.nodes)]
    return Split(
        split_id=order.split_id,
        at=now,
        merge_id=order.merge_id,
        profile_ids=tuple(one.profile_id for one in sides),
        aparts=aparts,
        reason=order.reason,
        principal=order.principal,
        versions=versions_of(planned),
        undone=undone,
    )


def _change(split: Split, planned: Plan, tenant: Tenant) -> rows.Change:
    audited = Audited("profiles.split", split.principal, split.profile_ids, split.reason, split.merge_id)
    records = (
        split_record(tenant.tenant_id, split),
        audit_record(tenant.tenant_id, split.split_id, split.at, audited),
    )
    return change_of(planned, tenant, records)


def _split_change(tenant_id: str, split: Split) -> Change:
    first, *others = split.profile_ids or ("",)
    about = {"tenant": tenant_id, "profile_id": first, "version": split.versions.get(first, 0)}
    return Change("profile.split", {**about, "from": others, "split_id": split.split_id})
