"""The moves of a conversation, each a new value of a later version: opened, offered, answered, wrapped up, over.

    (new) ─► waiting ◄─► reserved ─► accepted ─► wrapping ─► ended
                │            │           │                     ▲
                └────────────┴───────────┴── left, callback ───┘
An offer that was declined or timed out, and what an agent answered who is gone, goes back to waiting. Moves that
follow each other at once (opened and offered) are saved as one: only the last value is kept.

What an agent answered is news to the person's profile: it stands in the conversation, saved with the move that made it,
until it was told.
"""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.desk.ageing import order
from chalicelib.desk.declaration import DeskRules
from chalicelib.desk.model import Conversation, EndedBy, Need
from chalicelib.desk.news import closed, taken_on
from chalicelib.desk.relax import next_step_at, step_at
from chalicelib.kernel.moments import Millis

FIRST_LOOK_MS = 1_000
"""Who was just put on the list is looked at once more, should whoever put it there not live to do so."""
ASKED_AGAIN_MS = 30_000
"""Who declined a conversation may be asked again after so long, when nobody else took it."""
LOOKED_AT_AGAIN_MS = 300_000
"""Who waits is looked at after so long at the latest: a policy may have been published that has their queue no more."""


def opened(
    was: Conversation | None, key: str, need: Need, decision_id: str, rules: DeskRules, now: Millis
) -> Conversation:
    """A conversation that asks for an agent. One that was over begins anew, and its offers are counted on."""
    return Conversation(
        key=key,
        state="waiting",
        need=need,
        decision_id=decision_id,
        waits_since=now,
        attempt=0 if was is None else was.attempt,
        state_since=now,
        due_at=now + FIRST_LOOK_MS,
        version=1 if was is None else was.version + 1,
        order=order(now, need.priority, rules),
        relaxation=step_at(now, rules, now),
        news=() if was is None else was.news,
    )


def offered(waits: Conversation, agent_id: str, cost: int, rules: DeskRules, now: Millis) -> Conversation:
    """Offered to an agent, who has until ``due_at`` to answer."""
    return replace(
        waits,
        state="reserved",
        agent_id=agent_id,
        cost=cost,
        attempt=waits.attempt + 1,
        state_since=now,
        due_at=now + rules.reservation_seconds * 1000,
        version=waits.version + 1,
    )


def accepted(was: Conversation, now: Millis) -> Conversation:
    """Answered by the agent to whom it was offered."""
    answered = replace(was, state="accepted", state_since=now, due_at=0, version=was.version + 1)
    return replace(answered, answered_by=was.agent_id, news=taken_on(was, now))


def released(was: Conversation, rules: DeskRules, now: Millis) -> Conversation:
    """The person is served; the agent has a while to write it up."""
    if not rules.wrap_up_seconds:
        return ended(was, "released", now)
    due_at = now + rules.wrap_up_seconds * 1000
    return replace(
        was, state="wrapping", state_since=now, due_at=due_at, version=was.version + 1, news=closed(was, now)
    )


def ended(was: Conversation, by: EndedBy, now: Millis) -> Conversation:
    """Over, and how."""
    over = replace(was, state="ended", state_since=now, due_at=0, version=was.version + 1, ended_by=by)
    return replace(over, news=closed(was, now))


def back(was: Conversation, rules: DeskRules, now: Millis, *, declined: bool) -> Conversation:
    """Waiting again, in the place that it had. ``declined``: its agent is not asked again for a while."""
    refused = (*was.declined, was.agent_id) if declined and was.agent_id not in was.declined else was.declined
    due_at = now + FIRST_LOOK_MS
    given_back_at = now if was.state == "accepted" else was.given_back_at
    return replace(
        was,
        state="waiting",
        agent_id="",
        cost=0,
        relaxation=step_at(given_back_at or was.waits_since, rules, now),
        given_back_at=given_back_at,
        declined=refused,
        state_since=now,
        due_at=due_at,
        version=was.version + 1,
    )


def looked_at(was: Conversation, rules: DeskRules, now: Millis) -> Conversation:
    """Waiting on: at the step that is reached by now, until the next one. Who declined long enough ago is forgotten."""
    step = step_at(was.relaxes_from, rules, now)
    asked_again = was.state_since + ASKED_AGAIN_MS if was.declined else 0
    declined = was.declined
    if asked_again and (asked_again <= now or step != was.relaxation):
        declined, asked_again = (), 0
    instants = (next_step_at(was.relaxes_from, rules, now), asked_again, now + LOOKED_AT_AGAIN_MS)
    due_at = min(at for at in instants if at)
    return replace(was, relaxation=step, declined=declined, due_at=due_at, version=was.version + 1)


def unnamed(was: Conversation) -> Conversation:
    """The same, of nobody in particular: whose it was is erased, and they may still be talking."""
    need = replace(was.need, profile_id="", last_agent="")
    return replace(was, need=need, news=(), version=was.version + 1)


def told(was: Conversation) -> Conversation:
    """The same, its news told."""
    return replace(was, news=(), version=was.version + 1)
