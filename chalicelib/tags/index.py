"""Which rules are concerned by what a profile has and by what an event touched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from chalicelib.profiles.conditions import needs, reads
from chalicelib.profiles.operators import expand
from chalicelib.profiles.values import stem
from chalicelib.tags.model import TagRule

ALWAYS_PRESENT = "p"
"""Every profile has these values, so that needing one of them rules nothing out."""


class _Each[T](dict[int, T]):
    """Position of a rule → what is told of it, found out when it is first asked for."""

    def __init__(self, find: Callable[[int], T]) -> None:
        self._find = find

    def __missing__(self, position: int) -> T:
        found = self[position] = self._find(position)
        return found


class RuleIndex:
    """Positions of rules by the stems that they read and by the stems that they need.

    What a rule reads and needs is found out when it is first asked for: a cold start asks for neither, a route only for
    what rules read, and an event for the needs of the few that it concerns.
    """

    def __init__(self, rules: Sequence[TagRule]) -> None:
        self._rules = rules
        self.paths: Mapping[int, frozenset[str]] = _Each(
            lambda position: frozenset().union(*map(reads, self._conditions(position)))
        )
        """What each rule reads."""
        self._needed: Mapping[int, frozenset[str] | None] = _Each(
            lambda position: stems_needed(self._conditions(position))
        )

    def possible(self, present: Collection[str]) -> list[int]:
        """Rules that may be set on a profile with these stems; all others certainly are not."""
        needers = self._needers
        found = set(needers.get(None, ()))
        for one in present:
            found.update(needers.get(one, ()))
        return sorted(found)

    def possible_of(self, positions: Iterable[int], present: Collection[str]) -> list[int]:
        """Those of these rules that may be set on a profile with these stems, in their order."""
        needed = self._needed
        return [one for one in positions if (stems := needed[one]) is None or not stems.isdisjoint(present)]

    def reading(self, touched: Iterable[str]) -> set[int]:
        """Rules that read one of these paths or stems: those whose outcome an event may change."""
        readers = self._readers
        found: set[int] = set()
        for one in touched:
            found.update(readers.get(stem(one), ()))
        return found

    @cached_property
    def _readers(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for position in range(len(self._rules)):
            for one in frozenset(map(stem, self.paths[position])):
                found.setdefault(one, []).append(position)
        return found

    @cached_property
    def _needers(self) -> dict[str | None, list[int]]:
        """By the stems that they need; those of which it cannot be said, by None."""
        found: dict[str | None, list[int]] = {}
        for position in range(len(self._rules)):
            needed = self._needed[position]
            for one in (None,) if needed is None else needed:
                found.setdefault(one, []).append(position)
        return found

    def _conditions(self, position: int) -> Iterator[Any]:
        return (expand(signal.when) for signal in self._rules[position].signals)


def stems_needed(conditions: Iterable[Any]) -> frozenset[str] | None:
    """Stems of which at least one must be present for any of the conditions to be true; None: cannot be said."""
    found: set[str] = set()
    for condition in conditions:
        needed = needs(condition)
        if needed is None:
            return None
        found.update(stem(path) for path in needed)
    return None if ALWAYS_PRESENT in found else frozenset(found)
