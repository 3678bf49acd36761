"""What stands in the tables in the end, what should, and whether every accepted item is accounted for.

An *item* is one place in one message that a door accepted. Copies of one event are items of their own; a message that
the queue hands out again brings no new items. Each item ends as exactly one of:

applied      the first item of an event that has its marker (its row in the history); counted from the rows
quarantined  the first item of an original that has its quarantine row; counted from the rows
duplicate    any further item of such an event or original
dead         an item of a message in the dead letters whose event or original has no row

``accepted`` is counted where the doors pass on, the rows where they are stored, ``dead`` in the dead letters. So an item
that a function took off the queue and that left no row makes the sum too small, and a row that no item explains is named.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import reduce

import msgspec

from chalicelib.events.model import Event
from chalicelib.flows.contribute import EventContent
from chalicelib.flows.identity_records import Merged, Split, find_merge, find_split
from chalicelib.flows.services import Change
from chalicelib.identity.partition import Ties
from chalicelib.kernel.codec import decode
from chalicelib.profiles.fold import fold
from chalicelib.profiles.links import nodes_of
from chalicelib.profiles.model import Body, Contribution, Facet, FacetId
from chalicelib.store.dynamo_history import DynamoHistory
from chalicelib.store.dynamo_profiles import DynamoProfiles, event_pk
from chalicelib.store.dynamo_secrets import DynamoSecrets
from chalicelib.store.memory import MemorySecrets
from chalicelib.store.rows import EventRow, FacetSecret, IdentifierRow, ProfileRow
from tests.flows.world import TENANT_ID, World
from tests.proofs.faults import FaultyApi
from tests.proofs.material import Sent

_PARTS = ("link-", "trait-", "erased-")
"""Quarantine rows that note what an applied event went on without: no items of their own."""
_AT_ONCE = 50


class Stored(msgspec.Struct, frozen=True):
    """The tables as they are."""

    profiles: Mapping[str, ProfileRow]
    identifiers: Mapping[str, IdentifierRow]
    events: Mapping[str, EventRow]
    quarantined: frozenset[str]
    secrets: Mapping[FacetId, FacetSecret]
    merged: Sequence[Merged] = ()
    split: Sequence[Split] = ()

    @property
    def bodies(self) -> dict[str, bytes]:
        """Profile id → body, of those that were not merged into others."""
        return bodies_of(self.profiles.values())

    @property
    def ties(self) -> Ties:
        """What operators said, by the records of it: merges that no split took back, splits that no merge overruled."""
        undone = {must for one in self.split for must in one.undone}
        lifted = {apart for one in self.merged for apart in one.lifted}
        return Ties(
            tuple(sorted({must for one in self.merged for must in one.musts} - undone)),
            tuple(sorted({apart for one in self.split for apart in one.aparts} - lifted)),
        )

    @property
    def kept_ties(self) -> Ties:
        """What operators said, as the profiles keep it."""
        kept = [decode(row.ties, Ties) for row in self.profiles.values() if row.ties]
        return reduce(Ties.joined, kept, Ties())

    @property
    def settled(self) -> set[str]:
        """The names of the items that have their row."""
        return {*self.events, *self.quarantined}


class Account(msgspec.Struct, frozen=True):
    """What became of the accepted items; ``unexplained`` are rows that no item led to."""

    accepted: int
    applied: int
    duplicate: int
    quarantined: int
    dead: int
    unexplained: frozenset[str] = frozenset()

    @property
    def adds_up(self) -> bool:
        """Accepted = applied + duplicate + quarantined + dead, and no row from nowhere."""
        known = self.applied + self.duplicate + self.quarantined + self.dead
        return self.accepted == known and not self.unexplained


def bodies_of(rows: Iterable[ProfileRow]) -> dict[str, bytes]:
    """Profile id → body, of those that were not merged into others."""
    return {row.profile_id: row.body for row in rows if row.state != "merged"}


def account(sent: Sent, stored: Stored, dead: Collection[Sequence[str]]) -> Account:
    """What became of the accepted items; ``dead`` are the items of each dead letter."""
    accepted, settled = sent.accepted, stored.settled
    return Account(
        accepted=sum(accepted.values()),
        applied=len(stored.events),
        duplicate=sum(copies - 1 for item, copies in accepted.items() if item in settled),
        quarantined=len(stored.quarantined),
        dead=sum(item not in settled for items in dead for item in items),
        unexplained=frozenset(settled - accepted.keys()),
    )


def read_back(endpoint: str, tables: Mapping[str, str]) -> Stored:
    """Everything that the tables hold, by a client without faults."""
    api = FaultyApi(endpoint)
    profiles = DynamoProfiles(api.call, tables["TABLE_PROFILES"], tables["TABLE_HISTORY"])
    history = DynamoHistory(api.call, tables["TABLE_HISTORY"])
    of_profiles = list(_names(api, tables["TABLE_PROFILES"]))
    of_history = list(_names(api, tables["TABLE_HISTORY"]))
    people = [name.removeprefix("p#") for name in of_profiles if name.startswith("p#")]
    identifiers = [name.removeprefix("i#") for name in of_profiles if name.startswith("i#")]
    noted = (name.removeprefix("q#") for name in of_history if name.startswith("q#"))
    rows = _events(history, [name.removeprefix("e#") for name in of_history if name.startswith("e#")])
    merges = [name.removeprefix("merge#") for name in of_history if name.startswith("merge#")]
    splits = [name.removeprefix("split#") for name in of_history if name.startswith("split#")]
    secrets = DynamoSecrets(api.call, tables["TABLE_KEYS"])
    stored = Stored(
        profiles=profiles.load(TENANT_ID, people, fresh=True),
        identifiers=profiles.find(TENANT_ID, identifiers, fresh=True),
        events={key.hex(): row for key, row in rows.items()},
        quarantined=frozenset(f"q-{name}" for name in noted if not name.startswith(_PARTS)),
        secrets=secrets.secrets(TENANT_ID, list(_names(api, tables["TABLE_KEYS"]))),
        merged=[found for one in merges if (found := find_merge(history, TENANT_ID, one)) is not None],
        split=[found for one in splits if (found := find_split(history, TENANT_ID, one)) is not None],
    )
    api.close()
    return stored


def _names(api: FaultyApi, table: str) -> Iterator[str]:
    """Every key of a table, without its tenant."""
    start: dict[str, object] = {}
    while True:
        answer = api.call("Scan", {"TableName": table, "ProjectionExpression": "pk", "ConsistentRead": True, **start})
        yield from (item["pk"]["S"].removeprefix(f"{TENANT_ID}#") for item in answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _events(history: DynamoHistory, names: Sequence[str]) -> dict[bytes, EventRow]:
    from base64 import urlsafe_b64decode

    keys = [urlsafe_b64decode(name + "=" * (-len(name) % 4)) for name in names]
    assert all(event_pk("t", key) == f"t#e#{name}" for key, name in zip(keys, names, strict=True))
    found: dict[bytes, EventRow] = {}
    for start in range(0, len(keys), _AT_ONCE):
        found |= history.events(TENANT_ID, keys[start : start + _AT_ONCE])
    return found


# -- what should be there


def straight(
    events: Sequence[Event],
    secrets: Mapping[FacetId, FacetSecret],
    with_keys: Callable[[World], World] = lambda world: world,
) -> World:
    """The same events in one thread, in order, once, in memory, without a fault, under the same secrets."""
    kept = MemorySecrets()
    kept.kept.update({(TENANT_ID, facet): secret for facet, secret in secrets.items()})
    world = with_keys(World(secrets=kept))
    ordered = sorted(events, key=lambda one: (one.time, one.id))
    for source in (world.web, world.crm):
        world.accept(*[one for one in ordered if one.source == source.source_id], source=source)
    assert world.ingest().failed == {}
    return world


def folded(rows: Collection[EventRow]) -> dict[FacetId, Facet]:
    """The facets that the stored contributions come to, by the fold alone."""
    by_facet: dict[FacetId, list[Contribution]] = {}
    for row in rows:
        by_facet.setdefault(row.facet, []).append(decode(row.content, EventContent).contribution)
    return {facet: one for facet, many in by_facet.items() if (one := fold(None, many)) is not None}


def facets_of(bodies: Collection[bytes]) -> dict[FacetId, Facet]:
    """Every facet of these bodies."""
    return {facet: one for body in bodies for facet, one in decode(body, Body).facets.items()}


def announced(stored: Stored) -> set[tuple[str, str, int]]:
    """What saves, merges and splits had to publish: type, profile, version."""
    changes = (change for row in stored.events.values() if row.changes for change in decode(row.changes, list[Change]))
    saves = {(change.type, change.detail["profile_id"], change.detail["version"]) for change in changes}
    merges = {("profile.merged", one.profile_id, one.versions[one.profile_id]) for one in stored.merged}
    firsts = [(one.profile_ids[0], one.versions) for one in stored.split if one.profile_ids]
    return saves | merges | {("profile.split", first, versions[first]) for first, versions in firsts}


def leads_of(bodies: Mapping[str, bytes]) -> dict[str, str]:
    """Where each identifier must lead, by the bodies that hold it."""
    return {key: profile_id for profile_id, body in bodies.items() for key in nodes_of(decode(body, Body))}
