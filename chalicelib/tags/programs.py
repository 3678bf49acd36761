"""Rules as programs of the engine: which of their signals are true of some values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from itertools import compress
from typing import Any

import msgspec
from datalogic_py import BatchItemError, DataHandle, DataLogicError, Rule

from chalicelib.kernel.groups import grouped
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.conditions import ENGINE, STEP_BUDGET, nodes
from chalicelib.profiles.model import Profile
from chalicelib.profiles.values import Row, at_path, values
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

    def __init__(self, rules: Sequence[Compiled], money: Collection[str]) -> None:
        self._rules, self._money = rules, money
        self._reads: frozenset[str] = frozenset().union(*(one.reads for one in rules))
        self._programs = [one.program for one in rules]

    def of(self, profile: Profile, now: Millis, scenes: Container[str], known_until: Mapping[str, Millis]) -> Outcomes:
        """What is true of a profile."""
        return self.of_values(values(profile, self._reads, now, self._money, scenes=scenes, known_until=known_until))

    def of_values(self, nested: dict[str, Any]) -> Outcomes:
        """What is true of what was read."""
        try:
            handle = DataHandle(nested)
        except DataLogicError:
            # One value that the engine cannot take fails the rules that read it, and no other.
            found = [(one, _alone(one, nested)) for one in self._rules]
            return [(one, outcome) for one, outcome in found if outcome != 0]
        told = ENGINE.session().evaluate_many(self._programs, handle)
        return [(one, _as_bits(outcome)) for one, outcome in zip(self._rules, told, strict=True) if outcome != "0"]


class Together:
    """Rules that are one program, for those that are asked together of one person after the other.

    Asked apart they take three times as long: each program is entered by itself, and lies by itself in memory. What
    they read is a row, whose places are found without looking for names.
    """

    def __init__(self, rules: Sequence[Compiled], money: Collection[str]) -> None:
        self._rules, self._money = rules, money
        self._row = Row(frozenset().union(*(one.reads for one in rules)), money)
        self.paths = self._row.paths
        """What stands in a row, in its order."""
        places = {path: place for place, path in enumerate(self.paths)}
        sized = ((one, _size(one)) for one in rules)
        self._parts = [_Part(part, places) for part in grouped(sized, most_size=_MOST_TOGETHER)]

    def of(self, profile: Profile, now: Millis, scenes: Container[str], known_until: Mapping[str, Millis]) -> Outcomes:
        """What is true of a profile."""

        def apart(rules: Sequence[Compiled]) -> Outcomes:
            return Apart(rules, self._money).of(profile, now, scenes, known_until)

        return self.of_row(self._row.of(profile, now, scenes=scenes, known_until=known_until), apart)

    def of_row(self, row: list[Any], apart: Callable[[Sequence[Compiled]], Outcomes]) -> Outcomes:
        """What is true of what was read. ``apart`` asks rules of which some cannot be evaluated."""
        try:
            handle = DataHandle(row)
        except DataLogicError:
            return apart(self._rules)
        found: Outcomes = []
        for part in self._parts:
            truths = part.truths(handle)
            found += apart(part.rules) if truths is None else part.told(truths)
        return found


class _Part:
    """Rules whose conditions are within one budget of steps, as one array of them."""

    def __init__(self, rules: Sequence[Compiled], places: Mapping[str, int]) -> None:
        self.rules = rules
        self._signals = [(rule, 1 << place) for rule in rules for place in range(len(rule.conditions))]
        conditions = [_boolean(one) for rule in rules for one in rule.conditions]
        self._program: Rule = ENGINE.compile(_by_place(conditions, places))

    def truths(self, row: DataHandle) -> list[bool] | None:
        """Which conditions are true; None where one cannot be evaluated, for it fails all others."""
        try:
            truths: list[bool] = self._program.evaluate_data(row)
        except DataLogicError:
            return None
        return truths

    def told(self, truths: list[bool]) -> Outcomes:
        """The rules that have true signals, with these."""
        bits: dict[Compiled, int] = {}
        for rule, bit in compress(self._signals, truths):
            bits[rule] = bits.get(rule, 0) | bit
        return [*bits.items()]


def _by_place(condition: Any, places: Mapping[str, int]) -> Any:
    """The condition with places of a row instead of paths."""
    if isinstance(condition, list):
        return [_by_place(one, places) for one in condition]
    if not isinstance(condition, dict):
        return condition
    return {
        operator: places[given] if operator == "var" else _by_place(given, places)
        for operator, given in condition.items()
    }


def _size(rule: Compiled) -> int:
    return sum(1 for condition in rule.conditions for _ in nodes(condition))


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
    return _as_bits(ENGINE.session().evaluate_many([compiled.program], handle)[0])


def _as_bits(outcome: str | BatchItemError) -> Outcome:
    return int(outcome) if isinstance(outcome, str) else outcome
