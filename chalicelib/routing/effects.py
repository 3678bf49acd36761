"""What the rules that hold come to: the scores of queues and modes, priority, time limits. Compiled once per policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

import msgspec

from chalicelib.routing.declaration import NO_CAP, PolicyDeclaration, Rule, SlaCap
from chalicelib.routing.facts import Facts, value_at
from chalicelib.routing.model import MODES, Mode, RankedQueue, Sla

CENTS = 100
"""Scores are added up in whole hundredths of a point, so that no order of summing can matter."""
_NOTHING: Mapping[str, Any] = {}

type Adds = tuple[tuple[int, float], ...]
"""(slot, amount) in the order of declaration."""
type Totals = list[Any]
"""The sum of every slot: whole numbers but for modes."""


class Outcome(msgspec.Struct, frozen=True):
    """What a judgement comes to for the caller."""

    queue: str
    mode: Mode
    priority: int


class _Effect(msgspec.Struct, frozen=True):
    """What one rule adds: ``adds`` always, ``scaled`` (points of queues) times the number at the path ``times``."""

    id: str
    adds: Adds
    times: str | None
    scaled: Adds
    sla: SlaCap | None


class Effects:
    """Slots: one per queue in the order of the policy, then one per mode, then priority."""

    def __init__(self, declared: PolicyDeclaration) -> None:
        self._declared = declared
        self._queues = tuple(declared.queues)
        self._modes = dict(zip(MODES, range(len(self._queues), len(self._queues) + len(MODES)), strict=True))
        self._bases = tuple(round(queue.base * CENTS) for queue in declared.queues.values())
        self._start = (*self._bases, *(0.0 for _ in MODES), declared.base_priority)
        self._serves = tuple(tuple(self._modes[mode] for mode in queue.modes) for queue in declared.queues.values())
        self._effects = tuple(self._effect(rule) for rule in declared.rules)
        self.times = frozenset(rule.times for rule in declared.rules if rule.times is not None)
        """The paths whose numbers scale points."""

    def _effect(self, rule: Rule) -> _Effect:
        points = tuple((self._queues.index(queue), points) for queue, points in rule.queues.items())
        adds: Adds = tuple((self._modes[mode], points) for mode, points in rule.modes.items())
        if rule.priority:
            adds = (*adds, (len(self._start) - 1, rule.priority))
        if rule.times is None:
            adds, points = (*_cents(points, CENTS), *adds), ()
        return _Effect(rule.id, adds, rule.times, points, None if rule.sla == NO_CAP else rule.sla)

    def totals(self, held: Iterable[int], facts: Facts, given: Mapping[str, Any] = _NOTHING) -> Totals:
        """What these rules come to together. ``given``: values at some paths that count instead of the facts'."""
        totals: Totals = list(self._start)
        effects = self._effects
        for place in held:
            effect = effects[place]
            for slot, amount in effect.adds:
                totals[slot] += amount
            if effect.times is not None:
                for slot, amount in _scaled(effect, effect.times, facts, given):
                    totals[slot] += amount
        return totals

    def outcome(self, totals: Totals, level: str) -> Outcome:
        """The queue of the highest score, the first listed of equals, and likewise of the modes that it serves."""
        # max() and index() keep the first of equals.
        best = totals.index(max(totals[: len(self._queues)]))
        queue, declared = self._queues[best], self._declared
        mode = MODES[max(self._serves[best], key=totals.__getitem__) - len(self._queues)]
        priority = totals[-1] + declared.queues[queue].priority + declared.urgency.priority[level]
        return Outcome(queue, mode, max(1, min(99, priority)))

    def ranking(self, totals: Totals, held: Iterable[int], facts: Facts, most: int) -> tuple[RankedQueue, ...]:
        """The first queues of those that have a score above 0, best first, each with the points of every rule in it."""
        ahead = [(slot, totals[slot]) for slot in range(len(self._queues)) if totals[slot] > 0]
        # sort() is stable, so that equal scores stay in the order of the policy.
        ahead.sort(key=itemgetter(1), reverse=True)
        del ahead[most:]
        bases = self._bases
        parts: dict[int, dict[str, float]] = {
            slot: {"base": bases[slot] / CENTS} if bases[slot] else {} for slot, _ in ahead
        }
        for place in held:
            effect = self._effects[place]
            adds = effect.adds if effect.times is None else _scaled(effect, effect.times, facts, _NOTHING)
            for slot, amount in adds:
                if slot in parts and amount:
                    parts[slot][effect.id] = amount / CENTS
        return tuple([RankedQueue(self._queues[slot], total / CENTS, parts[slot]) for slot, total in ahead])

    def sla(self, held: Iterable[int], queue: str, mode: Mode, level: str) -> Sla:
        """The queue's time limits, capped by mode, urgency and rules."""
        declared = self._declared
        limits = declared.queues[queue].sla
        firsts, resolves = [limits.first_response_seconds], [limits.resolve_seconds]
        rules = [self._effects[place].sla for place in held]
        for cap in (*rules, declared.mode_sla.get(mode), declared.urgency.sla.get(level)):
            if cap is not None:
                if cap.first_response_seconds is not None:
                    firsts.append(cap.first_response_seconds)
                if cap.resolve_seconds is not None:
                    resolves.append(cap.resolve_seconds)
        return Sla(min(firsts), min(resolves))


def _scaled(effect: _Effect, path: str, facts: Facts, given: Mapping[str, Any]) -> Adds:
    """The hundredths that a rule adds where a number scales its points; none where there is no number."""
    value = given[path] if path in given else value_at(facts, path)
    return _cents(effect.scaled, CENTS * float(value) if isinstance(value, (int, float)) else 0.0)


def _cents(points: Adds, factor: float) -> Adds:
    return tuple([(slot, round(amount * factor)) for slot, amount in points])
