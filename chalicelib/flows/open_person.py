"""Opens what is sealed of a person: only the facets that are needed, in memory only, for one answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from chalicelib.events.model import Event
from chalicelib.flows.contribute import EventContent, FacetKeys
from chalicelib.flows.facet_keys import opened, secret_name
from chalicelib.flows.follow import follow
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Conflict, NotFound, Unavailable
from chalicelib.privacy.seal_broken import SealBroken
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Body, FacetId, Trait
from chalicelib.store.rows import EventRow, FacetSecret, HistoryStore, ProfileRow, ProfileStore, SecretStore


class OpenServices(msgspec.Struct, frozen=True):
    """What opening needs: the stores, and the tenant's branch keys by version."""

    profiles: ProfileStore
    history: HistoryStore
    secrets: SecretStore
    branch_keys: Callable[[Tenant], Mapping[int, bytes]]


class Opened(msgspec.Struct, frozen=True):
    """The keys of some facets, for the length of one answer. Prints nothing of them."""

    tenant_id: str
    kept: Mapping[FacetId, FacetSecret]
    branches: Mapping[int, bytes]
    made: dict[FacetId, FacetKeys] = {}
    """Keys that were made already: a facet has many events."""

    def __repr__(self) -> str:
        return f"<keys of {len(self.kept)} facets>"

    def trait(self, facet: FacetId, name: str, trait: Trait) -> Any:
        """The clear value of a facet's trait. Raises Conflict ``cannot_be_opened``."""
        if trait.masked is None:
            return trait.value
        return msgspec.msgpack.decode(self._open(facet, "fields", f"trait/{name}", trait.value))

    def event(self, row: EventRow) -> Event:
        """The whole event of a row as it came in. Raises Conflict ``cannot_be_opened``."""
        sealed = decode(row.content, EventContent).sealed
        return decode(self._open(row.facet, "events", f"event/{row.event_key.hex()}", sealed), Event)

    def _open(self, facet: FacetId, purpose: str, field: str, sealed: bytes) -> bytes:
        kept = self.kept.get(facet)
        if kept is None:
            raise cannot_be_opened()
        try:
            keys = self.made.get(facet)
            if keys is None:
                keys = self.made[facet] = opened(self.tenant_id, facet, kept, self.branches)
            return keys.open(keys.fields if purpose == "fields" else keys.events, field, sealed)
        except SealBroken:
            raise cannot_be_opened() from None
        except Unavailable as error:
            if error.code != "commitment_mismatch":
                # A branch key that is newer than the tenant as it was read comes with the next reading.
                raise
            raise cannot_be_opened() from None


def cannot_be_opened() -> Conflict:
    """What is sealed has lost its key, or is not what it was: trying again will not help, somebody must look."""
    return Conflict("cannot_be_opened", "What is sealed of this person does not open: its key is gone or does not fit.")


@contextmanager
def opening(tenant_id: str, profile_id: str, services: OpenServices) -> Iterator[None]:
    """Around what opens: keys that vanished because the person was erased meanwhile mean that there is nobody."""
    try:
        yield
    except Conflict:
        person_now(tenant_id, profile_id, services.profiles)
        raise


def person_now(tenant_id: str, profile_id: str, profiles: ProfileStore) -> tuple[ProfileRow, Body]:
    """The person that an id leads to at this very moment. Raises NotFound: of an erased one nothing is said."""
    row = follow(tenant_id, [profile_id], profiles, fresh=True).get(profile_id)
    if row is None or row.state == "erased" or not row.body:
        raise NotFound("no_such_profile", "There is no such profile.")
    return row, decode(row.body, Body)


def open_facets(tenant: Tenant, facets: Collection[FacetId], services: OpenServices) -> Opened:
    """The keys of these facets, of the generation that lives. A facet whose secret is gone is left out.

    Raises Unavailable when the store or KMS does not answer.
    """
    if not facets:
        return Opened(tenant.tenant_id, {}, {})
    rows = services.profiles.find(tenant.tenant_id, facets, fresh=True)
    names = {one: secret_name(one, 1 + (rows[one].generation if one in rows else 0)) for one in facets}
    kept = services.secrets.secrets(tenant.tenant_id, names.values())
    found = {facet: kept[name] for facet, name in names.items() if name in kept}
    return Opened(tenant.tenant_id, found, services.branch_keys(tenant) if found else {})
