"""From a door through the queue to profiles: each event once in effect, each failure its own."""

from __future__ import annotations

import json
import random
from base64 import b64decode, b64encode

import pytest

from chalicelib.events.delivery import Delivery, RefusedItem
from chalicelib.events.model import Identifier
from chalicelib.flows.admission import delivery_info
from chalicelib.flows.find_person import by_identifiers
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import TooLarge
from chalicelib.kernel.moments import DAY_MS, MINUTE_MS
from chalicelib.privacy.envelope import open_from, seal_to
from chalicelib.store.rows import Change, Outcome
from chalicelib.tags.model import Assessment, Failure
from tests.flows.world import NOW, TENANT_ID, World, described, event, paid

PHONE = ("phone", "+8613907551234")
USER = ("user_id", "u1")
SPENT = "orders_paid"


def test_door_to_profile__a_customer_calls_and_buys__one_person_with_all_of_it(world: World) -> None:
    """What came through several sources and identifiers stands in one profile."""
    world.accept(described(USER, PHONE, name="张三", city="上海"), paid("o1", "99.50", USER), paid("o2", "0.50", USER))
    world.accept(event("message.received", PHONE, text="我的快递到哪了", conversation_id="c1"), source=world.crm)
    assert world.profiles.rows == {}, "doors write nothing"
    report = world.ingest()
    assert (report.applied, report.duplicate, report.quarantined, report.failed) == (4, 0, 0, {})
    person = world.person(*PHONE)
    assert person == world.person("user_id", "u1")
    assert person.traits["city"].value == "上海"
    assert person.traits["name"].masked == "张**"
    assert (person.series[SPENT].count, person.series[SPENT].total) == (2, 100_000_000)
    assert {step.ref for step in person.steps} == {"o1", "o2"}
    assert "profile.updated" in {change.type for change in world.published}


def test_door__text_without_topic__gets_a_coarse_topic_and_stays_sealed(world: World) -> None:
    """Rules may read what it is about, never what was said."""
    world.apply(event("message.received", USER, text="我的快递到哪了", conversation_id="c1"))
    assert "快递".encode() not in world.at_rest()
    assert b"logistics" in world.at_rest()


def test_door__nothing_to_pass_on__sends_nothing(world: World) -> None:
    """An empty batch costs no message."""
    world.accept()
    assert world.queue == []


@pytest.mark.parametrize("at_once", [1, 10])
def test_duplicates__in_a_batch_and_across__count_once(world: World, at_once: int) -> None:
    """A sender may repeat itself; the profile does not change by it."""
    one = paid("o1", "10.00")
    world.accept(one, one)
    world.accept(one)
    report = world.ingest(at_once=at_once)
    assert (report.applied, report.duplicate) == (1, 2)
    bodies = world.bodies()
    world.accept(one, paid("o2", "5.00"))
    report = world.ingest()
    assert (report.applied, report.duplicate) == (1, 1)
    world.accept(one)
    assert world.ingest().duplicate == 1
    assert world.bodies() != bodies
    assert world.person(*USER).series[SPENT].total == 15_000_000


def test_same_event_id__from_two_sources__is_two_events(world: World) -> None:
    """An event's id is its source's own."""
    world.accept(paid("o1", "10.00", id="same"))
    world.accept(paid("o1", "10.00", id="same", source="s_crm"), source=world.crm)
    assert world.ingest().applied == 2


def noise(size: int, seed: int = 0) -> bytes:
    """Bytes that do not deflate."""
    return random.Random(seed).randbytes(size)


def sealed(world: World, plaintext: bytes, *, tenant: str = TENANT_ID, info: str | None = None) -> str:
    envelope = seal_to(world.tenant(TENANT_ID).ingest_public, plaintext, delivery_info(info or tenant))
    return json.dumps({"tenant": tenant, "sealed": b64encode(envelope).decode()})


