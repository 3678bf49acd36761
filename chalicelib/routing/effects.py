"""What the rules that hold come to: the scores of queues and modes, priority, time limits. Compiled once per policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from sys import maxsize
from typing import Any

import msgspec

from chalicelib.routing.declaration import NO_CAP, PolicyDeclaration, Rule, SlaCap
from chalicelib.routing.facts import Facts, value_at
from chalicelib.routing.model import MODES, Mode, RankedQueue, Sla

CENTS = 100
"""Scores are added up in whole hundredths of a point, so that no order of summing can matter."""
SETS_KEPT = 4_096
"""Sets of rules whose sum is kept: people are many, the sets of rules that hold for them are few."""
_UNLIMITED = Sla(maxsize, maxsize)
_NOTHING: Mapping[str, Any] = {}

type Held = tuple[int, ...]
"""The positions of the rules that hold."""
type Totals = list[Any]
"""The sum of every slot, whole numbers but for modes: a slot per queue as listed, one per mode, and priority."""


class Outcome(msgspec.Struct, frozen=True):
    """What a judgement comes to for the caller."""

    queue: str
    mode: Mode
    priority: int


class _Effect(msgspec.Struct, frozen=True):
    """What one rule adds: ``adds`` are (slot, amount); ``scaled`` (queue, points) times the number at ``times``."""

    id: str
    adds: tuple[tuple[int, float], ...]
    times: str | None
    scaled: tuple[tuple[int, float], ...]
    sla: SlaCap


class _Served(msgspec.Struct, frozen=True):
    """A queue, its priority, and the slots of the modes that it serves, preferred first."""

    queue: str
    priority: int
    slots: tuple[int, ...]


class _Sum(msgspec.Struct, frozen=True):
    """What a set of rules comes to before numbers scale it, and the least of their time limits.

    ``parts``: each queue that a rule or its base adds to, as listed → rule → points, 0 of one that is scaled.
    """

    totals: Totals
    scaled: tuple[_Effect, ...]
    parts: dict[int, dict[str, float]]
    first_response_seconds: int
    resolve_seconds: int


class Effects:
    """The rules of a policy by what they add."""

    def __init__(self, declared: PolicyDeclaration) -> None:
        self._declared = declared
        self._modes = len(declared.queues)
        self._served = tuple(
            _Served(name, queue.priority, tuple(self._mode(mode) for mode in queue.modes))
            for name, queue in declared.queues.items()
        )
        bases = [round(queue.base * CENTS) for queue in declared.queues.values()]
        self._start: Totals = [*bases, *(0.0 for _ in MODES), declared.base_priority]
        self._bases = {slot: {"base": base / CENTS} for slot, base in enumerate(bases) if base}
        slots = {queue: slot for slot, queue in enumerate(declared.queues)}
        self._effects = tuple(self._effect(rule, slots) for rule in declared.rules)
        self._sum = lru_cache(SETS_KEPT)(self._summed)
        self._limits = lru_cache(SETS_KEPT)(self._limited)

    def _mode(self, mode: Mode) -> int:
        return self._modes + MODES.index(mode)

    def _effect(self, rule: Rule, slots: Mapping[str, int]) -> _Effect:
        points = tuple((slots[queue], points) for queue, points in rule.queues.items())
        adds: tuple[tuple[int, float], ...] = (
            *((self._mode(mode), points) for mode, points in rule.modes.items()),
            (len(self._start) - 1, rule.priority),
        )
        if rule.times is None:
            adds, points = (*((queue, round(more * CENTS)) for queue, more in points), *adds), ()
        return _Effect(rule.id, adds, rule.times, points, rule.sla)

    def _summed(self, held: Held) -> _Sum:
        totals = list(self._start)
        parts = {slot: base.copy() for slot, base in self._bases.items()}
        effects = [self._effects[place] for place in held]
        for effect in effects:
            for slot, amount in effect.adds:
                totals[slot] += amount
                if amount and slot < self._modes:
                    parts.setdefault(slot, {})[effect.id] = amount / CENTS
            for slot, _ in effect.scaled:
                # It keeps the place of the rule among the others.
                parts.setdefault(slot, {})[effect.id] = 0.0
        return _Sum(
            totals,
            tuple(effect for effect in effects if effect.scaled),
            dict(sorted(parts.items())),
            *_least(_UNLIMITED, (effect.sla for effect in effects)),
        )

    def totals(self, held: Held, facts: Facts, given: Mapping[str, Any] = _NOTHING) -> Totals:
        """What these rules come to together. ``given``: values at some paths that count instead of the facts'."""
        found = self._sum(held)
        totals = found.totals.copy()
        for effect in found.scaled:
            factor = _factor(effect.times, facts, given)
            for slot, points in effect.scaled:
                totals[slot] += round(points * factor)
        return totals

    def outcome(self, totals: Totals, level: str) -> Outcome:
        """The queue of the highest score, the first listed of equals, and likewise of the modes that it serves."""
        # max() and index() keep the first of equals.
        served = self._served[totals.index(max(totals[: self._modes]))]
        slots = served.slots
        mode = MODES[(max(slots, key=totals.__getitem__) if len(slots) > 1 else slots[0]) - self._modes]
        priority = totals[-1] + served.priority + self._declared.urgency.priority[level]
        return Outcome(served.queue, mode, 1 if priority < 1 else min(priority, 99))

    def ranking(self, totals: Totals, held: Held, facts: Facts, most: int) -> tuple[RankedQueue, ...]:
        """The first queues of those that have a score above 0, best first, each with the points of every rule in it."""
        found = self._sum(held)
        ahead = [slot for slot in found.parts if totals[slot] > 0]
        # sort() is stable, so that equal scores stay in the order of the policy.
        ahead.sort(key=totals.__getitem__, reverse=True)
        del ahead[most:]
        parts = {slot: found.parts[slot].copy() for slot in ahead}
        for effect in found.scaled:
            factor = _factor(effect.times, facts, _NOTHING)
            for slot, points in effect.scaled:
                if slot in parts:
                    _place(parts[slot], effect.id, round(points * factor))
        return tuple([RankedQueue(self._served[slot].queue, totals[slot] / CENTS, parts[slot]) for slot in ahead])

    def sla(self, held: Held, queue: str, mode: Mode, level: str) -> Sla:
        """The queue's time limits, capped by mode, urgency and rules."""
        found, (first, resolve) = self._sum(held), self._limits(queue, mode, level)
        return Sla(min(first, found.first_response_seconds), min(resolve, found.resolve_seconds))

    def _limited(self, queue: str, mode: Mode, level: str) -> tuple[int, int]:
        declared = self._declared
        caps = (declared.mode_sla.get(mode, NO_CAP), declared.urgency.sla.get(level, NO_CAP))
        return _least(declared.queues[queue].sla, caps)


def _least(limits: Sla, caps: Iterable[SlaCap]) -> tuple[int, int]:
    first, resolve = limits.first_response_seconds, limits.resolve_seconds
    for cap in caps:
        first = first if cap.first_response_seconds is None else min(first, cap.first_response_seconds)
        resolve = resolve if cap.resolve_seconds is None else min(resolve, cap.resolve_seconds)
    return first, resolve


def _factor(times: str | None, facts: Facts, given: Mapping[str, Any]) -> float:
    """By what points are scaled, to hundredths; 0 where there is no number."""
    if times is None:
        return 0.0
    value = given[times] if times in given else value_at(facts, times)
    return CENTS * float(value) if isinstance(value, (int, float)) else 0.0


def _place(parts: dict[str, float], rule: str, amount: int) -> None:
    if amount:
        parts[rule] = amount / CENTS
    else:
        del parts[rule]
