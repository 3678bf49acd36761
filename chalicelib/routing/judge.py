"""Apply a policy to facts: intent, urgency, the scores of queues and modes, priority, time limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.routing.conditions import holding_in_each
from chalicelib.routing.declaration import NO_CAP, Queue, Rule
from chalicelib.routing.facts import Facts, changed, value_at
from chalicelib.routing.model import NO_INTENT, Intent, Mode, RankedQueue, Sla, Urgency
from chalicelib.routing.policy import CENTS, Policy
from chalicelib.routing.urgency import urgency_of


class Judgement(msgspec.Struct, frozen=True):
    """The outcome and the positions of the rules behind it. ``facts`` has intent and urgency filled in.

    ``hints`` and ``what_if`` are the positions of those that hold beside it.
    """

    facts: Facts
    intent: Intent
    urgency: Urgency
    queue: str
    mode: Mode
    priority: int
    intent_rule: int | None
    urgency_rules: tuple[int, ...]
    rules: tuple[int, ...]
    skipped: tuple[str, ...]
    hints: tuple[int, ...]
    what_if: tuple[int, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What a judgement comes to for the caller."""

    queue: str
    mode: Mode
    priority: int


def judge(policy: Policy, inputs: Facts) -> Judgement:
    """Judge one call. Equal facts give equal judgements; ties go to what the policy lists first."""
    facts = dict(inputs)
    intent, intent_rule, skipped_intents = _intent(policy, facts)
    facts["intent"] = _fact_of_intent(intent, facts)
    urgency, urgent, skipped_urgency = _urgency(policy, facts)
    facts["urgency"] = _fact_of_urgency(urgency)
    (held, skipped_rules), (hints, _), (what_if, _) = holding_in_each(
        (policy.rules, policy.hints, policy.what_if), facts
    )
    outcome = _outcome(policy, held, facts, urgency)
    return Judgement(
        facts=facts,
        intent=intent,
        urgency=urgency,
        queue=outcome.queue,
        mode=outcome.mode,
        priority=outcome.priority,
        intent_rule=intent_rule,
        urgency_rules=tuple(urgent),
        rules=tuple(held),
        skipped=_ids(policy, skipped_intents, skipped_urgency, skipped_rules),
        hints=tuple(hints),
        what_if=tuple(what_if),
    )


def outcome_if(policy: Policy, inputs: Facts, judged: Judgement, changes: Mapping[str, Any]) -> Outcome:
    """What the same call would come to with other values at some paths.

    The outcome is that of ``judge`` on the changed inputs; what the changes cannot bear on is not judged again.
    """
    facts, paths = changed(inputs, changes), tuple(changes)
    intent, urgency = judged.intent, judged.urgency
    if policy.intents.depend_on(paths):
        intent, _, _ = _intent(policy, facts)
    facts["intent"] = _fact_of_intent(intent, facts)
    if facts["intent"] != judged.facts["intent"]:
        paths = (*paths, "intent")
    if policy.urgency.depend_on(paths):
        urgency, _, _ = _urgency(policy, facts)
    facts["urgency"] = _fact_of_urgency(urgency)
    if urgency != judged.urgency:
        paths = (*paths, "urgency")
    # What could not be evaluated before may be once a value is another, and the other way round.
    held = policy.rules.holding(facts)[0] if judged.skipped else policy.rules.holding_still(judged.rules, facts, paths)
    return _outcome(policy, held, facts, urgency)


def ranking(policy: Policy, judged: Judgement) -> tuple[RankedQueue, ...]:
    """The queues that have a score above 0, best first, each with the points of every rule in it."""
    parts = {name: {"base": base} for name, base in policy.bases.items() if base}
    for position in judged.rules:
        for queue, points in _points(policy, position, judged.facts).items():
            parts.setdefault(queue, {})[policy.declared.rules[position].id] = points
    totals = {queue: sum(added.values()) for queue, added in parts.items()}
    # sorted() is stable, so that equal scores stay in the order of the policy.
    order = sorted((queue for queue in policy.bases if totals.get(queue, 0) > 0), key=lambda queue: -totals[queue])
    return tuple(_ranked(queue, totals[queue], parts[queue]) for queue in order)


