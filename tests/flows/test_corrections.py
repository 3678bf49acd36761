"""Corrections: what a person says is right wins over every source, in any order, and survives what comes later."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.events.delivery import FACET, Delivery
from chalicelib.events.model import Event, Identifier
from chalicelib.flows.accept_events import bodies
from chalicelib.flows.correct_person import Correction, CorrectionOrder, CorrectionServices, correct_person, state_of
from chalicelib.flows.describe_profile import describe_profile
from chalicelib.flows.read_timeline import read_timeline
from chalicelib.flows.replay_quarantined import replay_quarantined
from chalicelib.kernel.errors import BadInput, ManyMistakes, NotFound
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.profiles import claims
from chalicelib.profiles.corrections import CORRECTED
from tests.flows.sequences import Command, Life, commands
from tests.flows.sequences import events as shared_events
from tests.flows.test_any_order import deliver
from tests.flows.test_any_order import events as random_events
from tests.flows.test_erasure import EMAIL, PHONE, USER, erase
from tests.flows.world import NOW, TENANT_ID, World, described, event

OFFICER = "t_officer"


def services_of(world: World) -> CorrectionServices:
    return CorrectionServices(world.profiles, world.history, world.keys.index, world._send, world.message_limit_bytes)


def correct(world: World, correction_id: str = "cor_1", principal: str = OFFICER, **traits: Any) -> Correction:
    order = CorrectionOrder(correction_id, world.person(*USER).profile_id, traits, "they said so", principal)
    return correct_person(order, world.tenant(TENANT_ID), services_of(world), world.now)


def state(world: World, correction: Correction) -> str:
    return state_of(correction, world.tenant(TENANT_ID), services_of(world))


@pytest.fixture
def shop(world: World) -> World:
    """Somebody who is known to live in Beijing, born in 1995."""
    world.apply(described(USER, PHONE, city="北京", birth_date="1995-02-03", name="张三", at=NOW - DAY_MS))
    return world


def test_correction__of_a_value__wins_over_what_sources_say_later(shop: World) -> None:
    """A later event of the most trusted source does not take it back."""
    made = correct(shop, city="上海")
    assert state(shop, made) == "waiting"
    shop.ingest()
    shop.now += HOUR_MS
    shop.apply(described(USER, source="s_crm", city="广州", at=shop.now - 1), source=shop.crm)
    person = shop.person(*USER)
    assert (person.traits["city"].value, person.traits["city"].source) == ("上海", f"person:{OFFICER}")
    assert (person.traits["region"].value, person.traits["region"].source) == ("上海", f"person:{OFFICER}")
    assert state(shop, made) == "applied"
    assert person.first_seen == NOW - DAY_MS


def test_correction__null__removes_the_value_for_good(shop: World) -> None:
    """What is not so is not held, and no source may say it again; other sources' words are not used instead."""
    correct(shop, city=None)
    shop.ingest()
    shop.apply(described(USER, source="s_crm", city="广州", at=shop.now), source=shop.crm)
    person = shop.person(*USER)
    assert "city" not in person.traits and "region" not in person.traits
    assert "city" not in claims.usable(person, {"s_web": 0.1}).traits
    assert "city" not in describe_profile(person, shop.reading(), shop.now).traits


def test_correction__later_one__wins_over_the_earlier(shop: World) -> None:
    """Also where the earlier arrives last."""
    correct(shop, "cor_1", city="上海")
    shop.now += HOUR_MS
    correct(shop, "cor_2", principal="", city="深圳")
    shop.queue.reverse()
    shop.ingest()
    city = shop.person(*USER).traits["city"]
    assert (city.value, city.source) == ("深圳", "person")


def test_correction__of_a_birth_date__is_sealed_and_derives_the_age_band_anew(shop: World) -> None:
    """The coarse trait follows at once, and what a source says of the birth date later changes neither."""
    correct(shop, birth_date="1960-05-06")
    shop.ingest()
    shop.apply(described(USER, birth_date="1995-02-03", at=shop.now))
    person = shop.person(*USER)
    assert person.traits["age_band"].value == "60_plus"
    assert isinstance(person.traits["birth_date"].value, bytes)
    assert "1960" not in shop.at_rest().decode("latin-1")


def test_correction__of_a_birth_date_to_nothing__leaves_no_age_band(shop: World) -> None:
    """What an old birth date gave must not stay without it."""
    assert "age_band" in shop.person(*USER).traits
    correct(shop, birth_date=None)
    shop.ingest()
    assert not {"age_band", "birth_date"} & shop.person(*USER).traits.keys()