def poisons(world: World) -> dict[str, str]:
    """Message bodies that nobody can apply → the code they fail with."""
    world.add_source("s_other", tenant_id="t_other")
    (good,) = World().accept(event())
    envelope = b64decode(json.loads(good)["sealed"])
    twisted = envelope[:-1] + bytes((envelope[-1] ^ 1,))
    delivery = encode(Delivery("s_web", 1, frozenset(), NOW, (event(),)))
    return {
        "": "bad_message",
        "not json": "bad_message",
        "[]": "bad_message",
        '{"tenant": "t_shop"}': "bad_message",
        '{"tenant": "t_shop", "sealed": "%%%"}': "bad_message",
        json.dumps({"tenant": "t_gone", "sealed": ""}): "unknown_tenant",
        json.dumps({"tenant": TENANT_ID, "sealed": ""}): "seal_broken",
        json.dumps({"tenant": TENANT_ID, "sealed": b64encode(b"\x01short").decode()}): "seal_broken",
        json.dumps({"tenant": TENANT_ID, "sealed": b64encode(b"\x02" + envelope[1:]).decode()}): "seal_broken",
        json.dumps({"tenant": TENANT_ID, "sealed": b64encode(twisted).decode()}): "seal_broken",
        json.dumps({"tenant": "t_other", "sealed": b64encode(envelope).decode()}): "seal_broken",
        sealed(world, delivery, info="t_other"): "seal_broken",
        sealed(world, b""): "bad_delivery",
        sealed(world, b"\x00nonsense"): "bad_delivery",
        sealed(world, b"\x01no deflate"): "bad_delivery",
        sealed(world, encode({"source": "s_web"})): "bad_delivery",
    }


def test_poison_messages__in_one_batch_with_good_ones__harm_only_themselves(world: World) -> None:
    """What does not open, or is no delivery, fails alone, with a code; the rest is applied once."""
    for body, code in poisons(world).items():
        before = len(world.history.markers)
        good, later = paid("o1", "1.00"), paid("o2", "1.00")
        world.accept(good)
        world.queue.append(body)
        world.accept(later)
        report = world.ingest()
        assert list(report.failed.values()) == [code], body[:60]
        assert (report.applied, world.queue) == (2, [body])
        assert len(world.history.markers) == before + 2
        world.queue.clear()


def test_bad_events__in_one_message_with_good_ones__are_quarantined_and_the_rest_applied(world: World) -> None:
    """All is accounted for: applied + duplicate + quarantined. And everything refused stands there with its code."""
    bad = {
        "future_event": event(at=NOW + 5 * MINUTE_MS + 1),
        "beyond_horizon": event(at=NOW - 730 * DAY_MS - 1),
        "bad_identifier": event("page.viewed", ("phone", "12345")),
        "blocked_identifier": event("page.viewed", ("user_id", "无")),
        "unknown_namespace": event("page.viewed", ("ssn", "1")),
        "unknown_tenant": event(tenant="t_other"),
        "bad_amount": event("order.paid", order_id="o1", amount="many"),
        "too_many_identifiers": event("page.viewed", *[("device", f"dev-{n}-install") for n in range(11)]),
        "bad_type": event("nonsense"),
        "bad_channel": event(channel="smoke"),
    }
    item = RefusedItem("bad_time", "timestamp", b'{"timestamp": "yesterday"}')
    good = [event(at=NOW + 5 * MINUTE_MS), event(at=NOW - 730 * DAY_MS), paid("o2", "1.00")]
    world.accept(*good, *bad.values(), good[0], refused=[item])
    report = world.ingest()
    assert (report.applied, report.duplicate, report.quarantined) == (3, 1, len(bad) + 1)
    assert report.failed == {}
    assert world.codes().keys() == {*bad, "bad_time"}
    assert world.codes()["bad_time"] == ["timestamp"]


def test_quarantine__redelivered__kept_once(world: World) -> None:
    """The same original of the same source is one entry."""
    bad = event(at=NOW + DAY_MS)
    for _ in range(3):
        world.apply(bad)
    assert len(world.history.quarantine_rows) == 1


def test_quarantined_original__opened_with_the_ingest_key__is_the_delivery_of_the_event_alone(world: World) -> None:
    """What is refused can be replayed as it came: under its source, rank and traits."""
    bad = described(USER, name="张三", at=NOW + DAY_MS)
    world.accept(bad, paid("o1", "1.00"), source=world.crm)
    world.ingest()
    (row,) = world.history.quarantine_rows.values()
    private = world.keys.ingest(world.tenant(TENANT_ID)).ingest_private
    delivery = decode(open_from(private, row.sealed, delivery_info(TENANT_ID)), Delivery)
    assert delivery == Delivery("s_crm", 2, frozenset(world.crm.traits), NOW, (bad,))
    assert (row.source, row.kind, row.replayable) == ("s_crm", "event", True)


def test_quarantined_path__with_a_number_that_a_sender_made_a_name__does_not_show_it(world: World) -> None:
    """What people read of a quarantined row holds no value; the digits of a phone are one wherever they stand."""
    paths = ["data.u13900001234.price", "data.items[3].price", "imports/i_1/lines/12345", "context"]
    items = [RefusedItem("bad_amount", path, path.encode()) for path in paths]
    world.accept(refused=items)
    world.ingest()
    assert set(world.codes()["bad_amount"]) == {"data.*.price", *paths[1:]}
    kinds = {row.path: (row.kind, row.replayable) for row in world.history.quarantine_rows.values()}
    assert kinds == dict.fromkeys(kinds, ("item", False)) | {"imports/i_1/lines/12345": ("import_line", False)}


