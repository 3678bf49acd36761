"""Erases a person and keeps them erased: tombstones first, then the keys, then what their history said.

Erasing a merged person erases all that is merged. Each step may be repeated: an erasure that was interrupted is
gone on with by its id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import msgspec

from chalicelib.flows.facet_keys import secret_name
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.merge_people import ATTEMPTS, facet_of
from chalicelib.flows.services import Change, ErasureServices
from chalicelib.flows.snapshot import Snapshot
from chalicelib.identity.blind_index import namespace_of
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import FacetId, IdentifierKey
from chalicelib.store import rows
from chalicelib.store.rows import IdentifierWrite, Record

ERASURE, RECEIPT = "erasure", "receipt"


class EraseOrder(msgspec.Struct, frozen=True):
    """Whom to erase, and on whose word. ``erasure_id`` makes a repeat the same erasure."""

    erasure_id: str
    profile_id: str
    reason: str
    principal: str


class Erasure(msgspec.Struct, frozen=True):
    """What is erased. ``facets`` map to the generation that ends; ``erased_until`` is the latest instant of it."""

    erasure_id: str
    at: Millis
    erased_until: Millis
    profile_ids: tuple[str, ...]
    facets: dict[FacetId, int]
    identifiers: dict[str, int]
    """Namespace → how many; which they were is erased too."""
    reason: str
    principal: str


class Receipt(msgspec.Struct, frozen=True):
    """That an erasure is complete, and all it took: what a person may be given as proof."""

    erasure_id: str
    begun_at: Millis
    completed_at: Millis
    profile_ids: tuple[str, ...]
    facets: int
    identifiers: dict[str, int]
    events: int
    decisions: int


def erase_person(order: EraseOrder, tenant: Tenant, services: ErasureServices, now: Millis) -> Receipt:
    """Erase everybody who is one person with this profile. Raises NotFound, Unavailable.

    From the first save on nobody can read them, and no event from before brings them back.
    """
    begun = services.history.record_of(tenant.tenant_id, ERASURE, order.erasure_id)
    erasure = decode(begun.content, Erasure) if begun is not None else _begin(order, tenant, services, now)
    done = services.history.record_of(tenant.tenant_id, RECEIPT, order.erasure_id)
    if done is None:
        return _complete(erasure, tenant, services, now)
    # An index that lagged may have hidden the last events: asking again sweeps again.
    _sweep(erasure, tenant, services)
    return decode(done.content, Receipt)


def _begin(order: EraseOrder, tenant: Tenant, services: ErasureServices, now: Millis) -> Erasure:
    """The tombstones: profiles without a body, identifiers that lead nowhere."""
    index = services.index(tenant)
    for _ in services.patience.attempts(ATTEMPTS):
        snapshot = Snapshot(tenant.tenant_id, services.profiles)
        lead = facet_of(order.profile_id, snapshot, index.profile_id)
        snapshot.know([lead])
        owner = snapshot.owner(lead)
        nodes = snapshot.nodes(owner)
        snapshot.know(nodes)
        ids = sorted(map(index.profile_id, snapshot.body(owner).facets))
        snapshot.know_profiles(ids)
        erasure = _erasure(order, owner, nodes, ids, snapshot, now)
        tombstones = _tombstones(erasure, owner, nodes, snapshot)
        if snapshot.is_torn or not services.profiles.save(tombstones).saved:
            continue
        return erasure
    raise Unavailable("contended", "Others change this profile; try again.")


def _erasure(
    order: EraseOrder, owner: str, nodes: Collection[IdentifierKey], ids: Sequence[str], snapshot: Snapshot, now: Millis
) -> Erasure:
    facets = snapshot.body(owner).facets
    return Erasure(
        erasure_id=order.erasure_id,
        at=now,
        # An event may be dated a little ahead: it must not come back as one from after the erasure.
        erased_until=max(now, *(one.last_seen for one in facets.values())),
        profile_ids=tuple(one for one in ids if snapshot.profile(one) is not None),
        facets={facet: 1 + snapshot.row(facet).generation for facet in facets},
        identifiers=dict(Counter(map(namespace_of, nodes))),
        reason=order.reason,
        principal=order.principal,
    )


def _tombstones(erasure: Erasure, owner: str, nodes: Collection[IdentifierKey], snapshot: Snapshot) -> rows.Change:
    """The save with which the person is gone. A profile's identifiers always fit into one (``Limits.nodes``)."""
    tenant, generation = snapshot.tenant_id, max(erasure.facets.values())
    audited = Audited("profiles.erase", erasure.principal, erasure.profile_ids, erasure.reason, erasure.erasure_id)
    row = snapshot.profile(owner)
    return rows.Change(
        tenant=tenant,
        profiles=() if row is None else ((_tombstone(row, erasure.at), row.version),),
        identifiers=tuple(_nowhere(key, snapshot, erasure, generation) for key in sorted(nodes)),
        records=(
            Record(tenant, ERASURE, erasure.erasure_id, erasure.at, encode(erasure)),
            audit_record(tenant, erasure.erasure_id, erasure.at, audited),
        ),
    )


