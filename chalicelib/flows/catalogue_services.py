"""What the run-time catalogue needs from outside, and the orders it takes."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.flows.effective import InForce
from chalicelib.store.declarations import DeclarationStore, Kind
from chalicelib.store.rows import HistoryStore


class Published(msgspec.Struct, frozen=True):
    """What a publication or a roll back put in force, and since which version of the catalogue."""

    tenant_id: str
    kind: Kind
    id: str
    number: int
    version: int
    at: int
    before: InForce
    """What was in force until then, for who compares the two."""


class CatalogueServices(msgspec.Struct, frozen=True):
    """What editing needs. ``in_force`` is asked anew at each call, unlike what serves customers."""

    declarations: DeclarationStore
    history: HistoryStore
    in_force: Callable[[str], InForce]
    forget: Callable[[str], None]
    """This function's own idea of what is in force is out of date."""
    published: Callable[[Published], None] = lambda _: None
    """Told of what was put in force: stored people are to be looked at again."""


class Order(msgspec.Struct, frozen=True):
    """Who wants what of which declaration. The same ``order_id`` again is the same order."""

    order_id: str
    tenant_id: str
    kind: Kind
    id: str
    principal: str
    reason: str = ""
