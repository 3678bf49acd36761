"""Apply a policy to facts: intent, urgency, the scores of queues and modes, priority, time limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from datalogic_py import DataHandle

from chalicelib.routing.conditions import read_once
from chalicelib.routing.effects import Factors, Standing
from chalicelib.routing.facts import Facts, value_at
from chalicelib.routing.model import NO_INTENT, Intent, Mode, Urgency
from chalicelib.routing.policy import Policy


class Judgement(msgspec.Struct, frozen=True):
    """The outcome and the positions of the rules behind it. ``facts`` has intent and urgency filled in.

    ``presumed`` are the presumptions that hold, of which ``intent_rule`` counts; none is asked where an intent is
    stated. ``factors`` scale what ``rules`` add, to their ``standing``; ``hints`` and ``what_if`` are those that hold
    beside it. ``read`` are the facts as the engine has read them but for urgency, None where it could not.
    """

    facts: Facts
    intent: Intent
    urgency: Urgency
    queue: str
    mode: Mode
    priority: int
    factors: Factors
    standing: Standing
    presumed: tuple[int, ...]
    intent_rule: int | None
    urgency_rules: tuple[int, ...]
    rules: tuple[int, ...]
    skipped: tuple[str, ...]
    hints: tuple[int, ...]
    what_if: tuple[int, ...]
    read: DataHandle | None


def judge(policy: Policy, inputs: Facts) -> Judgement:
    """Judge one call. Equal facts are judged equally; ties go to what the policy lists first."""
    facts = dict(inputs)
    intent, intent_rule, presumed, skipped_intents = _intent(policy, facts)
    facts["intent"] = fact_of(intent, facts)
    read = read_once(facts)
    held_urgency, skipped_urgency = policy.urgency.holding(facts, read)
    urgent = tuple(held_urgency)
    urgency = policy.effects.urgency(urgent)
    facts["urgency"] = {"level": urgency.level, "score": urgency.score}
    (rules, hints, what_if), skipped_rules = policy.board.holding(facts, read)
    factors = policy.effects.factors(facts)
    standing = policy.effects.standing(rules, factors, urgency.level)
    outcome = standing.outcome
    return Judgement(
        facts=facts,
        intent=intent,
        urgency=urgency,
        queue=outcome.queue,
        mode=outcome.mode,
        priority=outcome.priority,
        factors=factors,
        standing=standing,
        presumed=presumed,
        intent_rule=intent_rule,
        urgency_rules=urgent,
        rules=rules,
        skipped=_ids(policy, skipped_intents, skipped_urgency, skipped_rules),
        hints=hints,
        what_if=what_if,
        read=read,
    )


def presumed_by(
    policy: Policy, held: Iterable[int], facts: Facts, given: Mapping[str, Any]
) -> tuple[Intent, int | None]:
    """The intent by presumptions that hold, and the one that counts: the first that names any.

    ``given``: values at some paths that count instead of the facts'.
    """
    for position in held:
        rule = policy.declared.intents[position]
        named: Any = rule.intent
        if not isinstance(named, str):
            path = named["var"]
            named = given[path] if path in given else value_at(facts, path)
        if isinstance(named, str) and named:
            return Intent(named, rule.confidence, "profile"), position
    return NO_INTENT, None


def fact_of(intent: Intent, facts: Facts) -> dict[str, Any]:
    """An intent as conditions read it."""
    told: dict[str, Any] = {"id": intent.id, "confidence": intent.confidence, "source": intent.source}
    if intent.source == "message":
        # A trial of another intent leaves the message's words behind: they spoke for what was read, not for the trial.
        told["evidence"] = facts["stated"].get("evidence")
    return told


def _intent(policy: Policy, facts: Facts) -> tuple[Intent, int | None, tuple[int, ...], list[int]]:
    stated = facts["stated"]
    if stated.get("intent"):
        intent = Intent(stated["intent"], stated.get("confidence", 1.0), stated.get("source", "given"))
        return intent, None, (), []
    held, skipped = policy.intents.holding(facts)
    return *presumed_by(policy, held, facts, {}), tuple(held), skipped


def _ids(policy: Policy, intents: list[int], urgency: list[int], rules: list[int]) -> tuple[str, ...]:
    if not (intents or urgency or rules):
        return ()
    declared = policy.declared
    return (
        *(declared.intents[position].id for position in intents),
        *(declared.urgency.rules[position].id for position in urgency),
        *(declared.rules[position].id for position in rules),
    )