def _ranked(queue: str, total: int, parts: dict[str, int]) -> RankedQueue:
    return RankedQueue(queue, total / CENTS, {rule: points / CENTS for rule, points in parts.items() if points})


def sla_of(policy: Policy, judged: Judgement) -> Sla:
    """The queue's time limits, capped by mode, urgency and rules."""
    declared = policy.declared
    limits = declared.queues[judged.queue].sla
    caps = [declared.rules[position].sla for position in judged.rules]
    caps += [declared.mode_sla.get(judged.mode, NO_CAP), declared.urgency.sla.get(judged.urgency.level, NO_CAP)]
    firsts = [cap.first_response_seconds for cap in caps if cap.first_response_seconds is not None]
    resolves = [cap.resolve_seconds for cap in caps if cap.resolve_seconds is not None]
    return Sla(min([limits.first_response_seconds, *firsts]), min([limits.resolve_seconds, *resolves]))


def _intent(policy: Policy, facts: Facts) -> tuple[Intent, int | None, list[int]]:
    stated = facts["stated"]
    if stated.get("intent"):
        return Intent(stated["intent"], stated.get("confidence", 1.0), stated.get("source", "given")), None, []
    held, skipped = policy.intents.holding(facts)
    for position in held:
        rule = policy.declared.intents[position]
        named: Any = rule.intent if isinstance(rule.intent, str) else value_at(facts, rule.intent["var"])
        if isinstance(named, str) and named:
            return Intent(named, rule.confidence, "profile"), position, skipped
    return NO_INTENT, None, skipped


def _fact_of_intent(intent: Intent, facts: Facts) -> dict[str, Any]:
    told: dict[str, Any] = {"id": intent.id, "confidence": intent.confidence, "source": intent.source}
    if intent.source == "message":
        # A trial of another intent leaves the message's words behind: they spoke for what was read, not for the trial.
        told["evidence"] = facts["stated"].get("evidence")
    return told


def _urgency(policy: Policy, facts: Facts) -> tuple[Urgency, list[int], list[int]]:
    held, skipped = policy.urgency.holding(facts)
    scale = policy.declared.urgency
    return urgency_of(scale.base, [scale.rules[position].points for position in held], scale.levels), held, skipped


def _fact_of_urgency(urgency: Urgency) -> dict[str, Any]:
    return {"level": urgency.level, "score": urgency.score}


def _outcome(policy: Policy, held: list[int], facts: Facts, urgency: Urgency) -> Outcome:
    declared = policy.declared
    rules = [declared.rules[position] for position in held]
    queue = _winner(policy, held, facts)
    chosen = declared.queues[queue]
    points = sum([rule.priority for rule in rules]) + chosen.priority + declared.urgency.priority[urgency.level]
    return Outcome(queue, _mode(chosen, rules), max(1, min(99, declared.base_priority + points)))


def _ids(policy: Policy, intents: list[int], urgency: list[int], rules: list[int]) -> tuple[str, ...]:
    if not (intents or urgency or rules):
        return ()
    declared = policy.declared
    return (
        *(declared.intents[position].id for position in intents),
        *(declared.urgency.rules[position].id for position in urgency),
        *(declared.rules[position].id for position in rules),
    )


def _points(policy: Policy, position: int, facts: Facts) -> dict[str, int]:
    """What a rule adds to queues, in hundredths of a point."""
    rule = policy.declared.rules[position]
    if rule.times is None:
        return policy.points[position]
    value = value_at(facts, rule.times)
    factor = CENTS * float(value) if isinstance(value, int | float) else 0.0
    return {queue: round(points * factor) for queue, points in rule.queues.items()}


def _winner(policy: Policy, held: list[int], facts: Facts) -> str:
    scores, rules = dict(policy.bases), policy.declared.rules
    for position in held:
        added = policy.points[position]
        if added:
            if rules[position].times is not None:
                added = _points(policy, position, facts)
            for queue, points in added.items():
                scores[queue] += points
    return max(scores, key=scores.__getitem__)


def _mode(queue: Queue, rules: list[Rule]) -> Mode:
    scores: dict[Mode, float] = dict.fromkeys(queue.modes, 0.0)
    for rule in rules:
        if rule.modes:
            for mode, points in rule.modes.items():
                if mode in scores:
                    scores[mode] += points
    return max(scores, key=scores.__getitem__)
