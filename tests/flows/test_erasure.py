"""P11, erased stays erased: late events, replays and imports bring nobody back; who registers anew is a new person."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.desk import moves
from chalicelib.desk.declaration import DESK
from chalicelib.desk.model import Conversation, Need
from chalicelib.events.model import Identifier
from chalicelib.flows import refuse_erased as refusing
from chalicelib.flows.answer_route import answer_route
from chalicelib.flows.correct_person import CorrectionServices
from chalicelib.flows.erase_person import erase_person
from chalicelib.flows.erasure import REFUSED, EraseOrder, Erasure, Receipt
from chalicelib.flows.find_person import by_id, by_identifiers
from chalicelib.flows.read_timeline import read_timeline
from chalicelib.flows.record_consent import ConsentOrder, record_consent
from chalicelib.flows.run_erasure import ErasureDoor, open_erasure, read_receipt, run_erasure
from chalicelib.flows.services import ErasureServices
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import NotFound, Unavailable
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, MINUTE_MS
from chalicelib.privacy.receipts import sign, signing_pair, verify
from chalicelib.routing.model import RouteRequest
from chalicelib.store.memory_desk import MemoryDesk
from chalicelib.store.rows import Change, Outcome, Record
from tests.flows.imports_world import ImportWorld
from tests.flows.world import NOW, TENANT_ID, World, consent, described, lose_an_answer, paid, secret_of

USER, PHONE, EMAIL = ("user_id", "u1"), ("phone", "+8613907551234"), ("email", "reader@shop.test")


def services_of(world: World, **other: Any) -> ErasureServices:
    kept = ErasureServices(
        profiles=world.profiles,
        history=world.history,
        secrets=world.secrets,
        ledger=world.ledger,
        jobs=world.jobs,
        sign=lambda tenant, document: sign(secret_of(tenant.tenant_id, "receipt"), document),
        index=world.keys.index,
        publish=world._publish,
    )
    return replace(kept, **other)


def erase(world: World, profile_id: str, erasure_id: str = "x1", **other: Any) -> Receipt:
    order = EraseOrder(erasure_id, profile_id, "asked for it", "t_officer")
    signed = erase_person(order, world.tenant(TENANT_ID), services_of(world, **other), world.now)
    assert signed is not None
    public = signing_pair(secret_of(TENANT_ID, "receipt"))[1]
    verify(signed.document, signed.signature, public)
    return signed.document


def known(world: World, *who: tuple[str, str]) -> bool:
    asked = [Identifier(*one) for one in who]
    return by_identifiers(world.tenant(TENANT_ID), asked, world.reading()) is not None


@pytest.fixture
def merged(world: World) -> World:
    """One person of three facets, merged by links and by an operator, with a decision."""
    world.apply(
        paid("o1", "1.00", EMAIL),
        paid("o2", "2.00", PHONE),
        described(USER, PHONE, name="张三", birth_date="1995-02-03", at=NOW - 2 * HOUR_MS),
    )
    world.merge(world.person(*USER).profile_id, world.person(*EMAIL).profile_id)
    asked = RouteRequest(channel="web_chat", purpose="service", profile_id=world.person(*USER).profile_id)
    answer_route(asked, world.tenant(TENANT_ID), "d_1", world.reading(), world.now)
    return world


def test_erasure__whose_answer_was_lost__goes_on(world: World) -> None:
    """The tombstones stand already when it is tried again: it was this very erasure, and there is a receipt."""
    world.apply(described(USER, name="Ann"))
    profile_id = world.person(*USER).profile_id
    lose_an_answer(world)
    receipt = erase(world, profile_id)
    assert len(receipt.profile_ids) == 1 and not known(world, USER)
    assert erase(world, profile_id) == receipt


def test_erasure__of_a_merged_person__takes_all_that_is_merged_and_says_so(merged: World) -> None:
    """Every id, facet, event and decision goes, and the receipt lists it."""
    ids = {profile_id for _, profile_id in merged.profiles.rows}
    receipt = erase(merged, merged.person(*USER).profile_id)
    assert set(receipt.profile_ids) == ids
    assert (receipt.facets, receipt.events, receipt.decisions) == (3, 3, 1)
    assert receipt.identifiers == {"user_id": 1, "phone": 1, "email": 1}
    assert not known(merged, USER, PHONE, EMAIL)
    for profile_id in ids:
        with pytest.raises(NotFound):
            by_id(TENANT_ID, profile_id, merged.reading())
    assert not merged.secrets.kept
    assert not merged.history.decisions
    assert {row.content + row.changes for row in merged.history.markers.values()} == {b""}
    assert {row.body + row.ties for row in merged.profiles.rows.values()} == {b""}
    assert "张" not in merged.at_rest().decode("latin-1")
    told = [one.detail["profile_id"] for one in merged.published if one.type == "profile.erased"]
    assert sorted(told) == sorted(receipt.profile_ids)


def test_erasure__asked_by_a_merged_id__erases_the_same_person(merged: World) -> None:
    """A redirect is as good as the survivor's id."""
    redirect = next(profile_id for (_, profile_id), row in merged.profiles.rows.items() if row.state == "merged")
    erase(merged, redirect)
    assert not known(merged, USER, PHONE, EMAIL)


