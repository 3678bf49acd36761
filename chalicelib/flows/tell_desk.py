"""Tells a person's profile what happened at the desk: events of our own, sealed to ingestion like every other.

The desk knows a profile and not its clear identifiers, so each names the person's first facet, with its generation. An
event's id follows from what it tells of: told twice, it counts once. Whoever is erased has nobody to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from chalicelib.events.delivery import FACET, Delivery
from chalicelib.events.model import Event, Identifier
from chalicelib.events.types import CHANNELS
from chalicelib.flows.accept_events import bodies
from chalicelib.flows.say_of_person import first_facet, person_of
from chalicelib.kernel.errors import NotFound
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.served import DESK
from chalicelib.store.rows import ProfileStore


class TellServices(msgspec.Struct, frozen=True):
    """What telling needs: no key that opens anything."""

    profiles: ProfileStore
    send: Callable[[Sequence[str]], None]
    message_limit_bytes: int


class Telling(msgspec.Struct, frozen=True):
    """One event to tell: its id, its type (``profiles.served.TOLD``), when it happened, and what it says."""

    id: str
    type: str
    at: Millis
    says: dict[str, Any] = {}
    channel: str = "desk"


def tell(tenant: Tenant, profile_id: str, tellings: Sequence[Telling], services: TellServices, now: Millis) -> bool:
    """Queue what the profile is to learn; False when there is nobody of that id. Raises Unavailable."""
    if not tellings or not profile_id:
        return False
    try:
        _, body = person_of(tenant.tenant_id, profile_id, services.profiles)
    except NotFound:
        return False
    facet = first_facet(body)
    anchor = services.profiles.find(tenant.tenant_id, [facet], fresh=True).get(facet)
    generation = 1 if anchor is None else 1 + anchor.generation
    events = tuple(_event(one, tenant.tenant_id, facet, generation, now) for one in tellings)
    delivery = Delivery(DESK, 0, frozenset(), now, events, internal=True)
    services.send(list(bodies(delivery, tenant, services.message_limit_bytes)))
    return True


def _event(one: Telling, tenant_id: str, facet: str, generation: int, now: Millis) -> Event:
    return Event(
        id=one.id,
        type=one.type,
        time=one.at,
        received_at=now,
        tenant=tenant_id,
        source=DESK,
        channel=one.channel if one.channel in CHANNELS else "other",
        identifiers=(Identifier(FACET, facet),),
        data={"generation": generation, **one.says},
    )