def test_kms_down__messages_wait__and_are_applied_once_it_is_back(world: World) -> None:
    """Without keys nothing is applied, nothing is lost, and the code says why."""
    world.accept(paid("o1", "1.00"))
    world.accept(event(at=NOW + DAY_MS))
    world.keys.down = True
    report = world.ingest()
    assert set(report.failed.values()) == {"key_unavailable"}
    assert (report.applied, report.quarantined, len(world.queue)) == (0, 0, 2)
    assert (world.profiles.rows, world.history.quarantine_rows) == ({}, {})
    world.keys.down = False
    report = world.ingest()
    assert (report.applied, report.quarantined, report.failed, world.queue) == (1, 1, {}, [])


def test_bus_down__messages_fail__and_redelivery_publishes_what_was_missed(world: World) -> None:
    """Saved is saved; what a save changed is published at least once."""
    twin = World(secrets=world.secrets)
    for one in (world, twin):
        one.accept(paid("o1", "1.00", id="a"), paid("o2", "9000.00", id="b"))
    twin.ingest()
    world.bus_down = True
    report = world.ingest()
    assert (report.applied, list(report.failed.values()), len(world.queue)) == (2, ["throttled"], 1)
    assert world.published == []
    world.bus_down = False
    report = world.ingest()
    assert (report.applied, report.duplicate, report.failed) == (0, 2, {})
    assert world.published == twin.published != []
    assert world.bodies() == twin.bodies()


def test_message_limit__a_large_batch__split_into_messages_that_fit_and_applied_once() -> None:
    """One call's events become several messages rather than one that the queue refuses."""
    world = World(message_limit_bytes=1_500)
    events = [paid(f"o{number}", "1.00") for number in range(40)]
    refused = [RefusedItem("bad_time", "timestamp", noise(400, number)) for number in range(5)]
    bodies = world.accept(*events, refused=refused)
    assert len(bodies) > 2
    assert max(map(len, bodies)) <= 1_500
    report = world.ingest()
    assert (report.applied, report.quarantined, report.failed) == (40, 5, {})


def test_message_limit__one_event_that_no_message_holds__refused_and_nothing_sent() -> None:
    """Before anything is queued, the sender hears of it."""
    world = World(message_limit_bytes=2_000)
    with pytest.raises(TooLarge) as raised:
        world.accept(event(), event("message.received", text=noise(2_000).hex()), event())
    assert (raised.value.code, world.queue) == ("message_too_large", [])


def test_trusted_traits__from_an_untrusted_source__left_out_and_noted(world: World) -> None:
    """VIP is not what a website says; the event counts all the same."""
    report = world.apply(described(USER, is_vip=True, member_level="gold", age_band="18_24", city="上海", shoe_size=43))
    assert report.applied == 1
    assert world.person(*USER).traits.keys() == {"city", "region"}
    assert sorted(world.codes()["trait_left_out"]) == [
        "traits.*",
        "traits.age_band",
        "traits.is_vip",
        "traits.member_level",
    ]
    world.apply(described(USER, is_vip=True, member_level="gold", age_band="18_24", source="s_crm"), source=world.crm)
    traits = world.person(*USER).traits
    assert (traits["is_vip"].value, traits["member_level"].value) == (True, "gold")
    assert "age_band" not in traits, "derived traits are written by nobody"


def test_traits__two_sources_at_one_instant__the_higher_rank_wins_in_either_order() -> None:
    """Rank breaks ties of time, whoever arrives first."""
    for order in (0, 1):
        world = World()
        ours = (described(USER, city="上海", at=NOW - 5), world.web)
        theirs = (described(USER, city="北京", at=NOW - 5, source="s_crm"), world.crm)
        for one, source in [(ours, theirs), (theirs, ours)][order]:
            world.apply(one, source=source)
        assert world.person(*USER).traits["city"].value == "北京"


def test_link_that_breaks_a_protection__noted_with_its_reason__and_the_event_applied(world: World) -> None:
    """Two accounts on one phone stay two people; the phone stays with the first."""
    world.apply(paid("o1", "1.00", ("user_id", "u1"), PHONE, days_ago=2))
    report = world.apply(paid("o2", "2.00", ("user_id", "u2"), PHONE))
    assert (report.applied, report.quarantined) == (1, 0)
    assert world.codes() == {"too_many_user_id": ["identifiers"]}
    first, second = world.person("user_id", "u1"), world.person("user_id", "u2")
    assert world.person(*PHONE) == first != second
    assert second.series[SPENT].total == 2_000_000
    assert world.key(*PHONE) in first.links and world.key(*PHONE) not in second.links


