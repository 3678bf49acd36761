"""A ticket and its parts. No personal value stands in one: texts are masked, ids of people are ours."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.kernel.texts import Text

type Kind = Literal["consult", "complaint", "after_sales", "fault", "it_demand", "suggestion", "callback"]
type Status = Literal["open", "assigned", "waiting_customer", "resolved", "closed"]
type Priority = Literal["low", "normal", "high", "critical"]
type Limit = Literal["first_response", "resolve"]

PRIORITIES: tuple[Priority, ...] = ("low", "normal", "high", "critical")
OPEN: frozenset[Status] = frozenset({"open", "assigned", "waiting_customer"})
"""The statuses in which something is still owed."""
ON_THE_BUS = frozenset({"ticket.due_soon", "ticket.overdue", "ticket.escalated", "ticket.survey_due"})
"""What of tickets is published."""
TIMER = "timer"
"""Who the history names where time alone did it."""


class Amount(msgspec.Struct, frozen=True):
    """Money as it was written: an exact decimal, and a currency or ''."""

    value: str
    currency: str = ""


class Deadline(msgspec.Struct, frozen=True):
    """By when somebody wants it: the words, and the instant that they mean."""

    says: str
    at: Millis


class Facts(msgspec.Struct, frozen=True):
    """The key facts of a message. ``orders`` are references as profiles have them; demands and products are words of ours."""

    orders: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    demands: tuple[str, ...] = ()
    amounts: tuple[Amount, ...] = ()
    deadline: Deadline | None = None


class Step(msgspec.Struct, frozen=True):
    """One handling step as proposed, why, and whether somebody took it up (None: nobody said yet)."""

    id: str
    says: Text
    why: Text
    within_seconds: int = 0
    adopted: bool | None = None
    by: str = ""
    at: Millis = 0


class Linked(msgspec.Struct, frozen=True):
    """An order, ticket, complaint or consult of the same person that this one may be about."""

    kind: str
    ref: str
    status: str
    at: Millis
    topic: str = ""


class Clock(msgspec.Struct, frozen=True):
    """One time limit: when it ends and is warned of; when each was noticed, and when it was kept. 0: not (yet)."""

    warn_at: Millis
    due_at: Millis
    warned_at: Millis = 0
    overdue_at: Millis = 0
    met_at: Millis = 0


class Survey(msgspec.Struct, frozen=True):
    """What the person answered: 1–5, and words with what is personal masked."""

    score: int
    at: Millis
    comment: str = ""


class Entry(msgspec.Struct, frozen=True):
    """One line of a ticket's history: who did what, when. ``id`` tells repeats of one request."""

    at: Millis
    who: str
    what: str
    id: str = ""
    was: str = ""
    to: str = ""
    text: str = ""


class Outgoing(msgspec.Struct, frozen=True):
    """Something to tell that is not told yet: an event for the profile to learn from, or a change for the bus."""

    id: str
    where: Literal["profile", "bus"]
    type: str
    at: Millis
    says: dict[str, str | int] = {}


class Ticket(msgspec.Struct, frozen=True):
    """A ticket as it is now. ``text`` is what was asked, masked. ``paused_at``: since when it waits for the customer.
    ``resolve_ms`` is how long its limit is, for when it is opened again.

    ``outgoing`` is told after the save and then taken off, so that a crash between loses nothing.
    """

    ticket_id: str
    kind: Kind
    topic: str
    status: Status
    priority: Priority
    queue: str
    opened_at: Millis
    first_response: Clock
    resolve: Clock
    resolve_ms: Millis
    expires_at: Millis
    profile_id: str = ""
    channel: str = "desk"
    conversation_id: str = ""
    decision_id: str = ""
    agent_id: str = ""
    text: str = ""
    facts: Facts = Facts()
    steps: tuple[Step, ...] = ()
    linked: tuple[Linked, ...] = ()
    history: tuple[Entry, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    paused_at: Millis = 0
    changed_at: Millis = 0
    settled_at: Millis = 0
    reopened: int = 0
    escalated: int = 0
    survey_asked_at: Millis = 0
    survey: Survey | None = None
    version: int = 0

    @property
    def is_open(self) -> bool:
        """Whether something is still owed."""
        return self.status in OPEN

    @property
    def is_overdue(self) -> bool:
        """Whether a limit ran out that is not kept yet."""
        late = self.first_response.overdue_at and not self.first_response.met_at
        return self.is_open and bool(late or self.resolve.overdue_at)
