"""Merges people whom an operator says are one: a tie between their facets, which a split can cut again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from chalicelib.flows.identity_records import Audited, Merged, audit_record, find_merge, merge_record
from chalicelib.flows.plan_save import ACTIONS_AT_ONCE, Plan, actions_of, plan, versions_of
from chalicelib.flows.save_changes import tell
from chalicelib.flows.services import MOST_PEOPLE, Change, IdentityServices
from chalicelib.flows.settle_links import MOST_PROFILES, Settled, settle_all
from chalicelib.flows.snapshot import Snapshot, limits_of
from chalicelib.identity.partition import SHARED, Apart, Must, Ties
from chalicelib.kernel.errors import BadInput, Conflict, NotFound, Unavailable
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Facet, FacetId
from chalicelib.store import rows

ATTEMPTS = 8


class MergeOrder(msgspec.Struct, frozen=True):
    """Whom to merge, and on whose word. ``merge_id`` makes a repeat the same merge. ``force``: over a protection."""

    merge_id: str
    profile_ids: tuple[str, ...]
    reason: str
    principal: str
    force: bool = False


class MergePlan(msgspec.Struct, frozen=True):
    """A merge that could be saved now: what it ties, and whom it makes."""

    snapshot: Snapshot
    settled: Settled
    planned: Plan
    musts: tuple[Must, ...]
    lifted: tuple[Apart, ...]
    profile_id: str
    broken: tuple[str, ...]
    """Reasons of the protections that stand in its way, ``force`` being given or not."""


def merge_people(order: MergeOrder, tenant: Tenant, services: IdentityServices, now: Millis) -> Merged:
    """Merge, and publish what changed. The same ``merge_id`` again answers what was done then.

    Raises NotFound, BadInput, Conflict ``already_one``, ``protected`` or ``too_tangled``, Unavailable.
    """
    return obeyed(lambda: _told_again(order, tenant, services), lambda: _merge(order, tenant, services, now), services)


def obeyed[T](told_again: Callable[[], T | None], attempt: Callable[[], T | None], services: IdentityServices) -> T:
    """What an operator's order came to, done once however often it is sent. Raises what ``attempt`` does, Unavailable.

    ``told_again``: what it came to if it was obeyed before; ``attempt`` is None when others came in between.
    """
    for _ in services.patience.attempts(ATTEMPTS):
        try:
            done = told_again() or attempt()
        except Conflict:
            # This very order may have been obeyed while it was looked at: then that is no conflict with it.
            done = told_again()
            if done is None:
                raise
        if done is not None:
            return done
    raise Unavailable("contended", "Others change these profiles; try again.")


def _told_again(order: MergeOrder, tenant: Tenant, services: IdentityServices) -> Merged | None:
    """What was done by this order, published again: who did it may have been killed before. None: nothing yet.

    It is looked for before each attempt. A save may have been done although it was answered that it was not, or by the
    same order's earlier call that was still under way; nobody but its repeat would ever tell of it.
    """
    done = find_merge(services.history, tenant.tenant_id, order.merge_id)
    if done is not None:
        services.publish([_merged(tenant.tenant_id, done), *updated(tenant.tenant_id, done.versions)])
    return done


def _merge(order: MergeOrder, tenant: Tenant, services: IdentityServices, now: Millis) -> Merged | None:
    """One attempt; None when others changed these people meanwhile."""
    found = plan_merge(order, tenant, services, now)
    if found.broken:
        raise Conflict("protected", f"A protection forbids it: {', '.join(found.broken)}.", "profile_ids")
    merged = _record(order, found, now)
    told = tell(found.planned, (), found.snapshot, now, services.catalogue, services.models)
    if found.snapshot.is_torn or not services.profiles.save(_change(merged, told.planned, tenant)).saved:
        return None
    services.publish([_merged(tenant.tenant_id, merged), *what_else(told.changes)])
    return merged


def plan_merge(order: MergeOrder, tenant: Tenant, services: IdentityServices, now: Millis) -> MergePlan:
    """What the merge would do to whom, with nothing written."""
    if not 2 <= len(set(order.profile_ids)) == len(order.profile_ids) <= MOST_PEOPLE:
        raise BadInput("bad_profile_ids", f"A merge is of 2 to {MOST_PEOPLE} different profiles.", "profile_ids")
    index = services.index(tenant)
    snapshot, leads = _leads(order, tenant, services, index.profile_id)
    sides = [snapshot.owner(one) for one in leads]
    if len(set(sides)) == 1:
        raise Conflict("already_one", "These ids are one profile's already.", "profile_ids")
    musts = tuple(Must(now, order.merge_id, leads[0], one, order.force) for one in leads[1:])
    lifted: list[Apart] = []

    def edit(said: Ties) -> Ties:
        lifted[:] = [one for one in said.aparts if _stands_between(one, sides, snapshot)]
        kept = tuple(one for one in said.aparts if one not in lifted)
        return Ties(said.musts, kept).joined(Ties(musts))

    facets = {key: facet for one in set(sides) for key, facet in snapshot.body(one).facets.items()}
    settled = settle_people(snapshot, facets, tenant, edit)
    planned = plan(settled, snapshot, index, now)
    whole = next(one for one in planned.people if leads[0] in one.component.facets)
    missing = facets.keys() - whole.component.facets
    reasons = {one.reason for one in (*settled.unmet, *settled.refused) if missing & {one.anchor, one.other}}
    # That a shared identifier unites nobody is no reason why an operator may not.
    broken = tuple(sorted(reasons - {SHARED} or {"protected"})) if missing else ()
    return MergePlan(snapshot, settled, planned, musts, tuple(lifted), whole.row.profile_id, broken)


def _leads(
    order: MergeOrder, tenant: Tenant, services: IdentityServices, id_of: Callable[[FacetId], str]
) -> tuple[Snapshot, list[FacetId]]:
    """The facets that gave the ids, in one view of the store: read again if one moved while they were looked for."""
    for _ in services.patience.attempts(ATTEMPTS):
        snapshot = Snapshot(tenant.tenant_id, services.profiles)
        leads = [facet_of(one, snapshot, id_of) for one in order.profile_ids]
        snapshot.know(leads)
        if all(one in snapshot.body_at(one).facets for one in leads):
            return snapshot, leads
    raise Unavailable("contended", "Others change these profiles; try again.")


def settle_people(
    snapshot: Snapshot, facets: dict[FacetId, Facet], tenant: Tenant, edit: Callable[[Ties], Ties]
) -> Settled:
    """Who is one person after an operator's word. Raises Conflict when too many people hang together."""
    settled = settle_all(snapshot, facets, (), limits_of(tenant), edit=edit)
    if not settled.reached:
        raise Conflict("too_tangled", f"More than {MOST_PROFILES} people hang together here: split some first.")
    return msgspec.structs.replace(settled, grown=frozenset())


