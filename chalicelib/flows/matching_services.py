"""What the flows of probable matches need from outside, as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from chalicelib.matching.model import Found, Person
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.proposals import ProposalStore
from chalicelib.store.rows import ProfileStore, SecretStore
from chalicelib.store.scan import ProfileScan


class MatchServices(msgspec.Struct, frozen=True):
    """What a run needs. It opens sealed traits, so it has branch keys and facet secrets, for reading only."""

    profiles: ProfileStore
    scan: ProfileScan
    secrets: SecretStore
    proposals: ProposalStore
    branch_keys: Callable[[Tenant], Mapping[int, bytes]]
    find: Callable[[Iterable[Person]], Found]
    merge: Callable[[Tenant, Sequence[str], str], None]
    """Merge these profiles, with the pair's id as the merge's. Raises BadInput, Conflict and NotFound."""
    said: Callable[[str, int], None]
    """Told how far a run is: a step's name and a count."""


class ReviewServices(msgspec.Struct, frozen=True):
    """What reviewing needs: no key at all."""

    profiles: ProfileStore
    proposals: ProposalStore
