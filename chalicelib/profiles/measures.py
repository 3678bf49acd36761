"""Declared measures: what one event adds to which counts and sums.

A *contact* is one approach of a customer, however many messages it takes: an opened conversation, a
call, and a ticket, message or complaint that names neither a conversation nor a call. A channel that
gives its messages a ``conversation_id`` sends one ``conversation.opened`` for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec
from datalogic_py import DataLogicError, Rule

from chalicelib.events.model import Event
from chalicelib.kernel.amounts import parse_amount
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.texts import Text
from chalicelib.privacy.permission import Purpose
from chalicelib.privacy.uses import Use
from chalicelib.profiles.conditions import ENGINE, reads
from chalicelib.profiles.model import Delta

_SHIPPED = Path(__file__).with_name("declared")
_LONGEST_TEXT = 4_000
_LARGEST_EXACT = 2**53


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A declared measure.

    ``amount`` is the path of what is summed; the unit says how it is read: money → micros, score and
    one → whole numbers. ``purposes``: what it is used for, where that is less than what it reads may be used for.
    """

    id: str
    on: tuple[str, ...]
    names: Text
    where: dict[str, Any] | None = None
    amount: str | None = None
    unit: Literal["money", "one", "score"] = "one"
    purposes: tuple[Purpose, ...] = ()


class _Plan(msgspec.Struct, frozen=True):
    """The measures one event type may add to; ``program`` yields one truth per conditional measure."""

    plain: tuple[Measure, ...]
    conditional: tuple[Measure, ...]
    program: Rule | None
    data_fields: tuple[str, ...]


class MeasureSet:
    """Measures indexed by event type; conditions are compiled once, at a type's first event."""

    def __init__(self, measures: Iterable[Measure]) -> None:
        self.measures: Mapping[str, Measure] = {one.id: one for one in measures}
        self.money: frozenset[str] = frozenset(one.id for one in self.measures.values() if one.unit == "money")
        self._by_type: dict[str, list[Measure]] = {}
        for one in self.measures.values():
            for event_type in one.on:
                self._by_type.setdefault(event_type, []).append(one)
        self._plans: dict[str, _Plan] = {}

    @cached_property
    def uses(self) -> Mapping[str, Use]:
        """What each measure may be used for."""
        # Loaded with the first profile that is shown: events are counted without it.
        from chalicelib.profiles.uses import measure_use

        return {name: measure_use(one) for name, one in self.measures.items()}

    def plan(self, event_type: str) -> _Plan | None:
        """How events of a type are measured; None where no measure asks for them."""
        declared = self._by_type.get(event_type)
        if declared is None:
            return None
        found = self._plans.get(event_type)
        if found is None:
            found = self._plans[event_type] = _plan(declared)
        return found


@cache
def load_measures(folder: Path = _SHIPPED) -> MeasureSet:
    """The measures of a folder of declaration files; the shipped ones unless told. Raises msgspec errors."""
    decoder = msgspec.json.Decoder(list[Measure])
    return MeasureSet(one for file in sorted(folder.glob("*.json")) for one in decoder.decode(file.read_bytes()))


def deltas(measures: MeasureSet, event: Event, hour: int, weekday: int | None = None) -> tuple[Delta, ...]:
    """What an event adds, sorted by measure. ``hour``: 0–23, ``weekday``: 1 for Monday to 7, local to the tenant.

    Raises BadInput ``bad_amount``, ``bad_number`` or ``bad_measure_input`` for a field that a measure
    cannot read: counting half an event would be worse than setting it aside.
    """
    plan = measures.plan(event.type)
    if plan is None:
        return ()
    concerned = list(plan.plain)
    if plan.program is not None:
        truths = _truths(plan, plan.program, event, hour, weekday)
        concerned += [one for one, true in zip(plan.conditional, truths, strict=True) if true]
    concerned.sort(key=_by_id)
    return tuple(Delta(one.id, _amount(one, event)) for one in concerned)


def _by_id(measure: Measure) -> str:
    return measure.id


def _plan(declared: list[Measure]) -> _Plan:
    conditional = tuple(one for one in declared if one.where is not None)
    asked = frozenset(path for one in conditional for path in reads(one.where))
    program = ENGINE.compile([{"!!": [one.where]} for one in conditional]) if conditional else None
    return _Plan(
        plain=tuple(one for one in declared if one.where is None),
        conditional=conditional,
        program=program,
        data_fields=tuple(sorted(path[5:] for path in asked if path.startswith("data."))),
    )


def _truths(plan: _Plan, program: Rule, event: Event, hour: int, weekday: int | None) -> list[bool]:
    context = {
        "type": event.type,
        "channel": event.channel,
        "source": event.source,
        "hour": hour,
        "weekday": weekday,
        "data": {field: _plain(event.data.get(field)) for field in plan.data_fields},
    }
    try:
        truths: list[bool] = program.evaluate(context)
    except DataLogicError as error:
        raise BadInput(
            "bad_measure_input", f"A measure cannot read this {event.type} ({error.error_type}).", "data"
        ) from None
    return truths


def _plain(value: Any) -> Any:
    """A value as conditions may see it: scalars only, so that no size or depth of input reaches the engine."""
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    if isinstance(value, Decimal) or (type(value) is int and abs(value) > _LARGEST_EXACT):
        return float(value)
    return value if isinstance(value, int | float) else None


def _amount(measure: Measure, event: Event) -> int:
    if measure.amount is None:
        return 0
    field = measure.amount.removeprefix("data.")
    value = event.data.get(field)
    return 0 if value is None else _READERS[measure.unit](value, measure.amount)


def _whole(value: object, path: str) -> int:
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        micros = parse_amount(value, path)
        if micros % 1_000_000 == 0:
            return micros // 1_000_000
    raise BadInput("bad_number", "This field must be a whole number.", path)


_READERS: Mapping[str, Callable[[object, str], int]] = {
    "money": parse_amount,
    "score": _whole,
    "one": _whole,
}
