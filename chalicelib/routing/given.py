"""Conditions with the values of some paths put in: what is left to ask, once these are no longer to be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress, filterfalse
from typing import Any

import msgspec
from datalogic_py import DataHandle, Rule

_PLAIN = frozenset({"and", "or", "!", "!!", "==", "===", "!=", "!==", ">", ">=", "<", "<=", "in", "if"})
"""Operators that take values and look up nothing by themselves: in their operands a constant may stand for a path."""


class NotPlain(Exception):
    """A condition, or a value, that is not put in: who asks it has to ask with the facts changed."""


class Given(msgspec.Struct, frozen=True):
    """Those of some conditions that read a path whose value is given: they are ``touched``.

    Of them ``sure`` hold by what is given; ``asked`` read other paths too, and are what ``program`` evaluates.
    """

    is_touched: Callable[[int], bool]
    sure: tuple[int, ...]
    asked: tuple[int, ...]
    program: Rule | None

    def holding(self, held: Sequence[int], facts: DataHandle) -> tuple[int, ...]:
        """What holds where ``held`` does without what is given. Raises DataLogicError where one cannot be evaluated."""
        now = [*filterfalse(self.is_touched, held), *self.sure]
        if self.program is not None:
            now += compress(self.asked, self.program.evaluate_data(facts))
        now.sort()
        return tuple(now)


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
