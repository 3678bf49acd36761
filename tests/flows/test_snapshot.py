"""A snapshot never answers for what it has not read."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.flows.snapshot import Snapshot
from tests.flows.world import TENANT_ID, World, paid

USER, PHONE = ("user_id", "u1"), ("phone", "+8613907551234")


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
