"""What the rules that hold come to: the scores of queues and modes, priority, time limits. Compiled once per policy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from chalicelib.routing.declaration import NO_CAP, PolicyDeclaration, Rule, SlaCap
from chalicelib.routing.facts import Facts, value_at
from chalicelib.routing.model import MODES, Mode, RankedQueue, Sla, Urgency
from chalicelib.routing.urgency import urgency_of

CENTS = 100
"""Scores are added up in whole hundredths of a point, so that no order of summing can matter."""
SETS_KEPT = 1_024
"""Sets of rules of which is kept what they come to: people are many, the sets of rules that hold for them are few."""

type Held = tuple[int, ...]
"""The positions of the rules that hold."""
type Factors = tuple[float, ...]
"""By what the number at each path of ``times`` scales points, to hundredths; 0 where there is no number."""
type Totals = list[Any]
"""The sum of every slot, whole numbers but for modes: a slot per queue as listed, one per mode, and priority."""


class Outcome(msgspec.Struct, frozen=True):
    """What a judgement comes to for the caller."""

    queue: str
    mode: Mode
    priority: int


class _Effect(msgspec.Struct, frozen=True):
    """What one rule adds: ``adds`` are (slot, amount); ``scaled`` (queue, points), by the factor of this place."""

    id: str
    adds: tuple[tuple[int, float], ...]
    factor: int
    scaled: tuple[tuple[int, float], ...]
    sla: SlaCap


class _Served(msgspec.Struct, frozen=True):
    """A queue, its priority, and the slots of the modes that it serves, preferred first."""

    queue: str
    priority: int
    slots: tuple[int, ...]


class _Sum(msgspec.Struct, frozen=True):
    """What a set of rules comes to before numbers scale it.

    ``parts``: each queue that a rule or its base adds to, as listed → rule → points, 0 of one that is scaled.
    """

    totals: Totals
    scaled: tuple[_Effect, ...]
    parts: dict[int, dict[str, float]]


class Effects:
    """The rules of a policy by what they add. What a set of them comes to is kept, for the latest sets.

    ``outcome`` of (held, factors, level), ``ranking`` of (held, factors, most), ``sla`` of (held, queue, mode, level),
    ``urgency`` of the rules of urgency that hold.
    """

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
        self._slots = {queue: slot for slot, queue in enumerate(declared.queues)}
        self.times = tuple(dict.fromkeys(rule.times for rule in declared.rules if rule.times is not None))
        """The paths whose numbers scale points."""
        self._effects = tuple(self._effect(rule) for rule in declared.rules)
        self._sum = lru_cache(SETS_KEPT)(self._summed)
        self.outcome = lru_cache(SETS_KEPT)(self._outcome)
        self.ranking = lru_cache(SETS_KEPT)(self._ranking)
        self.sla = lru_cache(SETS_KEPT)(self._sla)
        self.urgency = lru_cache(SETS_KEPT)(self._urgency)

    def _mode(self, mode: Mode) -> int:
        return self._modes + MODES.index(mode)

    def _effect(self, rule: Rule) -> _Effect:
        points = tuple((self._slots[queue], points) for queue, points in rule.queues.items())
        adds: tuple[tuple[int, float], ...] = (
            *((self._mode(mode), points) for mode, points in rule.modes.items()),
            (len(self._start) - 1, rule.priority),
        )
        if rule.times is None:
            cents = ((queue, round(more * CENTS)) for queue, more in points)
            return _Effect(rule.id, (*cents, *adds), 0, (), rule.sla)
        return _Effect(rule.id, adds, self.times.index(rule.times), points, rule.sla)

    def factors(self, facts: Facts) -> Factors:
        """By what the facts scale points."""
        return tuple([_factor(value_at(facts, path)) for path in self.times])

    def factors_given(self, factors: Factors, given: Mapping[str, Any]) -> Factors:
        """The same where some paths have other values."""
        return tuple(
            [_factor(given[path]) if path in given else one for path, one in zip(self.times, factors, strict=True)]
        )

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
        )

    def _totals(self, held: Held, factors: Factors) -> Totals:
        found = self._sum(held)
        totals = found.totals.copy()
        for effect in found.scaled:
            for slot, points in effect.scaled:
                totals[slot] += round(points * factors[effect.factor])
        return totals

    def _outcome(self, held: Held, factors: Factors, level: str) -> Outcome:
        """The queue of the highest score, the first listed of equals, and likewise of the modes that it serves."""
        totals = self._totals(held, factors)
        # max() and index() keep the first of equals.
        served = self._served[totals.index(max(totals[: self._modes]))]
        mode = MODES[max(served.slots, key=totals.__getitem__) - self._modes]
        priority = totals[-1] + served.priority + self._declared.urgency.priority[level]
        return Outcome(served.queue, mode, max(1, min(99, priority)))

    def _ranking(self, held: Held, factors: Factors, most: int) -> tuple[RankedQueue, ...]:
        """The first queues of those that have a score above 0, best first, each with the points of every rule in it."""
        found, totals = self._sum(held), self._totals(held, factors)
        ahead = [slot for slot in found.parts if totals[slot] > 0]
        # sort() is stable, so that equal scores stay in the order of the policy.
        ahead.sort(key=totals.__getitem__, reverse=True)
        parts = {slot: found.parts[slot].copy() for slot in ahead[:most]}
        for effect in found.scaled:
            for slot, points in effect.scaled:
                if slot in parts:
                    parts[slot][effect.id] = round(points * factors[effect.factor]) / CENTS
        return tuple(
            RankedQueue(self._served[slot].queue, totals[slot] / CENTS, {rule: one for rule, one in of.items() if one})
            for slot, of in parts.items()
        )

    def _sla(self, held: Held, queue: str, mode: Mode, level: str) -> Sla:
        """The queue's time limits, capped by mode, urgency and rules."""
        declared = self._declared
        limits = declared.queues[queue].sla
        caps = [self._effects[place].sla for place in held]
        caps += [declared.mode_sla.get(mode, NO_CAP), declared.urgency.sla.get(level, NO_CAP)]
        firsts = [cap.first_response_seconds for cap in caps if cap.first_response_seconds is not None]
        resolves = [cap.resolve_seconds for cap in caps if cap.resolve_seconds is not None]
        return Sla(min([limits.first_response_seconds, *firsts]), min([limits.resolve_seconds, *resolves]))

    def _urgency(self, held: Held) -> Urgency:
        """How pressing a call is where these rules of urgency hold."""
        scale = self._declared.urgency
        return urgency_of(scale.base, [scale.rules[place].points for place in held], scale.levels)


def _factor(value: Any) -> float:
    return CENTS * float(value) if isinstance(value, (int, float)) else 0.0
