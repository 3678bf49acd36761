"""Whether an older key may be removed: only when nothing in the store needs it, and nobody can write with it any more."""

from __future__ import annotations

import msgspec

from chalicelib.flows.sweep_keys import Kind, kept_versions, settled_at, written_version
from chalicelib.kernel.errors import Conflict, NotFound
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.sweeps import SweptIdentifiers, SweptSecrets

_PAGE = 1_000


class Needed(msgspec.Struct, frozen=True):
    """What an older key still holds.

    ``rows`` are facets or identifiers that only it leads to. ``erased`` are identifiers of erased people that it alone
    finds: until ``erased_until`` an event of before the erasure could come and bring one back.
    """

    rows: int = 0
    erased: int = 0
    erased_until: Millis = 0

    @property
    def nothing(self) -> bool:
        """Whether the key could go."""
        return not (self.rows or self.erased)


def needed(
    kind: Kind, tenant: Tenant, version: int, secrets: SweptSecrets, identifiers: SweptIdentifiers, now: Millis
) -> Needed:
    """Count what needs a tenant's key of this version, or an older one. Reads a whole table."""
    if kind == "index":
        return _named(tenant, version, identifiers, now)
    rows, after, more = 0, "", True
    while more:
        page = secrets.behind(tenant.tenant_id, version + 1, after, limit=_PAGE)
        rows += len(page.rows)
        after, more = page.after, bool(page.after)
    return Needed(rows)


def _named(tenant: Tenant, version: int, identifiers: SweptIdentifiers, now: Millis) -> Needed:
    """An event of before the horizon is refused whoever it is about: an erasure that long ago needs no key."""
    found, after, more = Needed(), "", True
    while more:
        page = identifiers.behind(tenant.tenant_id, version + 1, after, limit=_PAGE)
        until = [row.erased_at + tenant.horizon_days * DAY_MS for row in page.rows.values() if not row.leads]
        late = [one for one in until if one >= now]
        found = Needed(
            found.rows + sum(row.leads for row in page.rows.values()),
            found.erased + len(late),
            max([found.erased_until, *late]),
        )
        after, more = page.after, bool(page.after)
    return found


def check_removable(
    kind: Kind, tenant: Tenant, version: int, secrets: SweptSecrets, identifiers: SweptIdentifiers, now: Millis
) -> None:
    """Raises NotFound for a version that there is not, and Conflict, which says why, for one that must stay."""
    if version not in kept_versions(kind, tenant):
        raise NotFound("no_such_version", f"There is no {kind} key of version {version}.")
    written = written_version(kind, tenant, now)
    if version >= written:
        raise Conflict("key_in_use", f"Version {version} of the {kind} key is written with, or will be.")
    if now < settled_at(kind, tenant, written):
        raise Conflict("too_early", "Functions that began with the older key may still be running; try in 15 minutes.")
    found = needed(kind, tenant, version, secrets, identifiers, now)
    if not found.nothing:
        raise Conflict("key_needed", _why(found))


def _why(found: Needed) -> str:
    parts = [f"{found.rows} rows are not moved yet"] if found.rows else []
    if found.erased:
        parts.append(f"{found.erased} identifiers of erased people are found by it alone, the last until")
        parts[-1] += f" {found.erased_until // 1000} (Unix time)"
    return "The key is needed: " + "; ".join(parts) + "."
