"""The answer about a conversation that was put on a list, and is somebody's by now: it names them and their offer.

What is kept is what was decided, that nobody was free. The second look at the seats, after the write, or a repeat of the
call may find that somebody has it: to tell the person that they wait would then be wrong.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from chalicelib.desk.model import AgentScore, Conversation
from chalicelib.flows.desk_services import DeskServices
from chalicelib.flows.rank_agents import rank
from chalicelib.routing.desk_answer import given
from chalicelib.routing.model import Decision

_HAVE_IT = ("reserved", "accepted")
_CODED = msgspec.json.Decoder(Decision)


def as_given(content: bytes, one: Conversation | None, tenant: str, desk: DeskServices) -> bytes:
    """The decision as it was answered, with who has the conversation where it told that nobody had."""
    # Nothing is decoded of a decision that gave it to somebody: that is nearly every one.
    if one is None or one.state not in _HAVE_IT or b'"waiting":{' not in content:
        return content
    decision = _CODED.decode(content)
    if decision.waiting is msgspec.UNSET or decision.decision_id != one.decision_id:
        return content
    score = _score(tenant, one, desk)
    return msgspec.json.encode(given(decision, one.agent_id, score, one.reservation_id))


def _score(tenant: str, one: Conversation, desk: DeskServices) -> AgentScore | None:
    """How well who has it fits, as they were when it was given to them; None where they would not be asked any more."""
    seat = desk.store.seats(tenant, [one.agent_id]).get(one.agent_id)
    if seat is None:
        return None
    asked = replace(
        seat, presence="available", lease_until=one.state_since + 1, free=seat.free + one.cost, kept_until=0
    )
    agents = [each for each in desk.agents(tenant) if each.agent_id == one.agent_id]
    return next(iter(rank(tenant, one, agents, {one.agent_id: asked}, desk, one.state_since)), None)