@pytest.mark.parametrize("who", [[USER], [PHONE], [EMAIL, PHONE], [("device", "aabbccddeeff"), PHONE]])
@pytest.mark.parametrize("at", [NOW - 3 * DAY_MS, NOW - 1, NOW])
def test_late_event__of_an_erased_person__is_refused_and_nothing_of_it_kept(
    merged: World, who: list[tuple[str, str]], at: int
) -> None:
    """Only a note says that there was one."""
    erase(merged, merged.person(*USER).profile_id)
    report = merged.apply(described(*who, city="北京", at=at))
    assert (report.applied, report.quarantined, report.failed) == (0, 1, {})
    assert merged.codes()["person_erased"] == ["identifiers"]
    assert not known(merged, USER, PHONE, EMAIL)
    assert all(not row.sealed for row in merged.history.quarantine_rows.values())


def test_late_event__of_another_who_carries_an_erased_phone__is_theirs_without_it(merged: World) -> None:
    """The event counts for who sent it, and the phone is not written down again."""
    erase(merged, merged.person(*USER).profile_id)
    assert merged.apply(paid("o9", "9.00", ("user_id", "u2"), PHONE)).applied == 1
    assert known(merged, ("user_id", "u2"))
    assert not known(merged, PHONE)
    assert merged.key(*PHONE) not in merged.person("user_id", "u2").links


def test_redelivery__of_an_erased_persons_event__is_a_duplicate(merged: World) -> None:
    """The marker outlives the person, so that the counts still add up."""
    again = list(merged.sent)
    erase(merged, merged.person(*USER).profile_id)
    report, left = merged.deliver(again)
    assert (report.applied, report.duplicate, report.quarantined, left) == (0, 3, 0, [])
    assert not known(merged, USER, PHONE, EMAIL)


def test_registration__after_the_erasure__is_a_new_generation(merged: World) -> None:
    """A new event makes a new person of the same id, with a new key and nothing of before."""
    old = merged.person(*USER)
    kept = dict(merged.secrets.kept)
    erase(merged, old.profile_id)
    merged.now += HOUR_MS
    assert merged.apply(described(USER, PHONE, name="李四", at=merged.now - MINUTE_MS)).applied == 1
    new = merged.person(*USER)
    assert (new.profile_id, new.generation, old.generation) == (old.profile_id, 2, 1)
    assert new.version > old.version
    assert "orders_paid" not in new.series and "birth_date" not in new.traits
    assert not {one.secret for one in merged.secrets.kept.values()} & {one.secret for one in kept.values()}
    assert {one.generation for one in merged.secrets.kept.values()} == {2}
    assert merged.person(*PHONE) == new
    assert merged.apply(paid("o1", "1.00", USER, days_ago=3)).quarantined == 1
    erase(merged, new.profile_id, "x2")
    merged.now += HOUR_MS
    merged.apply(described(USER, at=merged.now - MINUTE_MS))
    assert merged.person(*USER).generation == 3


