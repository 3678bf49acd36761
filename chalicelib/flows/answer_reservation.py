"""An agent accepts an offer, declines it, or is done with the person; a person may leave before that.

Each may be repeated and does then nothing more. What an offer has become meanwhile is told as a Conflict:
``reservation_timed_out``, ``reservation_over``, ``reservation_not_yours``, ``reservation_not_accepted``.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.desk.keys import offer_of
from chalicelib.desk.model import Conversation
from chalicelib.desk.moves import accepted, ended, released
from chalicelib.flows.desk_services import DeskServices
from chalicelib.flows.place import ROUNDS, send_back
from chalicelib.flows.tend_seat import tend
from chalicelib.kernel.errors import Conflict, NotFound, Unavailable
from chalicelib.kernel.moments import Millis

_SAYS = {
    "reservation_timed_out": "This offer was not answered in time.",
    "reservation_over": "This offer does not stand any more.",
    "reservation_not_yours": "This offer is another agent's.",
    "reservation_not_accepted": "This offer has not been accepted.",
}


class Answering(msgspec.Struct, frozen=True):
    """Who answers which offer. ``agent_id`` '' is somebody who may answer for any agent."""

    tenant: str
    reservation_id: str
    agent_id: str = ""


def accept(answering: Answering, desk: DeskServices, now: Millis) -> Conversation:
    """The agent takes the conversation on."""

    def answer(was: Conversation) -> Conversation | None:
        if was.state == "accepted":
            return was
        if was.state != "reserved":
            raise _conflict("reservation_over")
        if was.due_at <= now:
            raise _conflict("reservation_timed_out")
        to = accepted(was, now)
        return to if desk.store.change(answering.tenant, was, to) else None

    return _answered(answering, desk, answer)


def decline(answering: Answering, desk: DeskServices, now: Millis) -> Conversation:
    """The agent does not: it goes to the next, or back to its place on the list."""

    def answer(was: Conversation) -> Conversation | None:
        if was.state == "waiting":
            return was
        if was.state != "reserved":
            raise _conflict("reservation_over")
        moved = send_back(answering.tenant, was, desk, now, declined=True)
        tend(answering.tenant, was.agent_id, desk, now)
        return desk.store.conversation(answering.tenant, was.key) if moved else None

    def again(was: Conversation, attempt: int) -> bool:
        return attempt < was.attempt and answering.agent_id in was.declined

    return _answered(answering, desk, answer, again)


def release(answering: Answering, desk: DeskServices, now: Millis) -> Conversation:
    """The agent is done and writes it up; with nothing to write up they are free at once."""

    def answer(was: Conversation) -> Conversation | None:
        if was.state in ("wrapping", "ended"):
            return was
        if was.state != "accepted":
            raise _conflict("reservation_not_accepted")
        to = released(was, desk.policy(answering.tenant).rules_of(was.need.queue), now)
        return _changed(answering.tenant, was, to, desk, now)

    return _answered(answering, desk, answer)


def leave(answering: Answering, desk: DeskServices, now: Millis) -> Conversation:
    """The person does not wait any longer, or was served elsewhere: whatever stands is over."""

    def answer(was: Conversation) -> Conversation | None:
        if was.state == "ended":
            return was
        if was.state == "waiting" and answering.agent_id:
            # Who once declined it knows its id: they may not send away who waits for others.
            raise _conflict("reservation_not_yours")
        return _changed(answering.tenant, was, ended(was, "left", now), desk, now)

    return _answered(answering, desk, answer)


def _answered(
    answering: Answering,
    desk: DeskServices,
    answer: Callable[[Conversation], Conversation | None],
    again: Callable[[Conversation, int], bool] | None = None,
) -> Conversation:
    """The conversation after an answer, given again while others change it. Raises NotFound, Conflict, Unavailable.

    ``again`` says whether an answer to an earlier offer has been given before, and stands.
    """
    named = offer_of(answering.reservation_id)
    for _ in desk.patience.attempts(ROUNDS):
        was = None if named is None else desk.store.conversation(answering.tenant, named[0])
        if was is None or named is None:
            raise NotFound("no_such_reservation", "There is no such reservation.")
        if was.attempt != named[1]:
            if again is not None and again(was, named[1]):
                return was
            raise _conflict("reservation_over")
        # While it waits it is nobody's.
        if answering.agent_id and was.state != "waiting" and answering.agent_id != was.agent_id:
            raise _conflict("reservation_not_yours")
        found = answer(was)
        if found is not None:
            return found
    raise Unavailable("desk_contended", "Others were faster each time; try again.")


def _changed(tenant: str, was: Conversation, to: Conversation, desk: DeskServices, now: Millis) -> Conversation | None:
    """Save a move, and give what came free by it to those who wait."""
    if not desk.store.change(tenant, was, to):
        return None
    if was.holds and not to.holds:
        tend(tenant, was.agent_id, desk, now)
    return to


def _conflict(code: str) -> Conflict:
    return Conflict(code, _SAYS[code])
