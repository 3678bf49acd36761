"""A snapshot never answers for what it has not read."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from msgspec.structs import replace

from chalicelib.flows.snapshot import Snapshot
from chalicelib.profiles.model import IdentifierKey
from chalicelib.store.memory import MemoryProfiles
from chalicelib.store.rows import IdentifierRow
from tests.flows.oracle import contributions_of, expected_bodies
from tests.flows.test_any_order import interrupted
from tests.flows.world import TENANT_ID, World, paid

USER, PHONE = ("user_id", "u1"), ("phone", "+8613907551234")
MAILBOX = ("email", "reader@shop.test")


class KeyByKey(MemoryProfiles):
    """Finds some keys as they were before the save that wrote them: once, as a batch is read key by key."""

    def __init__(self, world: World, overlooked: Collection[IdentifierKey]) -> None:
        super().__init__(world.history)
        self.rows, self.identifiers = world.profiles.rows, world.profiles.identifiers
        self.overlooked = set(overlooked)

    def find(self, tenant: str, keys: Collection[IdentifierKey], *, fresh: bool) -> dict[IdentifierKey, IdentifierRow]:
        seen = super().find(tenant, keys, fresh=fresh)
        missed, self.overlooked = self.overlooked.intersection(keys), self.overlooked.difference(keys)
        return {key: row for key, row in seen.items() if key not in missed}


def test_body__asked_for_before_its_profile_was_read__is_there_once_it_is(world: World) -> None:
    """A group of a round may make a profile that the next group comes upon: its facets must not be lost."""
    world.apply(paid("o1", "1.00"))
    profile_id = world.person(*USER).profile_id
    snapshot = Snapshot(TENANT_ID, world.profiles)
    assert snapshot.body(profile_id).facets == {}
    snapshot.know([world.key(*USER)])
    assert snapshot.body(profile_id).facets.keys() == {world.key(*USER)}


def test_owner__of_a_merged_profile__tears_the_snapshot(world: World) -> None:
    """An identifier that leads to who does not live was read while another writer merged: read again."""
    world.apply(paid("o1", "1.00", PHONE))
    ((key, row),) = world.profiles.rows.items()
    world.profiles.rows[key] = replace(row, state="merged")
    snapshot = Snapshot(TENANT_ID, world.profiles)
    snapshot.know([world.key(*PHONE)])
    assert snapshot.is_torn


def test_round__a_group_comes_upon_whom_another_writer_has_just_made__is_the_pure_function(world: World) -> None:
    """The first group thinks a person new whom another writer makes meanwhile; the second group reaches that person.

    Groups of a round share what was read. What the first one took for nobody must not be nobody for the second.
    """
    first, second = sorted((("user_id", f"u{one}") for one in range(2)), key=lambda one: world.key(*one))
    mailbox = ("email", "reader@shop.test")
    world.apply(paid("o1", "1.00", PHONE, mailbox, days_ago=9))
    for number in range(5):
        world.apply(paid(f"p{number}", "1.00", second, ("phone", f"+86139075500{number:02}"), days_ago=8))
    world.apply(paid("o2", "1.00", second, mailbox, days_ago=7))
    assert "too_many_phone" in world.codes()
    mine = [
        paid("o3", "1.00", first, days_ago=6),
        paid("o4", "1.00", second, ("phone", "+8613907550099"), days_ago=5),
    ]
    theirs = [paid("o5", "1.00", first, PHONE, days_ago=4)]
    interrupted(world, mine, lambda number: theirs if number == 1 else [])
    index = world.keys.index(world.tenant(TENANT_ID))
    live = {profile_id: row.body for (_, profile_id), row in world.profiles.rows.items() if row.state == "active"}
    assert live == expected_bodies(contributions_of(world.history.markers.values()), index)


@pytest.mark.parametrize("overlooked", [[PHONE], [MAILBOX], [USER], [PHONE, MAILBOX], [USER, PHONE]])
def test_round__a_batch_was_read_half_before_a_save_and_half_after__loses_nothing(
    world: World, overlooked: list[tuple[str, str]]
) -> None:
    """P3: an anchor that is not found beside a neighbour that is must not be taken for new: its facet holds events."""
    world.apply(paid("o1", "1.00", PHONE, MAILBOX, days_ago=9), paid("o2", "2.00", USER, PHONE, days_ago=8))
    store = KeyByKey(world, [world.key(*one) for one in overlooked])
    world.accept(
        paid("o3", "4.00", PHONE, MAILBOX, days_ago=7),
        paid("o4", "8.00", USER, MAILBOX, days_ago=6),
        paid("o5", "16.00", MAILBOX, days_ago=5),
    )
    world.ingest(world.ingestion(store))
    assert not store.overlooked
    assert world.person(*USER).series["orders_paid"].count == 5
    index = world.keys.index(world.tenant(TENANT_ID))
    live = {profile_id: row.body for (_, profile_id), row in world.profiles.rows.items() if row.state == "active"}
    assert live == expected_bodies(contributions_of(world.history.markers.values()), index)
