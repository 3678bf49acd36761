"""Follows redirects: a merged profile's id answers for ever."""

from __future__ import annotations

from collections.abc import Collection

from chalicelib.kernel.errors import Unavailable
from chalicelib.store.rows import ProfileRow, ProfileStore

_LONGEST_CHAIN = 100
"""Merges that one profile may have gone through: the limit of a profile's merges."""


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
