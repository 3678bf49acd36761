"""What cannot be applied is listed without a value, and an event of it can be queued again by who cannot open it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from chalicelib.events.delivery import RefusedItem
from chalicelib.flows.read_quarantine import QuarantinedView, QuarantineView, read_quarantine
from chalicelib.flows.replay_quarantined import replay_quarantined
from chalicelib.kernel.errors import BadInput, Conflict, NotFound, Unavailable
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from tests.flows.world import NOW, TENANT_ID, World, described, event, paid

TOMORROW = NOW + DAY_MS
EXPIRED = NOW + 90 * DAY_MS


def listed(world: World, code: str = "", limit: int = 100, cursor: str = "") -> QuarantineView:
    return read_quarantine(TENANT_ID, code, limit, cursor, world.history, world.now)


def only(world: World) -> QuarantinedView:
    (row,) = listed(world).quarantined
    return row


def replay(world: World, id_: str, principal: str = "admin", tenant: str = TENANT_ID) -> QuarantinedView:
    return replay_quarantined(tenant, id_, principal, world.history, world.door().send, world.now)


def test_replay__cause_is_gone__event_is_applied_once_under_its_own_source(world: World) -> None:
    """An event from tomorrow is a good one tomorrow, with the traits that its own credential may write."""
    world.accept(described(at=TOMORROW, is_vip=True), source=world.crm)
    world.ingest()
    world.now = TOMORROW
    row = only(world)
    assert (row.state, row.replayable, row.source, row.kind) == ("waiting", True, "s_crm", "event")
    first = replay(world, row.id)
    assert (first.state, first.replayed_by, first.replayed_at) == ("replayed", "admin", "2025-10-10T08:53:20.000Z")
    assert (world.ingest().applied, only(world)) == (1, replace(first, state="applied"))
    assert replay(world, row.id).state == "applied" and not world.queue
    assert world.person("user_id", "u1").traits["is_vip"].value is True


def test_replay__twice__answers_the_same_and_the_event_counts_once(world: World) -> None:
    """Whoever is second learns who was first."""
    world.apply(paid("o1", "5.00", days_ago=-1))
    world.now = TOMORROW
    first = replay(world, only(world).id)
    world.now += HOUR_MS
    assert replay(world, first.id, "somebody else") == first
    assert len(world.queue) == 1
    world.queue *= 3
    report = world.ingest(at_once=1)
    assert (report.applied, report.duplicate, report.quarantined) == (1, 2, 0)


def test_replay__fails_again__the_same_row_waits_with_the_newer_code(world: World) -> None:
    """It is not lost, and there are not two of it."""
    world.apply(event(at=TOMORROW))
    row = only(world)
    world.now = TOMORROW + 10 * DAY_MS
    world.tenants[TENANT_ID] = replace(world.tenants[TENANT_ID], horizon_days=5)
    replay(world, row.id)
    report = world.ingest()
    again = only(world)
    assert (report.quarantined, again.id, again.state) == (1, row.id, "waiting")
    assert (again.code, again.replayed_at, again.replayed_by) == ("beyond_horizon", None, None)
    assert again.at > row.at and again.expires_at > row.expires_at


def test_replay__refused_before_it_is_noted__waits(world: World) -> None:
    """Ingestion may be faster than the note that the row was replayed: the failure counts, not the note."""
    world.apply(event(at=NOW + 30 * DAY_MS))
    world.now = TOMORROW

    def send_and_ingest(bodies: Sequence[str]) -> None:
        world.queue += bodies
        world.ingest()

    row = only(world)
    answer = replay_quarantined(TENANT_ID, row.id, "admin", world.history, send_and_ingest, world.now)
    assert (answer.state, answer.replayed_by) == ("waiting", None)
    assert only(world) == answer


def test_replay__queue_is_away__still_waits(world: World) -> None:
    """Sent before noted: what was not sent is not called replayed."""
    world.apply(event(at=TOMORROW))

    def away(_bodies: Sequence[str]) -> None:
        raise Unavailable("no_answer", "Later.")

    with pytest.raises(Unavailable):
        replay_quarantined(TENANT_ID, only(world).id, "admin", world.history, away, world.now)
    assert only(world).state == "waiting"


def test_replay__of_what_is_no_event__is_refused(world: World) -> None:
    """Malformed calls and notes hold no event that ingestion could take."""
    too_many = [event("page.viewed", ("user_id", "u1"), ("phone", f"+861390755{n:04}")) for n in range(6)]
    items = [RefusedItem("bad_time", "time", b"{}"), RefusedItem("bad_time", "imports/i_1/lines/7", b"x")]
    world.accept(*too_many, described(is_vip=True), refused=items)
    world.ingest()
    rows = listed(world).quarantined
    assert {(row.kind, row.replayable) for row in rows} == {
        ("item", False),
        ("import_line", False),
        ("link", False),
        ("trait", False),
    }
    for row in rows:
        with pytest.raises(Conflict, match="not_replayable"):
            replay(world, row.id)
    assert world.queue == []


@pytest.mark.parametrize("id_", ["", "x", "0" * 32, "a" * 300, "../x", "０", "q#1"])
def test_replay__id_that_leads_nowhere__is_not_found_alike(world: World, id_: str) -> None:
    """Unknown, malformed, expired and another tenant's ids are one refusal."""
    with pytest.raises(NotFound, match="no_such_quarantined"):
        replay(world, id_)