def _tombstone(row: rows.ProfileRow, now: Millis) -> rows.ProfileRow:
    return msgspec.structs.replace(
        row, version=row.version + 1, state="erased", updated_at=now, body=b"", ties=b"", merged_into="", due_at=0
    )


def _erase_redirects(erasure: Erasure, tenant: Tenant, services: ErasureServices) -> None:
    """Former ids lead to nobody. One that was written since is of a new generation, and stays."""
    found = services.profiles.load(tenant.tenant_id, erasure.profile_ids, fresh=True).values()
    for row in found:
        if row.state == "merged" and row.updated_at <= erasure.at:
            services.profiles.save(rows.Change(tenant.tenant_id, ((_tombstone(row, erasure.at), row.version),)))


def _nowhere(key: IdentifierKey, snapshot: Snapshot, erasure: Erasure, generation: int) -> IdentifierWrite:
    before = snapshot.row(key)
    row = msgspec.structs.replace(
        before,
        profile_id="",
        version=before.version + 1,
        erased_at=erasure.erased_until,
        generation=erasure.facets.get(key, generation),
    )
    return IdentifierWrite(key, row)


def _complete(erasure: Erasure, tenant: Tenant, services: ErasureServices, now: Millis) -> Receipt:
    """Let former ids lead to nobody, shred the keys, strip the events to their markers, forget the decisions, and tell."""
    _erase_redirects(erasure, tenant, services)
    names = [secret_name(facet, generation) for facet, generation in erasure.facets.items()]
    services.secrets.delete(tenant.tenant_id, names)
    events = _sweep(erasure, tenant, services)
    decisions = sum(services.history.forget_decisions(tenant.tenant_id, one) for one in erasure.profile_ids)
    receipt = Receipt(
        erasure_id=erasure.erasure_id,
        begun_at=erasure.at,
        completed_at=now,
        profile_ids=erasure.profile_ids,
        facets=len(erasure.facets),
        identifiers=erasure.identifiers,
        events=events,
        decisions=decisions,
    )
    services.publish(
        [Change("profile.erased", {"tenant": tenant.tenant_id, "profile_id": one}) for one in erasure.profile_ids]
    )
    services.history.keep(Record(tenant.tenant_id, RECEIPT, erasure.erasure_id, now, encode(receipt)))
    return receipt


def _sweep(erasure: Erasure, tenant: Tenant, services: ErasureServices) -> int:
    """Strip the events of the generation that ended, until a look finds none; returns how many there were."""
    stripped = 0
    for facet in erasure.facets:
        while found := services.history.strip(tenant.tenant_id, facet, until=erasure.erased_until):
            stripped += found
    return stripped
