"""Whether a source's events still carry what they used to: fields that went missing, and types that stopped.

A field's share is that of the events of its type that carry it, a type's that of the source's events. One that is new
harms nobody and is not looked for; one whose share fell far below the usual means that something changed at the
source: a renamed column, a form without its question, an export that leaves orders out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import sqrt

import msgspec

LEAST_RECENT, LEAST_USUAL = 30, 200
"""Events below which nothing is said."""
USUALLY = 0.05
"""A field or type with a smaller usual share is too rare to be missed."""
FIELD_FELL, TYPE_FELL = 0.5, 0.2
"""Below this share of the usual it is missing. Types come and go with the hour and the season, fields do not."""
FIELD_BACK, TYPE_BACK = 0.8, 0.4
"""A missing one is back from this share of the usual on."""
_Z = 6.0
"""How many standard errors it must lie below."""
_OF_ALL = "events"


class Missing(msgspec.Struct, frozen=True):
    """A type (``order.paid``) or field of one (``order.paid|amount``) that went missing: its share now, and usually."""

    name: str
    share: float
    usual: float
    recent: int


def missing_fields(
    recent: Mapping[str, int], usual: Mapping[str, int], before: Collection[str] = ()
) -> tuple[Missing, ...]:
    """Fields that are missing, of the counts that ``quality.counters`` keeps as a source's shape.

    ``before``: what was missing when it was looked at last.
    """
    named = [name for name in usual if "|" in name]
    found = (
        Missing(name, _share(recent, name, type_), _share(usual, name, type_), recent[type_])
        for name in sorted(named)
        if recent.get(type_ := name.partition("|")[0], 0) >= LEAST_RECENT and usual.get(type_, 0) >= LEAST_USUAL
    )
    back = dict.fromkeys(before, FIELD_BACK)
    return tuple(one for one in found if _fell(one, FIELD_FELL, back.get(one.name), usual[one.name]))


def missing_types(
    recent: Mapping[str, int], usual: Mapping[str, int], times: float, before: Collection[str] = ()
) -> tuple[Missing, ...]:
    """Types that are missing. ``times`` is how much longer the usual counts were gathered than the recent ones.

    Both must have fallen, the share and the number: a rush of one type does not make the others missing.
    """
    whole, usually = {**recent, _OF_ALL: events_in(recent)}, {**usual, _OF_ALL: events_in(usual)}
    if whole[_OF_ALL] < LEAST_RECENT or usually[_OF_ALL] < LEAST_USUAL:
        return ()
    found = (
        Missing(name, _share(whole, name, _OF_ALL), _share(usually, name, _OF_ALL), whole[_OF_ALL])
        for name in sorted(usual)
        if "|" not in name
    )
    back = dict.fromkeys(before, TYPE_BACK)
    return tuple(
        one
        for one in found
        if recent.get(one.name, 0) * times <= back.get(one.name, TYPE_FELL) * usual[one.name]
        and _fell(one, TYPE_FELL, back.get(one.name), usual[one.name])
    )


def _fell(one: Missing, to: float, back_from: float | None, counted: int) -> bool:
    """Whether a share fell far enough below the usual, or has not come back yet."""
    if one.usual < USUALLY:
        return False
    if back_from is not None and one.share < back_from * one.usual:
        return True
    error = sqrt(one.usual * (1 - one.usual) * (1 / one.recent + one.usual / counted)) or 1 / one.recent
    return one.share <= to * one.usual and one.usual - one.share >= _Z * error


def _share(shape: Mapping[str, int], name: str, of: str) -> float:
    return round(shape.get(name, 0) / shape[of], 4)


def events_in(shape: Mapping[str, int]) -> int:
    """How many events a shape was counted of."""
    return sum(count for name, count in shape.items() if "|" not in name)
