"""Whose profile to read together with the identifiers: a guess that saves a round trip, and is never believed.

An identifier's row says whose it is. Asked for in the same read, the profile that it led to a moment ago, or that bears
its own name, is there already where the row says so; else it is read then, as without a guess. What is remembered names
nobody: keyed hashes of identifiers, and ids of profiles.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from threading import Lock

from chalicelib.identity.anchors import rank_of
from chalicelib.identity.blind_index import BlindIndex, namespace_of
from chalicelib.profiles.model import IdentifierKey
from chalicelib.store.rows import IdentifierRow

MOST_REMEMBERED = 10_000
REMEMBERED_SECONDS = 1_800.0
"""Turns of one conversation come within minutes; who has not come back by then is forgotten."""


class MetLately:
    """Tenant and identifier → the profile that it led to, of those met last. One for the life of a process, whose threads
    may share it.
    """

    def __init__(self, clock: Callable[[], float], most: int = MOST_REMEMBERED) -> None:
        """``clock`` gives seconds that never go back."""
        self._clock, self._most = clock, most
        self._lock = Lock()
        self._met: OrderedDict[tuple[str, IdentifierKey], tuple[str, float]] = OrderedDict()

    def __len__(self) -> int:
        """How many identifiers are remembered."""
        return len(self._met)

    def guess(self, tenant_id: str, keys: Sequence[IdentifierKey], index: BlindIndex) -> Collection[str]:
        """The profiles that these identifiers may lead to; of nobody met lately, the one that the strongest may have made."""
        met = {known[0] for key in keys if (known := self._met.get((tenant_id, key))) is not None}
        if met or not keys:
            return met
        return (index.profile_id(min(keys, key=lambda key: (rank_of(namespace_of(key)), key))),)

    def learn(
        self, tenant_id: str, keys: Sequence[IdentifierKey], owners: Mapping[IdentifierKey, IdentifierRow]
    ) -> None:
        """Remember what was read of these identifiers, and forget what they do not lead to any more."""
        now, met = self._clock(), self._met
        with self._lock:
            for key in keys:
                met.pop((tenant_id, key), None)
                owner = owners.get(key)
                if owner is not None and owner.profile_id:
                    met[tenant_id, key] = (owner.profile_id, now)
            while met and (len(met) > self._most or next(iter(met.values()))[1] < now - REMEMBERED_SECONDS):
                met.popitem(last=False)
