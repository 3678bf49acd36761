"""The operators of our own that conditions may use, each a short way to write plain JSONLogic.

They are expanded when a declaration is loaded, so that the engine runs nothing but JSONLogic, and what a
condition reads, needs and costs is told from its expansion.

``{"count": ["orders_paid", 30]}``     how often in the last 30 days; without days, ever. So ``sum`` and ``mean``
``{"max_of": "orders_paid"}``          the largest amount ever
``{"days_since": "contacts"}``         whole days since the last one; ``days_since_first`` since the first
``{"within": ["contacts", 7]}``        whether the last one was less than 7 days ago
``{"share": ["refunds", "orders_paid", 90]}``   one count over another; null where the second is none
``{"ratio": [x, y]}``                  one value over another; null where the second is 0 or unknown
``{"trend": ["contacts", 30]}``        the last 30 days against the person's own earlier 30-day windows
``{"active_days": ["sessions", 30]}``  on how many days of the last 30
``{"gap_days": "orders_paid"}``        mean days between one and the next
``{"trait": "region"}``                the value of a trait
``{"scene": "night"}``                 whether a scene is on
``{"says": ["refund", "退款"]}``        whether the message at hand holds one of these words (in scenes)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from chalicelib.profiles.stats import ACTIVE, TRENDS, WINDOWS


class BadOperator(Exception):
    """An operator of ours with arguments that it does not take: why, and what was probably meant."""

    def __init__(self, message: str, suggestion: str) -> None:
        super().__init__(message)
        self.suggestion = suggestion


class _Windowed(msgspec.Struct, frozen=True):
    """An operator over ``[measure, days]``. ``lifetime``: days may be left out."""

    stat: str
    windows: Collection[int]
    lifetime: bool

    def __call__(self, given: Any) -> Any:
        if self.lifetime and isinstance(given, str):
            given = [given]
        arguments = given if isinstance(given, list) else []
        if not arguments or not isinstance(arguments[0], str) or len(arguments) > 2:
            raise BadOperator(f"It takes a measure{' and' if not self.lifetime else ', and perhaps'} days.", _example())
        if len(arguments) == 1:
            if not self.lifetime:
                raise BadOperator("The days are missing.", _example())
            return {"var": f"m.{arguments[0]}.{self.stat}"}
        if isinstance(arguments[1], bool) or arguments[1] not in self.windows:
            raise BadOperator(f"There is no window of {arguments[1]!r} days.", " ".join(map(str, sorted(self.windows))))
        return {"var": f"m.{arguments[0]}.{self.stat}_{arguments[1]}d"}


def _example() -> str:
    return '["orders_paid", 30]'


def _of_measure(stat: str) -> Callable[[Any], Any]:
    def read(given: Any) -> Any:
        name = given[0] if isinstance(given, list) and len(given) == 1 else given
        if not isinstance(name, str):
            raise BadOperator("It takes a measure.", '"orders_paid"')
        return {"var": f"m.{name}.{stat}"}

    return read


def _named(head: str) -> Callable[[Any], Any]:
    def read(given: Any) -> Any:
        name = given[0] if isinstance(given, list) and len(given) == 1 else given
        if not isinstance(name, str):
            raise BadOperator("It takes a name.", '"region"')
        return {"var": f"{head}.{name}"}

    return read


def _within(given: Any) -> Any:
    if not (isinstance(given, list) and len(given) == 2 and isinstance(given[0], str) and _is_days(given[1])):
        raise BadOperator("It takes a measure and days.", _example())
    return {"<": [{"var": f"m.{given[0]}.days_since_last"}, given[1]]}


def _is_days(given: Any) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and given > 0


def _ratio(given: Any) -> Any:
    if not (isinstance(given, list) and len(given) == 2):
        raise BadOperator("It takes two values.", '[{"count": …}, {"count": …}]')
    over, under = given
    return {"if": [{">": [under, 0]}, {"/": [{"??": [over, 0]}, under]}, None]}


def _share(given: Any) -> Any:
    if not (isinstance(given, list) and len(given) in {2, 3}):
        raise BadOperator("It takes two measures and perhaps days.", '["refunds", "orders_paid", 90]')
    window = given[2:]
    return _ratio([_COUNT([given[0], *window]), _COUNT([given[1], *window])])


def _says(given: Any) -> Any:
    words = given if isinstance(given, list) else [given]
    if not words or not all(isinstance(word, str) and word for word in words):
        raise BadOperator("It takes words.", '["refund", "退款"]')
    return {"and": [{"!!": [{"var": "text"}]}, {"or": [{"in": [word.lower(), {"var": "text"}]} for word in words]}]}


_COUNT = _Windowed("count", WINDOWS.values(), lifetime=True)

OURS: Mapping[str, Callable[[Any], Any]] = {
    "count": _COUNT,
    "sum": _Windowed("sum", WINDOWS.values(), lifetime=True),
    "mean": _Windowed("mean", WINDOWS.values(), lifetime=True),
    "max_of": _of_measure("max"),
    "days_since": _of_measure("days_since_last"),
    "days_since_first": _of_measure("days_since_first"),
    "gap_days": _of_measure("gap_days"),
    "within": _within,
    "share": _share,
    "ratio": _ratio,
    "trend": _Windowed("trend", TRENDS.values(), lifetime=False),
    "active_days": _Windowed("active_days", ACTIVE.values(), lifetime=False),
    "trait": _named("t"),
    "scene": _named("scene"),
    "says": _says,
}
"""Operator → what it expands to; raises BadOperator."""


def expand(condition: Any) -> Any:
    """A condition in plain JSONLogic. Raises BadOperator for the first operator of ours that is used wrongly."""
    if isinstance(condition, list):
        # Most parts of a list are constants, which need no call of their own.
        return [expand(one) if isinstance(one, dict | list) else one for one in condition]
    if not isinstance(condition, dict):
        return condition
    if len(condition) == 1:
        ((operator, given),) = condition.items()
        if operator == "var":
            return condition
        ours = OURS.get(operator)
        if ours is not None:
            return ours(expand(given))
    return {operator: expand(given) for operator, given in condition.items()}