def test_correction__survives_merge_and_split(shop: World) -> None:
    """It stands with the facet that it names, and goes with it."""
    shop.apply(described(EMAIL, city="杭州", at=NOW))
    correct(shop, city="上海")
    shop.ingest()
    merged = shop.merge(shop.person(*USER).profile_id, shop.person(*EMAIL).profile_id)
    assert shop.person(*EMAIL).traits["city"].value == "上海"
    shop.split(merge_id=merged.merge_id)
    assert shop.person(*EMAIL).traits["city"].value == "杭州"
    assert shop.person(*USER).traits["city"].value == "上海"


def test_correction__person_erased_between__refused(shop: World) -> None:
    """It brings nobody back, and nothing of it is kept."""
    made = correct(shop, city="上海")
    erase(shop, shop.person(*USER).profile_id)
    shop.now += HOUR_MS
    report = shop.ingest()
    assert (report.applied, report.quarantined) == (0, 1)
    assert shop.codes() == {"person_erased": ["identifiers"]}
    assert state(shop, made) == "refused"
    assert shop.bodies() == []


def test_correction__of_an_earlier_generation__is_not_the_new_persons(shop: World) -> None:
    """Whoever registers anew is not who was corrected, whatever the clocks say."""
    made = correct(shop, city="上海")
    erase(shop, shop.person(*USER).profile_id)
    shop.now += HOUR_MS
    shop.apply(described(USER, city="北京", at=shop.now))
    ahead = Event(
        id="c9",
        type=CORRECTED,
        time=shop.now + 1,
        received_at=shop.now,
        tenant=TENANT_ID,
        source="person:t",
        channel="desk",
        identifiers=(Identifier(FACET, made.facet),),
        data={"generation": 1, "traits": {"city": "成都"}},
    )
    shop._send(
        list(bodies(Delivery("person:t", 0, frozenset(), 0, (ahead,), internal=True), shop.tenant(TENANT_ID), 9**9))
    )
    shop.ingest()
    assert shop.person(*USER).traits["city"].value == "北京"


def test_correction__asked_for_twice__is_one(shop: World) -> None:
    """The same key is the same correction: one event, one audit row, names and no value."""
    assert correct(shop, city="上海") == correct(shop, city="上海")
    shop.ingest()
    audits = [row for row in shop.history.kept_records.values() if row.kind == "audit"]
    assert len(shop.history.markers) == 2 and len(audits) == 1
    kept = b"".join(row.content for row in shop.history.kept_records.values())
    assert "上海".encode() not in kept


def test_correction__mistakes__all_told_at_once(shop: World) -> None:
    """Unknown, derived and badly typed traits are refused by name, and nothing is kept."""
    with pytest.raises(ManyMistakes) as told:
        correct(shop, age_band="60_plus", favourite="x", birth_date="yesterday")
    assert {one.code for one in told.value.mistakes} == {"derived_trait", "unknown_trait", "bad_trait"}
    with pytest.raises(BadInput, match="nothing_corrected"):
        correct(shop)
    order = CorrectionOrder("c", "p_none", {"city": "上海"}, "r", OFFICER)
    with pytest.raises(NotFound):
        correct_person(order, shop.tenant(TENANT_ID), services_of(shop), shop.now)
    assert not [row for row in shop.history.kept_records.values() if row.kind == "correction"]


@pytest.mark.parametrize(
    "sent",
    [
        event(CORRECTED, USER, traits={"city": "上海"}),
        event(CORRECTED, (FACET, "user_id:abc"), generation=1, traits={"city": "上海"}),
        event("profile.described", (FACET, "user_id:abc"), traits={"city": "上海"}),
    ],
)
def test_correction__sent_by_a_client__refused(shop: World, sent: Event) -> None:
    """Neither the type nor the namespace is a client's to send: only an internal delivery may."""
    report = shop.apply(sent)
    assert (report.applied, report.quarantined) == (0, 1)
    assert shop.person(*USER).traits["city"].value == "北京"


def test_correction__internal_delivery_of_something_else__refused(shop: World) -> None:
    """An internal delivery carries corrections and nothing else."""
    other = event("profile.described", (FACET, shop.key(*USER)), generation=1, traits={"city": "上海"})
    odd = event(CORRECTED, USER, generation=1, traits={"city": "上海"})
    empty = event(CORRECTED, (FACET, shop.key(*USER)), traits={"city": "上海"})
    sent = Delivery("person", 0, frozenset(), 0, (other, odd, empty), internal=True)
    shop._send(list(bodies(sent, shop.tenant(TENANT_ID), 9**9)))
    assert shop.ingest().quarantined == 3
    assert set(shop.codes()) == {"bad_type", "bad_identifier", "bad_correction"}


# -- P2 with corrections among the events


