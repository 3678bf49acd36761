"""P5: accepted = applied + duplicate + quarantined + dead, whatever fails, and a mutant that drops anything is seen."""

from __future__ import annotations

import random
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.channels.model import SourceProfile
from chalicelib.channels.segment import translate_batch
from chalicelib.entrypoints.accepting import for_quarantine
from chalicelib.events.model import Event
from chalicelib.flows import ingest_events as flow
from chalicelib.flows.admission import Refused, SealedMessage
from chalicelib.flows.read_quarantine import read_quarantine
from chalicelib.flows.replay_quarantined import replay_quarantined
from chalicelib.flows.services import Change, IngestServices
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import DAY_MS, format_moment
from chalicelib.privacy.envelope import seal_to
from chalicelib.store.rows import QuarantineRow
from tests.flows.accounting import Balance, Flaky, Ingest, Ledger, SimulatedQueue
from tests.flows.world import NOW, TENANT_ID, World, described, event, paid

TOMORROW = NOW + DAY_MS
SEEDS = range(5)
PHONES = [("phone", f"+861390755{number:04}") for number in range(8)]

EVENTS: dict[str, Callable[[int], Event]] = {
    "applied": lambda n: paid(f"o{n}", "9.90", ("user_id", f"u{n % 7}"), id=f"e{n}"),
    "applied, linked": lambda n: event("page.viewed", ("user_id", f"u{n % 7}"), PHONES[n % 8], id=f"e{n}"),
    "applied without its link": lambda n: event("page.viewed", ("user_id", f"u{n % 7}"), PHONES[0], id=f"e{n}"),
    "applied without a trait": lambda n: replace(described(("user_id", f"u{n % 7}"), is_vip=True), id=f"e{n}"),
    "future_event": lambda n: event(at=TOMORROW, id=f"e{n}"),
    "beyond_horizon": lambda n: event(at=NOW - 800 * DAY_MS, id=f"e{n}"),
    "bad_type": lambda n: event("nonsense", id=f"e{n}"),
    "bad_channel": lambda n: event(channel="smoke", id=f"e{n}"),
    "bad_id": lambda n: event(id=f"e{n}\n"),
    "unknown_tenant": lambda n: event(tenant="t_other", id=f"e{n}"),
    "too_many_identifiers": lambda n: event(
        "page.viewed", *[("device", f"dev-{n}-{k}") for k in range(11)], id=f"e{n}"
    ),
    "blocked_identifier": lambda n: event("page.viewed", ("phone", "13800138000"), id=f"e{n}"),
    "unknown_namespace": lambda n: event("page.viewed", ("badge", f"b{n}"), id=f"e{n}"),
    "bad_measure_input": lambda n: event("order.paid", order_id=f"o{n}", amount="many", id=f"e{n}"),
    "event_too_large": lambda n: event("message.received", text="长" * 11_000, conversation_id="c", id=f"e{n}"),
}
"""What may come out of a door, by what becomes of it."""
CALLS: dict[str, Callable[[int], Any]] = {
    "a good call": lambda n: {"type": "track", "event": "Order Completed", "userId": f"u{n % 7}", "messageId": f"c{n}"},
    "a call of tomorrow": lambda n: {
        "type": "track",
        "event": "X",
        "userId": f"u{n % 7}",
        "messageId": f"c{n}",
        "timestamp": format_moment(TOMORROW),
    },
    "a call without a type": lambda n: {"userId": f"u{n}"},
    "a call of nobody": lambda n: {"type": "track", "event": "X", "messageId": f"c{n}"},
    "a call with bad money": lambda n: {
        "type": "track",
        "event": "Order Completed",
        "userId": "u",
        "properties": {"total": "x", "n": n},
    },
    "no call at all": lambda n: [n],
}
"""Calls of the Segment family, which a door translates and never refuses to its sender."""


