"""From who is one person now to what must be written: rows, redirects, identifiers, and what must not have moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from chalicelib.flows.settle_links import Settled
from chalicelib.flows.snapshot import Snapshot
from chalicelib.identity.anchors import rank_of
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.identity.partition import Component, Edge, Ties, lead_of
from chalicelib.kernel.codec import encode
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.join import body_of
from chalicelib.profiles.model import Body, FacetId, IdentifierKey
from chalicelib.store.rows import IdentifierWrite, ProfileRow, State, unjudged

ACTIONS_AT_ONCE = 100
"""What DynamoDB takes in one transaction."""
MOST_CONTENDERS = 140
"""Anchors that an identifier's row names: more than it may have, of all namespaces, before it counts as shared.

Where too many people hang together to be settled, nobody is found to be shared, and the row must not grow.
"""


class Person(msgspec.Struct, frozen=True):
    """One component as it is to be stored. ``sources`` are the stored profiles that its facets come from."""

    row: ProfileRow
    replaces: int
    body: Body
    component: Component
    sources: tuple[str, ...]
    is_changed: bool


class Plan(msgspec.Struct, frozen=True):
    """What a save is to write and to make sure of. ``redirects`` pair a lost profile's row with its version."""

    people: tuple[Person, ...]
    redirects: tuple[tuple[ProfileRow, int], ...]
    identifiers: tuple[IdentifierWrite, ...]
    checks: tuple[tuple[str, int], ...]
    unmoved: tuple[tuple[IdentifierKey, int], ...]


def plan(settled: Settled, snapshot: Snapshot, index: BlindIndex, now: Millis, new: tuple[Edge, ...] = ()) -> Plan:
    """Compare who is one person now with what is stored. Reads the rows of identifiers that change sides."""
    ids = [_id_of(one, settled, index) for one in settled.components]
    _know_leads(settled, snapshot, ids, index)
    people = tuple(_person(*one, settled, snapshot, now) for one in zip(ids, settled.components, strict=True))
    if settled.is_trivial and people[0].sources == (people[0].row.profile_id,):
        return Plan(people, (), (), (), ())
    writes = tuple(_identifiers(people, settled, snapshot))
    written = {one.key for one in writes}
    redirects = tuple(_redirects(people, snapshot, index, now))
    if not set(settled.involved) <= {*ids, *(row.profile_id for row, _ in redirects)}:
        # Everybody who was looked at is written, checked or redirected. Who is not was read in two states.
        snapshot.note_torn()
    return Plan(
        people=people,
        redirects=redirects,
        identifiers=writes,
        checks=tuple((one.row.profile_id, one.replaces) for one in people if not one.is_changed),
        unmoved=tuple(
            (key, snapshot.row(key).version)
            for key in sorted((_decisive(people, snapshot, new) | _namesakes(writes, snapshot)) - written)
        ),
    )


def _id_of(component: Component, settled: Settled, index: BlindIndex) -> str:
    facets = component.facets
    lead = min(facets) if len(facets) == 1 else lead_of(facets, lambda one: settled.facets[one].first_seen, rank_of)
    return index.profile_id(lead)


def _know_leads(settled: Settled, snapshot: Snapshot, ids: list[str], index: BlindIndex) -> None:
    """Read the rows that these profiles replace, former redirects among them, and redirects that may lead astray."""
    wanted: set[str] = set()
    for profile_id, component in zip(ids, settled.components, strict=True):
        is_known = any(facet not in snapshot.identifiers or snapshot.row(facet).version for facet in component.facets)
        if is_known:
            wanted.add(profile_id)
    if _torn_apart(settled, snapshot):
        wanted |= {index.profile_id(facet) for one in settled.components for facet in one.facets}
    if wanted:
        snapshot.know_profiles(wanted)


def _torn_apart(settled: Settled, snapshot: Snapshot) -> bool:
    """Whether a stored profile's identifiers end up with more than one person."""
    for profile_id in settled.involved if not settled.is_trivial else ():
        nodes = snapshot.nodes(profile_id)
        if sum(not nodes.isdisjoint(one.nodes) for one in settled.components) > 1:
            return True
    return False


def _person(profile_id: str, component: Component, settled: Settled, snapshot: Snapshot, now: Millis) -> Person:
    facets = {facet: settled.facets[facet] for facet in component.facets}
    sources = tuple(one for one in settled.involved if not snapshot.body(one).facets.keys().isdisjoint(facets))
    body, ties = body_of(facets, component.nodes), _coded(settled.ties.about(component.nodes))
    before = snapshot.profile(profile_id)
    coded, state = encode(body), _state(sources, snapshot)
    is_same = before is not None and (before.body, before.ties, before.state) == (coded, ties, state)
    row = ProfileRow(
        tenant=snapshot.tenant_id,
        profile_id=profile_id,
        version=snapshot.version(profile_id) + 1,
        state=state,
        generation=_generation(component, sources, snapshot),
        updated_at=_moment(now, {*sources, profile_id}, snapshot),
        body=coded,
        ties=ties,
    )
    is_changed = not is_same or not settled.grown.isdisjoint(facets)
    return Person(row, row.version - 1, body, component, sources, is_changed)


