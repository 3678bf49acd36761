"""Conditions with the values of some paths put in: what is left to ask, once these are no longer to be read."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import compress, filterfalse
from typing import Any

import msgspec
from datalogic_py import DataHandle, DataLogicError, Engine, Rule

ENGINE = Engine()
_MOST_GIVEN = 1_024
_NOTHING: Mapping[str, Any] = {}
_PLAIN = frozenset({"and", "or", "!", "!!", "==", "===", "!=", "!==", ">", ">=", "<", "<=", "in", "if"})
"""Operators that take values and look up nothing by themselves: in their operands a constant may stand for a path."""


class NotPlain(Exception):
    """A condition, or a value, that is not put in: who asks it has to ask with the facts changed."""


class Given(msgspec.Struct, frozen=True):
    """Those of some conditions that read a path whose value is given: they are ``touched``.

    Of them ``sure`` hold by what is given; ``asked`` read other paths too, and are what ``program`` evaluates.
    """

    touched: frozenset[int]
    sure: tuple[int, ...]
    asked: tuple[int, ...]
    program: Rule | None

    def fill(self, truths: list[Any], facts: DataHandle) -> None:
        """Put into their places which of the conditions touched hold, where none of them did so far."""
        for place in self.sure:
            truths[place] = True
        if self.program is not None:
            for place, truth in zip(self.asked, self.program.evaluate_data(facts), strict=True):
                truths[place] = truth

    def holding(self, held: tuple[int, ...], facts: DataHandle) -> tuple[int, ...]:
        """What holds where ``held`` does without what is given. Raises DataLogicError where one cannot be evaluated."""
        if not self.touched:
            return held
        now = [*filterfalse(self.touched.__contains__, held), *self.sure]
        if self.program is not None:
            now += compress(self.asked, self.program.evaluate_data(facts))
        now.sort()
        return tuple(now)


class Putting:
    """Conditions with their reads, into which values are put: once for each key, which stands for the values."""

    def __init__(self, whens: Sequence[Any], reads: Sequence[Iterable[str]]) -> None:
        self._entries = tuple(zip(whens, reads, strict=True))
        self._given: dict[Hashable, Given | None] = {}

    def given(self, key: Hashable, values: Mapping[str, Any], beside: Mapping[str, Any] = _NOTHING) -> Given:
        """The conditions that read one of these paths. ``beside``: values that are put in as well where those stand.

        Raises NotPlain, or DataLogicError, where something cannot be put in: the facts are then to be changed, and read
        again.
        """
        found = self._given.get(key)
        if found is None:
            if key in self._given:
                raise NotPlain
            found = self._keep(key, values, {**beside, **values})
        return found

    def _keep(self, key: Hashable, values: Mapping[str, Any], all_: Mapping[str, Any]) -> Given:
        if len(self._given) >= _MOST_GIVEN:
            self._given.clear()
        try:
            found = self._given[key] = self._put(values, all_)
        except (NotPlain, DataLogicError):
            self._given[key] = None
            raise
        return found

    def _put(self, values: Mapping[str, Any], all_: Mapping[str, Any]) -> Given:
        touched = [place for place, (_, reads) in enumerate(self._entries) if any(bears_on(values, at) for at in reads)]
        sure: list[int] = []
        asked: dict[int, Any] = {}
        for place in touched:
            when = put(self._entries[place][0], all_)
            truth = _truth(when)
            if truth is None:
                asked[place] = when
            elif truth:
                sure.append(place)
        program = ENGINE.compile(list(asked.values())) if asked else None
        return Given(frozenset(touched), tuple(sure), tuple(asked), program)


def _truth(when: Any) -> bool | None:
    """Whether a condition holds whatever the facts are; None where it depends on them."""
    # In a list: the engine would read a text by itself as JSON.
    rule = ENGINE.compile([when])
    facts = rule.facts()
    if not facts["reads_data"] and facts["deterministic"]:
        return bool(rule.evaluate({})[0])
    # A conjunction fails with any part of it, wherever the part stands; the engine tells it by the first alone.
    parts = when.get("and", ()) if isinstance(when, dict) else ()
    return False if any(_truth(part) is False for part in parts) else None


def put(when: Any, given: Mapping[str, Any]) -> Any:
    """A condition with constants for the paths that are given. Raises NotPlain."""
    if isinstance(when, list):
        return [put(part, given) for part in when]
    if not isinstance(when, dict):
        return when
    operator, operands = next(iter(when.items()), ("", None))
    if operator == "var" and isinstance(operands, str):
        return _of_path(operands, given)
    if operator not in _PLAIN or len(when) > 1:
        raise NotPlain
    # A lone operand may come without its brackets: with a constant in its place it is given them.
    return {operator: put(operands if isinstance(operands, list) else [operands], given)}


def bears_on(given: Iterable[str], read: str) -> bool:
    """Whether values at some paths, or below or above them, could bear on what is read at a path."""
    return any(path == read or path.startswith(f"{read}.") or read.startswith(f"{path}.") for path in given)


def _of_path(path: str, given: Mapping[str, Any]) -> Any:
    if path in given:
        value = given[path]
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        raise NotPlain
    if not path or bears_on(given, path):
        # A branch of which one leaf is given, or a leaf of a branch that is.
        raise NotPlain
    return {"var": path}
