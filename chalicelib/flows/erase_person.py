"""Erases a person and keeps them erased: tombstones first, then the keys, then what their history said.

Erasing a merged person erases all that is merged. Each step may be repeated: an erasure that was interrupted is
gone on with by its id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence

import msgspec

from chalicelib.flows.erasure import (
    ERASURE,
    RECEIPT,
    EraseOrder,
    Erasure,
    Progress,
    SignedReceipt,
    receipt_of,
    tombstone,
)
from chalicelib.flows.facet_keys import secret_name
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.merge_people import ATTEMPTS, facet_of
from chalicelib.flows.services import Change, ErasureServices
from chalicelib.flows.snapshot import Snapshot
from chalicelib.identity.blind_index import namespace_of
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import NotFound, Unavailable
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.privacy.free_text import masked
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Facet, IdentifierKey
from chalicelib.store import rows
from chalicelib.store.jobs import JobRow
from chalicelib.store.ledger import LedgerRow
from chalicelib.store.rows import IdentifierWrite, Record

_PROGRESS, _PROGRESS_DAYS = "progress", 90
_PAGE = 200
"""Events of one checkpoint: about two seconds."""


def erase_person(
    order: EraseOrder,
    tenant: Tenant,
    services: ErasureServices,
    now: Millis,
    has_time: Callable[[], bool] = lambda: True,
) -> SignedReceipt | None:
    """Erase everybody who is one person with this profile; None while there is more to do than there was time.

    From the first save on nobody can read them, and no event from before brings them back. Raises NotFound, Unavailable.
    """
    erasure = _begin(order, tenant, services, now)
    done = services.history.record_of(tenant.tenant_id, RECEIPT, order.erasure_id)
    if done is None:
        return _complete(erasure, tenant, services, now, has_time)
    # An index that lagged may have hidden the last events: asking again sweeps again.
    _strip(erasure, tenant, services)
    return decode(done.content, SignedReceipt)


def _begin(order: EraseOrder, tenant: Tenant, services: ErasureServices, now: Millis) -> Erasure:
    """The tombstones: profiles without a body, identifiers that lead nowhere. They are written once."""
    index = services.index(tenant)
    for _ in services.patience.attempts(ATTEMPTS):
        begun = services.history.record_of(tenant.tenant_id, ERASURE, order.erasure_id)
        if begun is not None:
            # Also where this very call wrote them and the answer was lost: then nobody of that id is left to be found.
            return decode(begun.content, Erasure)
        snapshot = Snapshot(tenant.tenant_id, services.profiles)
        lead = facet_of(order.profile_id, snapshot, index.profile_id)
        snapshot.know([lead])
        generation = snapshot.row(lead).generation
        if order.generations.get(lead, generation) != generation:
            # A message may wait for days, among the dead letters too: whoever came back meanwhile was not meant.
            raise NotFound("no_such_profile", "There is no such profile.")
        owner = snapshot.owner(lead)
        joined = snapshot.body(owner).facets.keys() - order.generations.keys()
        if order.alone and joined and not snapshot.is_torn:
            raise NotFound("person_changed", "This person was merged since: who asked is to ask anew.")
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
        erased_until=max(now, *map(_latest, facets.values())),
        profile_ids=tuple(one for one in ids if snapshot.profile(one) is not None),
        facets={facet: 1 + snapshot.row(facet).generation for facet in facets},
        identifiers=dict(Counter(map(namespace_of, nodes))),
        reason=masked(order.reason),
        principal=order.principal,
        nodes=tuple(sorted(nodes)),
    )


def _latest(facet: Facet) -> Millis:
    """The latest that was said. It may be dated a little ahead: it must not come back as one from after the erasure.

    What staff say moves no last sighting, and a consent that they note follows upon one that a source dated ahead.
    """
    return max(facet.last_seen, *(one.observed_at for one in facet.traits.values()), 0)


def _tombstones(erasure: Erasure, owner: str, nodes: Collection[IdentifierKey], snapshot: Snapshot) -> rows.Change:
    """The save with which the person is gone. A profile's identifiers always fit into one (``Limits.nodes``)."""
    tenant, generation = snapshot.tenant_id, max(erasure.facets.values())
    audited = Audited("profiles.erase", erasure.principal, erasure.profile_ids, erasure.reason, erasure.erasure_id)
    row = snapshot.profile(owner)
    return rows.Change(
        tenant=tenant,
        profiles=() if row is None else ((tombstone(row, erasure.at), row.version),),
        identifiers=tuple(_nowhere(key, snapshot, erasure, generation) for key in sorted(nodes)),
        records=(
            Record(tenant, ERASURE, erasure.erasure_id, erasure.at, encode(erasure)),
            audit_record(tenant, erasure.erasure_id, erasure.at, audited),
        ),
    )


