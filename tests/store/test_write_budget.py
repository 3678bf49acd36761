"""What ingestion writes costs no more than its budget: a count by the calculator, so a test may hold it to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from chalicelib.events.model import Event
from chalicelib.kernel.moments import DAY_MS, MINUTE_MS
from chalicelib.store.capacity import item_bytes
from chalicelib.store.items import plain
from tests.bench.world import KINDS
from tests.flows.world import NOW, World, event
from tests.store.backends import Stores, stores_of
from tests.store.meter import Meter

TWO_KB = 2_000
NEARLY = 1_850


class Metered:
    """A world whose stores are DynamoDB's behind a meter, and one person in it."""

    def __init__(self, stores: Stores) -> None:
        assert stores.api is not None
        self.meter = Meter(stores.api.call)
        self.tenant = f"t_{uuid4().hex[:8]}"
        self.world = World()
        self.source = self.world.add_source("s_metered", tenant_id=self.tenant)
        profiles, history, secrets, _ = stores_of(self.meter, stores.tables)
        self.services = replace(self.world.ingestion(), profiles=profiles, history=history, secrets=secrets)
        self._stores = stores
        self._made = 0

    def events(self, count: int, days_ago: int = 0) -> Iterator[Event]:
        """What a customer service sees of a person, of all kinds in turn."""
        for _ in range(count):
            self._made += 1
            kind, channel, data = KINDS[self._made % len(KINDS)]
            told = {name: one.format(n=self._made) if isinstance(one, str) else one for name, one in data.items()}
            phone = ("phone", "+8613907551234")
            # Of the past a part came by phone alone, so that the person has two facets.
            who = (phone,) if days_ago and self._made % 4 == 0 else (("user_id", "u1"), phone)
            at = NOW - days_ago * DAY_MS - (60 - self._made % 60) * MINUTE_MS
            made = event(kind, *who, at=at, source="s_metered", tenant=self.tenant, channel=channel, **told)
            yield replace(made, received_at=NOW)

    def describe(self, **traits: str) -> None:
        """What is known of the person beyond what happens."""
        who = ("user_id", "u1")
        self.world.accept(
            event("profile.described", who, source="s_metered", tenant=self.tenant, traits=traits), source=self.source
        )
        assert self.world.ingest(self.services).applied == 1

    def units(self, count: int, days_ago: int = 0) -> int:
        """Units of ingesting so many events that come together."""
        before = self.meter.units
        self.world.accept(*self.events(count, days_ago), source=self.source)
        report = self.world.ingest(self.services)
        assert (report.applied, report.failed) == (count, {})
        return self.meter.units - before

    def profile_bytes(self) -> int:
        """The size of the person's profile as stored."""
        asked: dict[str, Any] = {"TableName": self._stores.tables["TABLE_PROFILES"]}
        asked |= {"FilterExpression": "begins_with(pk, :p)"}
        asked["ExpressionAttributeValues"] = {":p": {"S": f"{self.tenant}#p#"}}
        # Other tests' rows stand in the same table, more than one page of them.
        answer = self._stores.call("Scan", **asked)
        found = answer["Items"]
        while "LastEvaluatedKey" in answer:
            answer = self._stores.call("Scan", **asked, ExclusiveStartKey=answer["LastEvaluatedKey"])
            found = found + answer["Items"]
        return max(item_bytes(plain(one)) for one in found)


@pytest.fixture
def metered(on_moto: Stores) -> Metered:
    """Somebody whose profile has grown to nearly 2 KB."""
    made = Metered(on_moto)
    made.describe(city="上海", gender="female", name="张三丰", birth_date="1995-02-03", language="zh-CN")
    # Seen today already: what the first event of a day costs besides has a test of its own.
    made.units(len(KINDS))
    for days in range(700, 0, -3):
        made.units(5, days)
        if made.profile_bytes() >= NEARLY:
            break
    return made


@pytest.mark.parametrize(("count", "each"), [(1, 7.0), (5, 4.0), (10, 3.5)])
def test_ingest__events_of_one_person_on_a_2_kb_profile__within_the_budget(
    metered: Metered, count: int, each: float
) -> None:
    """Event rows, profile, identifiers, index entries: all that one save writes, per event."""
    units = metered.units(count)
    print(f"{count} together: {units} units, {units / count:.2f} each, on {metered.profile_bytes():,} bytes")
    assert units / count <= each
    assert NEARLY <= metered.profile_bytes() <= TWO_KB + 48


def test_ingest__first_event_of_a_day__at_most_two_units_more(metered: Metered) -> None:
    """Its windows end sooner than what was waited for: one entry of the index goes, another comes. The next moves none."""
    metered.world.now += DAY_MS
    first, second = metered.units(1, days_ago=-1), metered.units(1, days_ago=-1)
    print(f"the first of a day: {first} units, the next: {second}, on {metered.profile_bytes():,} bytes")
    assert second <= 7 and first <= 9


def test_meter__event_that_is_there_already__nothing_is_written(metered: Metered) -> None:
    """A redelivery is found by its marker; only the refused transaction is asked for."""
    (one,) = metered.events(1)
    for _ in range(2):
        metered.world.accept(one, source=metered.source)
    report = metered.world.ingest(metered.services)
    assert (report.applied, report.duplicate) == (1, 1)


def test_meter__a_call_it_does_not_know__is_refused(on_moto: Stores) -> None:
    """What is not counted must not pass for free."""
    assert on_moto.api is not None
    with pytest.raises(AssertionError, match="BatchWriteItem"):
        Meter(on_moto.api.call)("BatchWriteItem", {})
