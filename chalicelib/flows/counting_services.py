"""What counting people and telling of it need from outside, as values."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.store.counts import CountStore, GroupTagStore
from chalicelib.store.people import PeopleStore
from chalicelib.tags.catalogue import Catalogue


class CountServices(msgspec.Struct, frozen=True):
    """What a run needs: no key at all, for it reads clear traits and measures only."""

    people: PeopleStore
    counts: CountStore
    group_tags: GroupTagStore
    catalogue: Callable[[str], Catalogue]


class InsightServices(msgspec.Struct, frozen=True):
    """What telling of counts needs."""

    counts: CountStore
    catalogue: Callable[[str], Catalogue]
