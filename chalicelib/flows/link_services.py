"""What making, using and revoking links for people needs, and what a used link gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from chalicelib.flows.services import Patience
from chalicelib.privacy.links import Claims
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Body
from chalicelib.store.rows import HistoryStore, ProfileRow, ProfileStore

LINK, REVOKED = "link", "link_revoked"
"""Kinds of the records of links and of their revocations, both under the link's id."""
PERSON = "person"
"""The principal of what people do themselves, by a link."""
OWN_WORD = "the person's own word"
"""The reason of what people do themselves: they need give none."""


class LinkServices(msgspec.Struct, frozen=True):
    """Stores, and the keys that a tenant's links are signed with: the first signs, each of them is taken."""

    profiles: ProfileStore
    history: HistoryStore
    tenant: Callable[[str], Tenant]
    keys: Callable[[Tenant], Sequence[bytes]]
    patience: Patience = Patience()


class Linked(msgspec.Struct, frozen=True):
    """The person who holds a link, as they are now, and what the link says. ``keys`` are those of links."""

    claims: Claims
    tenant: Tenant
    row: ProfileRow
    body: Body
    keys: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"<person by link {self.claims.link_id}>"
