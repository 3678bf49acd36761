"""An import from upload to profiles: counts that add up, kills that change nothing, refusals with their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.flows import import_range
from chalicelib.flows.admission import Message, open_message
from chalicelib.flows.open_import import describe_import, open_import
from chalicelib.flows.run_import import Upload
from chalicelib.kernel.errors import BadInput, NotFound, ServiceRefused, Unavailable
from tests.flows.imports_world import HEADER, ImportWorld, Killed, order_file, order_line, orders
from tests.flows.world import NOW, TENANT_ID

BROKEN = {
    3: "A0000003,u3,ten,paid,2025-01-10T10:00:00Z\n",
    5: "A0000005,u5,1.00\n",
    6: "\n",
    9: 'A0000009,"u9,1.00,paid,2025-01-10T10:00:00Z\n',
    12: "A0000012,u12,1.00,审核中,2025-01-10T10:00:00Z\n",
}
"""Records that are no orders; the sixth is blank. The file's first line is its header."""


@pytest.fixture
def shop() -> ImportWorld:
    return ImportWorld()


def adds_up(view: Any) -> bool:
    refused = sum(view.refused_by_code.values())
    return view.records == view.accepted + view.refused + view.blank and refused == view.refused


def test_import__orders_with_broken_lines__become_profiles_and_a_list_of_lines(shop: ImportWorld) -> None:
    """Good lines are applied, broken ones are listed by number and stand in the quarantine, and the file is removed."""
    view = shop.bring(orders(), order_file(20, BROKEN))
    assert (view.state, view.records, view.accepted, view.refused, view.blank) == ("finished", 20, 15, 4, 1)
    assert (view.lines, view.read_bytes) == (21, view.size_bytes) and adds_up(view)
    assert [(one.line, one.code, one.path) for one in view.refused_lines] == [
        (4, "bad_amount", "data.amount"),
        (6, "bad_width", ""),
        (10, "bad_csv", ""),
        (13, "unknown_status", "status"),
    ]
    assert view.refused_by_code == {"bad_amount": 1, "bad_csv": 1, "bad_width": 1, "unknown_status": 1}
    assert shop.world.codes() == {
        "bad_amount": ["imports/i_1/lines/4/data.amount"],
        "bad_width": ["imports/i_1/lines/6"],
        "bad_csv": ["imports/i_1/lines/10"],
        "unknown_status": ["imports/i_1/lines/13/status"],
    }
    assert len(shop.world.history.markers) == view.events == 15
    assert not shop.objects.kept and not shop.queue


def test_import__sent_through_ingestion__counts_in_measures(shop: ImportWorld) -> None:
    """An imported order is an order like any other."""
    shop.bring(orders(), order_file(14))
    person = shop.world.person("user_id", "u3")
    assert {step.ref for step in person.steps} == {"A0000003", "A0000010"}


def test_import__same_file_twice__has_no_second_effect(shop: ImportWorld) -> None:
    """A second import of the file finds every event applied: nothing is counted twice."""
    shop.bring(orders(), order_file(20, BROKEN))
    before = shop.world.bodies()
    second = shop.bring(orders(), order_file(20, BROKEN), "i_2")
    assert second.accepted == 15 and second.state == "finished"
    assert shop.world.bodies() == before and len(shop.world.history.markers) == 15


def test_import__nothing_readable__is_kept_at_rest(shop: ImportWorld) -> None:
    """Bad input 35: neither checkpoints, nor queue, nor quarantine hold a value of a line, good or broken."""
    secret = "13800991234"
    line = f"{secret},{secret},x{secret},paid,2025-01-10T10:00:00Z\n"
    broken = {2: line, 3: f'{secret},"open {secret}\n', 4: f"{secret}\n", 5: line.replace("paid", secret)}
    view = shop.bring(orders(), order_file(6, broken))
    assert view.refused == 4
    kept = [msgspec.msgpack.encode(one) for one in (*shop.store.rows.values(), *shop.store.lines.values())]
    told = [msgspec.json.encode(view), repr(shop.job()).encode()]
    assert secret.encode() not in shop.world.at_rest() + b"".join(kept + told)