@st.composite
def corrections(draw: st.DrawFn, facet: str) -> Event:
    names = draw(st.lists(st.sampled_from(["city", "name", "birth_date", "is_vip"]), min_size=1, unique=True))
    values = {"city": "上海", "name": "王五", "birth_date": "1960-01-02", "is_vip": True}
    return Event(
        id=draw(st.uuids()).hex,
        type=CORRECTED,
        time=NOW - draw(st.sampled_from([1, 2, DAY_MS])),
        received_at=NOW,
        tenant=TENANT_ID,
        source=draw(st.sampled_from(["person", "person:a", "person:b"])),
        channel="desk",
        identifiers=(Identifier(FACET, facet),),
        data={"generation": 1, "traits": {one: draw(st.sampled_from([None, values[one]])) for one in names}},
    )


def send(world: World, sent: Sequence[Event], per_message: int) -> None:
    """Corrections as our flows send them, others through the doors, in this order."""
    for one in sent:
        if one.type == CORRECTED:
            whole = Delivery(one.source, 0, frozenset(), NOW, (one,), internal=True)
            world._send(list(bodies(whole, world.tenant(TENANT_ID), 9**9)))
            assert world.ingest().failed == {}
        else:
            deliver(world, [one], per_message=per_message, per_batch=3)


def replay(world: World) -> None:
    """What waits for somebody who was not there yet is queued again."""
    waiting = [row for row in world.history.quarantine_rows.values() if row.code == "no_such_person"]
    for row in waiting:
        replay_quarantined(TENANT_ID, row.quarantine_id, "t_admin", world.history, world._send, world.now)
    assert world.ingest().failed == {}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), shuffled=st.randoms(use_true_random=False), repeats=st.integers(0, 4))
def test_ingest__corrections_in_any_order_and_duplication__bodies_are_byte_equal(
    data: st.DataObject, shuffled: random.Random, repeats: int
) -> None:
    """P2 holds with corrections: whichever comes first, and however often."""
    straight = World()
    sent = data.draw(st.lists(random_events(), min_size=1, max_size=6, unique_by=lambda one: one.id))
    send(straight, sent, 5)
    facets = sorted(straight.facets())
    if not facets:
        return
    said = data.draw(
        st.lists(st.sampled_from(facets).flatmap(corrections), min_size=1, max_size=4, unique_by=lambda one: one.id)
    )
    send(straight, said, 5)
    other = World(secrets=straight.secrets)
    mixed = [*sent, *said, *shuffled.choices([*sent, *said], k=repeats)]
    shuffled.shuffle(mixed)
    send(other, mixed, 1)
    replay(other)
    assert other.bodies() == straight.bodies()
    assert other.history.markers.keys() == straight.history.markers.keys()


@pytest.mark.parametrize("mutant", [False, True])
def test_mutant__corrections_of_no_rank__a_source_takes_them_back(
    shop: World, mutant: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: by time alone, the next event of any source would undo a correction."""
    if mutant:
        monkeypatch.setattr(claims, "is_correction", lambda _trait: False)
    correct(shop, city="上海")
    shop.ingest()
    shop.now += HOUR_MS
    shop.apply(described(USER, city="广州", at=shop.now))
    assert (shop.person(*USER).traits["city"].value == "上海") is not mutant


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data(), steps=st.lists(shared_events() | commands, min_size=2, max_size=8))
def test_ingest__corrections_among_merges_and_splits__bodies_are_what_all_of_them_come_to(
    data: st.DataObject, steps: list[Event | Command]
) -> None:
    """P4 holds with corrections: a facet takes its own along, whoever it belongs to meanwhile."""
    life = Life()
    for step in steps:
        life.obey(step) if isinstance(step, Command) else life.deliver(step)
        facets = sorted(life.world.facets())
        if facets and data.draw(st.booleans()):
            send(life.world, [data.draw(st.sampled_from(facets).flatmap(corrections))], 1)
    assert life.bodies() == life.expected()


def test_correction__in_the_views__reads_well(shop: World) -> None:
    """The timeline says which traits and never a value; the quality of the trait names who said what."""
    correct(shop, city="上海", birth_date="1960-05-06")
    shop.ingest()
    person = shop.person(*USER)
    view = describe_profile(person, shop.reading(), shop.now)
    said = [one.source for one in view.quality.traits["city"].said]
    assert said == [f"person:{OFFICER}", "s_web"]
    assert view.traits["city"].source == f"person:{OFFICER}" and view.traits["birth_date"].masked
    page = read_timeline(TENANT_ID, person.profile_id, 10, "", shop.reading(), shop.now)
    (told,) = [one for one in page.events if one.type == CORRECTED]
    assert told.data == {"corrected": ["birth_date", "city"]}
    assert "1960" not in repr(page) and "上海" not in repr(told)
