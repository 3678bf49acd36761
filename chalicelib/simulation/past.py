"""Past contacts as they are played again: where two policies send each, and what is known of how it went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from chalicelib.desk.model import Need
from chalicelib.kernel.moments import Millis
from chalicelib.routing.facts import Facts
from chalicelib.routing.judge import judge
from chalicelib.routing.model import Mode
from chalicelib.routing.policy import Policy
from chalicelib.simulation.model import Contact

KNOWN, UNKNOWN = "known", "unknown"
"""The segments of people of no group, and of callers that nobody knows."""


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """Where a policy sends somebody."""

    mode: Mode
    queue: str
    skill: str
    priority: int
    first_response_seconds: int
    overflow: tuple[str, ...] = ()


class PastContact(msgspec.Struct, frozen=True, array_like=True):
    """One past decision: when, of whom, where two policies send it, and what came of it; None is not known."""

    at: Millis
    channel: str
    intent: str
    segment: str
    language: str
    before: Sent
    after: Sent
    agent_id: str = ""
    handling_seconds: int | None = None
    resolved: bool | None = None
    transferred: bool | None = None


def sent_by(policy: Policy, facts: Facts, *, profiled: bool) -> Sent:
    """Where a policy sends somebody by what was known of them then. Who opted out takes its default path."""
    declared = policy.declared
    if profiled:
        judged = judge(policy, facts)
        mode, queue, priority, sla = judged.mode, judged.queue, judged.priority, judged.standing.sla
    else:
        default = declared.default
        mode, queue, priority = default.mode, default.queue, default.priority
        sla = declared.queues[queue].sla
    known = declared.queues[queue]
    overflow = tuple(declared.queues[one].skill for one in known.overflow if one in declared.queues)
    return Sent(mode, queue, known.skill, priority, sla.first_response_seconds, overflow)


def segment_of(facts: Facts, groups: Iterable[str]) -> str:
    """The group (a tag) that somebody surest belongs to; equally sure ones by id."""
    tags: Mapping[str, float] = facts.get("tags") or {}
    among = [(-confidence, tag) for tag, confidence in tags.items() if tag in set(groups)]
    return min(among)[1] if among else KNOWN if facts.get("known") else UNKNOWN


def contacts_of(past: Iterable[PastContact], *, after: bool) -> list[Contact]:
    """Those whom a policy sends to an agent, keyed by their place."""
    found = []
    for key, one in enumerate(past):
        sent = one.after if after else one.before
        if sent.mode == "human":
            need = Need(sent.queue, sent.skill, one.channel, sent.priority, one.intent, one.language)
            found.append(
                Contact(key, one.at, need, one.segment, sent.first_response_seconds * 1000, overflow=sent.overflow)
            )
    return found
