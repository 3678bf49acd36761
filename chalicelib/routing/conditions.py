"""Conditions of one policy section as a single array rule: one conversion of the facts answers all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Any

import msgspec
from datalogic_py import DataHandle, DataLogicError, Engine, Rule

from chalicelib.routing.facts import Facts

ENGINE = Engine()

type Held = tuple[list[int], list[int]]
"""The positions that hold, and those that could not be evaluated on these values."""


class _Part(msgspec.Struct, frozen=True):
    """Those of some rules that read one of some paths: their positions, and the branches of the facts that they read."""

    positions: tuple[int, ...]
    program: Rule
    heads: tuple[str, ...]


class Conditions:
    """The compiled conditions of some rules, in their order, with the paths that each reads."""

    def __init__(self, whens: Sequence[Any], also: Iterable[str] = ()) -> None:
        """``also``: paths that these rules read beside their conditions."""
        self._all = ENGINE.compile(list(whens))
        self._positions = range(len(whens))
        self._each = tuple(ENGINE.compile(when) for when in whens)
        self.reads = tuple(tuple(".".join(path) for path in rule.facts()["reads"]) for rule in self._each)
        self._paths = frozenset(also).union(*self.reads)
        self._heads = tuple(sorted({read.partition(".")[0] for read in frozenset[str]().union(*self.reads)}))
        self._depends: dict[tuple[str, ...], bool] = {}
        self._whens = tuple(whens)
        self._parts: dict[tuple[str, ...], _Part] = {}

    def holding(self, facts: Facts, handle: DataHandle | None = None) -> Held:
        """What holds. ``handle``: the same facts, as the engine has read them before.

        One condition that meets a value of a wrong type fails the whole array; then each is tried by
        itself, so that it silences no other and is named in the answer.
        """
        try:
            if handle is None:
                # Most of what it takes is to read the facts: no more than the branches that are asked for.
                all_ = self._all.evaluate({head: facts[head] for head in self._heads if head in facts})
            else:
                all_ = self._all.evaluate_data(handle)
            return list(compress(self._positions, all_)), []
        except DataLogicError:
            return self._one_by_one(facts)

    def holding_still(self, held: Sequence[int], facts: Facts, paths: tuple[str, ...]) -> list[int]:
        """What holds where ``held`` did and nothing failed, once these paths have other values in ``facts``.

        Only rules that read one of them are evaluated, and on no more than the branches that they read: a third of what
        all of them cost.
        """
        part = self._parts.get(paths)
        if part is None:
            part = self._parts[paths] = self._part(paths)
        if not part.positions:
            return list(held)
        branches = {head: facts[head] for head in part.heads if head in facts}
        try:
            now = compress(part.positions, part.program.evaluate(branches))
        except DataLogicError:
            return self._one_by_one(facts)[0]
        return sorted({*now, *set(held).difference(part.positions)})

    def _part(self, paths: tuple[str, ...]) -> _Part:
        bears = [any(_overlap(path, read) for path in paths for read in reads) for reads in self.reads]
        positions = tuple(compress(self._positions, bears))
        heads = {read.partition(".")[0] for place in positions for read in self.reads[place]}
        return _Part(positions, ENGINE.compile([self._whens[place] for place in positions]), tuple(sorted(heads)))

    def depend_on(self, paths: tuple[str, ...]) -> bool:
        """Whether other values at these paths, or below or above them, could bear on any of these rules."""
        found = self._depends.get(paths)
        if found is None:
            found = self._depends[paths] = any(_overlap(path, read) for path in paths for read in self._paths)
        return found

    def _one_by_one(self, facts: Facts) -> Held:
        holding: list[int] = []
        failed: list[int] = []
        for position, rule in enumerate(self._each):
            try:
                if rule.evaluate(facts):
                    holding.append(position)
            except DataLogicError:
                failed.append(position)
        return holding, failed


def holding_in_each(sections: Iterable[Conditions], facts: Facts) -> list[Held]:
    """What holds in several sections: the engine reads the facts once for all."""
    try:
        handle = DataHandle(facts)
    except DataLogicError:
        # Each tries its rules one by one, and names those that cannot be evaluated.
        handle = None
    return [section.holding(facts, handle) for section in sections]


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
