"""Agents as they are declared, seats as they are now, and conversations between waiting and ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from chalicelib.kernel.moments import Millis

type Presence = Literal["available", "away", "offline"]
type ConversationState = Literal["waiting", "reserved", "accepted", "wrapping", "ended"]
"""Waiting for an agent; offered to one; answered by one; ended, its agent still writing it up; over."""
type EndedBy = Literal["released", "callback", "left"]
"""Its agent was done with it; nobody could take it, so the person is called back; the person did not wait."""
type Relaxation = Literal["skilled", "queue", "overflow", "callback"]
"""Who may answer by now: those who are good at it; anybody of the queue; of the queues it flows over to; nobody: the
person is called back."""

RELAXATIONS: tuple[Relaxation, ...] = ("skilled", "queue", "overflow", "callback")
HIGHEST_PROFICIENCY = 5

Proficiency = Annotated[int, msgspec.Meta(ge=1, le=HIGHEST_PROFICIENCY)]


class Shift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hours of a week in the agent's zone: ``weekdays`` (0 = Monday), minutes of the day; it may pass midnight."""

    weekdays: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, le=6)], ...], msgspec.Meta(max_length=7)]
    start_minute: Annotated[int, msgspec.Meta(ge=0, le=1439)]
    end_minute: Annotated[int, msgspec.Meta(ge=0, le=1440)]


class Agent(msgspec.Struct, frozen=True):
    """An agent as declared. ``skills``: skill → proficiency 1–5. ``languages``: none listed, the policy's.

    ``units`` is how much work at once; ``costs`` what a conversation of a channel takes of it, the policy's where a
    channel is not listed. No ``shifts``: whenever they say that they are there.
    """

    agent_id: str
    skills: Mapping[str, Proficiency]
    units: int
    costs: Mapping[str, int] = {}
    languages: tuple[str, ...] = ()
    shifts: tuple[Shift, ...] = ()
    timezone: str = ""
    version: int = 0


class Seat(msgspec.Struct, frozen=True):
    """An agent as of now. ``free`` = units less what all conversations held take: the store keeps it exact.

    Whose lease ran out is offline, whatever ``presence`` says. ``idle_since``: when work was last given. ``version``
    counts how often something changed that somebody must act upon (capacity came free, a presence), ``due_at`` is when
    whoever has not been acted upon is looked at. Until ``kept_until`` its room is kept for those whose order is up to
    ``kept_for``: a call that takes as much as five chats would otherwise wait for as long as there are chats.
    """

    agent_id: str
    presence: Presence
    lease_until: Millis
    units: int
    free: int
    held: int
    idle_since: Millis
    version: int = 0
    due_at: Millis = 0
    kept_for: int = 0
    kept_until: Millis = 0

    def is_kept_from(self, order: int, now: Millis) -> bool:
        """Whether its room is kept for somebody more pressing."""
        return self.kept_until > now and order > self.kept_for

    def is_present(self, now: Millis) -> bool:
        """Whether work may be given to this agent."""
        return self.presence == "available" and self.lease_until > now


class Need(msgspec.Struct, frozen=True):
    """What a conversation asks of an agent. ``last_agent``: who served this person last."""

    queue: str
    skill: str
    channel: str
    priority: int
    intent: str = ""
    language: str = ""
    last_agent: str = ""
    profile_id: str = ""


class News(msgspec.Struct, frozen=True):
    """What the profile of a person is to learn of a conversation: ``type`` is that of an event, ``id`` always the same
    for the same thing. ``profile_id``: whom it was with, as a conversation that begins anew may be somebody else's.
    """

    id: str
    type: Literal["conversation.opened", "conversation.transferred", "conversation.closed"]
    at: Millis
    agent_id: str
    profile_id: str
    waited_seconds: int | None = None


class Conversation(msgspec.Struct, frozen=True):
    """One conversation at the desk. ``key`` is a hash of the caller's own id of it, and is what stores know it by.

    ``attempt`` counts how often it was offered; with the key it makes the reservation's id. ``declined`` are agents
    who would not or did not answer. ``waits_since`` never changes while it waits: who was declined loses no place.
    ``order`` is its place among those who wait, kept when it was offered in vain. ``version`` counts its saves.
    ``due_at``: when somebody must look at it again (time-out, next step, end of wrap-up). ``ended_by`` says how it ended.
    ``answered_by`` is who accepted it last since it began. ``news`` is what the person's profile was not told yet.
    ``given_back_at``: when an agent was gone who had accepted it; 0: none was.
    """

    key: str
    state: ConversationState
    need: Need
    decision_id: str
    waits_since: Millis
    attempt: int = 0
    agent_id: str = ""
    cost: int = 0
    relaxation: Relaxation = "skilled"
    declined: tuple[str, ...] = ()
    state_since: Millis = 0
    due_at: Millis = 0
    version: int = 0
    order: int = 0
    ended_by: EndedBy | None = None
    answered_by: str = ""
    news: tuple[News, ...] = ()
    given_back_at: Millis = 0

    @property
    def relaxes_from(self) -> Millis:
        """From when on the steps count after which more may answer: an agent's time with the person is no waiting."""
        return self.given_back_at or self.waits_since

    @property
    def holds(self) -> bool:
        """Whether it takes capacity of its agent."""
        return self.state in ("reserved", "accepted", "wrapping")

    @property
    def look_at(self) -> Millis:
        """When somebody must look at it: for what its state asks for, else to tell its news; 0: never."""
        return self.due_at or (self.news[0].at if self.news else 0)

    @property
    def reservation_id(self) -> str:
        """The id of the offer that stands now."""
        return f"r_{self.key}_{self.attempt}"


class Track(msgspec.Struct, frozen=True):
    """How an agent did: conversations with a known outcome, those resolved, answers to surveys and their sum (1–5)."""

    outcomes: int = 0
    resolved: int = 0
    surveys: int = 0
    csat_sum: float = 0.0


class AgentScore(msgspec.Struct, frozen=True):
    """How well an agent fits a need, 0–1, and the points of each part in it (weights times values)."""

    agent_id: str
    score: float
    parts: dict[str, float]
