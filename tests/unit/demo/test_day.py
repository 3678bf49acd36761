"""The invented traffic: repeatable, exact in number, and true to the people behind it."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

import pytest

from infra.demo.broken import FAULTS
from infra.demo.day import make_day
from infra.demo.lives import DAYTIME, NIGHT, local_hour
from infra.demo.people import make_people
from infra.demo.sending import CLOUDEVENTS, DAY_MS, HOUR_MS, SEGMENT, WEBHOOK, Sending

NOW = 1_795_319_605_000
PEOPLE = make_people(200, 7, date(2026, 11, 22))
DAY = make_day(PEOPLE, seed=7, now=NOW, total=5_000)
SOUND = [sending for sending in DAY if not sending.fault]
CONTACTS = ("message.received", "call.started", "conversation.opened")


def _of(index: int, *types: str) -> list[Sending]:
    return [one for one in SOUND if one.person == index and not one.copy and (not types or one.type in types)]


def test_day__same_arguments__same_traffic() -> None:
    """The people, the seed and the moment decide everything."""
    assert make_day(PEOPLE, seed=7, now=NOW, total=5_000) == DAY
    assert make_day(PEOPLE, seed=8, now=NOW, total=5_000) != DAY


def test_day__of_five_thousand__holds_the_stated_shares() -> None:
    """Exactly 5,000: 5% twice, 1% broken, about 3% late, over half within the last day, all three doors."""
    assert len(DAY) == 5_000
    assert sum(sending.copy for sending in DAY) == 250
    assert sum(bool(sending.fault) for sending in DAY) == 50
    late = sum(sending.arrives - sending.at >= 2 * HOUR_MS for sending in SOUND if not sending.copy)
    assert 0.02 < late / len(DAY) < 0.04
    assert sum(sending.at > NOW - DAY_MS for sending in SOUND) > len(DAY) / 2
    assert {sending.door for sending in DAY} == {SEGMENT, CLOUDEVENTS, WEBHOOK}


def test_day__copies__equal_their_originals() -> None:
    """An event sent twice is the same event in all but its arrival; no other two share an id."""
    by_id: dict[str, list[Sending]] = defaultdict(list)
    for sending in DAY:
        by_id[sending.id].append(sending)
    for group in by_id.values():
        assert sorted(one.copy for one in group) == list(range(len(group)))
        assert len({(one.type, one.at, one.identifiers, one.person) for one in group}) == 1


def test_day__sound_events__lie_in_the_past_and_name_their_person() -> None:
    """No sound event is in the future or older than two years, and none names another person."""
    owner: dict[tuple[str, str], int] = {}
    for sending in SOUND:
        assert NOW - 640 * DAY_MS < sending.at < NOW
        assert sending.identifiers
        for identifier in sending.identifiers:
            assert owner.setdefault(identifier, sending.person) == sending.person


def test_day__broken_events__show_every_fault() -> None:
    """Each kind of fault is sent, in nearly equal numbers."""
    faults = Counter(sending.fault for sending in DAY if sending.fault)
    assert set(faults) == set(FAULTS)
    assert max(faults.values()) - min(faults.values()) <= 1


def test_day__habits__show_in_the_traffic() -> None:
    """Night owls write at night, others by day, and most contacts go through the preferred channel."""
    for person in PEOPLE:
        contacts = _of(person.index, *CONTACTS)
        if person.stage != "regular":
            continue
        hours = Counter(local_hour(contact.at) in (NIGHT if person.night_owl else DAYTIME) for contact in contacts)
        assert hours[True] >= 0.8 * len(contacts)
        preferred = sum(contact.channel == person.channel for contact in contacts)
        assert preferred > len(contacts) / 2


def test_day__moods_and_troubles__have_their_events() -> None:
    """Every truth that tags are scored by has events behind it, and only where it is true."""
    for person in PEOPLE:
        filed = {one.data["ticket_id"] for one in _of(person.index, "complaint.filed")}
        closed = {one.data["ticket_id"] for one in _of(person.index, "ticket.resolved")}
        assert bool(filed - closed) == (person.mood == "complainer")
        shipped = {one.data["order_id"] for one in _of(person.index, "order.shipped")}
        assert bool(shipped) == (person.trouble == "overdue")
        assert (len(_of(person.index, "order.refunded")) >= 3) == (person.trouble == "refunds")
        assert bool(_of(person.index, "payment.failed")) == (person.trouble == "payment")
        if person.stage == "lapsed":
            assert all(one.at < NOW - 90 * DAY_MS for one in _of(person.index))


def test_day__too_few_events__is_refused() -> None:
    """A total that the people's lives do not fit into is refused and names one that does."""
    with pytest.raises(ValueError, match="need at least") as refusal:
        make_day(PEOPLE, seed=7, now=NOW, total=1_000)
    enough = int(str(refusal.value).split("at least ")[1].split(" ")[0])
    assert len(make_day(PEOPLE, seed=7, now=NOW, total=enough)) == enough
