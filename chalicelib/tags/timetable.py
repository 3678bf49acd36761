"""Which instants a rule waits for: its conditions taken apart into what time alone may turn in them.

A comparison with a constant turns when the value passes that constant, and at no other time: of "at least 30 days
since the last order" one instant is worth looking at, not each of the thirty days. Wherever a value is reckoned with,
all its changes are. An instant too many costs one evaluation; one too few would be a change that nobody hears of.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import pairwise
from math import ceil, floor
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from chalicelib.kernel.amounts import MICROS
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.conditions import reads_zero_when_absent
from chalicelib.profiles.instants import Watch, Watched, by_stem, next_instant, watch_below, watches
from chalicelib.profiles.model import Profile
from chalicelib.profiles.retention import next_expiry
from chalicelib.profiles.values import present, stem
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.compiled import Compiled

_PLANS_KEPT = 256


class _Plan(msgspec.Struct, frozen=True):
    """What rules wait for, and the stems of all they read: what ends there may turn them, too."""

    watched: Mapping[str, Watched]
    stems: frozenset[str]


type _Asked = tuple[frozenset[str], frozenset[str] | None]

_of_rule: WeakKeyDictionary[Compiled, frozenset[Watch]] = WeakKeyDictionary()
_of_catalogue: WeakKeyDictionary[Catalogue, dict[_Asked, _Plan]] = WeakKeyDictionary()


def next_possible(
    catalogue: Catalogue,
    profile: Profile,
    after: Millis,
    only: frozenset[str] | None = None,
    before: Millis | None = None,
) -> Millis | None:
    """The first instant after ``after`` at which time alone may turn a condition of a rule; decay and expiry aside.

    ``only``: of the rules that read one of these paths or stems. ``before``: if it is earlier than that. Evaluates
    nothing.
    """
    plans = _of_catalogue.setdefault(catalogue, {})
    asked = (present(profile), only)
    plan = plans.get(asked)
    if plan is None:
        if len(plans) >= _PLANS_KEPT:
            plans.clear()
        plan = plans[asked] = _plan(catalogue, *asked)
    turns = next_instant(profile, plan.watched, after, before)
    ends = next_expiry(profile, plan.stems, after)
    bound = before if turns is None else turns
    return turns if ends is None or (bound is not None and bound <= ends) else ends


def watches_of(compiled: Compiled, money: Collection[str]) -> frozenset[Watch]:
    """What a rule waits for. ``money``: the measures whose amounts are stored in micros."""
    found = _of_rule.get(compiled)
    if found is None:
        of_all = (one for condition in compiled.conditions for one in _as_truth(condition, money))
        found = _of_rule[compiled] = frozenset(of_all)
    return found


def _plan(catalogue: Catalogue, present: frozenset[str], only: frozenset[str] | None) -> _Plan:
    rules, money = catalogue.select(present, only).rules, catalogue.measures.money
    watched = by_stem(one for compiled in rules for one in watches_of(compiled, money) if one.stem in present)
    return _Plan(watched, frozenset(stem(path) for compiled in rules for path in compiled.reads) & present)


def _as_truth(condition: Any, money: Collection[str]) -> Iterator[Watch]:
    """What turns whether a condition is true."""
    operator, arguments = _taken_apart(condition)
    if operator == "var":
        # Zero is not true, so what matters is whether there is anything.
        yield from _passing(arguments[0], 0, money, above=True)
    elif operator in _OF_TRUTHS:
        for one in arguments:
            yield from _as_truth(one, money)
    else:
        yield from _as_value(condition, money)


def _as_value(condition: Any, money: Collection[str]) -> Iterator[Watch]:
    """What turns the value of a condition."""
    operator, arguments = _taken_apart(condition)
    if operator in _SIDES and len(arguments) > 1:
        # The comparison of three is two comparisons of two.
        for left, right in pairwise(arguments):
            yield from _compared(operator, left, right, money)
    elif operator in {"!", "!!"}:
        for one in arguments:
            yield from _as_truth(one, money)
    elif operator == "if":
        for place, one in enumerate(arguments):
            is_asked = place % 2 == 0 and place + 1 < len(arguments)
            yield from (_as_truth if is_asked else _as_value)(one, money)
    elif operator == "var":
        yield from watches(str(arguments[0]))
    else:
        for one in arguments:
            yield from _as_value(one, money)


def _compared(operator: str, left: Any, right: Any, money: Collection[str]) -> Iterator[Watch]:
    for place, (one, other) in enumerate(((left, right), (right, left))):
        path = _path_of(one)
        if path is not None and _is_number(other):
            for above in _SIDES[operator][place]:
                yield from _passing(path, other, money, above=above)
            return
    for one in (left, right):
        yield from _as_value(one, money)


def _passing(path: str, bound: float, money: Collection[str], *, above: bool) -> Iterator[Watch]:
    """The value reaches or leaves ``bound`` (or, with ``above``, what is above it)."""
    head, _, rest = path.partition(".")
    name, _, stat = rest.partition(".")
    if head == "m" and stat.startswith("sum") and name in money:
        least = _least_micros(bound, above=above)
    else:
        least = floor(bound) + 1 if above else ceil(bound)
    found = watch_below(path, least)
    yield from watches(path) if found is None else found


def _least_micros(bound: float, *, above: bool) -> int:
    """The least amount whose value in units is ``bound`` or more: by the very division that values are made with."""
    reached: Callable[[int], bool] = lambda micros: (  # noqa: E731
        micros / MICROS > bound if above else micros / MICROS >= bound
    )
    least = round(bound * MICROS)
    while reached(least - 1):
        least -= 1
    while not reached(least):
        least += 1
    return least


def _path_of(condition: Any) -> str | None:
    """The one path that a condition is the value of, with or without a default for what is absent."""
    operator, arguments = _taken_apart(condition)
    if operator == "??" and len(arguments) == 2 and _is_number(arguments[1]):
        path = _path_of(arguments[0])
        # What is absent now stays absent: only the mean of an empty window comes and goes.
        return path if path is not None and (reads_zero_when_absent(path) or _stays(path)) else None
    return str(arguments[0]) if operator == "var" else None


def _stays(path: str) -> bool:
    return all(one.look != "exit" for one in watches(path))


def _taken_apart(condition: Any) -> tuple[str, list[Any]]:
    if isinstance(condition, list):
        return "", condition
    if not isinstance(condition, dict) or len(condition) != 1:
        return "", list(condition.values()) if isinstance(condition, dict) else []
    ((operator, given),) = condition.items()
    return operator, given if isinstance(given, list) else [given]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_OF_TRUTHS = frozenset({"and", "or", "!", "!!"})
_EITHER = (False, True)
_SIDES: Mapping[str, tuple[tuple[bool, ...], tuple[bool, ...]]] = {
    ">=": ((False,), (True,)),
    "<": ((False,), (True,)),
    ">": ((True,), (False,)),
    "<=": ((True,), (False,)),
    **dict.fromkeys(("==", "!=", "===", "!=="), (_EITHER, _EITHER)),
}
"""Comparison → by the place of the variable: whether it turns where the constant is reached, or just above it."""
