"""Conditions of one policy section as a single array rule: one conversion of the facts answers all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import compress
from typing import Any

from datalogic_py import DataHandle, DataLogicError, Rule

from chalicelib.routing.facts import Facts
from chalicelib.routing.given import ENGINE, NotPlain, Putting, bears_on

_LEVEL, _SCORE = "urgency.level", "urgency.score"
_URGENCY = (_LEVEL, _SCORE)

type Held = tuple[list[int], list[int]]
"""The positions that hold, and those that could not be evaluated on these values."""


class Conditions:
    """The compiled conditions of some rules, in their order, with the paths that each reads."""

    def __init__(self, whens: Sequence[Any], also: Iterable[str] = ()) -> None:
        """``also``: paths that these rules read beside their conditions."""
        self._positions = range(len(whens))
        self._each = tuple(ENGINE.compile(when) for when in whens)
        self.reads = tuple(tuple(".".join(path) for path in rule.facts()["reads"]) for rule in self._each)
        self._paths = frozenset(also).union(*self.reads)
        self._heads = tuple(sorted({read.partition(".")[0] for read in frozenset[str]().union(*self.reads)}))
        self.whens = tuple(whens)
        self.putting = Putting(self.whens, self.reads)

    @cached_property
    def _all(self) -> Rule:
        return ENGINE.compile(list(self.whens))

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

    def depend_on(self, paths: Collection[str]) -> bool:
        """Whether other values at these paths, or below or above them, could bear on any of these rules."""
        return any(bears_on(paths, read) for read in self._paths)

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


class Board:
    """Sections that are asked together, of facts that the engine has read before the urgency was known."""

    def __init__(self, *sections: Conditions) -> None:
        self._sections = sections
        reads = [read for section in sections for read in section.reads]
        whens = [when for section in sections for when in section.whens]
        late = [any(bears_on(_URGENCY, path) for path in read) for read in reads]
        self._first = ENGINE.compile([False if waits else when for waits, when in zip(late, whens, strict=True)])
        self._late = Putting(whens, reads)
        self.reads_score = any(bears_on((_SCORE,), path) for read in reads for path in read)
        self._places = tuple(tuple(range(len(section.whens))) for section in sections)

    def holding(self, facts: Facts, handle: DataHandle | None) -> tuple[list[tuple[int, ...]], list[int]]:
        """What holds in each section, and what of the first could not be evaluated.

        ``handle``: the same facts, as the engine has read them, but for urgency.
        """
        if handle is not None:
            try:
                truths = iter(self._together(facts["urgency"], handle))
                # Each takes as many truths as it has places.
                return [tuple(compress(places, truths)) for places in self._places], []
            except (NotPlain, DataLogicError):
                # Each section by itself, and each tries its rules one by one, naming those that cannot be evaluated.
                pass
        handle = read_once(facts)
        found = [section.holding(facts, handle) for section in self._sections]
        return [tuple(held) for held, _ in found], found[0][1]

    def _together(self, urgency: Mapping[str, Any], handle: DataHandle) -> list[Any]:
        level, score = urgency["level"], urgency["score"]
        late = self._late.given((level, score if self.reads_score else None), {_LEVEL: level, _SCORE: score})
        truths: list[Any] = self._first.evaluate_data(handle)
        late.fill(truths, handle)
        return truths


def read_once(facts: Facts) -> DataHandle | None:
    """Facts as the engine reads them; None where it cannot."""
    try:
        return DataHandle(facts)
    except DataLogicError:
        return None
