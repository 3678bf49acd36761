"""Reads what is known of the people that events may be about, redirects followed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chalicelib.flows.admission import Admitted, Opened
from chalicelib.flows.save_group import Round
from chalicelib.flows.services import IngestServices
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Body
from chalicelib.store.rows import ProfileRow, ProfileStore

_LONGEST_CHAIN = 100
"""Merges that one profile may have gone through: the limit of a profile's merges."""


def read_round(opened: Opened, events: Sequence[Admitted], services: IngestServices, now: Millis) -> Round:
    """Identifier rows and profiles, by strongly consistent reads."""
    tenant_id = opened.tenant.tenant_id
    keys = sorted({key for one in events for key in one.identifiers})
    owners = services.profiles.find(tenant_id, keys, fresh=True)
    current = follow(tenant_id, owners.values(), services.profiles, fresh=True)
    return Round(
        tenant=opened.tenant,
        keys=opened.keys,
        admitted={one.event_key: one for one in events},
        stored={row.profile_id: row for row in current.values()},
        facets={row.profile_id: decode(row.body, Body).facets if row.body else {} for row in current.values()},
        owners=owners,
        current_owners={key: current[one].profile_id for key, one in owners.items() if one in current},
        now=now,
    )


def follow(tenant_id: str, profile_ids: Collection[str], store: ProfileStore, *, fresh: bool) -> dict[str, ProfileRow]:
    """Profile id → the row that answers for it now. Raises Unavailable for redirects without end."""
    wanted = {one: one for one in profile_ids}
    loaded: dict[str, ProfileRow] = {}
    for _ in range(_LONGEST_CHAIN):
        missing = sorted(set(wanted.values()) - loaded.keys())
        loaded |= store.load(tenant_id, missing, fresh=fresh) if missing else {}
        reached = {asked: loaded[one] for asked, one in wanted.items() if one in loaded}
        if not any(row.state == "merged" for row in reached.values()):
            return reached
        wanted = {asked: row.merged_into or row.profile_id for asked, row in reached.items()}
    raise Unavailable("redirects_without_end", "A profile's redirects do not end.")