def facet_of(profile_id: str, snapshot: Snapshot, id_of: Callable[[FacetId], str]) -> FacetId:
    """The facet that gave a profile its id, wherever it is now. Raises NotFound."""
    at, seen = profile_id, set[str]()
    while at and at not in seen:
        seen.add(at)
        snapshot.know_profiles([at])
        if snapshot.lives(at):
            found = [facet for facet in snapshot.body(at).facets if id_of(facet) == profile_id]
            if found:
                return found[0]
            break
        row = snapshot.profile(at)
        at = row.merged_into if row is not None else ""
    raise NotFound("no_such_profile", "There is no such profile.")


def change_of(planned: Plan, tenant: Tenant, records: Sequence[rows.Record]) -> rows.Change:
    """An operator's word as one save. Raises Conflict when it does not fit into one."""
    if actions_of(planned) + len(records) > ACTIONS_AT_ONCE:
        raise Conflict("too_tangled", "This changes more than one transaction holds: split some first.")
    return rows.Change(
        tenant=tenant.tenant_id,
        profiles=(*((one.row, one.replaces) for one in planned.people if one.is_changed), *planned.redirects),
        identifiers=planned.identifiers,
        checks=planned.checks,
        unmoved=planned.unmoved,
        records=tuple(records),
    )


def updated(tenant_id: str, versions: Mapping[str, int]) -> list[Change]:
    """That these profiles changed, told again: a crash between the save and its publication may have eaten it.

    Tags are not told again one by one; who follows them reads the profile at this version.
    """
    return [
        Change("profile.updated", {"tenant": tenant_id, "profile_id": one, "version": version})
        for one, version in sorted(versions.items())
    ]


def what_else(told: Sequence[Change]) -> list[Change]:
    """What an operator's word changed of people, besides that they were merged or split."""
    return [one for one in told if one.type not in ("profile.merged", "profile.split")]


def _stands_between(one: Apart, sides: Sequence[str], snapshot: Snapshot) -> bool:
    held = [[side for side in sides if key in snapshot.nodes(side)] for key in (one.left, one.right)]
    return all(held) and held[0] != held[1]


def _record(order: MergeOrder, found: MergePlan, now: Millis) -> Merged:
    return Merged(
        merge_id=order.merge_id,
        at=now,
        profile_id=found.profile_id,
        profile_ids=order.profile_ids,
        musts=found.musts,
        lifted=found.lifted,
        reason=order.reason,
        principal=order.principal,
        versions=versions_of(found.planned),
    )


def _change(merged: Merged, planned: Plan, tenant: Tenant) -> rows.Change:
    audited = Audited("profiles.merge", merged.principal, merged.profile_ids, merged.reason, merged.profile_id)
    records = (
        merge_record(tenant.tenant_id, merged),
        audit_record(tenant.tenant_id, merged.merge_id, merged.at, audited),
    )
    return change_of(planned, tenant, records)


def _merged(tenant_id: str, merged: Merged) -> Change:
    lost = [one for one in merged.profile_ids if one != merged.profile_id]
    about = {"tenant": tenant_id, "profile_id": merged.profile_id, "version": merged.versions[merged.profile_id]}
    return Change("profile.merged", {**about, "merged": lost, "merge_id": merged.merge_id})
