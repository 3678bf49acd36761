"""From what people write to what is asked now: counted once, by declared words only, and told against the usual."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.flows.read_hot_words import Asked, WordServices, read_hot_words
from chalicelib.flows.tally import Tally
from chalicelib.insights.hot_words import EVERY, KEPT_MS, family_of
from chalicelib.insights.lexicon import lexicon_with, shipped_lexicon
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.store.tallies import MemoryTallies
from tests.flows.world import NOW, TENANT_ID, World, consent, described, event
from tests.unit.insights.test_lexicon import word

WEEK = 7 * DAY_MS


def tallied(world: World, **changed: Any) -> MemoryTallies:
    """Let the world count what people write."""
    store = MemoryTallies()
    services = replace(world.ingestion(), tally=Tally(store, lambda: 0.0), **changed)
    services.tally._next_at = float("-inf")  # type: ignore[union-attr]
    world.ingestion = lambda profiles=None: services  # type: ignore[method-assign]
    return store


def written(store: MemoryTallies, world: World) -> None:
    """Write what the container still has."""
    tally = world.ingestion().tally
    assert tally is not None
    tally._next_at = float("-inf")
    tally.flush()


def asked(text: str, number: int = 0, *, at: int = NOW - HOUR_MS, type: str = "message.received", **more: Any) -> Any:
    field = "query" if type == "search.performed" else "text"
    return event(type, ("user_id", f"u{number}"), at=at, **{field: text}, **more)


def counts(store: MemoryTallies, region: str = EVERY) -> dict[str, int]:
    """Key → count over all hours of a region."""
    found: dict[str, int] = {}
    for (_, family, _), kept in store.kept.items():
        if family == family_of(region):
            for key, count in kept.items():
                found[key] = found.get(key, 0) + count
    return found


def services_of(store: MemoryTallies) -> WordServices:
    return WordServices(store, lambda _: shipped_lexicon())


def test_message__saved__counts_its_words_once_however_often_it_comes() -> None:
    """Redelivered, sent twice in one batch and said twice in one text, a word counts once per message."""
    world = World()
    store = tallied(world)
    one = asked("退款！退款！快递到哪了")
    for _ in range(3):
        world.apply(one, one)
    written(store, world)
    assert counts(store) == {"*~newcomer~web": 1, "refund~newcomer~web": 1, "where_is_parcel~newcomer~web": 1}


def test_counting__without_the_marker_of_the_event__would_count_again() -> None:
    """Negative control: it is the saved marker that keeps a redelivery from counting, and not luck."""
    world = World()
    store = tallied(world)
    body = world.accept(asked("退款"))[0]
    for _ in range(2):
        world.history.markers.clear()
        world.deliver([body])
    written(store, world)
    assert counts(store)["refund~newcomer~web"] == 2


def test_texts__of_every_kind__are_counted_by_region_segment_and_channel() -> None:
    """Messages, tickets, complaints and searches count; what an agent sends does not; who writes decides where."""
    world = World()
    store = tallied(world)
    world.apply(
        described(("user_id", "u1"), at=NOW - 2 * HOUR_MS, source="s_crm", city="杭州", is_vip=True), source=world.crm
    )
    world.apply(
        asked("发票抬头写错了", 1, type="ticket.opened", ticket_id="t1", channel="desk"),
        asked("投诉", 1, type="complaint.filed", ticket_id="t2", channel="phone"),
        asked("优惠券", 1, type="search.performed", channel="app"),
        asked("退款", 1, type="message.sent", channel="app"),
    )
    written(store, world)
    assert counts(store, "浙江") == counts(store)
    assert {key for key in counts(store) if not key.startswith("*")} == {
        "invoice_title~vip~desk",
        "complaint~vip~phone",
        "coupon~vip~app",
    }


def test_person__whose_profile_is_restricted__is_counted_nowhere() -> None:
    """Who asked that their data rest is in no statistic."""
    world = World()
    store = tallied(world)
    world.apply(asked("hello"))
    (key,) = world.profiles.rows
    world.profiles.rows[key] = replace(world.profiles.rows[key], state="restricted")
    world.apply(asked("退款"))
    written(store, world)
    assert not [one for one in counts(store) if one.startswith("refund")]


def test_person__who_refused_analytics__is_counted_nowhere() -> None:
    """From the very event on that says so."""
    world = World()
    store = tallied(world)
    one = asked("退款")
    who = [(name.namespace, name.value) for name in one.identifiers]
    world.apply(consent(*who, granted=False, purpose="analytics", source="s_web"), one)
    written(store, world)
    assert not [name for name in counts(store) if name.startswith("refund")]


def test_text__with_personal_words__leaves_only_declared_ids_in_the_tallies() -> None:
    """What a person typed of themselves stands in no key of any tally."""
    world = World()
    store = tallied(world)
    world.apply(asked("我叫王芳，电话13900001234，住杭州市西湖区文三路1号，要退款"))
    written(store, world)
    names = {key.split("~")[0] for key in counts(store)} | {family for _, family, _ in store.kept}
    assert "王芳" not in str(store.kept) and "13900001234" not in str(store.kept) and "文三路" not in str(store.kept)
    assert names <= {EVERY, *shipped_lexicon().words} | {family for _, family, _ in store.kept}


def test_event__too_old_to_compare__is_not_counted() -> None:
    """An import of last year's messages does not write tallies that nobody reads."""
    world = World()
    store = tallied(world)
    world.apply(asked("退款", at=NOW - KEPT_MS))
    written(store, world)
    assert counts(store) == {}