class Day:
    """Doors that accept, a queue, ingestion, and the ledger of it all."""

    def __init__(self, seed: int, ingest: Ingest = flow.ingest_events) -> None:
        self.draw = random.Random(seed)
        self.world = World()
        self.world.add_source("s_gone", tenant_id="t_gone")
        self.queue = SimulatedQueue(self.draw)
        self.ledger = Ledger(self.world)
        self.ingest = ingest
        self._sent: list[Event] = []

    def send(self, count: int) -> None:
        """Everything of both tables, then as many of them as asked for, some of them again."""
        for number, name in enumerate([*EVENTS, *CALLS, *self.draw.choices([*EVENTS, *CALLS], k=count)]):
            if name in CALLS:
                self._call(CALLS[name](number))
                continue
            made = EVENTS[name](number)
            self._accept([made, *self.draw.sample(self._sent, k=min(len(self._sent), self.draw.randint(0, 2)))])
            self._sent.append(made)

    def send_from_who_goes(self) -> None:
        """A tenant whose events were accepted and who is gone when they are to be applied."""
        self._accept([event(id=f"gone{n}", source="s_gone", tenant="t_gone") for n in range(3)], "s_gone", "t_gone")
        del self.world.tenants["t_gone"]

    def poison(self) -> None:
        """What no door has made."""
        stranger = seal_to(b"\x09" + bytes(31), b"x", b"zhiyin/delivery/t_shop")
        bodies = [
            "",
            "{}",
            "\x00",
            msgspec.json.encode({"tenant": TENANT_ID, "sealed": b64encode(b"x").decode()}).decode(),
        ]
        self.queue.put([*bodies, msgspec.json.encode(SealedMessage(TENANT_ID, stranger)).decode()])

    def work(self, share: float = 0.0) -> Balance:
        """Deliver until nothing waits, every store and the bus failing in a share of their calls."""
        self.queue.drain(self.ingest, self._services(share), self.world.now)
        return self.ledger.balance(self.queue.dead)

    def replay_all(self) -> None:
        """A day later an operator replays the quarantine and the dead letters."""
        self.world.now = TOMORROW
        for row in list(self.world.history.quarantine_rows.values()):
            if row.replayable:
                replay_quarantined(row.tenant, row.quarantine_id, "admin", self.world.history, self.queue.put, TOMORROW)
        self.queue.put(self.queue.dead)
        self.queue.dead = []

    def _call(self, call: Any) -> None:
        profile = SourceProfile(TENANT_ID, "s_web", "web", 1, frozenset(self.world.web.traits))
        translated = translate_batch({"batch": [call]}, source=profile, now=self.world.now)
        refused = for_quarantine(translated)
        self.queue.put(self.world.accept(*translated.events, refused=refused))
        self.ledger.note(TENANT_ID, translated.events, refused)

    def _accept(self, events: Sequence[Event], source: str = "s_web", tenant: str = TENANT_ID) -> None:
        self.queue.put(self.world.accept(*events, source=self.world.sources[source]))
        self.ledger.note(tenant, events, ())

    def _services(self, share: float) -> IngestServices:
        plain = self.world.ingestion()
        if not share:
            return plain

        def publish(changes: Sequence[Change]) -> None:
            if self.draw.random() < share:
                raise Unavailable("throttled", "Later.")
            plain.publish(changes)

        stores = {name: Flaky(getattr(plain, name), self.draw, share) for name in ("profiles", "history", "secrets")}
        return replace(plain, publish=publish, **stores)


@pytest.mark.parametrize("seed", SEEDS)
def test_accounts__nothing_fails_but_what_was_sent__every_end_is_found_and_counted(seed: int) -> None:
    """Without faults the functions' own counts say the same as what is stored."""
    day = Day(seed)
    day.send(40)
    day.send_from_who_goes()
    day.poison()
    found = day.work()
    assert found.holds and not found.twice, found
    assert found.dead == 3 and min(found.applied, found.duplicate, found.quarantined) > 0
    codes = {row.code for row in day.world.history.quarantine_rows.values()}
    assert {name for name in EVENTS if "_" in name} - codes <= {"bad_measure_input"}