def slow() -> Iterator[bool]:
    """Time for one range in each invocation."""
    while True:
        yield True
        yield False


def run_through(shop: ImportWorld, upload: Upload) -> int:
    """Work, invocation by invocation, until nothing is queued any more; how many that took."""
    turns = slow()
    shop.work(upload, has_time=lambda: next(turns))
    done = 1
    while shop.queue:
        tenant, import_id, delay = shop.queue.pop(0)
        assert delay == 0
        shop.work(Upload(tenant, import_id, 0, ""), has_time=lambda: next(turns))
        done += 1
    return done


def test_import__little_time__goes_on_in_later_invocations() -> None:
    """An invocation queues what it has no time for, and the next one goes on from the checkpoint."""
    shop = ImportWorld(range_bytes=100_000)
    content = order_file(10_000, BROKEN)
    assert run_through(shop, shop.upload(orders(), content)) == -(-len(content) // 100_000)
    view = shop.view()
    assert (view.state, view.accepted, view.refused, view.blank) == ("finished", 9_995, 4, 1)
    assert max(shop.objects.reads) <= 100_000


class Mortal:
    """Services that let the process die before or after the n-th call of a kind."""

    def __init__(self, shop: ImportWorld, call: str, at: int, *, after: bool) -> None:
        self.shop, self.call, self.left, self.after = shop, call, at, after

    def services(self) -> Any:
        plain = self.shop.services()
        return msgspec.structs.replace(
            plain,
            imports=self,
            objects=self,
            door=msgspec.structs.replace(plain.door, send=self.wrapped("send", plain.door.send)),
            go_on=self.wrapped("go_on", plain.go_on),
        )

    def wrapped(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def mortal(*args: Any, **named: Any) -> Any:
            dies = name == self.call and self.left == 1
            self.left -= name == self.call
            if dies and not self.after:
                raise Killed
            answer = call(*args, **named)
            if dies:
                raise Killed
            return answer

        return mortal

    def __getattr__(self, name: str) -> Any:
        behind = self.shop.objects if name in ("read", "remove", "upload_url") else self.shop.store
        return self.wrapped(name, getattr(behind, name))


def killed_once(shop: ImportWorld, upload: Upload, call: str, at: int, *, after: bool) -> None:
    """Run until the death, then deliver the same message again, as the queue does."""
    turns = slow()
    mortal = Mortal(shop, call, at, after=after)
    waiting = [upload]
    while waiting:
        one = waiting.pop(0)
        try:
            shop.work(one, mortal.services(), lambda: next(turns))
        except Killed:
            waiting.append(one)
        waiting += [Upload(tenant, import_id, 0, "") for tenant, import_id, _ in shop.queue]
        shop.queue.clear()


@settings(max_examples=30)
@given(
    call=st.sampled_from(["read", "send", "advance", "go_on", "load", "remove"]),
    at=st.integers(1, 12),
    after=st.booleans(),
)
def test_import__killed_anywhere__counts_what_it_would_have_counted(call: str, at: int, after: bool) -> None:
    """P7: killed before or after any call and delivered again, the counts, the events and the lists are the same."""
    content = order_file(600, BROKEN)
    calm, killed = ImportWorld(range_bytes=6_000), ImportWorld(range_bytes=6_000)
    killed.world.message_limit_bytes = calm.world.message_limit_bytes = 3_000
    run_through(calm, calm.upload(orders(), content))
    killed_once(killed, killed.upload(orders(), content), call, at, after=after)
    one, other = calm.job(), killed.job()
    assert (other.state, other.counts, other.refused_by_code, other.place) == (
        one.state,
        one.counts,
        one.refused_by_code,
        one.place,
    )
    assert killed.view().refused_lines == calm.view().refused_lines
    assert event_ids(killed) == event_ids(calm) and len(event_ids(calm)) == 595
    assert not killed.objects.kept


def event_ids(shop: ImportWorld) -> set[str]:
    services = shop.world.ingestion()
    opened = [open_message(Message("m", body), services) for body in shop.world.sent]
    return {event.id for one in opened for event in one.delivery.events}


def test_import__two_workers_at_once__one_goes_on_and_counts_once(shop: ImportWorld) -> None:
    """Of two that work on one import the one whose checkpoint is second stops, and queues nothing more."""
    shop.range_bytes = 100_000
    content = order_file(5_000)
    upload = shop.upload(orders(), content)
    inner: list[Any] = []

    def meanwhile(bodies: Any) -> None:
        shop.world.door().send(bodies)
        if not inner:
            inner.append(None)
            inner.append(shop.work(upload))

    plain = shop.services()
    outer = shop.work(upload, msgspec.structs.replace(plain, door=msgspec.structs.replace(plain.door, send=meanwhile)))
    assert inner[1].state == "finished"
    assert outer is not None and outer.counts.records == 0
    assert shop.view().accepted == 5_000 and len(event_ids(shop)) == 5_000
    assert not shop.queue


def test_import__checkpoint_before_sending__would_lose_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: were the checkpoint written first, a kill at the send would lose what it counts."""
    shop = ImportWorld(range_bytes=20_000)
    upload = shop.upload(orders(), order_file(2_000))
    monkeypatch.setattr(import_range._Outbox, "close", lambda self: None)
    killed_once(shop, upload, "send", 1, after=False)
    assert len(event_ids(shop)) < shop.job().counts.events


def test_import__ingestion_is_behind__waits(shop: ImportWorld) -> None:
    """A file does not stand before live events: while many messages wait, the import pauses."""
    shop.waiting = 5_000
    upload = shop.upload(orders(), order_file(5))
    shop.work(upload)
    assert shop.view().records == 0 and shop.view().state == "running"
    assert [delay > 0 for _, _, delay in shop.queue] == [True]
    shop.waiting = 0
    shop.work(upload)
    assert shop.view().state == "finished"


@pytest.mark.parametrize(
    ("content", "changes", "code"),
    [
        (b"", {}, "bad_header"),
        (b"order,member,amount,at\nA1,u1,1,2025-01-10T10:00:00Z\n", {}, "bad_header"),
        ((HEADER + "x\n" * 1_500).encode(), {}, "mostly_refused"),
        (order_file(5), {"limit_bytes": 50}, "file_too_large"),
    ],
)
def test_import__file_that_does_not_fit__fails_with_a_reason(
    shop: ImportWorld, content: bytes, changes: dict[str, Any], code: str
) -> None:
    """A file that cannot be what was declared ends as a whole, in words, and is removed."""
    for name, value in changes.items():
        setattr(shop, name, value)
    view = shop.bring(orders(), content)
    assert view.state == "failed" and view.failure is not None
    assert view.failure.code == code and view.failure.message.endswith(".")
    assert adds_up(view) and not shop.objects.kept and view.finished_at


def test_import__source_or_file_gone_meanwhile__fails(shop: ImportWorld) -> None:
    """An import does not go on without its source, nor with another file in the place of the first."""
    upload = shop.upload(orders(), order_file(5))
    del shop.world.sources["s_crm"]
    assert shop.work(upload).failure == "unknown_source"  # type: ignore[union-attr]
    shop.world.add_source("s_crm", rank=2)
    upload = shop.upload(orders(), order_file(5), "i_2")
    shop.objects.put(f"memory:uploads/{TENANT_ID}/i_2", b"another", "e2")
    assert shop.work(upload).failure == "object_changed"  # type: ignore[union-attr]
    upload = shop.upload(orders(), order_file(5), "i_3")
    shop.objects.kept.clear()
    assert shop.work(upload).failure == "object_gone"  # type: ignore[union-attr]


@pytest.mark.parametrize("error", [Unavailable("no_answer", "Try again."), ServiceRefused("object_forbidden", "No.")])
def test_import__service_that_does_not_answer__leaves_it_where_it_was(shop: ImportWorld, error: Exception) -> None:
    """What may pass is not the import's fault: the message comes again and it goes on."""
    upload = shop.upload(orders(), order_file(5))

    def refuse(*_: Any, **__: Any) -> bytes:
        raise error

    read, shop.objects.read = shop.objects.read, refuse  # type: ignore[method-assign]
    with pytest.raises(type(error)):
        shop.work(upload)
    shop.objects.read = read  # type: ignore[method-assign]
    shop.work(upload)
    assert shop.view().accepted == 5


def test_import__announced_again_when_over__removes_the_file_and_nothing_else(shop: ImportWorld) -> None:
    """A second upload to the URL of an import that is over is removed unread."""
    shop.bring(orders(), order_file(5))
    before = shop.job()
    shop.objects.put(f"memory:uploads/{TENANT_ID}/i_1", order_file(9), "e2")
    shop.work(Upload(TENANT_ID, "i_1", 9, "e2"))
    assert shop.job() == before and not shop.objects.kept
    assert shop.work(Upload(TENANT_ID, "i_unknown", 9, "e2")) is None


def test_open_import__same_id_again__answers_the_same_import(shop: ImportWorld) -> None:
    """A repeated POST makes no second import, and no URL once the file has come or its time is over."""
    first = open_import(orders(), TENANT_ID, "admin", "i_1", shop.services(), NOW)
    again = open_import(orders(), TENANT_ID, "admin", "i_1", shop.services(), NOW + 1_000_000)
    assert first.upload is not None and again.upload is not None
    assert (first.upload.url.rpartition("=")[2], again.upload.url.rpartition("=")[2]) == ("3600", "2600")
    assert first.upload.expires_at == again.upload.expires_at
    late = open_import(orders(), TENANT_ID, "admin", "i_1", shop.services(), NOW + 3_600_000)
    assert (late.state, late.upload) == ("waiting", None)


def test_open_import__source_of_another_tenant__is_no_source(shop: ImportWorld) -> None:
    """Bad input 24: somebody else's source is as unknown as one that does not exist."""
    shop.world.add_source("s_other", tenant_id="t_other")
    with pytest.raises(BadInput) as refusal:
        open_import(orders(source_id="s_other"), TENANT_ID, "admin", "i_1", shop.services(), NOW)
    assert [(one.code, one.path) for one in refusal.value.mistakes] == [("unknown_source", "source_id")]  # type: ignore[attr-defined]


def test_describe_import__many_refusals__come_in_pages(shop: ImportWorld) -> None:
    """The list of refused lines goes on by a cursor until the last one, each line once and in order."""
    shop.range_bytes = 100_000
    broken = {number: order_line(number, amount="?") for number in range(1, 4_001, 16)}
    shop.bring(orders(), order_file(4_000, broken))
    seen, cursor, pages = [], "", 0
    while cursor or not pages:
        view = shop.view(cursor=cursor)
        seen += [one.line for one in view.refused_lines]
        cursor, pages = view.cursor, pages + 1
    assert seen == [number + 1 for number in broken] and pages == 3
    assert view.refused == 250


@pytest.mark.parametrize("cursor", ["x", "-1", "1" * 20, "１"])
def test_describe_import__cursor_of_nobody__is_refused(shop: ImportWorld, cursor: str) -> None:
    """A cursor is a number of a line."""
    shop.upload(orders(), b"")
    with pytest.raises(BadInput, match="bad_cursor"):
        shop.view(cursor=cursor)


def test_describe_import__of_another_tenant__is_not_there(shop: ImportWorld) -> None:
    """Bad input 24: another tenant's import is as unknown as one that does not exist."""
    shop.upload(orders(), b"")
    with pytest.raises(NotFound):
        describe_import("t_other", "i_1", "", shop.services())


def test_customers__imported__are_described_at_the_moment_of_the_import(shop: ImportWorld) -> None:
    """Customers without a time of their own are as of the import, and a restart does not move that moment."""
    body = {
        "source_id": "s_crm",
        "kind": "customers",
        "format": "jsonl",
        "mapping": {"identifiers.user_id": "id", "identifiers.phone": "tel", "traits.city": "city"},
    }
    upload = shop.upload(
        body, '{"id": "u1", "tel": "13912340007", "city": "杭州"}\n{"id": 2}\n{"city": "x"}\n'.encode()
    )
    shop.world.now += 60_000
    shop.work(upload)
    shop.world.ingest()
    person = shop.world.person("phone", "+8613912340007")
    assert person.traits["city"].value == "杭州" and person.traits["city"].observed_at == NOW
    assert (shop.view().accepted, shop.view().refused) == (2, 1)
