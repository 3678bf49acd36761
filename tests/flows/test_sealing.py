"""What is stored, queued and published holds nothing that anyone without keys can read."""

from __future__ import annotations

import json
from base64 import b64encode

import msgspec
import pytest

from chalicelib.events.delivery import RefusedItem
from chalicelib.events.model import Event, Identifier
from chalicelib.flows.answer_route import answer_route
from chalicelib.flows.bot_context import context_for_bot
from chalicelib.flows.contribute import EventContent
from chalicelib.flows.describe_profile import describe_profile
from chalicelib.flows.facet_keys import facet_keys
from chalicelib.flows.read_timeline import read_timeline
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import DAY_MS
from chalicelib.privacy.seal_broken import SealBroken
from chalicelib.privacy.sealing import associated, open_
from chalicelib.routing.model import NamedIdentifier, RouteRequest
from tests.flows.world import NOW, TENANT_ID, World, described, event, paid

PHONE, NATIONAL = "+8613907551234", "13907551234"
EMAIL, NAME, CARD, ADDRESS = "zhang.canary@shop.test", "张金丝雀", "110101199502034321", "南京东路金丝雀里九号"
CANARIES = (NATIONAL, "zhang.canary", NAME, CARD, ADDRESS, "1995-02-03", "wx_openid_canary", "u-canary-77")
WHO = (("user_id", "u-canary-77"), ("phone", PHONE), ("email", EMAIL), ("wechat_openid", "wx_openid_canary"))


def spellings(canary: str) -> set[bytes]:
    """How a value may hide: as it is, reversed, and inside base64 at each of its three alignments."""
    raw = canary.encode()
    aligned = {b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4] for shift in range(3)}
    return {raw, canary[::-1].encode(), raw[::-1], *aligned, json.dumps(canary)[1:-1].encode()}


def found_in(sink: bytes) -> set[str]:
    return {canary for canary in CANARIES for one in spellings(canary) if one in sink}


@pytest.fixture
def crowded(world: World) -> World:
    """A world in which a person left all that is personal wherever a sender can put it."""
    world.accept(
        described(
            *WHO,
            name=NAME,
            phone=PHONE,
            email=EMAIL,
            birth_date="1995-02-03",
            address=ADDRESS,
            company=NAME,
            occupation=CARD,
            # Clear traits that somebody filled with personal values:
            city=NATIONAL,
            region=EMAIL,
            language=NATIONAL,
            **{NATIONAL: "as a name"},
        ),
        event("message.received", *WHO, text=f"我是{NAME}，电话{NATIONAL}，身份证{CARD}", conversation_id=NATIONAL),
        event("search.performed", *WHO, query=NATIONAL),
        event("page.viewed", *WHO, path=f"/u/{NATIONAL}", category=EMAIL),
        event("custom.note", *WHO, note=NATIONAL, name=NAME),
        event("ticket.opened", *WHO, ticket_id=NATIONAL, topic="other", priority="high", text=CARD),
        event("complaint.filed", *WHO, ticket_id=EMAIL, text=NAME),
        event("survey.answered", *WHO, score=1, ticket_id=CARD, text=NAME),
        paid(NATIONAL, "12.50", *WHO, category=NATIONAL),
        event("payment.failed", *WHO, order_id=CARD, amount="1.00", reason=NATIONAL),
        event("page.viewed", *WHO, id=f"{NATIONAL}-{EMAIL}"),
        # Refused ones go to the quarantine:
        described(*WHO, name=NAME, at=NOW + DAY_MS),
        event("order.paid", *WHO, order_id="o9", amount=NATIONAL + "x"),
        refused=[RefusedItem("bad_time", "timestamp", f'{{"phone": "{NATIONAL}", "name": "{NAME}"}}'.encode())],
    )
    world.accept(event("message.received", ("user_id", "u2"), ("phone", PHONE), text=NAME))
    report = world.ingest()
    assert (report.failed, report.quarantined) == ({}, 3)
    assert report.applied >= 11
    return world


def test_canary__in_every_field_a_sender_has__is_in_nothing_stored_queued_or_published(crowded: World) -> None:
    """Not raw, not reversed, not in base64: stores, queue, quarantine, bus."""
    assert found_in(crowded.at_rest()) == set()


def test_canary__negative_control__the_search_finds_what_is_there() -> None:
    """The search would find each spelling, were it there."""
    for canary in CANARIES:
        for one in (canary.encode(), b64encode(b"a" + canary.encode() + b"b"), canary[::-1].encode()):
            assert found_in(b"..." + one + b"...") == {canary}