def test_tenant__with_own_words__counts_them_too() -> None:
    """A declared word of a tenant's is counted beside the shipped ones."""
    world = World()
    store = tallied(world, words=lambda _: lexicon_with([word("festival_box", "端午礼盒")]))
    world.apply(asked("端午礼盒什么时候发货"))
    written(store, world)
    assert {"festival_box~newcomer~web", "not_shipped~newcomer~web"} < counts(store).keys()


def test_now__against_four_weeks__names_what_rises() -> None:
    """Eight a day about refunds are usual; thirty about lost parcels are not."""
    world = World()
    store = tallied(world)
    past = [(week, number) for week in (1, 2, 3, 4) for number in range(8)]
    world.apply(*(asked("退款", number, at=NOW - week * WEEK - HOUR_MS) for week, number in past))
    world.apply(*(asked("快递丢了", number, at=NOW - 2 * WEEK) for number in range(5)))
    world.apply(*(asked("退款", number) for number in range(8)))
    world.apply(*(asked("我的快递丢了", number) for number in range(30)))
    world.apply(*(asked("发票", number) for number in range(4)))
    written(store, world)
    told = read_hot_words(TENANT_ID, Asked(), services_of(store), NOW)
    found = {one.id: one for one in told.words}
    assert (told.messages, told.weeks, told.risers) == (42, 4, ("parcel_lost",))
    assert list(found) == ["parcel_lost", "refund"]
    assert found["refund"].expected is not None and found["refund"].expected == pytest.approx(8, abs=0.4)
    assert not found["refund"].rises and found["parcel_lost"].lift is not None and found["parcel_lost"].lift > 4
    assert found["parcel_lost"].name.zh == "快递丢了" and found["parcel_lost"].trade == "retail"
    elsewhere = read_hot_words(TENANT_ID, Asked(region="广东"), services_of(store), NOW)
    assert (elsewhere.words, elsewhere.messages) == ((), 0)


@pytest.mark.parametrize(
    ("asking", "code"),
    [
        (Asked(window="1y"), "bad_window"),
        (Asked(region="nowhere"), "unknown_region"),
        (Asked(segment="rich"), "unknown_segment"),
        (Asked(channel="fax"), "unknown_channel"),
    ],
)
def test_question__about_nothing_known__is_refused(asking: Asked, code: str) -> None:
    """A filter that is none of the choices is a mistake and not an empty answer."""
    with pytest.raises(BadInput) as refused:
        read_hot_words(TENANT_ID, asking, services_of(MemoryTallies()), NOW)
    assert refused.value.code == code


@pytest.mark.parametrize("region", ["浙江", "杭州", "Zhejiang", "US", "unknown", "other", ""])
def test_region__in_any_of_its_names__is_understood(region: str) -> None:
    """A city asks for its province; a country goes by its two letters."""
    told = read_hot_words(TENANT_ID, Asked(region=region), services_of(MemoryTallies()), NOW)
    assert told.region in {"浙江", "US", "unknown", "other", None}
