"""After a rotation: moves what an older key holds, some rows at a time, until nothing needs it.

Each row is moved by one conditional write and may be moved again, so that a sweep can end at any instruction and go on
from its last note. No sealed value, profile or event is written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec.structs import replace

from chalicelib.flows.facet_keys import bound_to, opened, root_of
from chalicelib.flows.move_names import move_names
from chalicelib.flows.sweep_services import SweepKeys, SweepServices
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import DAY_MS, MINUTE_MS, Millis
from chalicelib.privacy.rewrapping import wrap_root
from chalicelib.privacy.sealing import KEY_BYTES
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import FacetId
from chalicelib.store.rows import FacetSecret
from chalicelib.store.sweeps import Progress

type Kind = Literal["branch", "index"]
KINDS: tuple[Kind, ...] = ("branch", "index")
IN_FLIGHT_MS = 15 * MINUTE_MS
"""How long a function may run: until then one may still write what it decided by the keys it began with."""
_PAGE = 200


def sweep_keys(
    kind: Kind, tenant: Tenant, services: SweepServices, now: Millis, has_time: Callable[[], bool], *, budget: int
) -> Progress | None:
    """Go on with a tenant's sweep for ``budget`` rows that are looked at; where it then stands.

    None when there is nothing to sweep, because the tenant has one key of the kind, or the newer one is not written
    with yet. Raises Unavailable when a key or the store does not answer; what was moved stays moved.
    """
    version = written_version(kind, tenant, now)
    if min(kept_versions(kind, tenant)) == version:
        return None
    progress = services.secrets.progress(tenant.tenant_id, kind)
    if (
        progress is None
        or progress.version != version
        or _begins_again(progress, settled_at(kind, tenant, version), now)
    ):
        progress = Progress(version, now)
    if progress.finished_at:
        return progress
    keys = services.keys(tenant)
    left = budget
    while left > 0 and has_time():
        step = _MOVES[kind](tenant, progress, min(left, _PAGE), keys, services, now)
        left -= max(1, step.looked - progress.looked)
        progress = step
        services.secrets.note(tenant.tenant_id, kind, progress)
        if progress.finished_at:
            break
    return progress


def written_version(kind: Kind, tenant: Tenant, now: Millis) -> int:
    """The version of a tenant's key that is written with now."""
    return tenant.branch_written(now) if kind == "branch" else tenant.index_written(now)


def kept_versions(kind: Kind, tenant: Tenant) -> Mapping[int, bytes]:
    """A tenant's keys of a kind, as KMS wrapped them."""
    return tenant.branch_keys if kind == "branch" else tenant.index_keys


def settled_at(kind: Kind, tenant: Tenant, version: int) -> Millis:
    """From when on nobody can write with an older key any more."""
    starts = tenant.branch_starts if kind == "branch" else tenant.index_starts
    return starts.get(version, 0) + IN_FLIGHT_MS


def _begins_again(progress: Progress, settled: Millis, now: Millis) -> bool:
    """Whether a sweep that ended saw too little: it began while others wrote with the old key, or left rows behind.

    What it left behind is tried again once a day: each sweep reads whole tables.
    """
    if not progress.finished_at:
        return False
    began_early = progress.began_at < settled <= now
    return began_early or (progress.stuck > 0 and now - progress.finished_at >= DAY_MS)


def _move_secrets(
    tenant: Tenant, progress: Progress, limit: int, keys: SweepKeys, services: SweepServices, now: Millis
) -> Progress:
    """One page of facet secrets: each root under the newest branch key and a new secret."""
    page = services.secrets.behind(tenant.tenant_id, progress.version, progress.after, limit=limit)
    moved = stuck = 0
    for name, kept in page.rows.items():
        try:
            after = _rewrapped(tenant.tenant_id, name, kept, progress.version, keys, services)
        except Unavailable:
            # A row that fits no key: it is told of, and keeps the old key from being removed.
            stuck += 1
        else:
            moved += services.secrets.swap(tenant.tenant_id, name, kept, after)
    return _stepped(progress, page.after, page.looked, moved, stuck, now)


def _rewrapped(
    tenant_id: str, name: str, kept: FacetSecret, version: int, keys: SweepKeys, services: SweepServices
) -> FacetSecret:
    facet = facet_of_name(name, kept.generation)
    # Checks the commitment: a root that readers would refuse must not take the place of one they may open.
    opened(tenant_id, facet, kept, keys.branch_keys)
    root = root_of(tenant_id, facet, kept, keys.branch_keys)
    secret = services.random(KEY_BYTES)
    wrapped = wrap_root(
        root, keys.branch_keys[version], secret, of=bound_to(tenant_id, facet, kept), branch_version=version
    )
    return replace(kept, secret=secret, branch_version=version, wrapped=wrapped)


def facet_of_name(name: str, generation: int) -> FacetId:
    """The facet whose secret is kept under a name: what ``facet_keys.secret_name`` made of it."""
    return name if generation == 1 else name.removesuffix(f"~{generation}")


def _move_identifiers(
    tenant: Tenant, progress: Progress, limit: int, keys: SweepKeys, services: SweepServices, now: Millis
) -> Progress:
    """One page of identifiers: for each a row under its newer name that leads to the name it keeps."""
    page = services.identifiers.behind(tenant.tenant_id, progress.version, progress.after, limit=limit)
    # Nothing tells the name of who was erased: theirs hold the old key until no event of before is accepted any more.
    rows = {key: row for key, row in page.rows.items() if row.leads}
    moved = move_names(tenant, rows, progress.version, keys, services)
    return _stepped(progress, page.after, page.looked, moved, len(rows) - moved, now)


def _stepped(progress: Progress, after: str, looked: int, moved: int, stuck: int, now: Millis) -> Progress:
    return replace(
        progress,
        after=after,
        looked=progress.looked + looked,
        moved=progress.moved + moved,
        stuck=progress.stuck + stuck,
        finished_at=0 if after else now,
    )


_MOVES: Mapping[Kind, Callable[[Tenant, Progress, int, SweepKeys, SweepServices, Millis], Progress]] = {
    "branch": _move_secrets,
    "index": _move_identifiers,
}
