"""Conditions of one policy section as a single array rule: one conversion of the facts answers all of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import compress
from typing import Any

from datalogic_py import DataHandle, DataLogicError, Engine

from chalicelib.routing.facts import Facts
from chalicelib.routing.given import Given, bears_on, put

ENGINE = Engine()
_MOST_GIVEN = 1_024

type Held = tuple[list[int], list[int]]
"""The positions that hold, and those that could not be evaluated on these values."""


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
        self._given: dict[Hashable, Given] = {}

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

    def given(self, key: Hashable, values: Mapping[str, Any]) -> Given:
        """These conditions where some paths have other values than in the facts; ``key`` stands for the values.

        Raises NotPlain where the values cannot be put in: the facts have to be changed then, and read again.
        """
        found = self._given.get(key)
        if found is None:
            if len(self._given) >= _MOST_GIVEN:
                self._given.clear()
            found = self._given[key] = self._put(values)
        return found

    def _put(self, values: Mapping[str, Any]) -> Given:
        touched = [place for place, reads in enumerate(self.reads) if any(bears_on(values, read) for read in reads)]
        sure: list[int] = []
        asked: dict[int, Any] = {}
        for place in touched:
            when = put(self._whens[place], values)
            rule = ENGINE.compile(when)
            facts = rule.facts()
            if facts["reads_data"] or not facts["deterministic"]:
                asked[place] = when
            elif rule.evaluate({}):
                sure.append(place)
        program = ENGINE.compile(list(asked.values())) if asked else None
        return Given(frozenset(touched).__contains__, tuple(sure), tuple(asked), program)

    def depend_on(self, paths: tuple[str, ...]) -> bool:
        """Whether other values at these paths, or below or above them, could bear on any of these rules."""
        found = self._depends.get(paths)
        if found is None:
            found = self._depends[paths] = any(bears_on(paths, read) for read in self._paths)
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


def holding_in_each(sections: Iterable[Conditions], facts: Facts) -> tuple[DataHandle | None, list[Held]]:
    """What holds in several sections, and the facts as the engine has read them, once for all."""
    try:
        handle = DataHandle(facts)
    except DataLogicError:
        # Each tries its rules one by one, and names those that cannot be evaluated.
        handle = None
    return handle, [section.holding(facts, handle) for section in sections]
