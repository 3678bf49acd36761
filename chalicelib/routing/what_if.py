"""What a call would come to if something were otherwise: a what-if of its policy, tried on a judgement."""

from __future__ import annotations

from typing import Any

from datalogic_py import DataHandle, DataLogicError

from chalicelib.routing.effects import Outcome
from chalicelib.routing.facts import changed
from chalicelib.routing.judge import Judgement, fact_of, judge, presumed_by, urgency_by
from chalicelib.routing.policy import Policy

type Key = tuple[Any, ...]
"""Stands for the values that are given: the what-if, and the intent and urgency that it leads to where they are others."""


def outcome_if(policy: Policy, judged: Judgement, place: int) -> Outcome:
    """What the same call would come to if what a what-if sets were so.

    The outcome is that of ``judge`` on the changed inputs; what the changes cannot bear on is not judged again.
    """
    found = None
    if policy.trials[place].plain and judged.read is not None and not judged.skipped:
        try:
            found = _by_given(policy, judged, judged.read, place)
        except DataLogicError:
            # A condition cannot be evaluated with these values; judging anew leaves out that one alone.
            found = None
    if found is None:
        other = judge(policy, changed(judged.facts, policy.trials[place].given))
        return Outcome(other.queue, other.mode, other.priority)
    return found


def _by_given(policy: Policy, judged: Judgement, facts: DataHandle, place: int) -> Outcome | None:
    """The outcome by conditions with other values put in; None where one takes none."""
    given = policy.trials[place].given
    key: Key = (place,)
    intent = _intent(policy, judged, facts, place)
    if intent is None:
        return None
    if intent != judged.facts["intent"]:
        key = (place, *intent.values())
        given = {**given, **{f"intent.{name}": intent.get(name) for name in ("id", "confidence", "source", "evidence")}}
    urgent = policy.urgency.given(key, given)
    if urgent is None:
        return None
    held, urgency = urgent.holding(judged.urgency_rules, facts), judged.urgency
    if held != judged.urgency_rules:
        urgency = urgency_by(policy, held)
        if urgency != judged.urgency:
            scored = urgency.score if policy.rules.depend_on(("urgency.score",)) else None
            key = (key, urgency.level, scored)
            given = {**given, "urgency.level": urgency.level, "urgency.score": urgency.score}
    rules = policy.rules.given(key, given)
    if rules is None:
        return None
    factors = policy.effects.factors_given(judged.factors, given)
    return policy.effects.outcome(rules.holding(judged.rules, facts), factors, urgency.level)


def _intent(policy: Policy, judged: Judgement, facts: DataHandle, place: int) -> dict[str, Any] | None:
    """The fact ``intent`` under a what-if; None where a presumption takes no value put in."""
    trial = policy.trials[place]
    if trial.states is not None:
        return trial.states
    told: dict[str, Any] = judged.facts["intent"]
    if not trial.presumes or judged.facts["stated"].get("intent"):
        return told
    conditions = policy.intents.given((place,), trial.given)
    if conditions is None:
        return None
    intent, _ = presumed_by(policy, conditions.holding(judged.presumed, facts), judged.facts, trial.given)
    return fact_of(intent, judged.facts)