@pytest.mark.parametrize("share", [0.02, 0.1, 0.4])
@pytest.mark.parametrize("seed", SEEDS)
def test_accounts__stores_and_bus_fail__still_balance(seed: int, share: float) -> None:
    """Refused, done and unheard of, throttled: what was accepted has one end, or is dead as a whole message."""
    day = Day(seed)
    day.send(30)
    day.send_from_who_goes()
    day.poison()
    found = day.work(share)
    assert found.holds and not found.twice, found


@pytest.mark.parametrize("seed", SEEDS)
def test_accounts__after_replaying_everything__balance_and_only_the_gone_stay_dead(seed: int) -> None:
    """Replays of the quarantine and of dead letters, done twice and with faults, count nothing twice."""
    day = Day(seed)
    day.send(30)
    day.send_from_who_goes()
    before = day.work(0.3)
    for share in (0.2, 0.0):
        day.replay_all()
        after = day.work(share)
        assert after.holds, after
    assert after.accepted == before.accepted
    assert after.applied > before.applied
    assert after.dead == 3
    page = read_quarantine(TENANT_ID, "", 100, "", day.world.history, TOMORROW)
    states = Counter(one.state for one in page.quarantined if one.kind in ("event", "item"))
    assert not page.cursor and states["waiting"] == after.quarantined and states["applied"]
    assert "future_event" not in {one.code for one in page.quarantined if one.state == "waiting"}


def test_accounts__kms_is_away__all_is_dead_and_none_is_lost() -> None:
    """Five times in vain; then replaying the dead letters applies what can be."""
    day = Day(1)
    day.send(20)
    day.world.keys.down = True
    day.queue.drain(day.ingest, day._services(0.0), day.world.now)
    day.world.keys.down = False
    found = day.ledger.balance(day.queue.dead)
    assert found.holds and found.dead + found.duplicate == found.accepted
    day.replay_all()
    assert day.work().holds


def _drops_refusals(refused: Sequence[Refused], opened: Any, services: IngestServices) -> int:
    return len(refused)


def _keeps_one_of_each_code(refused: Sequence[Refused], opened: Any, services: IngestServices) -> int:
    for one in refused:
        row = QuarantineRow(opened.tenant.tenant_id, one.code, one.code, one.path, one.at, b"", one.at)
        services.history.quarantine(row)
    return len(refused)


def _forgets_what_failed(messages: Sequence[Any], services: IngestServices, now: int) -> Any:
    report = flow.ingest_events(messages, services, now)
    return replace(report, failed={}) if isinstance(report, msgspec.Struct) else report


def _forgets_items(opened: Any, *arguments: Any) -> Any:
    admitted, refused = _admit(opened, *arguments)
    return admitted, [one for one in refused if isinstance(one.original, Event)]


_admit = flow.admit


@pytest.mark.parametrize(
    ("name", "mutant"),
    [("quarantine", _drops_refusals), ("quarantine", _keeps_one_of_each_code), ("admit", _forgets_items)],
    ids=["drops refusals", "keeps one of each code", "forgets items"],
)
def test_accounts__of_a_mutant_that_drops_something__do_not_balance(
    monkeypatch: pytest.MonkeyPatch, name: str, mutant: Any
) -> None:
    """The negative control: the same day, with ingestion that loses, is found to have lost."""
    monkeypatch.setattr(flow, name, mutant)
    day = Day(1)
    day.send(30)
    found = day.work()
    assert not found.holds and found.lost


def test_accounts__of_a_mutant_that_calls_failures_success__do_not_balance() -> None:
    """A message that is deleted although its events could not be applied is missed."""
    day = Day(1, _forgets_what_failed)
    day.send(30)
    found = day.work(0.4)
    assert not found.holds and found.lost