def test_canary__in_every_answer__is_masked(crowded: World) -> None:
    """Profile, timeline, context and route show masks, and say what is masked."""
    services = crowded.reading()
    person = crowded.person("phone", PHONE)
    view = describe_profile(person, services, NOW)
    asked = RouteRequest(
        channel="web_chat",
        purpose="service",
        identifiers=(NamedIdentifier("phone", PHONE),),
        message=f"我是{NAME}，{NATIONAL}，要退款",
    )
    answers = [
        msgspec.json.encode(view),
        msgspec.json.encode(read_timeline(TENANT_ID, person.profile_id, 100, "", services, NOW)),
        msgspec.json.encode(context_for_bot(person, "web_chat", services, NOW)),
        answer_route(asked, crowded.tenant(TENANT_ID), "d_1", services, NOW),
    ]
    assert found_in(b"\n".join(answers)) == set()
    assert found_in(crowded.at_rest()) == set(), "the decision is stored, too"
    sealed = {"traits.name", "traits.phone", "traits.email", "traits.birth_date", "traits.address"}
    assert sealed <= {one.path for one in view.masked}
    assert view.traits["phone"].value == "139****1234"
    assert view.traits["phone"].masked is True
    assert view.traits["age_band"].value == "30_39"
    assert {one.masked for one in view.identifiers if one.namespace == "phone"} == {"139****1234"}


def test_sealed_original__of_an_event__opens_with_its_facets_events_key_and_no_other(world: World) -> None:
    """The whole event can be read again by who holds branch key and facet secret, bound to where it belongs."""
    sent = described(("user_id", "u1"), name=NAME)
    world.apply(sent, paid("o1", "1.00", ("user_id", "u2")))
    tenant = world.tenant(TENANT_ID)
    index = world.keys.index(tenant)
    ours, theirs = (index.identifier_key(Identifier("user_id", one)) for one in ("u1", "u2"))
    event_key = index.event_key(sent.source, sent.id)
    sealed = decode(world.history.markers[TENANT_ID, event_key].content, EventContent).sealed
    keys = facet_keys({ours: 1, theirs: 1}, TENANT_ID, world.keys.ingest(tenant), world.ingestion())
    mark = keys[ours].events.commitment

    def bound(facet: str = ours, field: str = f"event/{event_key.hex()}") -> bytes:
        return associated(TENANT_ID, facet, 1, field, 1, 1)

    assert decode(open_(keys[ours].events, sealed, aad=bound(), committed=mark), Event) == sent
    for key in (keys[theirs].events, keys[ours].fields):
        with pytest.raises(SealBroken):
            open_(key, sealed, aad=bound(), committed=key.commitment)
    for aad in (bound(facet=theirs), bound(field="event/00"), b""):
        with pytest.raises(SealBroken):
            open_(keys[ours].events, sealed, aad=aad, committed=mark)


def test_branch_key__a_new_version__new_people_take_it_and_old_ones_keep_theirs(world: World) -> None:
    """Rotation breaks nothing that was sealed before."""
    world.apply(described(("user_id", "u1"), name=NAME))
    world.keys.branch_versions = 2
    world.apply(described(("user_id", "u2"), name=NAME), described(("user_id", "u1"), name="李四"))
    versions = {facet: one.key_version for (_, facet), one in world.secrets.kept.items()}
    assert versions == {world.key("user_id", "u1"): 1, world.key("user_id", "u2"): 2}


@pytest.mark.parametrize("fault", ["commitment", "key_version"])
def test_facet_secret__that_does_not_fit__message_waits(world: World, fault: str) -> None:
    """To seal under a key that readers do not have would lose the value."""
    world.apply(paid("o1", "1.00"), paid("o2", "1.00", ("user_id", "u2")))
    place = (TENANT_ID, world.key("user_id", "u1"))
    wrong = {"commitment": b"x" * 16} if fault == "commitment" else {"key_version": 9}
    right = world.secrets.kept[place]
    world.secrets.kept[place] = msgspec.structs.replace(right, **wrong)
    world.accept(paid("o3", "1.00"))
    world.accept(paid("o4", "1.00", ("user_id", "u2")))
    report = world.ingest()
    assert (report.applied, len(report.failed)) == (1, 1), "the other person's event is applied"
    world.secrets.kept[place] = right
    assert world.ingest().applied == 1


def test_stored_body__opened_as_it_is__equals_what_was_coded(world: World) -> None:
    """The canary's search reads what was deflated: it would be blind otherwise."""
    world.apply(described(("user_id", "u1"), city="上海"))
    assert "上海".encode() in world.at_rest()
    (row,) = world.profiles.rows.values()
    assert encode(decode(row.body, object)) == row.body


def test_reading__index_key_cannot_be_had__unavailable(world: World) -> None:
    """A read without keys says so; it does not say that nobody is there."""
    world.apply(paid("o1", "1.00"))
    world.keys.down = True
    with pytest.raises(Unavailable):
        world.person("user_id", "u1")
