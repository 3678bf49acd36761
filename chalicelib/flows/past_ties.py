"""What operators had said of some people at an instant."""

from __future__ import annotations

from collections.abc import Collection

from chalicelib.flows.snapshot import Snapshot
from chalicelib.identity.partition import NOBODY_SAID, Ties
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import IdentifierKey
from chalicelib.store.rows import HistoryStore


class PastTies:
    """Merges and splits by an instant."""

    def __init__(self, tenant_id: str, at: Millis, history: HistoryStore) -> None:
        self._at = at
        self._ties = NOBODY_SAID

    def ends(self, keys: Collection[IdentifierKey], snapshot: Snapshot) -> set[IdentifierKey]:
        """What had been tied to any of these identifiers."""
        said = snapshot.ties({snapshot.owner(key) for key in keys} - {""})
        self._ties = self._ties.joined(said)
        return {end for one in self.then().about(keys).musts for end in (one.left, one.right)}

    def then(self) -> Ties:
        """All that was said by then, and not taken back."""
        musts = tuple(one for one in self._ties.musts if one.at <= self._at)
        return Ties(musts, tuple(one for one in self._ties.aparts if one.at <= self._at))

    def versions(self) -> dict[str, int]:
        """The versions of profiles that merges and splits had made by then."""
        return {}
