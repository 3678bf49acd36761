"""Where more people hang together than one decision may look at, nobody changes sides and nothing stops."""

from __future__ import annotations

import pytest

from chalicelib.flows import plan_save, settle_links
from tests.flows.world import NOW, TENANT_ID, World, event


def phone(number: int) -> tuple[str, str]:
    return ("phone", f"+8613907{550000 + number}")


def account(number: int) -> tuple[str, str]:
    return ("user_id", f"u{number:03}")


def chain(world: World, length: int) -> None:
    """Each account has its phone, and was seen with its neighbour's: refused links from end to end."""
    for number in range(length):
        who = (account(number), phone(number), phone(number + 1))
        assert world.apply(event("message.received", *who, at=NOW - 1_000_000 + number, text="hi")).failed == {}


def test_tangle__new_link_into_it__is_refused_with_its_reason_and_the_event_counts(world: World) -> None:
    """The limit of a decision is a reason like any other: noted, and never a freeze."""
    length = settle_links.MOST_PROFILES + 5
    chain(world, length)
    before = dict(world.profiles.identifiers)
    report = world.apply(event("message.received", account(0), phone(length // 2), at=NOW - 2_000_000, text="hi"))
    assert (report.applied, report.failed) == (1, {})
    assert "too_tangled" in world.codes()
    assert sum(row.facet == world.key(*account(0)) for row in world.history.markers.values()) == 2
    moved = {key for key, row in world.profiles.identifiers.items() if row.profile_id != before[key].profile_id}
    assert moved == set()


def test_tangle__an_identifier_that_ever_more_people_are_seen_with__its_row_stays_small(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be found to be shared there, and must not grow for that."""
    monkeypatch.setattr(settle_links, "MOST_PROFILES", 2)
    monkeypatch.setattr(plan_save, "MOST_CONTENDERS", 20)
    chain(world, 4)
    for number in range(100, 140):
        told = event("message.received", account(number), phone(2), at=NOW - 1_000_000 + number, text="hi")
        assert world.apply(told).applied == 1
    row = world.profiles.identifiers[TENANT_ID, world.key(*phone(2))]
    assert len(row.contenders) == 20


def test_batch__too_large_for_one_save__is_saved_in_parts(world: World) -> None:
    """Sixty accounts on one phone take more than a transaction holds; ingestion makes it smaller until it fits."""
    world.accept(
        *[event("message.received", account(n), phone(n), phone(99), at=NOW - 9_000 + n, text="hi") for n in range(60)]
    )
    report = world.ingest()
    assert (report.applied, report.failed) == (60, {})
