"""The profile that a stored row and its body are."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.profiles.join import join
from chalicelib.profiles.model import Body, Profile
from chalicelib.store.rows import ProfileRow


def profile_of(row: ProfileRow, body: Body) -> Profile:
    """A row as a profile. ``body`` is the row's own, decoded."""
    joined = join(row.profile_id, row.version, row.state, row.generation, body)
    if row.judged or row.outreach:
        return replace(joined, judged=row.judged, outreach=row.outreach)
    return joined
