"""Conditions in JSONLogic: the one engine that runs them, and what a condition reads and needs.

The engine compares nothing with null: ``days_since_last < 7`` is false of a person who never did it,
where plain JSONLogic would take null for zero. Arithmetic on null is an error, not a guess; write
``{"??": [path, 0]}``. Operators are an allow-list without loops, clocks or error swallowing, so that a
condition's cost is bounded by its size and its value by what it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from datalogic_py import Engine

OPERATORS: frozenset[str] = frozenset(
    [
        "var",
        "==",
        "!=",
        "===",
        "!==",
        ">",
        ">=",
        "<",
        "<=",
        "!",
        "!!",
        "and",
        "or",
        "if",
        "+",
        "-",
        "*",
        "/",
        "%",
        "max",
        "min",
        "in",
        "??",
    ]
)
MOST_NODES = 120
"""Parts of one condition, constants included."""
LARGEST_NUMBER = 10**13
"""Constants of a condition are within it: the engine takes no integer of any length, and money is reckoned exactly."""
STEP_BUDGET = 20_000
"""Steps of one evaluation; far above what a rule of the allowed size can take."""

ENGINE = Engine(
    config={
        "ops_budget": STEP_BUDGET,
        "numeric_coercion": {"null_to_zero": False, "empty_string_to_zero": False},
    },
    families=["ExtControl"],
)


def reads(condition: Any) -> frozenset[str]:
    """The paths a condition reads, whichever branch is taken."""
    found: set[str] = set()
    waiting = [condition]
    # The first route of a process reads every rule: a walk of its own takes a third of one over ``nodes``.
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            path = one.get("var")
            if isinstance(path, str) and len(one) == 1:
                found.add(path)
            else:
                waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return frozenset(found)


def nodes(condition: Any) -> Iterator[Any]:
    """Every part of a condition, itself first."""
    waiting = [condition]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, dict):
            waiting.extend(reversed(one.values()))
        elif isinstance(one, list):
            waiting.extend(reversed(one))


def has_large_number(condition: Any) -> bool:
    """Whether a constant of a condition is larger than may be."""
    return any(
        isinstance(one, int | float) and not -LARGEST_NUMBER <= one <= LARGEST_NUMBER for one in nodes(condition)
    )


def needs(condition: Any) -> frozenset[str] | None:
    """Paths of which at least one must have a value for the condition to be true.

    None when that cannot be said from its form alone, and for ``p.…``, which every profile has. Sound:
    a condition whose needed paths all read as absent is false. This lets an index leave a rule out.
    """
    if not isinstance(condition, dict) or len(condition) != 1:
        return None
    operator, given = next(iter(condition.items()))
    arguments = given if isinstance(given, list) else [given]
    if operator == "and":
        known = [found for found in map(needs, arguments) if found is not None]
        return min(known, key=lambda found: (len(found), sorted(found)), default=None)
    if operator == "or":
        every = [needs(argument) for argument in arguments]
        known = [found for found in every if found is not None]
        return frozenset().union(*known) if len(known) == len(every) else None
    if operator == "var":
        return _if_absence_shows(given)
    if operator == "!!":
        return needs(arguments[0]) if len(arguments) == 1 else None
    return _compared(operator, arguments)


def _compared(operator: str, arguments: list[Any]) -> frozenset[str] | None:
    """The one variable of a comparison with constants that its absence does not satisfy."""
    places = [place for place, one in enumerate(arguments) if _is_variable(one)]
    if len(places) != 1 or len(arguments) != 2:
        return None
    path, constant = arguments[places[0]]["var"], arguments[1 - places[0]]
    table = _REFUSES_ZERO if reads_zero_when_absent(path) else _REFUSES_NULL
    refuses = table.get((operator, places[0]))
    return _if_absence_shows(path) if refuses is not None and refuses(constant) else None


_COUNTS = frozenset({"count", "sum", "active", "open", "total", "placed", "paid", "shipped"})


def reads_zero_when_absent(path: str) -> bool:
    """Whether a path of which nothing is known reads as 0; all others read as null."""
    if path.startswith("ids."):
        return True
    return path.rpartition(".")[2].split("_")[0] in _COUNTS


def _if_absence_shows(path: Any) -> frozenset[str] | None:
    return frozenset((path,)) if isinstance(path, str) and not path.startswith("p.") else None


def _number(constant: Any) -> bool:
    return isinstance(constant, int | float)


def _above_zero(constant: Any) -> bool:
    return _number(constant) and bool(constant > 0)


def _from_zero(constant: Any) -> bool:
    return _number(constant) and bool(constant >= 0)


def _truthy(constant: Any) -> bool:
    return isinstance(constant, int | float | str) and bool(constant)


def _all_truthy(constant: Any) -> bool:
    return isinstance(constant, list) and all(map(_truthy, constant))


_REFUSES_ZERO: Mapping[tuple[str, int], Callable[[Any], bool]] = {
    (">", 0): _from_zero,
    (">=", 0): _above_zero,
    ("<", 1): _from_zero,
    ("<=", 1): _above_zero,
    ("==", 0): _above_zero,
    ("==", 1): _above_zero,
}
_REFUSES_NULL: Mapping[tuple[str, int], Callable[[Any], bool]] = {
    **{(operator, place): _number for operator in (">", ">=", "<", "<=") for place in (0, 1)},
    ("==", 0): _truthy,
    ("==", 1): _truthy,
    ("in", 0): _all_truthy,
    ("in", 1): _truthy,
}
"""Operator and place of the variable → whether the constant beside it makes absence false."""


def _is_variable(node: Any) -> bool:
    return isinstance(node, dict) and len(node) == 1 and isinstance(node.get("var"), str)
