"""Checks the declaration of a measure: every mistake at once.

A measure runs on every event of its types, before the event is applied, and an event that it cannot read is
set aside. So its condition is tried on values of every kind that its fields may have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import msgspec

from chalicelib.events.types import EVENT_TYPES, fields_of, is_type
from chalicelib.privacy.uses import wider
from chalicelib.profiles.conditions import reads
from chalicelib.profiles.measures import Measure
from chalicelib.profiles.uses import derived_use
from chalicelib.tags.condition_check import condition_mistakes
from chalicelib.tags.shapes import Mistake, shape_mistakes
from chalicelib.tags.trial import failure
from chalicelib.tags.vocabulary import Vocabulary, nearest

MOST_TYPES = 20
_FIELD = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,63}", re.ASCII)
_ABOUT: dict[str, tuple[Any, ...]] = {
    "type": ("order.paid",),
    "channel": ("wechat", "web"),
    "source": ("s_1",),
    "hour": (0, 23),
    "weekday": (1, 7),
}
_SAMPLES: dict[str, Any] = {
    "amount": "12.50",
    "count": 3,
    "seconds": 30,
    "score": 4,
    "flag": True,
    "moment": "2026-11-22T08:00:00Z",
}
_TEXT = "words"
_TEXTS = (None, _TEXT, "12.50")
_KINDS: tuple[tuple[Any, ...], ...] = (_TEXTS, (None, 3, 2.5), (None, True))
_MOST_FREE = 3
_SUMMED = {"money": {"amount"}, "one": {"count", "seconds", "score"}, "score": {"score"}}


class _EventVocabulary(Vocabulary):
    """What a measure may read: the event's type, channel, source and hour, and its fields."""

    def __init__(self, types: Sequence[str]) -> None:
        super().__init__({})
        self._known = {field for one in types for field in fields_of(one)}

    def mistake(self, path: str) -> tuple[str, str, str | None] | None:
        """Code, sentence and suggestion for a path that may not be read; None for one that may."""
        if path in _ABOUT:
            return None
        head, _, field = path.partition(".")
        known = [*(f"data.{one}" for one in sorted(self._known)), *_ABOUT]
        if head != "data" or not _FIELD.fullmatch(field):
            return "unknown_path", f"An event has nothing at “{path}”.", nearest(path, known) or "data.amount"
        if field in self._known:
            return None
        near = nearest(field, self._known)
        if near is not None:
            return "unknown_path", f"These events have no “{field}”.", f"data.{near}"
        return None


def measure_mistakes(raw: Any, measure_id: str) -> list[Mistake]:
    """All mistakes of a declaration that is to be published as ``measure_id``."""
    found = list(shape_mistakes(raw, Measure, "$"))
    if found:
        return found
    measure = msgspec.convert(raw, Measure)
    if measure.id != measure_id:
        found.append(Mistake("$.id", "other_id", "The id is the one that the address names.", measure_id))
    found += _type_mistakes(measure)
    found += _amount_mistakes(measure)
    found += _purpose_mistakes(measure)
    if measure.where is not None:
        found += _where_mistakes(measure)
    return found


def _type_mistakes(measure: Measure) -> Iterator[Mistake]:
    if not 1 <= len(measure.on) <= MOST_TYPES:
        yield Mistake("$.on", "bad_types", f"A measure counts events of 1 to {MOST_TYPES} types.", "order.paid")
    for place, one in enumerate(measure.on):
        if not is_type(one):
            message = "There is no such type of events."
            yield Mistake(f"$.on[{place}]", "unknown_type", message, nearest(one, EVENT_TYPES) or f"custom.{_TEXT}")


def _amount_mistakes(measure: Measure) -> Iterator[Mistake]:
    if measure.amount is None:
        return
    head, _, field = measure.amount.partition(".")
    if head != "data" or not _FIELD.fullmatch(field):
        yield Mistake("$.amount", "unknown_path", "What is summed is a field of the event.", "data.amount")
        return
    kinds = {fields_of(one)[field] for one in measure.on if field in fields_of(one)}
    if kinds - _SUMMED[measure.unit]:
        unit = next((unit for unit, fitting in _SUMMED.items() if kinds <= fitting), None)
        message = f"“{measure.amount}” cannot be summed as {measure.unit}."
        yield Mistake("$.unit", "bad_unit", message, unit or "Sum a field that is an amount or a number.")


def _purpose_mistakes(measure: Measure) -> Iterator[Mistake]:
    """A count tells what it counts: it may be used for nothing that the events and fields it reads may not."""
    use = derived_use(measure)
    too_wide = wider(measure.purposes, use)
    if too_wide:
        message = f"What it reads may not be used for {', '.join(too_wide)}."
        yield Mistake("$.purposes", "wider_purposes", message, ", ".join(use.purposes))


def _where_mistakes(measure: Measure) -> Iterator[Mistake]:
    found = [
        one
        for one in condition_mistakes(measure.where, _EventVocabulary(measure.on), "$.where")
        if one.code != "true_of_nobody"
    ]
    yield from found
    if not found:
        for event_type in filter(is_type, measure.on):
            failed = _fails(measure.where, event_type)
            if failed is not None:
                message = f"It cannot be evaluated on every {event_type} ({failed}): such events would be set aside."
                suggestion = 'Compare with === or in, or give a missing value a meaning: {"??": [{"var": …}, 0]}.'
                yield Mistake("$.where", "fails_on_values", message, suggestion)
                return


def _fails(where: Any, event_type: str) -> str | None:
    """Why the condition cannot be evaluated on events of a type; None where it can.

    A field of the sender's own may be of any kind, so long as it is always of that one.
    """
    paths = sorted(reads(where))
    free = [path for path in paths if _values_of(path, event_type) is None][:_MOST_FREE]
    found = None
    for kinds in product(_KINDS, repeat=len(free)):
        given = dict(zip(free, kinds, strict=True))
        found = failure(where, {path: given.get(path) or _values_of(path, event_type) or _TEXTS for path in paths})
        if found is None:
            return None
    return found


def _values_of(path: str, event_type: str) -> tuple[Any, ...] | None:
    """What a path may have; None where that is the sender's own affair."""
    if path in _ABOUT:
        return _ABOUT[path]
    kind = fields_of(event_type).get(path.removeprefix("data."))
    return None if kind is None else (None, _SAMPLES.get(kind, _TEXT))
