"""What a trial sends: events of some people, with everything in them that makes order and repetition matter."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from msgspec.structs import replace

from chalicelib.events.delivery import RefusedItem
from chalicelib.events.model import Event
from chalicelib.events.types import NAMESPACES
from chalicelib.flows.accept_events import accept_events
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.store.catalogue import SourceRecord
from tests.flows.world import NOW, TENANT_ID, World, event

type Who = tuple[str, str]

COPIES = 4
"""How often each event is sent: once for each process that ingests."""
_KINDS = (
    "order.paid",
    "order.shipped",
    "order.refunded",
    "message.received",
    "complaint.filed",
    "profile.described",
    "consent.granted",
    "consent.withdrawn",
    "page.viewed",
)
_DAYS = (0, 0, 1, 1, 2, 40, 89, 91, 130, 400, 729)
_SHARED_PHONE: Who = ("phone", "+8613800001111")
_KIOSK: Who = ("device", "00000000-0000-4000-8000-00000000c105")
_PASSERS_BY = 14
_BAD: Sequence[Mapping[str, Any]] = (
    {"at": NOW + 365 * DAY_MS},
    {"at": NOW - 3 * 365 * DAY_MS},
    {"who": ("phone", "13800138000")},
    {"who": ("user_id", " ")},
    {"channel": "pigeon"},
    {"tenant": "t_other"},
)
"""Events that ingestion refuses: 2099's little sister, too old, a blocked number, no value, no channel, another's."""


class Command(msgspec.Struct, frozen=True):
    """What an operator wants: to merge two people, to split a merge again, or to cut a link.

    ``ends`` are the people's identifiers, or the link's: the anchor first.
    """

    kind: str
    command_id: str
    ends: tuple[Who, ...] = ()
    merge_id: str = ""
    force: bool = False


def commands_of(chance: random.Random, events: Sequence[Event], number: int, *, crowd: int = 8) -> list[Command]:
    """Merges of anybody with anybody, some over the protections; half of them are split again; some links are cut."""
    everybody = [*people(crowd), *([("anonymous_id", f"passer-by-{one}")] for one in range(_PASSERS_BY))]
    made: list[Command] = []
    for place in range(number):
        ends = tuple(chance.choice(person) for person in chance.sample(everybody, k=2))
        made.append(Command("merge", f"merge-{place}", ends, force=chance.random() < 0.3))
        if chance.random() < 0.5:
            made.append(Command("split", f"split-{place}", merge_id=f"merge-{place}"))
    linking = [one for one in events if len(one.identifiers) > 1 and not one.id.startswith("bad-")]
    for place, one in enumerate(chance.sample(linking, k=number // 4)):
        strongest, *others = sorted(one.identifiers, key=lambda who: NAMESPACES.index(who.namespace))
        other = chance.choice(others)
        ends = (strongest.namespace, strongest.value), (other.namespace, other.value)
        made.append(Command("cut", f"cut-{place}", ends))
    return chance.sample(made, k=len(made))


class Sent(msgspec.Struct):
    """What the doors accepted. An item is one place in one message; ``bodies`` are (lane, message, its items).

    An item is named by the row that it must lead to: the event's marker, or the id of its quarantine row.
    """

    events: list[Event]
    bodies: list[tuple[int, str, list[str]]]
    poisoned: int
    """Items in messages that nobody can open."""

    @property
    def accepted(self) -> Counter[str]:
        """How often each item was accepted."""
        return Counter(item for _, _, items in self.bodies for item in items)


def people(number: int) -> Iterator[list[Who]]:
    """Accounts with two phones, a mailbox and a browser; every third has no account."""
    for one in range(number):
        account = [("user_id", f"u{one}")] if one % 3 else []
        yield [
            *account,
            ("phone", f"+86139{one:04}0001"),
            ("phone", f"+86139{one:04}0002"),
            ("email", f"reader{one}@shop.test"),
            ("anonymous_id", f"browser-{one}"),
        ]


def events_of(chance: random.Random, number: int, *, crowd: int = 8, over_limits: bool = True) -> list[Event]:
    """Events, the bad ones among them; whole days make equal instants common."""
    known = list(people(crowd))
    made = [_event(chance, place, chance.choice(known)) for place in range(number)]
    if over_limits:
        made += [_shared(chance, place, one) for place, one in enumerate(known * 2)]
        made += [_made(chance, f"kiosk-{one}", "page.viewed", _at_the_kiosk(one)) for one in range(_PASSERS_BY)]
    made += [_bad(place, bad) for place, bad in enumerate(_BAD)]
    return made


def _bad(place: int, wrong: Mapping[str, Any]) -> Event:
    who = wrong.get("who", ("user_id", "u1"))
    more = {name: value for name, value in wrong.items() if name != "who"}
    return event("page.viewed", who, id=f"bad-{place}", **{"at": NOW - DAY_MS, **more})


def _event(chance: random.Random, place: int, person: Sequence[Who]) -> Event:
    kind = chance.choice(_KINDS)
    who = chance.sample(person, k=min(len(person), chance.choice((1, 1, 2, 3))))
    return _made(chance, f"e-{place}", kind, who)


def _shared(chance: random.Random, place: int, person: Sequence[Who]) -> Event:
    """A phone that a whole shop floor uses: over every limit."""
    return _made(chance, f"shared-{place}", "message.received", [person[0], _SHARED_PHONE])


def _at_the_kiosk(one: int) -> list[Who]:
    """A terminal that more people use than it may identify; some of them are known."""
    return [("anonymous_id", f"passer-by-{one}"), _KIOSK, *([("phone", f"+86139{one:04}0001")] if one % 5 == 0 else [])]


def _made(chance: random.Random, id: str, kind: str, who: Sequence[Who]) -> Event:
    described = {
        "city": chance.choice(["上海", "北京"]),
        "name": chance.choice(["张三", "李四"]),
        "is_vip": chance.random() < 0.5,
        "birth_date": "1995-02-03",
    }
    of_order = {"order_id": chance.choice(["o1", "o2", "o3"]), "amount": chance.choice(["1.00", "250.5"])}
    given = {"traits": dict(chance.sample(sorted(described.items()), k=2))} if kind == "profile.described" else {}
    agreed = {"purpose": chance.choice(["marketing", "analytics", "profiling"]), "version": "v1"}
    told = {"profile": given, "order": of_order, "consent": agreed}
    return event(
        kind,
        *who,
        id=id,
        at=NOW - HOUR_MS - chance.choice(_DAYS) * DAY_MS + chance.randint(0, 1),
        source=chance.choice(["s_web", "s_crm"]),
        channel=chance.choice(["web", "phone"]),
        **told.get(kind.partition(".")[0], {"text": "退款"}),
    )


class Doors:
    """Passes events on as a door does, and remembers which item stands in which message."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._index: BlindIndex = world.keys.index(world.tenants[TENANT_ID])

    def sent(self, events: Sequence[Event], chance: random.Random, *, copies: int = COPIES, poison: int = 2) -> Sent:
        """Every event ``copies`` times, each time shuffled and portioned anew; some messages nobody can open."""
        whole = Sent(list(events), [], 0)
        for lane in range(copies):
            shuffled = chance.sample(events, k=len(events))
            while shuffled:
                size = chance.randint(1, 6)
                portion, shuffled = shuffled[:size], shuffled[size:]
                for source in (self._world.web, self._world.crm):
                    some = [one for one in portion if one.source == source.source_id]
                    whole.bodies += [(lane, *made) for made in self._message(some, (), source)]
            junk = RefusedItem("no_type", "batch[0]", b'{"copy": "of all lanes"}')
            whole.bodies += [(lane, *made) for made in self._message((), (junk,), self._world.web)]
        for place in range(poison):
            lost = event("page.viewed", ("user_id", f"never-{place}"), id=f"never-{place}")
            for body, items in self._message((lost,), (), self._world.web):
                whole.bodies.append((place % copies, body.replace('"sealed":"', '"sealed":"AAAA', 1), items))
                whole.poisoned += len(items)
        return whole

    def _message(
        self, events: Sequence[Event], refused: Sequence[RefusedItem], source: SourceRecord
    ) -> Iterator[tuple[str, list[str]]]:
        before = len(self._world.queue)
        accept_events(events, refused, source, self._world.door(), NOW)
        bodies = self._world.queue[before:]
        assert len(bodies) <= 1, "what is sent here fits into one message"
        items = [self.item(one) for one in events]
        items += [self._quarantined(source.source_id, one.raw) for one in refused]
        yield from ((body, items) for body in bodies)

    def item(self, one: Event) -> str:
        """The name of an event's item, by what must become of it."""
        if one.id.startswith("bad-"):
            return self._quarantined(one.source, msgspec.msgpack.encode(replace(one, received_at=0)))
        return self._index.event_key(one.source, one.id).hex()

    def _quarantined(self, source: str, original: bytes) -> str:
        return "q-" + self._index.event_key(f"quarantine/{source}", sha256(original).hexdigest()).hex()
