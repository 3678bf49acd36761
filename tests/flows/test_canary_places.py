"""Personal values of thirty kinds, in every place that a sender has: which stand anywhere in clear, and why they may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

import msgspec
import pytest

from chalicelib.channels import cloudevents
from chalicelib.entrypoints.accepting import for_quarantine
from chalicelib.events.types import EVENT_TYPES, NAMESPACES
from chalicelib.flows.accept_events import translates_as
from chalicelib.flows.answer_route import answer_route
from chalicelib.flows.bot_context import context_for_bot
from chalicelib.flows.describe_profile import describe_profile
from chalicelib.flows.find_person import by_id
from chalicelib.flows.read_timeline import read_timeline
from chalicelib.kernel.moments import DAY_MS, format_moment
from chalicelib.privacy.fields import FIELDS
from chalicelib.routing.model import RouteRequest
from tests.canaries import CANARIES, EXEMPT, Canary, exemptions, kinds_in
from tests.flows.world import NOW, TENANT_ID, World

PLAIN = {"subject": "user_id:u-plain"}

type Item = dict[str, Any]
type Place = Callable[[str], Item]


def of(type_: str, **data: Any) -> Item:
    return {**PLAIN, "type": type_, "data": data}


def places() -> Iterator[tuple[str, Place]]:
    """Everywhere that a value can stand in an event, by a name of the place."""
    yield "event name", of
    yield "event id", lambda value: of("page.viewed") | {"id": value}
    yield "event source", lambda value: of("page.viewed") | {"source": value.replace(" ", "")}
    yield "time", lambda value: of("page.viewed") | {"time": value}
    yield "channel", lambda value: of("page.viewed", channel=value) | {"channel": value}
    yield "tenant's neighbour", lambda value: of("page.viewed") | {"tenantname": value}
    yield "extension", lambda value: of("page.viewed") | {"ownextension": value}
    yield "name of a member", lambda value: of("page.viewed", **{value: "x"})
    yield "unknown member", lambda value: of("page.viewed", own_field=value)
    yield "nested member", lambda value: of("page.viewed", own_field={"a": [value, {value: value}]})
    yield "member of an unknown event", lambda value: of("own.event", note=value, order_id=value)
    yield "name of a trait", lambda value: of("profile.described", traits={value: "x"})
    yield (
        "event from the future",
        lambda value: (
            of("message.received", text=value, conversation_id=value) | {"time": format_moment(NOW + 9 * DAY_MS)}
        ),
    )
    for trait in FIELDS:
        yield f"trait {trait}", lambda value, trait=trait: of("profile.described", traits={trait: value})
    met: set[tuple[str, str]] = set()
    for type_, fields in EVENT_TYPES.items():
        whole = {"order_id": "o", "amount": "1.00", "score": 3} if fields else {}
        for field, kind in fields.items():
            # Of a family's events one is enough, but for what only a part of them counts.
            place = (type_ if kind == "amount" else type_.partition(".")[0], field)
            if place in met:
                continue
            met.add(place)
            yield (
                f"{kind} {field} of {type_}",
                lambda value, type_=type_, field=field, whole=whole: of(type_, **(whole | {field: value})),
            )
    for namespace in NAMESPACES:
        yield (
            f"identifier {namespace}",
            lambda value, namespace=namespace: of("message.received") | {"subject": f"{namespace}:{value}"},
        )


PLACES = dict(places())
ELSEWHERE = {("imports answer",), ("staff's reason",)}
"""Exempt places that no event has: the tests of the entry points hold them."""


def sent(world: World, place: Place, canaries: tuple[Canary, ...] = CANARIES) -> list[bytes]:
    """Each value at that place through the door, and ingested; what was answered of refusals."""
    source, answers = world.crm, []
    for number, canary in enumerate(canaries):
        item = {"specversion": "1.0", "id": f"e{number}", "source": "/canary"} | place(canary.value)
        translated = cloudevents.translate(
            {},
            msgspec.json.encode(item),
            source=translates_as(source, world.tenant(TENANT_ID)),
            now=NOW,
            limit_bytes=10**6,
        )
        world.accept(*translated.events, refused=for_quarantine(translated), source=source)
        answers += [f"{one.code} {one.message} {one.path}".encode() for one in translated.refused]
        answers += [f"{one.path} {one.code}".encode() for one in translated.notes]
    report = world.ingest()
    assert not report.failed
    answers.append(msgspec.json.encode(report))
    return answers


def everything(world: World) -> Iterator[bytes]:
    """All that is at rest, and all that is answered about everybody."""
    yield world.at_rest()
    services = world.reading()
    for row in [one for one in world.profiles.rows.values() if one.state == "active"]:
        person = by_id(TENANT_ID, row.profile_id, services)
        asked = RouteRequest(channel="web_chat", purpose="service", profile_id=row.profile_id)
        yield msgspec.json.encode(describe_profile(person, services, NOW))
        yield msgspec.json.encode(read_timeline(TENANT_ID, row.profile_id, 100, "", services, NOW))
        yield msgspec.json.encode(context_for_bot(person, "web_chat", services, NOW))
        yield answer_route(asked, world.tenant(TENANT_ID), f"d_{row.profile_id}", services, NOW)
    yield world.at_rest()


def in_clear(place: Place, canaries: tuple[Canary, ...] = CANARIES) -> set[str]:
    """The kinds that stand somewhere in clear once they came in at a place."""
    world = World()
    return kinds_in(b"\n".join([*sent(world, place, canaries), *everything(world)]), canaries)


@pytest.fixture(scope="module")
def found() -> dict[str, set[str]]:
    """Place → kinds that stand in clear."""
    return {name: in_clear(place) for name, place in PLACES.items()}


def test_canary__of_every_kind_in_every_place__stands_in_clear_only_where_it_is_declared(
    found: dict[str, set[str]],
) -> None:
    """Tables, queue, bus, quarantine, reports, refusals and answers; each exemption has its reason."""
    assert len(CANARIES) >= 30 and len(PLACES) > 100
    undeclared = {
        name: sorted(kinds - {kind for one in exemptions(name) for kind in one.kinds})
        for name, kinds in found.items()
        if kinds - {kind for one in exemptions(name) for kind in one.kinds}
    }
    assert undeclared == {}


def test_exemptions__each_kind_of_each__is_needed(found: dict[str, set[str]]) -> None:
    """What no longer stands in clear anywhere must leave the list; no place is exempt twice or without a reason."""
    for one in [one for one in EXEMPT if one.places not in ELSEWHERE]:
        there = {kind for name in found if one in exemptions(name) for kind in found[name]}
        assert one.kinds - there == set(), one.places
        assert all(any(fnmatchcase(name, pattern) for name in found) for pattern in one.places)
        assert len(one.why) > 40
    assert all(len(exemptions(name)) <= 1 for name in found)


@pytest.mark.parametrize(
    ("mutant", "place", "leak"),
    [
        ("chalicelib.flows.admission.is_plain_ref", "id order_id of order.placed", "phone_cn"),
        ("chalicelib.privacy.plain._names_nobody", "trait city", "plate_cn"),
        ("chalicelib.flows.contribute.is_plain_word", "event name", "plate_nev"),
        ("chalicelib.flows.admission.is_plain_ref", "id ticket_id of ticket.opened", "bank_card"),
    ],
)
def test_canary__a_check_that_lets_everything_pass__is_found(
    monkeypatch: pytest.MonkeyPatch, mutant: str, place: str, leak: str
) -> None:
    """Negative controls: without one of the checks a value stands in clear, and the search sees it."""
    monkeypatch.setattr(mutant, lambda _: True)
    assert leak in in_clear(PLACES[place])


def test_canary__sealed_under_no_key__is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a seal that leaves its value as it is would be seen in the stored rows."""
    monkeypatch.setattr("chalicelib.privacy.sealing.AESGCM", _Glass)
    assert {"name_zh", "address_zh", "medical_note"} <= in_clear(PLACES["unknown member"])


class _Glass:
    """A cipher that can be seen through."""

    def __init__(self, key: bytes) -> None:
        pass

    def encrypt(self, nonce: bytes, value: bytes, aad: bytes | None) -> bytes:
        return value + b"\0" * 16
