"""How tickets are handled, as the section ``tickets`` of a routing policy declares it. Every field has a default."""

from __future__ import annotations

from typing import Annotated

import msgspec

from chalicelib.tickets.model import Kind, Priority

type Seconds = Annotated[int, msgspec.Meta(ge=1, le=366 * 86_400)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds until the first response and until it is resolved; None: the queue's own."""

    first_response_seconds: Seconds | None = None
    resolve_seconds: Seconds | None = None


class Escalation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of a ticket that is overdue: so many levels of priority up, and to another queue ('': it stays)."""

    levels: Annotated[int, msgspec.Meta(ge=0, le=3)] = 1
    queue: str = ""


class TicketRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time limits, warnings, escalation and survey of tickets.

    ``limits`` by kind win over the limits of the queue; ``pace`` multiplies both by priority. ``queues``: the queue of
    a kind, where it is not the one that a conversation about it would have. A warning comes when ``warn_share`` of a
    limit has gone by. ``survey_after_seconds`` after the close the person is to be asked; None: never.
    """

    limits: dict[Kind, Limits] = msgspec.field(
        default_factory=lambda: {
            "consult": Limits(first_response_seconds=10),
            "complaint": Limits(first_response_seconds=3_600, resolve_seconds=172_800),
            "after_sales": Limits(first_response_seconds=3_600),
            "fault": Limits(first_response_seconds=1_800),
            "it_demand": Limits(first_response_seconds=3_600),
            "suggestion": Limits(first_response_seconds=86_400, resolve_seconds=604_800),
            "callback": Limits(first_response_seconds=1_800, resolve_seconds=14_400),
        }
    )
    pace: dict[Priority, Annotated[float, msgspec.Meta(gt=0, le=10)]] = msgspec.field(
        default_factory=lambda: {"high": 0.75, "critical": 0.5}
    )
    queues: dict[Kind, str] = msgspec.field(default_factory=dict)
    warn_share: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.75
    escalation: Escalation = Escalation()
    survey_after_seconds: Annotated[int, msgspec.Meta(ge=0, le=30 * 86_400)] | None = 0
    reopen_days: Annotated[int, msgspec.Meta(ge=0, le=366)] = 30
    kept_days: Annotated[int, msgspec.Meta(ge=1, le=3_650)] = 730


TICKETS = TicketRules()
