"""What a call would come to if something were otherwise: a what-if of its policy, tried on a judgement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datalogic_py import DataHandle, DataLogicError

from chalicelib.routing.effects import Outcome
from chalicelib.routing.facts import changed
from chalicelib.routing.given import NotPlain
from chalicelib.routing.judge import Judgement, fact_of, judge, presumed_by
from chalicelib.routing.policy import Policy
from chalicelib.routing.trials import given_of

type Key = tuple[Any, ...]
"""Stands for the values that are given: the what-if, and the intent and urgency that it leads to where they are others."""


def outcome_if(policy: Policy, judged: Judgement, place: int) -> Outcome:
    """What the same call would come to if what a what-if sets were so.

    The outcome is that of ``judge`` on the changed inputs; what the changes cannot bear on is not judged again.
    """
    if policy.trials[place].plain and judged.read is not None and not judged.skipped:
        try:
            return _by_given(policy, judged, judged.read, place)
        except (NotPlain, DataLogicError):
            # Some condition takes no constant, or cannot be evaluated with this one: judging anew tries each by itself.
            pass
    other = judge(policy, changed(judged.facts, policy.trials[place].given))
    return Outcome(other.queue, other.mode, other.priority)


def _by_given(policy: Policy, judged: Judgement, facts: DataHandle, place: int) -> Outcome:
    """The outcome by conditions with other values put in."""
    trial, factors = policy.trials[place], judged.factors
    given, key = _intended(policy, judged, facts, place)
    urgency = judged.urgency
    held = policy.urgency.putting.given(key, given).holding(judged.urgency_rules, facts)
    if held != judged.urgency_rules:
        urgency = policy.effects.urgency(held)
    score = urgency.score if policy.reads_score else None
    derived = {"urgency.level": urgency.level, "urgency.score": urgency.score}
    if urgency.level != judged.urgency.level or (score is not None and score != judged.urgency.score):
        given, key = {**given, **derived}, (key, "to")
    rules = policy.rules.putting.given((key, urgency.level, score), given, derived)
    if trial.scales or given is not trial.given:
        factors = policy.effects.factors_given(factors, given)
    return policy.effects.outcome(rules.holding(judged.rules, facts), factors, urgency.level)


def _intended(policy: Policy, judged: Judgement, facts: DataHandle, place: int) -> tuple[Mapping[str, Any], Key]:
    """What a what-if gives, with the intent that it leads to where that is another; and what stands for it."""
    trial, told = policy.trials[place], judged.facts["intent"]
    if trial.states is not None:
        return (trial.given, (place,)) if trial.states == told else (trial.stating, (place, "stated"))
    if trial.presumes and not judged.facts["stated"].get("intent"):
        conditions = policy.intents.putting.given((place,), trial.given)
        intent, _ = presumed_by(policy, conditions.holding(judged.presumed, facts), judged.facts, trial.given)
        fact = fact_of(intent, judged.facts)
        if fact != told:
            return {**trial.given, **given_of(fact)}, (place, *fact.values())
    return trial.given, (place,)