def test_order__that_waited_while_another_erased_them__leaves_who_came_back(merged: World) -> None:
    """Two orders for one person; the second lay among the dead letters until the person had registered again."""
    old, door = merged.person(*USER), ErasureDoor(merged.profiles, merged.history, lambda *_: None)
    for erasure_id in ("x1", "x2"):
        open_erasure(EraseOrder(erasure_id, old.profile_id, "asked", "t_officer"), TENANT_ID, door, merged.now)
    tenant, services = merged.tenant(TENANT_ID), services_of(merged, lag_ms=0)
    assert run_erasure(tenant, "x1", services, merged.now, lambda: True)
    merged.now += HOUR_MS
    merged.apply(described(USER, PHONE, name="李四", at=merged.now - MINUTE_MS))
    assert run_erasure(tenant, "x2", services, merged.now, lambda: True)
    assert known(merged, USER) and merged.person(*USER).generation == 2
    assert merged.history.record_of(TENANT_ID, REFUSED, "x2") is not None
    open_erasure(EraseOrder("x3", old.profile_id, "asked", "t_officer"), TENANT_ID, door, merged.now)
    assert run_erasure(tenant, "x3", services, merged.now, lambda: True)
    assert not known(merged, USER), "an order of now means who lives now"


@pytest.mark.parametrize(("alone", "spared"), [(True, True), (False, False)])
def test_order__of_the_person_alone__spares_who_is_joined_to_them_before_it_is_done(
    world: World, alone: bool, spared: bool
) -> None:
    """Whoever asks by a link could send an event with a stranger's phone right after: the stranger is not erased with them."""
    world.apply(described(USER, name="张三"), described(("member_id", "victim"), PHONE, name="李四"))
    own, door = world.person(*USER).profile_id, ErasureDoor(world.profiles, world.history, lambda *_: None)
    open_erasure(EraseOrder("x1", own, "own word", "person", alone=alone), TENANT_ID, door, world.now)
    world.merge(own, world.person(*PHONE).profile_id)
    assert run_erasure(world.tenant(TENANT_ID), "x1", services_of(world, lag_ms=0), world.now, lambda: True)
    assert known(world, PHONE) is spared
    refused = world.history.record_of(TENANT_ID, REFUSED, "x1")
    assert (None if refused is None else decode(refused.content, str)) == ("person_changed" if spared else None)


def test_erasure__of_a_person_with_an_event_dated_ahead__its_redelivery_is_no_registration(world: World) -> None:
    """A clock that runs ahead brings nobody back."""
    ahead = described(USER, city="上海", at=NOW + 3 * MINUTE_MS)
    world.apply(ahead)
    erase(world, world.person(*USER).profile_id)
    assert world.apply(replace(ahead, id="other")).quarantined == 1
    assert not known(world, USER)


class Interrupted(Exception):
    """The function was killed here."""


@pytest.mark.parametrize(
    "step", ["ledger", "load", "delete", "strip", "forget_decisions", "advance", "sign", "publish", "keep"]
)
def test_erasure__killed_at_a_step__is_gone_on_with_by_its_id(merged: World, step: str) -> None:
    """From the first save on nobody reads the person; the rest is caught up with."""

    class Killing:
        def __init__(self, store: Any) -> None:
            self._store = store

        def __getattr__(self, name: str) -> Any:
            # The first read of profiles is before anything is erased.
            if name == step and (step != "load" or merged.history.record_of(TENANT_ID, "erasure", "x1")):
                raise Interrupted
            return getattr(self._store, name)

    def dies(*_: Any) -> Any:
        raise Interrupted

    profile_id = merged.person(*USER).profile_id
    places = {
        "ledger": ("ledger", type("Dead", (), {"keep": dies})()),
        "load": ("profiles", Killing(merged.profiles)),
        "delete": ("secrets", Killing(merged.secrets)),
        "advance": ("jobs", Killing(merged.jobs)),
        "sign": ("sign", dies),
        "publish": ("publish", dies),
    }
    name, broken_one = places.get(step, ("history", Killing(merged.history)))
    broken = {name: broken_one}
    with pytest.raises(Interrupted):
        erase(merged, profile_id, **broken)
    assert not known(merged, USER, PHONE, EMAIL)
    receipt = erase(merged, profile_id)
    assert receipt.facets == 3
    assert not merged.secrets.kept
    assert not merged.history.decisions
    assert {row.state for row in merged.profiles.rows.values()} == {"erased"}
    assert erase(merged, profile_id) == receipt


