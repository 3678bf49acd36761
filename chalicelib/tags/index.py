"""Which rules are concerned by what a profile has and by what an event touched."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from chalicelib.profiles.conditions import needs, reads
from chalicelib.profiles.operators import expand
from chalicelib.profiles.values import stem
from chalicelib.tags.model import TagRule

ALWAYS_PRESENT = "p"
"""Every profile has these values, so that needing one of them rules nothing out."""


class RuleIndex:
    """Positions of rules by the stems that they read and by the stems that they need."""

    def __init__(self, rules: Iterable[TagRule]) -> None:
        self._readers: dict[str, list[int]] = {}
        self._needers: dict[str, list[int]] = {}
        self._always: list[int] = []
        self._needed: list[frozenset[str] | None] = []
        self.paths: list[frozenset[str]] = []
        """What each rule reads."""
        for position, rule in enumerate(rules):
            conditions = [expand(signal.when) for signal in rule.signals]
            paths = frozenset().union(*map(reads, conditions))
            self.paths.append(paths)
            for one in frozenset(map(stem, paths)):
                self._readers.setdefault(one, []).append(position)
            needed = stems_needed(conditions)
            self._needed.append(needed)
            if needed is None:
                self._always.append(position)
                continue
            for one in needed:
                self._needers.setdefault(one, []).append(position)

    def possible(self, present: Collection[str]) -> list[int]:
        """Rules that may be set on a profile with these stems; all others certainly are not."""
        found = set(self._always)
        for one in present:
            found.update(self._needers.get(one, ()))
        return sorted(found)

    def may_be(self, position: int, present: Collection[str]) -> bool:
        """Whether one rule may be set on a profile with these stems."""
        needed = self._needed[position]
        return needed is None or not needed.isdisjoint(present)

    def reading(self, touched: Iterable[str]) -> set[int]:
        """Rules that read one of these paths or stems: those whose outcome an event may change."""
        found: set[int] = set()
        for one in touched:
            found.update(self._readers.get(stem(one), ()))
        return found


def stems_needed(conditions: Iterable[Any]) -> frozenset[str] | None:
    """Stems of which at least one must be present for any of the conditions to be true; None: cannot be said."""
    found: set[str] = set()
    for condition in conditions:
        needed = needs(condition)
        if needed is None:
            return None
        found.update(stem(path) for path in needed)
    return None if ALWAYS_PRESENT in found else frozenset(found)
