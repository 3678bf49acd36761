"""What a decision was made from, as it is kept beside it: enough to make the very same decision again.

Facts are the values that the policy may read. Of a message there is what was read from it, and of its words those alone
that stand in the product's own lists and spoke for the intent.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from itertools import islice
from typing import Any

import msgspec

from chalicelib.desk.model import Agent, AgentScore, Need, Relaxation, Seat, Track
from chalicelib.desk.score import ALL_INTENTS, best
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis
from chalicelib.routing.decide import decide_on
from chalicelib.routing.desk_answer import AtDesk, at_desk
from chalicelib.routing.facts import Facts
from chalicelib.routing.model import Decision, Redirected, Sla, Waiting
from chalicelib.routing.outcome import added
from chalicelib.routing.policy import Policy

_ENCODER = msgspec.msgpack.Encoder()
_PLAIN, _DEFLATED = b"\x00", b"\x01"
_WORTH_DEFLATING_BYTES = 2_048
"""Facts alone are about 1 KB, which takes as long to deflate as all else of this; a desk of agents is worth it."""
_MARK_BYTES = 8
MOST_KEPT = 100
"""Agents kept with a decision, about 10 KB: thousands would cost more to keep than all else, and then fit no item."""
OTHERS = ""
"""Nobody's id."""
_OPENS_TO_BYTES = 1_000_000


class Weighed(msgspec.Struct, frozen=True, array_like=True):
    """The agents among whom one was chosen. Who was not there, or had no room at all, is left out, and of a large desk
    all but ``MOST_KEPT``, the best among them: who is left out changes no other's score but by the records of all.
    """

    need: Need
    relaxation: Relaxation
    agents: tuple[Agent, ...]
    seats: dict[str, Seat]
    tracks: dict[str, dict[str, Track]]
    """Of this intent and of all; under ``OTHERS`` the sum of those who are left out, for who has no record is judged
    by everybody's.
    """
    declined: tuple[str, ...] = ()
    overflow: tuple[str, ...] = ()
    timezone: str = "UTC"
    language: str = ""
    reservation_id: str = ""
    waiting: Waiting | None = None
    redirected: Redirected | None = None
    sla: Sla | None = None


class Inputs(msgspec.Struct, frozen=True, array_like=True):
    """What a decision was made from. ``policy_number`` is of the tenant's own versions; 0 is what was shipped.

    Not ``profiled``: of somebody who opted out, of whom nothing is among the facts.
    """

    policy_id: str
    policy_version: str
    policy_number: int
    policy_mark: bytes
    profiled: bool
    facts: dict[str, Any]
    weighed: Weighed | None = None
    conversation: bytes = b""
    """A hash of the caller's own id of it: who asks twice within one conversation makes one contact."""


_DECODER = msgspec.msgpack.Decoder(Inputs)


def conversation_mark(tenant_id: str, conversation_id: str | None) -> bytes:
    """What tells a conversation from others, and nobody what its id was."""
    if not conversation_id:
        return b""
    return sha256(f"{tenant_id}\0{conversation_id}".encode()).digest()[:_MARK_BYTES]


def kept_inputs(
    policy: Policy, facts: Facts, profiled: bool, weighed: Weighed | None = None, conversation: bytes = b""
) -> bytes:
    """The bytes to keep. Every route makes them."""
    declared = policy.declared
    packed = _ENCODER.encode(
        Inputs(declared.id, declared.version, policy.number, policy.mark, profiled, facts, weighed, conversation)
    )
    if len(packed) <= _WORTH_DEFLATING_BYTES:
        return _PLAIN + packed
    return _DEFLATED + zlib.compress(packed, 1)


def read_inputs(kept: bytes) -> Inputs:
    """What ``kept_inputs`` wrote. Raises BadInput ``bad_inputs`` for anything else."""
    try:
        if kept[:1] == _PLAIN:
            return _DECODER.decode(kept[1:])
        return _DECODER.decode(zlib.decompressobj().decompress(kept[1:], _OPENS_TO_BYTES))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise BadInput("bad_inputs", "What this decision was made from cannot be read.") from error


def made_again(policy: Policy, inputs: Inputs, profile_id: str | None, *, decision_id: str, now: Millis) -> Decision:
    """The decision that these inputs come to."""
    decision = decide_on(policy, inputs.facts, profile_id, inputs.profiled, decision_id=decision_id, now=now)
    weighed = inputs.weighed
    if weighed is None:
        return decision
    return at_desk(decision, desk_of(weighed, chosen(weighed, policy, now)))


def desk_of(weighed: Weighed, scores: tuple[AgentScore, ...]) -> AtDesk:
    """What the desk made of a decision: the agents who could have it, or why nobody could yet."""
    return AtDesk(scores, weighed.relaxation, weighed.reservation_id, weighed.waiting, weighed.redirected, weighed.sla)


def chosen(weighed: Weighed, policy: Policy, now: Millis) -> tuple[AgentScore, ...]:
    """The agents who may take it, best first."""
    return best(
        weighed.need,
        weighed.agents,
        weighed.seats,
        weighed.tracks,
        policy.declared.desk,
        now,
        weighed.relaxation,
        declined=weighed.declined,
        overflow=weighed.overflow,
        timezone=weighed.timezone,
        language=weighed.language,
    )


def weighed_among(
    need: Need,
    agents: Iterable[Agent],
    seats: Mapping[str, Seat],
    tracks: Mapping[str, Mapping[str, Track]],
    relaxation: Relaxation,
    now: Millis,
    *,
    declined: Collection[str] = (),
    overflow: Collection[str] = (),
    timezone: str = "UTC",
    language: str = "",
    best_first: Collection[str] = (),
) -> Weighed:
    """What to keep of a desk: those who could have been chosen, and the records that all were measured by.

    ``best_first``: who was chosen, and the next best, who are kept of however many.
    """
    there = {agent_id: seat for agent_id, seat in seats.items() if seat.is_present(now) and seat.free > 0}
    among = {agent.agent_id: agent for agent in agents if agent.agent_id in there}
    if len(among) > MOST_KEPT:
        first = dict.fromkeys((*best_first, *among))
        kept = set(islice((one for one in first if one in among), MOST_KEPT))
        among = {agent_id: agent for agent_id, agent in among.items() if agent_id in kept}
    return Weighed(
        need=need,
        relaxation=relaxation,
        agents=tuple(among.values()),
        seats={agent_id: there[agent_id] for agent_id in among},
        tracks=_measured_by(tracks, {need.intent, ALL_INTENTS}, among),
        declined=tuple(declined),
        overflow=tuple(overflow),
        timezone=timezone,
        language=language,
    )


def _measured_by(
    tracks: Mapping[str, Mapping[str, Track]], intents: Collection[str], among: Collection[str]
) -> dict[str, dict[str, Track]]:
    """The records of some agents, each by itself, and the sum of all others'."""
    found: dict[str, dict[str, Track]] = {}
    others: dict[str, Track] = {}
    for who, of in tracks.items():
        told = {intent: one for intent, one in of.items() if intent in intents}
        if told and who in among:
            found[who] = told
            continue
        for intent, one in told.items():
            others[intent] = added(others.get(intent, Track()), one)
    return {**found, OTHERS: others} if others else found
