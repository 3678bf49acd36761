"""What is asked of routing and what it answers: the request, the caller as known, the decision and its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from chalicelib.desk.model import AgentScore, Relaxation
from chalicelib.kernel.names import WORD_PATTERN
from chalicelib.kernel.texts import Text
from chalicelib.profiles.cases import Case

type Mode = Literal["self_service", "bot", "human"]
type Level = Literal["low", "normal", "high", "critical"]
type IntentSource = Literal["given", "message", "profile", "none"]
type Purpose = Literal["service", "marketing", "analytics", "security", "legal"]

MODES: tuple[Mode, ...] = ("self_service", "bot", "human")
LEVELS: tuple[Level, ...] = ("low", "normal", "high", "critical")
UNKNOWN_INTENT = "unknown"

Name = Annotated[str, msgspec.Meta(pattern=WORD_PATTERN)]


class NamedIdentifier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An identifier as a caller of the API writes it."""

    namespace: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]

    def __repr__(self) -> str:
        return f"<identifier {self.namespace}>"


class RouteRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is calling, where, and what they said. Exactly one of ``profile_id`` and ``identifiers`` is given.

    ``intent`` is what the caller of the API already knows (a menu choice); it wins over the message.
    """

    channel: Name
    purpose: Purpose
    profile_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    identifiers: Annotated[tuple[NamedIdentifier, ...], msgspec.Meta(max_length=10)] = ()
    message: Annotated[str, msgspec.Meta(max_length=8000)] | None = None
    intent: Name | None = None
    reserve: bool = False
    conversation_id: Annotated[str, msgspec.Meta(max_length=256)] | None = None

    def __post_init__(self) -> None:
        if (self.profile_id is None) == (not self.identifiers):
            raise ValueError("give either profile_id or identifiers")

    def __repr__(self) -> str:
        return f"<route request by {self.channel}>"


class Caller(msgspec.Struct, frozen=True):
    """What is known of the person: tags (id → confidence), the values the policy reads, the latest of their cases.

    ``profile_id`` None is an unknown caller. ``personalised`` False is a person who opted out of
    profiling: nothing else of this value is then read.
    """

    profile_id: str | None = None
    personalised: bool = True
    tags: Mapping[str, float] = {}
    values: Mapping[str, Any] = {}
    cases: tuple[Case, ...] = ()


class Intent(msgspec.Struct, frozen=True):
    """What the person wants, how sure that is (0–1), and what it was read from."""

    id: str
    confidence: float
    source: IntentSource


NO_INTENT = Intent(UNKNOWN_INTENT, 0.0, "none")


class Urgency(msgspec.Struct, frozen=True):
    """How pressing it is: a level and the points (0–100) behind it."""

    level: Level
    score: int


class Sla(msgspec.Struct, frozen=True):
    """Time limits in seconds."""

    first_response_seconds: int
    resolve_seconds: int


class Advice(msgspec.Struct, frozen=True):
    """One thing to ask, not to ask, or to offer."""

    id: str
    says: Text


class Hints(msgspec.Struct, frozen=True):
    """How to talk to the person."""

    tone: str
    format: str
    language: str
    scene: str
    ask: tuple[Advice, ...] = ()
    do_not_ask: tuple[Advice, ...] = ()
    offer: Advice | None = None


class Reason(msgspec.Struct, frozen=True):
    """One rule that took part: what it says, its weight (0–1), and the values it read, by path."""

    id: str
    says: Text
    weight: float
    evidence: dict[str, Any]


class RankedQueue(msgspec.Struct, frozen=True):
    """A queue with its score and the points of each rule in it."""

    queue: str
    score: float
    parts: dict[str, float]


class RunnerUp(msgspec.Struct, frozen=True):
    """A queue, or an agent of the queue chosen, that was considered and not taken, with its score and parts."""

    score: float
    parts: dict[str, float]
    queue: str | msgspec.UnsetType = msgspec.UNSET
    agent_id: str | msgspec.UnsetType = msgspec.UNSET


class WouldChange(msgspec.Struct, frozen=True):
    """A change of the inputs that was really tried, and what the decision would then be (only what differs)."""

    if_: Text = msgspec.field(name="if")
    then: dict[str, str | int]


class Waiting(msgspec.Struct, frozen=True):
    """A conversation that no agent could take yet: its place in the list of its queue (0: in none), since when it waits,
    who may answer by now, and when more may. ``says`` is a sentence for the person.
    """

    position: int
    since: str
    relaxation: Relaxation
    next_step_at: str | None
    says: Text


class Redirected(msgspec.Struct, frozen=True):
    """The queue that serves in place of the one decided on, which lets nobody in now."""

    queue: str
    skill: str


class Decision(msgspec.Struct, frozen=True):
    """Where the caller goes and why. ``skipped_rules`` names rules that could not be evaluated on these values.

    With ``reserve``: the ``agent`` to whom the conversation is offered as ``reservation_id``, or that it is ``waiting``.
    """

    decision_id: str
    profile_id: str | None
    personalised: bool
    mode: Mode
    intent: Intent
    urgency: Urgency
    queue: str
    skill: str
    priority: int
    sla: Sla
    hints: Hints
    reasons: tuple[Reason, ...]
    policy_version: str
    decided_at: str
    agent: AgentScore | None = None
    reservation_id: str | msgspec.UnsetType = msgspec.UNSET
    waiting: Waiting | msgspec.UnsetType = msgspec.UNSET
    redirected: Redirected | msgspec.UnsetType = msgspec.UNSET
    won_by: RankedQueue | None = None
    runners_up: tuple[RunnerUp, ...] = ()
    would_change: tuple[WouldChange, ...] = ()
    skipped_rules: tuple[str, ...] = ()
