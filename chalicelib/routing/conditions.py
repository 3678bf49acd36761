"""Conditions of one policy section as a single array rule: one conversion of the facts answers all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Any

from datalogic_py import DataLogicError, Engine

from chalicelib.routing.facts import Facts

ENGINE = Engine()


class Conditions:
    """The compiled conditions of some rules, in their order, with the paths that each reads."""

    def __init__(self, whens: Sequence[Any], also: Iterable[str] = ()) -> None:
        """``also``: paths that these rules read beside their conditions."""
        self._all = ENGINE.compile(list(whens))
        self._positions = range(len(whens))
        self._each = tuple(ENGINE.compile(when) for when in whens)
        self.reads = tuple(tuple(".".join(path) for path in rule.facts()["reads"]) for rule in self._each)
        self._paths = frozenset(also).union(*self.reads)
        self._depends: dict[tuple[str, ...], bool] = {}

    def holding(self, facts: Facts) -> tuple[list[int], list[int]]:
        """The positions that hold, and those that could not be evaluated on these values.

        One condition that meets a value of a wrong type fails the whole array; then each is tried by
        itself, so that it silences no other and is named in the answer.
        """
        try:
            return list(compress(self._positions, self._all.evaluate(facts))), []
        except DataLogicError:
            return self._one_by_one(facts)

    def depend_on(self, paths: tuple[str, ...]) -> bool:
        """Whether other values at these paths, or below or above them, could bear on any of these rules."""
        found = self._depends.get(paths)
        if found is None:
            found = self._depends[paths] = any(_overlap(path, read) for path in paths for read in self._paths)
        return found

    def _one_by_one(self, facts: Facts) -> tuple[list[int], list[int]]:
        holding, failed = [], []
        for position, rule in enumerate(self._each):
            try:
                if rule.evaluate(facts):
                    holding.append(position)
            except DataLogicError:
                failed.append(position)
        return holding, failed


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