def _coded(ties: Ties) -> bytes:
    return encode(ties) if ties.musts or ties.aparts else b""


def _moment(now: Millis, replaced: Iterable[str], snapshot: Snapshot) -> Millis:
    """When this is saved. Writers' clocks differ a little: a later version is never of an earlier time."""
    rows = (snapshot.profile(one) for one in replaced)
    return max([now, *(row.updated_at for row in rows if row is not None)])


def _state(sources: tuple[str, ...], snapshot: Snapshot) -> State:
    """Who opted out stays out: neither an event nor a merge nor a split opts a person in again."""
    rows = (snapshot.profile(one) for one in sources)
    return "restricted" if any(row is not None and row.state == "restricted" for row in rows) else "active"


def _generation(component: Component, sources: tuple[str, ...], snapshot: Snapshot) -> int:
    """That of whom it was, or one more than the last that was erased."""
    rows = [row for one in sources if (row := snapshot.profile(one)) is not None]
    erased = [snapshot.row(key).generation for key in component.nodes if key in snapshot.identifiers]
    return max([row.generation for row in rows] + [1 + one for one in erased if one], default=1)


def _redirects(
    people: tuple[Person, ...], snapshot: Snapshot, index: BlindIndex, now: Millis
) -> Iterator[tuple[ProfileRow, int]]:
    """Former leads' rows, which lead to the person who holds their facet now."""
    ids = {one.row.profile_id for one in people}
    for person in people:
        for facet in person.component.facets:
            former = index.profile_id(facet)
            row = snapshot.profile(former)
            if row is None or former in ids or row.merged_into == person.row.profile_id or row.state == "erased":
                continue
            leads = msgspec.structs.replace(
                unjudged(row),
                version=row.version + 1,
                state="merged",
                merged_into=person.row.profile_id,
                updated_at=now,
                body=b"",
                ties=b"",
                due_at=0,
            )
            yield leads, row.version


def _identifiers(people: tuple[Person, ...], settled: Settled, snapshot: Snapshot) -> Iterator[IdentifierWrite]:
    """The identifiers that lead elsewhere than before, or that another anchor now contends for."""
    owners = {key: one.row.profile_id for one in people for key in one.component.nodes}
    stood = {key: profile_id for profile_id in settled.involved for key in snapshot.nodes(profile_id)}
    contended: dict[IdentifierKey, set[FacetId]] = {}
    for refused in settled.refused:
        contended.setdefault(refused.other, set()).add(refused.anchor)
    moved = {key for key in owners.keys() | stood.keys() if owners.get(key, "") != stood.get(key, "")}
    snapshot.know(moved | contended.keys() | settled.shared)
    for key in sorted(moved | contended.keys() | settled.shared):
        before = snapshot.row(key)
        is_shared = before.shared or key in settled.shared
        after = msgspec.structs.replace(
            before,
            profile_id=owners.get(key, "" if key in stood or settled.reached else before.profile_id),
            # Those of a shared one stay as they were when it was found to be: who comes later was never linked by it.
            contenders=before.contenders
            if before.shared
            else tuple(sorted({*contended.get(key, ()), *before.contenders})[:MOST_CONTENDERS]),
            shared=is_shared,
        )
        if after != before:
            yield IdentifierWrite(key, msgspec.structs.replace(after, version=before.version + 1))


def _namesakes(writes: Iterable[IdentifierWrite], snapshot: Snapshot) -> set[IdentifierKey]:
    """The other names of identifiers that get their first row: they must be unknown still, or it would have two."""
    new = (one.key for one in writes if one.row.version == 1) if snapshot.namesakes else ()
    return {name for key in new for name in snapshot.namesakes.get(key, ())}


def _decisive(people: tuple[Person, ...], snapshot: Snapshot, new: tuple[Edge, ...]) -> set[IdentifierKey]:
    """Identifiers by whose rows it was decided: a contender that another writer adds meanwhile must be seen."""
    rows = {edge.other: snapshot.row(edge.other) for edge in new}
    decisive = {key for key, row in rows.items() if row.version and not row.shared}
    for person in people:
        for source in person.sources:
            # Where somebody loses an identifier, or an operator's word makes room, a refused link may become possible.
            if not new or snapshot.nodes(source) - person.component.nodes:
                decisive |= snapshot.nodes(source) & snapshot.identifiers.keys()
    return decisive


def versions_of(planned: Plan) -> dict[str, int]:
    """The version that everybody concerned has after the save."""
    return {one.row.profile_id: one.row.version if one.is_changed else one.replaces for one in planned.people}


def actions_of(planned: Plan) -> int:
    """How many of a transaction's actions it takes, events and records aside."""
    kept = (planned.people, planned.redirects, planned.identifiers, planned.unmoved)
    return sum(map(len, kept))
