"""A routing policy as it is declared in JSON. ``docs`` of each field is its comment; the checks are in ``policy``."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.desk.declaration import DESK, DeskRules, Relaxing
from chalicelib.kernel.texts import Text
from chalicelib.routing.model import Mode, Sla
from chalicelib.tags.model import Trade
from chalicelib.tickets.declaration import TICKETS, TicketRules


class SlaCap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Upper limits in seconds that a rule, mode or level puts on the queue's own."""

    first_response_seconds: int | None = None
    resolve_seconds: int | None = None


NO_CAP = SlaCap()


class Night(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The local hours that count as night: from ``start`` until before ``end``."""

    start: int
    end: int


class Queue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where people wait. ``modes`` are those it can serve, preferred first; ``base`` is its score before any rule.

    ``overflow`` are the queues whose agents answer when its own have kept people waiting too long; ``relaxing`` when
    that is, where it is not as on the rest of the desk.
    """

    name: Text
    skill: str
    modes: tuple[Mode, ...]
    sla: Sla
    base: float = 0.0
    priority: int = 0
    overflow: tuple[str, ...] = ()
    relaxing: Relaxing | None = None


class IntentRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An intent presumed from the profile; the first that holds counts.

    ``intent`` is an id or ``{"var": path}``; where that path has no value the rule does not count.
    """

    id: str
    when: Any
    intent: str | dict[str, str]
    confidence: float
    weight: float
    says: Text


class UrgencyRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points of urgency (negative ones calm) while ``when`` holds."""

    id: str
    when: Any
    points: int
    weight: float
    says: Text


class UrgencyScale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules, the score at which each level begins, and what a level means for priority and time limits."""

    base: int
    levels: dict[str, int]
    priority: dict[str, int]
    sla: dict[str, SlaCap]
    rules: tuple[UrgencyRule, ...]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a true condition adds: points to queues and modes, priority, time limits; and what it says.

    ``times`` is a path whose number scales the points of the queues (an intent counts by its confidence).
    """

    id: str
    when: Any
    weight: float
    says: Text
    queues: dict[str, float] = {}
    modes: dict[Mode, float] = {}
    priority: int = 0
    sla: SlaCap = NO_CAP
    times: str | None = None


class HintRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to talk while ``when`` holds. The first rule that sets a single field wins; lists add up.

    ``language`` may be ``{"var": path}``. ``ask``, ``do_not_ask`` and ``offer`` are ids of ``texts``.
    """

    when: Any
    tone: str | None = None
    format: str | None = None
    scene: str | None = None
    language: str | dict[str, str] | None = None
    ask: tuple[str, ...] = ()
    do_not_ask: tuple[str, ...] = ()
    offer: str | None = None


class PlainHints(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hints where no rule says otherwise."""

    tone: str
    format: str
    scene: str
    language: str


class WhatIf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change to try while ``when`` holds: input paths and the values they would have."""

    id: str
    if_: Text = msgspec.field(name="if")
    when: Any
    set: dict[str, Any]


class Floor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reason that every decision gives; ``reads`` are the paths shown with it."""

    id: str
    says: Text
    weight: float
    reads: tuple[str, ...]


class DefaultPath(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where people go who opted out of profiling; the same for everyone."""

    queue: str
    mode: Mode
    priority: int
    reasons: tuple[Floor, ...]


class PolicyDeclaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole policy. The order of queues and rules breaks ties. ``trade``: by whose words messages are read."""

    id: str
    version: str
    timezone: str
    night: Night
    base_priority: int
    queues: dict[str, Queue]
    mode_sla: dict[Mode, SlaCap]
    intents: tuple[IntentRule, ...]
    urgency: UrgencyScale
    rules: tuple[Rule, ...]
    floor: tuple[Floor, ...]
    plain_hints: PlainHints
    hints: tuple[HintRule, ...]
    texts: dict[str, Text]
    next_best: dict[str, tuple[Text, ...]]
    what_if: tuple[WhatIf, ...]
    default: DefaultPath
    desk: DeskRules = DESK
    tickets: TicketRules = TICKETS
    trade: Trade = "retail"

    def rules_of(self, queue: str) -> DeskRules:
        """How the desk works for those who wait in a queue."""
        relaxing = self.queues[queue].relaxing if queue in self.queues else None
        return self.desk if relaxing is None else msgspec.structs.replace(self.desk, relaxing=relaxing)
