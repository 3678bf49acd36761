"""What the desk's doors answer. Nothing of a person stands here: who they are is read by the decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from chalicelib.desk.model import ConversationState, EndedBy, Presence, Relaxation, Shift
from chalicelib.kernel.texts import Text


class PresenceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether an agent is there, and for how long that holds unless it is said again; the policy's lease if not given."""

    presence: Presence
    lease_seconds: Annotated[int, msgspec.Meta(ge=10, le=3_600)] | None = None


class ReleaseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``left``: the person is gone, or was served elsewhere, whether or not somebody had answered."""

    left: bool = False


class ReservationView(msgspec.Struct, frozen=True):
    """One conversation at the desk: ``expires_at`` is when an offer lapses, or a wrap-up ends; null where nothing does."""

    reservation_id: str
    state: ConversationState
    agent_id: str | None
    queue: str
    skill: str
    channel: str
    priority: int
    decision_id: str
    relaxation: Relaxation
    waits_since: str
    since: str
    expires_at: str | None
    units: int
    ended_by: EndedBy | None


class AgentView(msgspec.Struct, frozen=True):
    """An agent as declared and as of now. Whose lease ran out is offline. ``load`` is the share of the units in use."""

    agent_id: str
    skills: Mapping[str, int]
    units: int
    costs: Mapping[str, int]
    languages: tuple[str, ...]
    shifts: tuple[Shift, ...]
    timezone: str
    version: int
    presence: Presence
    lease_until: str | None
    free: int
    load: float
    conversations: tuple[ReservationView, ...]


class AgentsView(msgspec.Struct, frozen=True):
    """Every agent, by id."""

    agents: tuple[AgentView, ...]


class GoneAgentView(msgspec.Struct, frozen=True):
    """An agent that is declared no more."""

    agent_id: str
    removed: bool = True


class StepsView(msgspec.Struct, frozen=True):
    """After how many seconds more agents may answer; null: never."""

    any_after_seconds: int | None
    overflow_after_seconds: int | None
    callback_after_seconds: int | None


class SettingsView(msgspec.Struct, frozen=True):
    """What was changed of a queue by day; null: as the policy says."""

    closed: bool
    hours: tuple[Shift, ...]
    overflow: tuple[str, ...] | None
    first_response_seconds: int | None
    resolve_seconds: int | None
    relaxing: StepsView | None


class QueueView(msgspec.Struct, frozen=True):
    """A queue as of now: who waits, and how it differs by day from what the policy declares."""

    queue: str
    name: Text
    skill: str
    open: bool
    waiting: int
    longest_wait_seconds: int
    first_response_seconds: int
    overflow: tuple[str, ...]
    settings: SettingsView
    changed_at: str | None
    changed_by: str | None


class DeskView(msgspec.Struct, frozen=True):
    """The desk as of now."""

    at: str
    queues: tuple[QueueView, ...]
    agents: tuple[AgentView, ...]