def test_kiosk_phone__of_many_accounts__makes_no_blob(world: World) -> None:
    """A phone that a thousand customers type in joins none of them."""
    world.accept(*[paid(f"o{n}", "1.00", ("user_id", f"u{n}"), PHONE) for n in range(30)])
    report = world.ingest()
    assert report.applied == 30
    assert len(world.bodies()) == 30
    assert {code: len(paths) for code, paths in world.codes().items()} == {"shared": 30}
    asked = [Identifier(*PHONE)]
    assert by_identifiers(world.tenant(TENANT_ID), asked, world.reading()) is None


def test_tenants__in_one_batch__share_nothing(world: World) -> None:
    """Equal identifiers of two tenants are two people under two names."""
    other = world.add_source("s_other", tenant_id="t_other")
    world.accept(paid("o1", "1.00", PHONE))
    world.accept(paid("o1", "1.00", PHONE, tenant="t_other", source="s_other"), source=other)
    assert world.ingest().applied == 2
    assert {tenant for tenant, _ in world.profiles.rows} == {TENANT_ID, "t_other"}
    assert len({profile_id for _, profile_id in world.profiles.rows}) == 2
    assert len({key for _, key in world.profiles.identifiers}) == 2


def test_tenant_without_keys__in_one_batch_with_others__fails_alone(world: World) -> None:
    """One tenant's trouble is not another's."""
    other = world.add_source("s_other", tenant_id="t_other")
    world.accept(paid("o1", "1.00", tenant="t_other", source="s_other"), source=other)
    world.accept(paid("o1", "1.00"))
    del world.tenants["t_other"]
    report = world.ingest()
    assert (report.applied, list(report.failed.values())) == (1, ["unknown_tenant"])


def test_amounts_without_end__sum_past_64_bits__the_person_can_still_be_saved(world: World) -> None:
    """Nobody can send so much money that a profile, and each batch it is in, can never be saved again."""
    for start in range(0, 40, 10):
        world.accept(*[paid(f"o{n}", "999999999999.99") for n in range(start, start + 10)])
    world.accept(paid("o1", "1.00", ("user_id", "u2")))
    report = world.ingest(at_once=1)
    assert (report.applied, report.failed) == (41, {})
    assert world.person(*USER).series[SPENT].count == 40


def test_large_batch__of_one_person__saved_in_transactions_that_the_store_takes(world: World) -> None:
    """DynamoDB takes 100 actions at once; a batch of more is saved in portions, each whole."""
    saved: list[Change] = []

    class Watched:
        find, load = world.profiles.find, world.profiles.load

        def save(self, change: Change) -> Outcome:
            saved.append(change)
            return world.profiles.save(change)

    devices = [("device", f"install-{number}") for number in range(4)]
    world.accept(*[paid(f"o{number}", "1.00", USER, *devices) for number in range(60)])
    report = world.ingest(world.ingestion(Watched()))
    assert (report.applied, report.failed) == (60, {})
    assert len(saved) > 1
    assert max(change.actions for change in saved) <= 100
    assert world.person(*USER).series[SPENT].count == 60


def test_rule_that_fails__event_is_applied_and_somebody_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken rule never costs an event; it is counted and published, and reads raise the alarm."""
    from chalicelib.flows import current_tags, save_changes
    from chalicelib.flows.describe_profile import describe_profile

    broken = Assessment((), (Failure("vip", "TypeError"),))
    monkeypatch.setattr(save_changes, "assess", lambda *_, **__: broken)
    report = world.apply(paid("o1", "1.00"))
    assert (report.applied, report.failed_rules, report.failed) == (1, 1, {})
    assert [one.detail["tag"] for one in world.published if one.type == "rule.failed"] == ["vip"]
    monkeypatch.setattr(current_tags, "assess", lambda *_, **__: broken)
    assert describe_profile(world.person(*USER), world.reading(), NOW).tags == ()
    assert [one.tag_id for one in world.alarms] == ["vip"]


def test_door__request_that_deflates_well_but_opens_large__is_cut_until_ingestion_can_open_it(world: World) -> None:
    """What a door accepted must open again: a small message may hold megabytes of one repeated letter."""
    events = [event("message.received", ("user_id", f"u{number}"), text="x" * 20_000) for number in range(400)]
    bodies = world.accept(*events)
    assert 1 < len(bodies) < 10
    report = world.ingest()
    assert (report.applied, report.failed) == (400, {})
