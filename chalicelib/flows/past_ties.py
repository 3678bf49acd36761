"""What operators had said of some people at an instant, from the records of merges and splits.

A profile keeps what is in force. What was and is no more is found from there: a split that keeps two apart names the
merge that it took back, and a merge names the splits that it overruled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from chalicelib.flows.identity_records import Merged, Split, find_merge, find_split
from chalicelib.flows.snapshot import Snapshot
from chalicelib.identity.partition import Apart, Must, Ties
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import IdentifierKey
from chalicelib.store.rows import HistoryStore


class PastTies:
    """Merges and splits that concern some people, as far as they were asked for."""

    __slots__ = ("_at", "_history", "_merges", "_splits", "_tenant_id")

    def __init__(self, tenant_id: str, at: Millis, history: HistoryStore) -> None:
        self._tenant_id, self._at, self._history = tenant_id, at, history
        self._merges: dict[str, Merged | None] = {}
        self._splits: dict[str, Split | None] = {}

    def ends(self, keys: Collection[IdentifierKey], snapshot: Snapshot) -> set[IdentifierKey]:
        """What had been tied to any of these identifiers, reading the records that tell it."""
        said = snapshot.ties({snapshot.owner(key) for key in keys} - {""})
        self._follow(
            {one.merge_id for one in said.musts} - self._merges.keys(),
            {one.split_id for one in said.aparts} - self._splits.keys(),
        )
        return {end for one in self.then().about(keys).musts for end in (one.left, one.right)}

    def then(self) -> Ties:
        """What was in force."""
        musts = {one for merged in self._merged() for one in merged.musts}
        aparts = {one for split in self._split() for one in split.aparts}
        undone = {one for split in self._split() for one in split.undone}
        lifted = {one for merged in self._merged() for one in merged.lifted}
        return Ties(tuple(sorted(musts - undone)), tuple(sorted(aparts - lifted)))

    def versions(self) -> dict[str, int]:
        """The latest version of each profile that a merge or split had made."""
        found: dict[str, int] = {}
        for versions in (*(one.versions for one in self._merged()), *(one.versions for one in self._split())):
            found |= {one: max(version, found.get(one, 0)) for one, version in versions.items()}
        return found

    def _follow(self, merges: set[str], splits: set[str]) -> None:
        while merges or splits:
            self._merges |= {one: find_merge(self._history, self._tenant_id, one) for one in merges}
            self._splits |= {one: find_split(self._history, self._tenant_id, one) for one in splits}
            merged, split = _found(self._merges[one] for one in merges), _found(self._splits[one] for one in splits)
            undone: set[Must] = {one for each in split for one in each.undone}
            lifted: set[Apart] = {one for each in merged for one in each.lifted}
            merges = {one.merge_id for one in undone} - self._merges.keys()
            splits = {one.split_id for one in lifted} - self._splits.keys()

    def _merged(self) -> list[Merged]:
        return [one for one in _found(self._merges.values()) if one.at <= self._at]

    def _split(self) -> list[Split]:
        return [one for one in _found(self._splits.values()) if one.at <= self._at]


def _found[T](rows: Iterable[T | None]) -> list[T]:
    return [one for one in rows if one is not None]
