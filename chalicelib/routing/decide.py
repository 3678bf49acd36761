"""The decision about one call, with its reasons, its runners-up and what would have changed it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.kernel.texts import Text
from chalicelib.routing.declaration import NO_CAP, PolicyDeclaration, Rule
from chalicelib.routing.facts import Facts, facts_of, value_at
from chalicelib.routing.hints import hints_of
from chalicelib.routing.intent import read_message
from chalicelib.routing.judge import Judgement, judge, ranking, sla_of
from chalicelib.routing.model import (
    NO_INTENT,
    Caller,
    Decision,
    Hints,
    Intent,
    Reason,
    RouteRequest,
    RunnerUp,
    Urgency,
    WouldChange,
)
from chalicelib.routing.policy import Policy
from chalicelib.routing.policy_paths import placeholders
from chalicelib.routing.sentences import render
from chalicelib.routing.what_if import outcome_if

MOST_REASONS = 8
MOST_RUNNERS_UP = 3

type Draft = tuple[str, Text, float, tuple[str, ...]]
"""A reason before its values are filled in: id, sentence, weight, paths read."""


def decide(
    policy: Policy, request: RouteRequest, caller: Caller, *, decision_id: str, now: Millis, timezone: str | None = None
) -> Decision:
    """Where this call goes and why. ``timezone`` is where it is night or day; the policy's own when not given.

    A caller without a profile gets the path for new customers. One who opted out gets the policy's
    default path, which reads nothing of the person.
    """
    facts = facts_for(policy, request, caller, now=now, timezone=timezone)
    return decide_on(policy, facts, caller.profile_id, caller.personalised, decision_id=decision_id, now=now)


def facts_for(
    policy: Policy, request: RouteRequest, caller: Caller, *, now: Millis, timezone: str | None = None
) -> Facts:
    """All that a decision about this call is made from, beside the policy."""
    declared = policy.declared
    return facts_of(
        request,
        read_message(request.message, declared.trade),
        caller,
        now=now,
        timezone=timezone or declared.timezone,
        night=declared.night,
    )


def decide_on(
    policy: Policy, facts: Facts, profile_id: str | None, profiled: bool, *, decision_id: str, now: Millis
) -> Decision:
    """The decision that these facts come to; ``now`` and the ids are only told in it. Not ``profiled``: opted out."""
    declared = policy.declared
    if not profiled:
        return _default(declared, facts, decision_id, now)
    judged = judge(policy, facts)
    ranked = ranking(policy, judged, 1 + MOST_RUNNERS_UP)
    return Decision(
        decision_id=decision_id,
        profile_id=profile_id,
        personalised=profile_id is not None,
        mode=judged.mode,
        intent=judged.intent,
        urgency=judged.urgency,
        queue=judged.queue,
        skill=declared.queues[judged.queue].skill,
        priority=judged.priority,
        sla=sla_of(policy, judged),
        hints=hints_of(policy, judged.facts, judged.hints),
        reasons=_reasons(policy, judged),
        won_by=ranked[0] if ranked else None,
        runners_up=tuple([RunnerUp(one.score, one.parts, queue=one.queue) for one in ranked[1:]]),
        would_change=tuple(_would_change(policy, judged)),
        skipped_rules=judged.skipped,
        policy_version=declared.version,
        decided_at=format_moment(now),
    )


def _default(declared: PolicyDeclaration, facts: Facts, id_: str, now: Millis) -> Decision:
    """The path of people who opted out. Only the request is read and nobody is named: it is the same for everyone."""
    default, plain, stated = declared.default, declared.plain_hints, facts["stated"]
    queue = declared.queues[default.queue]
    return Decision(
        decision_id=id_,
        profile_id=None,
        personalised=False,
        mode=default.mode,
        intent=Intent(stated["intent"], stated["confidence"], stated["source"]) if stated else NO_INTENT,
        urgency=Urgency("normal", declared.urgency.levels["normal"]),
        queue=default.queue,
        skill=queue.skill,
        priority=default.priority,
        sla=queue.sla,
        hints=Hints(plain.tone, plain.format, facts["message"]["language"] or plain.language, plain.scene),
        reasons=tuple(Reason(floor.id, floor.says, floor.weight, {"personalised": False}) for floor in default.reasons),
        policy_version=declared.version,
        decided_at=format_moment(now),
    )


def _reasons(policy: Policy, judged: Judgement) -> tuple[Reason, ...]:
    """The heaviest rules that held; the policy's floor makes them at least two."""
    drafts = sorted(_held(policy, judged), key=lambda draft: -draft[2])[:MOST_REASONS]
    return tuple(_reason(*draft, judged.facts) for draft in drafts)


def _held(policy: Policy, judged: Judgement) -> Iterator[Draft]:
    declared = policy.declared
    for position in judged.rules:
        rule = declared.rules[position]
        if _took_part(rule, judged):
            yield rule.id, rule.says, rule.weight, policy.rules.reads[position]
    for position in judged.urgency_rules:
        urgent = declared.urgency.rules[position]
        yield urgent.id, urgent.says, urgent.weight, policy.urgency.reads[position]
    if judged.intent_rule is not None:
        presumed = declared.intents[judged.intent_rule]
        yield presumed.id, presumed.says, presumed.weight, policy.intents.reads[judged.intent_rule]
    for floor in declared.floor:
        yield floor.id, floor.says, floor.weight, floor.reads


def _took_part(rule: Rule, judged: Judgement) -> bool:
    """Whether the rule speaks for the outcome; one that only fed a queue or mode that lost is no reason for it."""
    speaks_for = rule.queues.get(judged.queue, 0) > 0 or rule.modes.get(judged.mode, 0) > 0
    return speaks_for or rule.priority != 0 or rule.sla != NO_CAP


def _reason(id_: str, says: Text, weight: float, reads: Iterable[str], facts: Facts) -> Reason:
    return Reason(id_, render(says, facts), weight, _evidence((*reads, *placeholders(says)), facts))


def _evidence(paths: Iterable[str], facts: Facts) -> dict[str, Any]:
    """The values read. Absent ones are left out unless nothing else was read: their absence is then the reason."""
    values = {path: value_at(facts, path) for path in paths}
    present = {path: value for path, value in values.items() if value is not None}
    return present or values


def _would_change(policy: Policy, judged: Judgement) -> Iterator[WouldChange]:
    """The declared changes that, really applied, give another queue, mode or priority."""
    for position in judged.what_if:
        trial = policy.declared.what_if[position]
        other = outcome_if(policy, judged, position)
        then: dict[str, str | int] = {}
        for name in ("mode", "queue", "priority"):
            if getattr(other, name) != getattr(judged, name):
                then[name] = getattr(other, name)
        if then:
            yield WouldChange(render(trial.if_, judged.facts), then)