def test_erasure__while_an_event_is_saved__the_event_is_erased_too(merged: World) -> None:
    """Whoever is quicker: nothing of before is left."""
    calls: list[int] = []

    class Meanwhile:
        """Another writer adds an event just before the tombstones are saved, once."""

        def __getattr__(self, name: str) -> Any:
            return getattr(merged.profiles, name)

        def save(self, change: Change) -> Outcome:
            if not calls:
                calls.append(1)
                assert merged.apply(paid("o7", "7.00", PHONE)).applied == 1
            return merged.profiles.save(change)

    receipt = erase(merged, merged.person(*USER).profile_id, profiles=Meanwhile())
    assert receipt.events == 4
    assert not known(merged, USER, PHONE, EMAIL)


def test_erasure__always_beaten__unavailable_and_nobody_is_half_erased(merged: World) -> None:
    """The caller tries again; the person is whole until then."""

    class Beaten:
        def __getattr__(self, name: str) -> Any:
            return getattr(merged.profiles, name)

        def save(self, _change: Change) -> Outcome:
            return Outcome(saved=False, stale=True)

    with pytest.raises(Unavailable):
        erase(merged, merged.person(*USER).profile_id, profiles=Beaten())
    assert merged.person(*USER).series["orders_paid"].count == 2


def test_erasure__of_nobody__not_found(world: World) -> None:
    """An id that there is not is no erasure."""
    with pytest.raises(NotFound):
        erase(world, "p_none")


def forgets_nobody(patch: pytest.MonkeyPatch) -> None:
    """A system that looks at no tombstone."""
    patch.setattr(refusing, "is_before", lambda *_: False)