def test_replay__expired_or_of_another_tenant__is_not_found_alike(world: World) -> None:
    """DynamoDB forgets late; an expired row is gone for every reader."""
    world.apply(event(at=TOMORROW))
    row = only(world)
    with pytest.raises(NotFound, match="no_such_quarantined"):
        replay(world, row.id, tenant="t_other")
    world.now = EXPIRED
    assert listed(world).quarantined == ()
    with pytest.raises(NotFound, match="no_such_quarantined"):
        replay(world, row.id)


def test_list__page_after_page__newest_first_each_once(world: World) -> None:
    """Also where one batch was refused within one millisecond."""
    for _ in range(3):
        world.apply(*(event(at=NOW + 3 * DAY_MS) for _ in range(5)))
        world.now += 1
    page = listed(world, limit=4)
    found = list(page.quarantined)
    while page.cursor:
        page = listed(world, limit=4, cursor=page.cursor)
        found += page.quarantined
    assert (len(found), len({row.id for row in found})) == (15, 15)
    assert [row.at for row in found] == sorted((row.at for row in found), reverse=True)


def test_list__of_a_code__pages_may_be_short_and_go_on(world: World) -> None:
    """A call looks through some hundreds of rows, not through all: the cursor goes on where it stopped."""
    rare = event("page.viewed", channel="smoke")
    world.apply(rare)
    world.now += 1
    for start in range(0, 600, 100):
        items = [RefusedItem("bad_time", "time", str(start + n).encode()) for n in range(100)]
        world.accept(refused=items)
    world.ingest()
    empty = listed(world, "bad_channel", 1)
    assert (empty.quarantined, bool(empty.cursor)) == ((), True)
    found = listed(world, "bad_channel", 1, empty.cursor)
    assert ([row.code for row in found.quarantined], found.cursor) == (["bad_channel"], "")
    assert len(listed(world, "bad_time", 100).quarantined) == 100
    assert listed(world, "no_such_code", 100, found.cursor).quarantined == ()


@pytest.mark.parametrize("cursor", ["x", "1", "1.", ".a", "1.a b", f"{'9' * 17}.a", "１.a", "-1.a"])
def test_list__cursor_that_is_none_of_ours__bad_cursor(world: World, cursor: str) -> None:
    """A cursor is not made up."""
    with pytest.raises(BadInput, match="bad_cursor"):
        listed(world, cursor=cursor)


@pytest.mark.parametrize("limit", [0, 101, -1])
def test_list__limit_out_of_bounds__bad_limit(world: World, limit: int) -> None:
    """A page holds 1 to 100."""
    with pytest.raises(BadInput, match="bad_limit"):
        listed(world, limit=limit)


def test_list__of_a_person__says_nothing_of_them(world: World) -> None:
    """Neither the list nor the rows nor the queue hold a value in clear or base64."""
    phone = "13907551234"
    world.accept(
        described(("phone", "+86" + phone), at=TOMORROW, name="张三丰"),
        refused=[RefusedItem("bad_time", f"data.m{phone}.at", f'{{"phone": "{phone}"}}'.encode())],
    )
    world.ingest()
    replay(world, next(row.id for row in listed(world).quarantined if row.replayable))
    told = repr(listed(world)).encode() + world.at_rest()
    for value in (phone.encode(), "张三丰".encode(), b64encode(phone.encode()), phone[::-1].encode()):
        assert value not in told


def test_door__event_that_only_its_time_keeps_out__is_kept_as_an_event(world: World) -> None:
    """It can be replayed although a door refused it; sent again by its source, it is still one row."""
    refused = event(at=TOMORROW)
    for _ in range(2):
        world.accept(refused=[RefusedItem("future_event", "time", b"", refused)])
        world.now += 1
        refused = replace(refused, received_at=world.now)
    assert world.ingest().quarantined == 2
    row = only(world)
    world.now = TOMORROW
    replay(world, row.id)
    assert (world.ingest().applied, row.kind, row.code) == (1, "event", "future_event")


def test_replay__of_what_its_source_has_sent_again__is_applied_already(world: World) -> None:
    """The event counts once, and the row says so without anybody having replayed it."""
    bad = event("order.paid", id="e-mended", order_id="o1", amount="many")
    world.apply(bad)
    world.apply(replace(bad, data={"order_id": "o1", "amount": "5.00"}))
    row = only(world)
    assert (row.state, row.replayed_at) == ("applied", None)
    assert replay(world, row.id) == row and not world.queue
