"""What the rules that hold come to: the scores of queues and modes, priority, time limits. Compiled once per policy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from chalicelib.routing.declaration import NO_CAP, PolicyDeclaration, Rule
from chalicelib.routing.facts import Facts, value_at
from chalicelib.routing.model import MODES, Mode, RankedQueue, Sla, Urgency
from chalicelib.routing.urgency import HIGHEST, urgency_of

CENTS = 100
"""Scores are added up in whole hundredths of a point, so that no order of summing can matter."""
MOST_RANKED = 4
"""Queues that a decision tells: the one chosen, and the next best."""
SETS_KEPT = 1_024
"""Sets of rules of which is kept what they come to: people are many, the sets of rules that hold for them are few."""

type Held = tuple[int, ...]
"""The positions of the rules that hold."""
type Factors = tuple[float, ...]
"""By what the number at each path of ``times`` scales points, to hundredths; 0 where there is no number."""
type Totals = list[int]
"""The sum of every slot: a slot per queue as listed, in hundredths of a point, one per mode, and priority."""
type Adds = tuple[tuple[int, int], ...]
"""What a rule adds whatever the numbers are: (slot, amount), without those of 0."""


class Outcome(msgspec.Struct, frozen=True):
    """What a judgement comes to for the caller."""

    queue: str
    mode: Mode
    priority: int


class Standing(msgspec.Struct, frozen=True):
    """What a set of rules comes to: the outcome, the best queues of a score above 0, best first, and the time limits."""

    outcome: Outcome
    ranked: tuple[RankedQueue, ...]
    sla: Sla


class _Served(msgspec.Struct, frozen=True):
    """A queue, its priority, and the slots of the modes that it serves, preferred first."""

    queue: str
    priority: int
    slots: tuple[int, ...]


class _Scaled(msgspec.Struct, frozen=True):
    """What a rule adds by a number: ``points`` are (slot of a queue, points), by the factor of this place."""

    factor: int
    points: tuple[tuple[int, float], ...]

    def adds(self, factors: Factors) -> list[tuple[int, int]]:
        """What it adds where the numbers are these."""
        factor = factors[self.factor]
        return [(slot, round(points * factor)) for slot, points in self.points]


class Effects:
    """The rules of a policy by what they add. What a set of them comes to is kept, for the latest sets.

    ``outcome`` and ``standing`` are of (held, factors, level of urgency), ``urgency`` of the rules of urgency that hold.
    """

    def __init__(self, declared: PolicyDeclaration) -> None:
        self._declared, rules, queues = declared, declared.rules, declared.queues
        self._modes = len(queues)
        self._served = tuple(
            _Served(name, queue.priority, tuple(self._mode(mode) for mode in queue.modes))
            for name, queue in queues.items()
        )
        self._slots = {queue: slot for slot, queue in enumerate(queues)}
        bases = [round(queue.base * CENTS) for queue in queues.values()]
        self._start: Totals = [*bases, *(0 for _ in MODES), declared.base_priority]
        self.times = tuple(dict.fromkeys(rule.times for rule in rules if rule.times is not None))
        """The paths whose numbers scale points."""
        self._scaled = {
            place: _Scaled(self.times.index(rule.times), tuple((self._slots[to], by) for to, by in rule.queues.items()))
            for place, rule in enumerate(rules)
            if rule.times is not None
        }
        # A float is a whole number over a power of two: the largest makes whole numbers of the points of all modes.
        parts = max((points.as_integer_ratio()[1] for rule in rules for points in rule.modes.values()), default=1)
        self._adds = tuple(self._of_rule(rule, parts) for rule in rules)
        self._ids = tuple(rule.id for rule in rules)
        self._bases = tuple({"base": base / CENTS} if base else {} for base in bases)
        # Of the few rules that add to queues: (slot of a queue, points).
        points = {
            place: tuple((slot, amount / CENTS) for slot, amount in adds if slot < self._modes)
            for place, adds in enumerate(self._adds)
        }
        self._points = {place: adds for place, adds in points.items() if adds}
        self._caps = {place: rule.sla for place, rule in enumerate(rules) if rule.sla != NO_CAP}
        scale = declared.urgency
        self._calm, self._urgent = scale.base, tuple(rule.points for rule in scale.rules)
        # One for each score from 0 to 100, made when it is first met.
        self._urgencies: dict[int, Urgency] = {}
        self.outcome = lru_cache(SETS_KEPT)(self._outcome)
        self.standing = lru_cache(SETS_KEPT)(self._standing)
        self.urgency = lru_cache(SETS_KEPT)(self._urgency)

    def _mode(self, mode: Mode) -> int:
        return self._modes + MODES.index(mode)

    def _of_rule(self, rule: Rule, parts: int) -> Adds:
        queues = {} if rule.times is not None else rule.queues
        adds = (
            *((self._slots[queue], round(points * CENTS)) for queue, points in queues.items()),
            *((self._mode(mode), round(points * parts)) for mode, points in rule.modes.items()),
            (len(self._start) - 1, rule.priority),
        )
        return tuple((slot, amount) for slot, amount in adds if amount)

    def factors(self, facts: Facts) -> Factors:
        """By what the facts scale points."""
        return tuple([_factor(value_at(facts, path)) for path in self.times])

    def factors_given(self, factors: Factors, given: Mapping[str, Any]) -> Factors:
        """The same where some paths have other values."""
        return tuple(
            [_factor(given[path]) if path in given else one for path, one in zip(self.times, factors, strict=True)]
        )

    def _totals(self, held: Held, factors: Factors) -> Totals:
        totals, adds, scaled = self._start.copy(), self._adds, self._scaled
        for place in held:
            for slot, amount in adds[place]:
                totals[slot] += amount
            if place in scaled:
                for slot, amount in scaled[place].adds(factors):
                    totals[slot] += amount
        return totals

    def _outcome(self, held: Held, factors: Factors, level: str) -> Outcome:
        return self._won(self._totals(held, factors), level)

    def _standing(self, held: Held, factors: Factors, level: str) -> Standing:
        totals = self._totals(held, factors)
        outcome = self._won(totals, level)
        return Standing(outcome, self._ranked(held, factors, totals), self._sla(held, outcome, level))

    def _won(self, totals: Totals, level: str) -> Outcome:
        """The queue of the highest score, the first listed of equals, and likewise of the modes that it serves."""
        # max() and index() keep the first of equals.
        served = self._served[totals.index(max(totals[: self._modes]))]
        best = served.slots[0]
        for slot in served.slots:
            if totals[slot] > totals[best]:
                best = slot
        priority = totals[-1] + served.priority + self._declared.urgency.priority[level]
        return Outcome(served.queue, MODES[best - self._modes], max(1, min(99, priority)))

    def _ranked(self, held: Held, factors: Factors, totals: Totals) -> tuple[RankedQueue, ...]:
        """The first queues of those that have a score above 0, best first, each with the points of every rule in it."""
        ahead = [slot for slot in range(self._modes) if totals[slot] > 0]
        # sort() is stable, so that equal scores stay in the order of the policy.
        ahead.sort(key=totals.__getitem__, reverse=True)
        parts = {slot: self._bases[slot].copy() for slot in ahead[:MOST_RANKED]}
        points, scaled, ids = self._points, self._scaled, self._ids
        for place in held:
            if place in points:
                for slot, more in points[place]:
                    if slot in parts:
                        parts[slot][ids[place]] = more
            elif place in scaled:
                for slot, amount in scaled[place].adds(factors):
                    if amount and slot in parts:
                        parts[slot][ids[place]] = amount / CENTS
        return tuple([RankedQueue(self._served[slot].queue, totals[slot] / CENTS, of) for slot, of in parts.items()])

    def _sla(self, held: Held, outcome: Outcome, level: str) -> Sla:
        """The queue's time limits, capped by mode, urgency and rules."""
        declared = self._declared
        limits = declared.queues[outcome.queue].sla
        first, resolve = limits.first_response_seconds, limits.resolve_seconds
        caps = [self._caps[place] for place in held if place in self._caps]
        for cap in (declared.mode_sla.get(outcome.mode, NO_CAP), declared.urgency.sla.get(level, NO_CAP), *caps):
            if cap.first_response_seconds is not None and cap.first_response_seconds < first:
                first = cap.first_response_seconds
            if cap.resolve_seconds is not None and cap.resolve_seconds < resolve:
                resolve = cap.resolve_seconds
        return Sla(first, resolve)

    def _urgency(self, held: Held) -> Urgency:
        """How pressing a call is where these rules of urgency hold."""
        points = self._urgent
        score = self._calm + sum([points[place] for place in held])
        score = 0 if score < 0 else min(score, HIGHEST)
        found = self._urgencies.get(score)
        if found is None:
            found = self._urgencies[score] = urgency_of(score, (), self._declared.urgency.levels)
        return found


def _factor(value: Any) -> float:
    return CENTS * float(value) if isinstance(value, (int, float)) else 0.0
