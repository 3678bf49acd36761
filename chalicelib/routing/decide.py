"""The decision about one call, with its reasons, its runners-up and what would have changed it."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.routing.declaration import PolicyDeclaration
from chalicelib.routing.facts import Facts, facts_of
from chalicelib.routing.intent import read_message
from chalicelib.routing.judge import Judgement, judge
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
from chalicelib.routing.what_if import outcome_if


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
    standing = judged.standing
    ranked = standing.ranked
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
        sla=standing.sla,
        hints=policy.talk.hints(judged.facts, judged.hints),
        reasons=policy.reasons.told(
            judged.facts, judged.rules, judged.urgency_rules, judged.intent_rule, judged.queue, judged.mode
        ),
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


def _would_change(policy: Policy, judged: Judgement) -> Iterator[WouldChange]:
    """The declared changes that, really applied, give another queue, mode or priority."""
    for place in judged.what_if:
        other = outcome_if(policy, judged, place)
        then: dict[str, str | int] = {}
        if other.mode != judged.mode:
            then["mode"] = other.mode
        if other.queue != judged.queue:
            then["queue"] = other.queue
        if other.priority != judged.priority:
            then["priority"] = other.priority
        if then:
            yield WouldChange(policy.trials[place].says.told(judged.facts), then)