def _erase_redirects(erasure: Erasure, tenant: Tenant, services: ErasureServices) -> None:
    """Former ids lead to nobody. One that was written since is of a new generation, and stays."""
    found = services.profiles.load(tenant.tenant_id, erasure.profile_ids, fresh=True).values()
    for row in found:
        if row.state == "merged" and row.updated_at <= erasure.at:
            services.profiles.save(rows.Change(tenant.tenant_id, ((tombstone(row, erasure.at), row.version),)))


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


def _complete(
    erasure: Erasure, tenant: Tenant, services: ErasureServices, now: Millis, has_time: Callable[[], bool]
) -> SignedReceipt | None:
    """Write it where no restore reaches, let former ids lead to nobody, shred the keys, forget what was said, and tell."""
    services.ledger.keep(LedgerRow(tenant.tenant_id, erasure.erasure_id, erasure.at, encode(erasure)))
    _erase_redirects(erasure, tenant, services)
    names = [secret_name(facet, generation) for facet, generation in erasure.facets.items()]
    services.secrets.delete(tenant.tenant_id, names)
    progress = _sweep(erasure, tenant, services, has_time)
    if progress is None or now < erasure.at + services.lag_ms:
        return None
    # Whoever read before the tombstones may have made a secret anew for a save that then failed.
    services.secrets.delete(tenant.tenant_id, names)
    document = receipt_of(erasure, tenant.tenant_id, progress, now)
    receipt = SignedReceipt(document, services.sign(tenant, document))
    services.publish(
        [Change("profile.erased", {"tenant": tenant.tenant_id, "profile_id": one}) for one in erasure.profile_ids]
    )
    services.history.keep(Record(tenant.tenant_id, RECEIPT, erasure.erasure_id, now, encode(receipt)))
    return receipt


def _sweep(
    erasure: Erasure, tenant: Tenant, services: ErasureServices, has_time: Callable[[], bool]
) -> Progress | None:
    """Strip the events of the generation that ended, forget the decisions and what the desk has, page by page, until a
    look finds none.

    A checkpoint follows each page, so that a kill loses no more than the count of one.
    """
    tenant_id = tenant.tenant_id
    row = services.jobs.load(tenant_id, erasure.erasure_id, _PROGRESS)
    progress, version = (Progress(), 0) if row is None else (decode(row.content, Progress), row.version)
    expires_at = erasure.at + _PROGRESS_DAYS * DAY_MS
    while has_time():
        events, decisions = _strip(erasure, tenant, services, _PAGE), _forget(erasure, tenant, services)
        at_desk = _forget_at_desk(erasure, tenant, services)
        if not events and not decisions and not at_desk:
            return progress
        progress = Progress(progress.events + events, progress.decisions + decisions, progress.at_desk + at_desk)
        version += 1
        services.jobs.advance(
            JobRow(tenant_id, erasure.erasure_id, _PROGRESS, version, encode(progress), erasure.at, expires_at)
        )
    return None


def _strip(erasure: Erasure, tenant: Tenant, services: ErasureServices, at_most: int = 1 << 30) -> int:
    """Strip so many events of the generation that ended; 0 says that a look found none."""
    stripped = 0
    for facet in erasure.facets:
        if stripped < at_most:
            stripped += services.history.strip(
                tenant.tenant_id, facet, until=erasure.erased_until, at_most=at_most - stripped
            )
    return stripped


def _forget(erasure: Erasure, tenant: Tenant, services: ErasureServices) -> int:
    forget = services.history.forget_decisions
    return sum(forget(tenant.tenant_id, one, at_most=_PAGE) for one in erasure.profile_ids)


def _forget_at_desk(erasure: Erasure, tenant: Tenant, services: ErasureServices) -> int:
    names = [(store, one) for store in services.desk for one in erasure.profile_ids]
    return sum(store.forget(tenant.tenant_id, one, at_most=_PAGE) for store, one in names)
