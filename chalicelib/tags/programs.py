"""Rules as programs of the engine: which of their signals are true of some values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Any

import msgspec
from datalogic_py import BatchItemError, DataHandle, DataLogicError, Rule

from chalicelib.profiles.conditions import ENGINE, STEP_BUDGET, nodes
from chalicelib.profiles.values import at_path
from chalicelib.tags.compiled import Compiled

_MOST_TOGETHER = STEP_BUDGET // 4
"""Parts of conditions in one program: each is a step or few, and all of them are paid from one budget."""
_BOOLEAN = frozenset({"==", "===", "!=", "!==", ">", ">=", "<", "<=", "!", "!!", "in"})


class Unreadable(msgspec.Struct, frozen=True):
    """A value the engine cannot take; stands where the engine would report its own failure."""

    tag: str = "UnreadableValue"


type Outcome = int | BatchItemError | Unreadable
"""The true signals of a rule as bits, or why it failed."""
type Outcomes = list[tuple[Compiled, Outcome]]
"""Of the rules of which any signal is true, or that failed, in their order."""


class Apart:
    """Rules that are each a program: which rules are asked together may be another each time."""

    def __init__(self, rules: Sequence[Compiled]) -> None:
        self._rules = rules
        self._programs = [one.program for one in rules]

    def of(self, nested: dict[str, Any]) -> Outcomes:
        """What is true of the values."""
        try:
            handle = DataHandle(nested)
        except DataLogicError:
            return _each_alone(self._rules, nested)
        return self.of_read(handle)

    def of_read(self, handle: DataHandle) -> Outcomes:
        """The same of values that the engine has read."""
        told = ENGINE.session().evaluate_many(self._programs, handle)
        return [
            (one, int(outcome) if isinstance(outcome, str) else outcome)
            for one, outcome in zip(self._rules, told, strict=True)
            if outcome != "0"
        ]


class Together:
    """Rules that are one program, for those that are asked together again and again.

    A program for each rule takes three times as long: each is entered by itself, and lies by itself in memory.
    """

    def __init__(self, rules: Sequence[Compiled]) -> None:
        self._rules = rules
        self._parts = [_Part(part) for part in _parted(rules)]

    def of(self, nested: dict[str, Any]) -> Outcomes:
        """What is true of the values."""
        try:
            handle = DataHandle(nested)
        except DataLogicError:
            # One value that the engine cannot take fails the rules that read it, and no other.
            return _each_alone(self._rules, nested)
        found: Outcomes = []
        for part in self._parts:
            found += part.of_read(handle)
        return found


class _Part:
    """Rules whose conditions are within one budget of steps, as one array of them."""

    def __init__(self, rules: Sequence[Compiled]) -> None:
        self._rules = rules
        self._signals = [(rule, 1 << place) for rule in rules for place in range(len(rule.conditions))]
        self._program: Rule = ENGINE.compile([_boolean(one) for rule in rules for one in rule.conditions])

    def of_read(self, handle: DataHandle) -> Outcomes:
        try:
            truths = self._program.evaluate_data(handle)
        except DataLogicError:
            # One condition that cannot be evaluated fails all: asked apart, it fails its own rule.
            return Apart(self._rules).of_read(handle)
        bits: dict[Compiled, int] = {}
        for rule, bit in compress(self._signals, truths):
            bits[rule] = bits.get(rule, 0) | bit
        return [*bits.items()]


def _parted(rules: Sequence[Compiled]) -> Iterator[list[Compiled]]:
    part: list[Compiled] = []
    size = 0
    for rule in rules:
        parts = sum(1 for condition in rule.conditions for _ in nodes(condition))
        if part and size + parts > _MOST_TOGETHER:
            yield part
            part, size = [], 0
        part.append(rule)
        size += parts
    if part:
        yield part


def _boolean(condition: Any) -> Any:
    """The condition as one whose value is true or false, whatever it comes to."""
    return condition if _is_boolean(condition) else {"!!": [condition]}


def _is_boolean(condition: Any) -> bool:
    if not isinstance(condition, dict) or len(condition) != 1:
        return False
    operator, operands = next(iter(condition.items()))
    if operator in {"and", "or"} and isinstance(operands, list) and operands:
        # These are the last of their operands that was looked at.
        return all(map(_is_boolean, operands))
    return operator in _BOOLEAN


def _each_alone(rules: Sequence[Compiled], nested: dict[str, Any]) -> Outcomes:
    found = ((one, _alone(one, nested)) for one in rules)
    return [(one, outcome) for one, outcome in found if outcome != 0]


def _alone(compiled: Compiled, nested: dict[str, Any]) -> Outcome:
    own: dict[str, Any] = {}
    for path in compiled.reads:
        place, parts = own, path.split(".")
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        place[parts[-1]] = at_path(nested, path)
    try:
        handle = DataHandle(own)
    except DataLogicError:
        return Unreadable()
    outcome = ENGINE.session().evaluate_many([compiled.program], handle)[0]
    return int(outcome) if isinstance(outcome, str) else outcome
