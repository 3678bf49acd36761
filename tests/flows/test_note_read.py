"""Who sees a person is kept before they do, by names of fields and never by a value."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.flows.describe_profile import describe_profile
from chalicelib.flows.note_read import KEPT_DAYS, SEERS, Seen, Seer, note_read, seen_kind, seen_of_kind
from chalicelib.flows.read_timeline import read_timeline
from chalicelib.flows.seen_in import shown_in
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import DAY_MS
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.rows import Record
from tests.flows.world import NOW, TENANT_ID, World, described, paid

USER = ("user_id", "u1")
SIGHT = Seen("anna@shop.test", "agent", "profiles.read", ("p_1", "p_2"), "service", ("personal",), ("traits.name",))


def rows(history: MemoryHistory, kind: str) -> list[Record]:
    return list(history.records(TENANT_ID, kind, before=NOW + DAY_MS, limit=100))


def test_sight__kept__by_its_principal_and_by_each_person() -> None:
    """Both questions, what P saw and who saw X, start from a list of their own; every seer is named once."""
    history = MemoryHistory()
    ids = [note_read(TENANT_ID, SIGHT, history, NOW + later) for later in (0, 1)]
    kept = rows(history, seen_kind(SIGHT.principal))
    assert [one.record_id for one in kept] == ids[::-1]
    assert [decode(one.content, Seen) for one in kept] == [SIGHT, SIGHT]
    assert {one.expires_at - one.at for one in kept} == {KEPT_DAYS * DAY_MS}
    for profile_id in SIGHT.profile_ids:
        assert [one.record_id for one in rows(history, seen_of_kind(profile_id))] == ids[::-1]
    assert [decode(one.content, Seer).principal for one in rows(history, SEERS)] == [SIGHT.principal]


def test_sight__kept_again_in_its_millisecond__is_one_row() -> None:
    """A write whose outcome was lost is repeated without a second row; another sight is another row."""
    history = MemoryHistory()
    assert note_read(TENANT_ID, SIGHT, history, NOW) == note_read(TENANT_ID, SIGHT, history, NOW)
    note_read(TENANT_ID, replace(SIGHT, purpose="legal"), history, NOW)
    assert len(rows(history, seen_kind(SIGHT.principal))) == 2


def test_sight__in_keys__no_name_of_a_principal() -> None:
    """Whoever is named like an address, or like another one's key, stands in a key as a hash."""
    history = MemoryHistory()
    for principal in ("anna@shop.test", "anna#seen.x", "b" * 3_000):
        note_read(TENANT_ID, replace(SIGHT, principal=principal), history, NOW)
    for _, kind, id_ in history.kept_records:
        assert "anna" not in f"{kind}#{id_}" and "#" not in kind + id_ and len(kind) < 64


def test_sight__ticket_with_a_phone__is_kept_masked() -> None:
    """A ticket is an id; what somebody writes instead is looked through."""
    history = MemoryHistory()
    note_read(TENANT_ID, replace(SIGHT, ticket="call 13907551234"), history, NOW)
    (row,) = rows(history, seen_kind(SIGHT.principal))
    assert "1234" in decode(row.content, Seen).ticket and "13907551234" not in decode(row.content, Seen).ticket


@pytest.mark.parametrize("fails_at", [0, 1, 2, 3])
def test_sight__that_cannot_be_kept__raises(fails_at: int) -> None:
    """Whichever of its writes fails: the caller gets 503 and no answer."""

    class Failing(MemoryHistory):
        writes = 0

        def keep(self, record: Record) -> bool:
            if self.writes == fails_at:
                raise Unavailable("throttled", "Later.")
            self.writes += 1
            return super().keep(record)

    history = Failing()
    with pytest.raises(Unavailable):
        note_read(TENANT_ID, SIGHT, history, NOW)
    assert rows(history, seen_kind(SIGHT.principal)) == []
    history.writes = 100
    note_read(TENANT_ID, SIGHT, history, NOW)
    assert len(rows(history, SEERS)) == 1, "one who could not be listed is listed with the next sight"


def test_shown__in_a_profile_and_its_timeline__names_each_field_and_no_value(world: World) -> None:
    """The classes come from the data map, identifiers are personal, and no value is among the names."""
    world.apply(described(USER, city="上海", name="王小明"), paid("o1", "12.50", USER))
    person = world.person(*USER)
    shown = shown_in(describe_profile(person, world.reading(), NOW))
    assert {"traits.city", "traits.name", "identifiers.user_id", "measures.orders_paid"} <= set(shown.fields)
    assert {"internal", "personal"} <= set(shown.classes)
    assert "上海" not in str(shown) and "小明" not in str(shown)
    seen = shown_in(read_timeline(TENANT_ID, person.profile_id, 10, "", world.reading(), NOW))
    assert {"events.order.paid", "events.order.paid.amount"} <= set(seen.fields)


@pytest.fixture
def world() -> World:
    return World()
