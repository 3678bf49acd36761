"""How a desk works, as the section ``desk`` of a routing policy declares it. Every field has a default."""

from __future__ import annotations

import msgspec


class AgentWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each part of an agent's score counts; they are scaled to sum to 1."""

    skill: float = 0.30
    load: float = 0.20
    resolution: float = 0.20
    csat: float = 0.08
    last_agent: float = 0.10
    language: float = 0.07
    wait: float = 0.05


class Relaxing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds of waiting after which more agents may answer; None: never."""

    any_after_seconds: int | None = 20
    overflow_after_seconds: int | None = 60
    callback_after_seconds: int | None = 600


class DeskRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Offers, leases, capacity, ageing and scores of a desk.

    ``costs``: what a conversation of a channel takes of an agent's ``units``; ``cost`` for those not listed.
    ``skilled_from``: the proficiency that counts as good at it. A conversation gains a point of priority for each
    ``ageing_seconds`` that it waits, so that nobody starves. ``prior``: how many conversations an agent's own record
    must have to weigh as much as everybody's. ``orphaned_after_seconds``: so long after an agent's lease ran out, the
    conversations that they answered are given to others.
    """

    weights: AgentWeights = AgentWeights()
    relaxing: Relaxing = Relaxing()
    units: int = 10
    cost: int = 2
    costs: dict[str, int] = msgspec.field(default_factory=lambda: {"phone": 10, "email": 1})
    skilled_from: int = 3
    reservation_seconds: int = 20
    wrap_up_seconds: int = 15
    lease_seconds: int = 90
    orphaned_after_seconds: int = 60
    ageing_seconds: int = 10
    prior: float = 20.0


DESK = DeskRules()