@pytest.mark.parametrize("mutant", [None, forgets_nobody])
def test_mutant__without_tombstones__late_events_bring_people_back(
    merged: World, mutant: Callable[[pytest.MonkeyPatch], None] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control."""
    erase(merged, merged.person(*USER).profile_id)
    if mutant is not None:
        mutant(monkeypatch)
    merged.apply(paid("late", "5.00", PHONE, days_ago=2))
    assert known(merged, PHONE) is (mutant is not None)


CUSTOMERS = {
    "source_id": "s_crm",
    "kind": "customers",
    "format": "csv",
    "mapping": {"identifiers.user_id": "member", "traits.city": "city"},
}


@pytest.mark.parametrize("declared", [CUSTOMERS, CUSTOMERS | {"mapping": CUSTOMERS["mapping"] | {"time": "at"}}])
def test_import__of_customers_after_the_erasure__brings_nobody_back(declared: dict[str, Any]) -> None:
    """Neither a list without times, which is of the moment it is read, nor last year's file."""
    imports = ImportWorld()
    world = imports.world
    lines = "member,city,at\nu1,上海,2025-01-10T10:00:00+08:00\nu9,上海,2025-01-10T10:00:00+08:00\n"
    world.apply(described(USER, PHONE, city="北京"))
    erase(world, world.person(*USER).profile_id)
    world.now += HOUR_MS
    imports.bring(declared, lines.encode(), "i_1")
    assert not known(world, USER)
    assert world.codes() == {"person_erased": ["identifiers"]}
    assert known(world, ("user_id", "u9"))


def test_import__declared_before_and_read_after_the_erasure__brings_nobody_back() -> None:
    """What was on its way when the person was erased is of before."""
    imports = ImportWorld()
    world = imports.world
    world.apply(described(USER, PHONE, city="北京"))
    upload = imports.upload(CUSTOMERS, "member,city\nu1,上海\n".encode())
    erase(world, world.person(*USER).profile_id)
    world.now += HOUR_MS
    imports.work(upload)
    world.ingest()
    assert not known(world, USER)


def test_erasure__while_an_operator_merges__both_are_erased_or_the_merge_is_of_the_other_alone(merged: World) -> None:
    """Whoever is quicker, nobody is half erased: a merge before the tombstones is erased with the person."""
    merged.apply(paid("o8", "8.00", ("user_id", "u2")))
    other = merged.person("user_id", "u2").profile_id
    calls: list[int] = []

    class Meanwhile:
        def __getattr__(self, name: str) -> Any:
            return getattr(merged.profiles, name)

        def save(self, change: Change) -> Outcome:
            if not calls:
                calls.append(1)
                merged.merge(merged.person(*USER).profile_id, other, force=True)
            return merged.profiles.save(change)

    receipt = erase(merged, merged.person(*USER).profile_id, profiles=Meanwhile())
    assert other in receipt.profile_ids and receipt.facets == 4
    assert not known(merged, USER, PHONE, EMAIL, ("user_id", "u2"))
    assert {row.state for row in merged.profiles.rows.values()} == {"erased"}


def test_erasure__messages_queued_before_it__are_refused_when_they_are_worked_on(merged: World) -> None:
    """The queue is no store that has to be searched: what is in it is of before."""
    merged.accept(paid("o6", "6.00", PHONE), described(USER, city="成都"))
    erase(merged, merged.person(*USER).profile_id)
    report = merged.ingest()
    assert (report.applied, report.quarantined, report.failed) == (0, 2, {})
    assert not known(merged, USER, PHONE)


def test_erasure__in_slices__strips_all_and_counts_each_once(merged: World) -> None:
    """A function that has time for one page at a time comes to the same receipt."""
    profile_id = merged.person(*USER).profile_id
    order = EraseOrder("x1", profile_id, "asked", "t_officer")
    services = services_of(merged)
    slices = 0

    def one_page() -> Callable[[], bool]:
        left = iter([True])
        return lambda: next(left, False)

    while (signed := erase_person(order, merged.tenant(TENANT_ID), services, merged.now, one_page())) is None:
        slices += 1
        assert not known(merged, USER, PHONE, EMAIL)
        assert slices < 9
    assert slices >= 1
    assert (signed.document.events, signed.document.decisions) == (3, 1)


def test_erasure__before_the_index_has_caught_up__gives_no_receipt(merged: World) -> None:
    """An event that was written just before the tombstones may be hidden: the receipt waits, and looks again."""
    order = EraseOrder("x1", merged.person(*USER).profile_id, "asked", "t_officer")
    services = services_of(merged, lag_ms=30_000)
    assert erase_person(order, merged.tenant(TENANT_ID), services, merged.now) is None
    assert not known(merged, USER, PHONE, EMAIL)
    signed = erase_person(order, merged.tenant(TENANT_ID), services, merged.now + 30_000)
    assert signed is not None and signed.document.events == 3


def test_erasure__receipt_and_ledger__hold_no_value_of_the_person(merged: World) -> None:
    """What is kept for ever names ids, counts and blind indexes."""
    receipt = erase(merged, merged.person(*USER).profile_id)
    (entry,) = merged.ledger.entries()
    kept = decode(entry.content, Erasure)
    assert set(kept.facets) <= set(kept.nodes)
    told = msgspec.json.encode(receipt) + msgspec.json.encode(kept)
    for value in ("张", "1995", "13907551234", 'u1"', "reader@"):
        assert value.encode() not in told


def test_receipt__of_an_export__says_that_it_was_made_until_it_expires(merged: World) -> None:
    """What is done at once is completed; what is gone is not found."""
    tenant = merged.tenant(TENANT_ID)
    services = CorrectionServices(merged.profiles, merged.history, merged.keys.index, merged._send, 9**9)
    merged.history.keep(Record(TENANT_ID, "export", "exp_1", NOW, b"", NOW + HOUR_MS))
    told = read_receipt("exp_1", tenant, services, NOW)
    assert (told.sort, told.state) == ("export", "completed")
    with pytest.raises(NotFound):
        read_receipt("exp_1", tenant, services, NOW + HOUR_MS)
    with pytest.raises(NotFound):
        read_receipt("none", tenant, services, NOW)


def test_erasure__conversations_at_the_desk__go_or_name_nobody(merged: World) -> None:
    """Under any id that the person had: what is over is deleted, who is just talked to goes on as nobody in particular."""
    desk = MemoryDesk()
    person = merged.person(*USER).profile_id
    former = next(row.profile_id for row in merged.profiles.rows.values() if row.merged_into == person)

    def opened(key: str, profile_id: str) -> Conversation:
        need = Need("orders", "orders", "web_chat", 5, profile_id=profile_id, last_agent="a_1")
        one = moves.opened(None, key * 32, need, "d_1", DESK, NOW)
        assert desk.wait(TENANT_ID, None, one)
        return one

    over, waits, other = opened("1", former), opened("2", person), opened("3", "p_other")
    as_former = opened("4", former)
    assert desk.change(TENANT_ID, over, moves.ended(over, "left", NOW))
    receipt = erase(merged, person, desk=(desk,))
    assert desk.conversation(TENANT_ID, over.key) is None
    for live in (waits, as_former):
        left = desk.conversation(TENANT_ID, live.key)
        assert left is not None and (left.state, left.need.profile_id, left.need.last_agent) == ("waiting", "", "")
    assert desk.conversation(TENANT_ID, other.key) == other
    assert [one.count for one in receipt.touched if one.store == "desk"] == [3]


def test_receipt__names_every_store_of_the_template(merged: World) -> None:
    """Whoever adds a table, a bucket or a queue says here what becomes of a person in it."""
    folder = Path(__file__).parents[2] / "infra" / "templates"
    declared = "".join(one.read_text() for one in sorted(folder.glob("*.yaml")))
    kinds = {
        "AWS::DynamoDB::Table": lambda name: name.removesuffix("Table").lower(),
        "AWS::S3::Bucket": {"ImportsBucket": "uploads"}.get,
        "AWS::SQS::Queue": lambda _: "queues",
    }
    found = re.findall(r"^  (\w+):\n    Type: (\S+)$", declared, re.MULTILINE)
    stores = {kinds[kind](name) for name, kind in found if kind in kinds}
    receipt = erase(merged, merged.person(*USER).profile_id)
    told = {one.store for one in (*receipt.touched, *receipt.left)}
    assert {"profiles", "history", "keys", "catalogue", "desk", "uploads", "queues"} <= stores <= told


def test_erasure__staffs_word_dated_after_one_from_ahead__goes_with_the_rest(world: World) -> None:
    """A consent that staff note follows upon a source's of some minutes ahead: it is no event of who registers anew."""
    world.apply(described(USER, city="上海"))
    world.apply(consent(USER, granted=True, at=NOW + 4 * MINUTE_MS), source=world.crm)
    profile_id = world.person(*USER).profile_id
    order = ConsentOrder("c" * 32, profile_id, ("marketing",), False, "by phone", "officer")
    record_consent(order, world.tenant(TENANT_ID), world.identity(), NOW)
    erase(world, profile_id)
    assert {row.content for row in world.history.markers.values()} == {b""}
    world.now += DAY_MS
    world.apply(described(USER, city="北京", at=world.now))
    told = read_timeline(TENANT_ID, world.person(*USER).profile_id, 10, "", world.reading(), world.now).events
    assert [one.type for one in told] == ["profile.described"]


@pytest.mark.parametrize("late", ["first delivery", "asked again"])
def test_erasure__of_two_orders_for_one_person__the_later_takes_nobody_who_registered_anew(
    merged: World, late: str
) -> None:
    """An order is about the person whom it was asked for: it waits in a queue, is delivered twice, and asked for again."""
    tenant, profile_id = merged.tenant(TENANT_ID), merged.person(*USER).profile_id
    door = ErasureDoor(merged.profiles, merged.history, lambda tenant_id, erasure_id: None)
    orders = [EraseOrder(one, profile_id, "asked for it", "t_officer") for one in ("x1", "x2")]

    def run(erasure_id: str) -> str:
        assert run_erasure(tenant, erasure_id, services_of(merged), merged.now, lambda: True)
        correcting = CorrectionServices(merged.profiles, merged.history, merged.keys.index, merged._send, 1 << 18)
        return read_receipt(erasure_id, tenant, correcting, merged.now).state

    for order in orders:
        open_erasure(order, TENANT_ID, door, merged.now)
    assert run("x1") == "completed"
    if late == "asked again":
        assert run("x2") == "refused"
    merged.now += DAY_MS
    merged.apply(described(USER, PHONE, city="北京", at=merged.now))
    if late == "asked again":
        open_erasure(orders[1], TENANT_ID, door, merged.now)
    assert run("x2") == "refused"
    assert known(merged, USER)
    open_erasure(replace(orders[0], erasure_id="x3"), TENANT_ID, door, merged.now)
    assert run("x3") == "completed"
    assert not known(merged, USER)
