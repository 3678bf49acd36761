"""What counting people and telling of it need from outside, as values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from chalicelib.store.counts import CountStore, StandingStore
from chalicelib.store.people import PeopleStore
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.model import TagRule


class CountServices(msgspec.Struct, frozen=True):
    """What a run needs: no key at all, for it reads clear traits and measures only."""

    people: PeopleStore
    counts: CountStore
    standing: StandingStore
    catalogue: Callable[[str], Catalogue]
    group_rules: Callable[[str], Sequence[TagRule]]
    """The tags of groups that are in force for a tenant."""


class InsightServices(msgspec.Struct, frozen=True):
    """What telling of counts needs."""

    counts: CountStore
    catalogue: Callable[[str], Catalogue]
    group_rules: Callable[[str], Sequence[TagRule]]
