"""Exports: everything that is held of a person, opened for one answer, and resting nowhere."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.flows import export_events
from chalicelib.flows.answer_route import answer_route
from chalicelib.flows.correct_person import CorrectionOrder, CorrectionServices, correct_person
from chalicelib.flows.erase_person import EraseOrder, erase_person
from chalicelib.flows.export_person import ExportServices, export_of
from chalicelib.flows.export_views import ExportedPerson, ExportOpened, ExportRequest, ExportView
from chalicelib.flows.note_read import Seen, seen_kind
from chalicelib.flows.open_export import ExportOrder, PartOrder, open_export, read_export
from chalicelib.flows.open_person import person_now
from chalicelib.flows.pin_tag import PinOrder, pin_tag
from chalicelib.flows.restrict_person import RestrictOrder, restrict_person
from chalicelib.flows.split_people import link_id
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import BadInput, Conflict, NotFound, Unavailable
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.routing.model import NamedIdentifier, RouteRequest
from tests.flows.opening_world import opening_of, reveal
from tests.flows.test_erasure import services_of as erasure_services
from tests.flows.world import NOW, TENANT_ID, World, described, event, paid

PHONE, NAME, OTHER_NAME, TEXT = "+8613907551234", "张金丝雀", "张小雀", "我的快递还没到，我住金丝雀里九号"
WHO = (("user_id", "u-canary-1"), ("phone", PHONE))


@pytest.fixture
def person(world: World) -> str:
    world.apply(described(*WHO, name=OTHER_NAME, city="上海", at=NOW - 2 * HOUR_MS))
    world.apply(described(*WHO, name=NAME, birth_date="1995-02-03", source="s_crm", is_vip=True), source=world.crm)
    world.apply(event("message.received", *WHO, text=TEXT), paid("o1", "12.50", *WHO))
    asked = RouteRequest(channel="web_chat", purpose="service", identifiers=(NamedIdentifier("phone", PHONE),))
    answer_route(asked, world.tenant(TENANT_ID), "d_1", world.reading(), NOW)
    return world.person("phone", PHONE).profile_id


def services(world: World) -> ExportServices:
    return ExportServices(opening_of(world), world.reading())


def opened(world: World, order_id: str = "ex_1", tenant_id: str = TENANT_ID, **asked: Any) -> ExportOpened:
    order = ExportOrder(order_id, ExportRequest(**({"reason": "asked for by letter"} | asked)), "officer-1")
    return open_export(order, world.tenant(tenant_id), services(world), world.now)


def part(world: World, number: int = 1, tenant_id: str = TENANT_ID, export_id: str = "ex_1", **more: Any) -> ExportView:
    order = PartOrder(
        **({"part_id": f"xp_{number}", "export_id": export_id, "part": number, "format": "json"} | more),
        principal="officer-1",
        role="privacy_officer",
    )
    return read_export(order, world.tenant(tenant_id), services(world), world.now)


def person_of(view: ExportView) -> ExportedPerson:
    assert view.person is not None
    return view.person


def value_in_force(told: ExportedPerson, name: str) -> Any:
    (found,) = [one.in_force for one in told.traits if one.name == name]
    return None if found is None else found.value


def test_export__part_one__holds_all_that_is_known_in_clear(world: World, person: str) -> None:
    """Identifiers and traits opened, every source's word, measures, tags with why, decisions with reasons, links."""
    reveal(world, person, "traits.name")
    job = opened(world, profile_id=person)
    assert (job.profile_id, job.parts, job.events, job.formats) == (person, 2, 4, ("json", "html", "csv"))
    told = person_of(part(world))
    assert {(one.namespace, one.value, one.opened) for one in told.identifiers} == {
        ("phone", PHONE, True),
        ("user_id", "u-canary-1", True),
    }
    traits = {one.name: one for one in told.traits}
    assert [(one.value, one.source) for one in traits["name"].said] == [(NAME, "s_crm"), (OTHER_NAME, "s_web")]
    assert value_in_force(told, "name") == NAME
    assert (value_in_force(told, "birth_date"), traits["birth_date"].class_) == ("1995-02-03", "sensitive")
    assert (value_in_force(told, "city"), traits["city"].retention_days) == ("上海", 1095)
    assert "12.50" in {one.sum for one in told.measures.values()}
    assert told.tags and all(one.why is not None and one.why.set for one in told.tags)
    assert [(one["decision_id"], bool(one["reasons"])) for one in told.decisions] == [("d_1", True)]
    assert told.links.links and told.done_complete
    assert [(one.role, one.action, one.purpose, one.times, one.clear) for one in told.read_by] == [
        ("privacy_officer", "exports.read", "legal", 1, True),
        ("supervisor", "fields.reveal", "service", 1, True),
    ]
    assert {one.action for one in told.done} == {"fields.reveal", "exports.open", "exports.read"}
    by_purpose = {one.purpose: one for one in told.recipients}
    assert "name" in by_purpose["service"].fields and "name" not in by_purpose["marketing"].fields
    assert "agent" in by_purpose["service"].roles


def test_export__of_who_is_restricted__holds_what_was_counted_all_the_same(world: World, person: str) -> None:
    """Who restricts the use of their data does not lose sight of it."""
    opened(world, profile_id=person)
    counted = person_of(part(world)).measures
    order = RestrictOrder("r" * 32, person, "asked for it", "t_officer")
    restrict_person(order, world.tenant(TENANT_ID), world.identity(), NOW)
    opened(world, "ex_2", profile_id=person)
    assert counted and person_of(part(world, export_id="ex_2", part_id="xp_9")).measures == counted


def test_export__events__come_whole_as_they_were_sent(world: World, person: str) -> None:
    """What people wrote, in their words, with their identifiers: newest first."""
    opened(world, profile_id=person)
    events = part(world, 2).events
    assert [one.time for one in events] == sorted((one.time for one in events), reverse=True)
    (message,) = [one for one in events if one.type == "message.received"]
    assert (message.data["text"], message.opened) == (TEXT, True)
    assert NamedIdentifier("phone", PHONE) in message.identifiers
    assert len(events) == 4


def test_export__parts__hold_each_event_once(world: World, person: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut by time: no event is missing, none is told twice, what comes late falls into the part of its time."""
    monkeypatch.setattr(export_events, "PART_EVENTS", 3)
    monkeypatch.setattr(export_events, "_PAGE", 2)
    world.apply(*(event("page.viewed", *WHO, at=NOW - n * HOUR_MS) for n in range(1, 8)))
    job = opened(world, profile_id=person)
    assert (job.events, job.parts) == (11, 1 + 4)
    late = event("page.viewed", *WHO, at=NOW - 100 * DAY_MS)
    world.apply(late, event("page.viewed", *WHO, at=NOW))
    told = [one.event for number in range(2, job.parts + 1) for one in part(world, number).events]
    assert len(told) == len(set(told)) == 13
    with pytest.raises(NotFound, match="no_such_part"):
        part(world, job.parts + 1)
    with pytest.raises(NotFound, match="no_such_part"):
        part(world, 0)


def test_export__by_identifiers__finds_the_person(world: World, person: str) -> None:
    """Staff have what the person wrote in their letter."""
    assert opened(world, identifiers=(NamedIdentifier("phone", "139 0755 1234"),)).profile_id == person
    with pytest.raises(NotFound):
        opened(world, "ex_2", identifiers=(NamedIdentifier("phone", "13907551235"),))
    for asked in ({}, {"profile_id": person, "identifiers": (NamedIdentifier("phone", PHONE),)}):
        with pytest.raises(BadInput, match="bad_person"):
            opened(world, "ex_3", **asked)


def test_export__nothing_in_clear__rests_anywhere(world: World, person: str) -> None:
    """Neither the job, nor the audit, nor anything else that is stored holds a value."""
    opened(world, profile_id=person, reason=f"letter of {PHONE}")
    for number in (1, 2):
        assert NAME in str(msgspec.json.encode(part(world, number)).decode())
    at_rest = world.at_rest()
    for value in (NAME, OTHER_NAME, TEXT, PHONE[3:], "1995-02-03", "u-canary-1"):
        assert value.encode() not in at_rest, value
    (row,) = world.history.records(TENANT_ID, seen_kind("officer-1"), before=1 << 60, limit=9)[:1]
    assert decode(row.content, Seen).ticket == "ex_1"


def test_export__repeated__is_the_same_job(world: World, person: str) -> None:
    """The same order again opens no other job, whatever happened since."""
    first = opened(world, profile_id=person)
    world.apply(event("page.viewed", *WHO))
    assert opened(world, profile_id=person) == first


def test_export__row_cannot_be_written__nothing_is_opened(world: World, person: str) -> None:
    """No audit, no part."""
    opened(world, profile_id=person)

    class Down:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.history, name)

        def keep(self, record: Any) -> bool:
            raise Unavailable("throttled", "The store could not be used; try again.")

    class Never:
        def secrets(self, tenant: str, facets: Any) -> Any:
            raise AssertionError("nothing may be opened")

    broken = services(world)
    broken = replace(broken, opening=replace(broken.opening, history=Down(), secrets=Never()))
    order = PartOrder("xp", "ex_1", 1, "json", "officer-1", "privacy_officer")
    with pytest.raises(Unavailable):
        read_export(order, world.tenant(TENANT_ID), broken, world.now)


def test_export__of_another_tenant_unknown_or_over__not_found(world: World, person: str) -> None:
    """Nobody's job, another tenant's, and one that has ended are the same to whoever asks."""
    world.add_source("s_other", tenant_id="t_other")
    opened(world, profile_id=person)
    with pytest.raises(NotFound, match="no_such_export"):
        part(world, tenant_id="t_other")
    with pytest.raises(NotFound, match="no_such_export"):
        part(world, export_id="ex_none")
    with pytest.raises(NotFound):
        opened(world, "ex_2", tenant_id="t_other", profile_id=person)
    world.now += 7 * DAY_MS
    with pytest.raises(NotFound, match="no_such_export"):
        part(world)
    with pytest.raises(BadInput, match="bad_format"):
        part(world, format="pdf")


def test_export__erased_since__is_gone_and_stays_gone_for_who_comes_back(world: World, person: str) -> None:
    """A job of somebody erased answers nothing, nor does it answer about who registers again."""
    opened(world, profile_id=person)
    order = EraseOrder("e_1", person, "asked", "officer-1")
    assert erase_person(order, world.tenant(TENANT_ID), erasure_services(world), world.now) is not None
    with pytest.raises(NotFound, match="no_such_export"):
        part(world)
    with pytest.raises(NotFound):
        opened(world, "ex_2", profile_id=person)
    world.now += HOUR_MS
    world.apply(described(*WHO, name="新人", at=world.now))
    assert world.person("phone", PHONE).generation == 2
    with pytest.raises(NotFound, match="no_such_export"):
        part(world)
    opened(world, "ex_3", profile_id=world.person("phone", PHONE).profile_id)
    told = person_of(part(world, export_id="ex_3"))
    assert [one.value for trait in told.traits for one in trait.said if trait.name == "name"] == ["新人"]


def test_export__erased_while_it_is_read__answers_nothing(world: World, person: str) -> None:
    """An erasure that wins the race leaves no half-opened answer."""
    opened(world, profile_id=person)
    racing = services(world)

    class Vanishing:
        def secrets(self, tenant: str, facets: Any) -> Any:
            for place, row in list(world.profiles.rows.items()):
                world.profiles.rows[place] = replace(row, state="erased", body=b"")
            return {}

    racing = replace(racing, opening=replace(racing.opening, secrets=Vanishing()))
    with pytest.raises(NotFound):
        export_of(world.tenant(TENANT_ID), person, racing, world.now)


def test_export__merged_since__a_new_export_is_asked_for(world: World, person: str) -> None:
    """What was asked for one person is not answered about two."""
    opened(world, profile_id=person)
    world.apply(described(("member_id", "m2"), name="别人"))
    world.merge(person, world.person("member_id", "m2").profile_id)
    with pytest.raises(Conflict, match="person_changed"):
        part(world)


@pytest.mark.parametrize("when", ["before it is read", "while it is read"])
def test_export__merged_after_it_was_let_in__tells_nothing_of_the_other(
    world: World, person: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Between the check of a link, or of a job, and the reading of the person there is time for a merge."""
    world.apply(described(("member_id", "m2"), name="别人"))
    other, let_in = world.person("member_id", "m2").profile_id, person_now(TENANT_ID, person, world.profiles)[1].facets
    racing = services(world)
    if when == "before it is read":
        world.merge(person, other)
    else:
        secrets, merges = racing.opening.secrets, list[Any]()

        class Merging:
            def secrets(self, tenant: str, facets: Any) -> Any:
                if not merges:
                    merges.append(world.merge(person, other))
                return secrets.secrets(tenant, facets)

        racing = replace(racing, opening=replace(racing.opening, secrets=Merging()))
    with pytest.raises(Conflict, match="person_changed"):
        export_of(world.tenant(TENANT_ID), person, racing, world.now, only=let_in)


def test_export__one_seal_without_its_key__the_rest_is_told_and_that_is_said(world: World, person: str) -> None:
    """A lost secret does not take the whole right away: its values stand masked and marked."""
    opened(world, profile_id=person)
    world.secrets.kept.clear()
    told = person_of(part(world))
    (name,) = [one for one in told.traits if one.name == "name"]
    assert (name.said[0].opened, name.said[0].value) == (False, "张**")
    assert not any(one.opened for one in told.identifiers)
    events = part(world, 2).events
    assert not any(one.opened for one in events) and not any("text" in one.data for one in events)


def test_export__restricted_person__has_the_right_all_the_same(world: World, person: str) -> None:
    """Who had their data restricted may still have it."""
    ((place, row),) = [(place, row) for place, row in world.profiles.rows.items() if row.state == "active"]
    world.profiles.rows[place] = replace(row, state="restricted")
    opened(world, profile_id=person)
    assert person_of(part(world)).state == "restricted"


def test_export__keys_cannot_be_had__unavailable(world: World, person: str) -> None:
    """KMS down is 503, and not an export of masks."""
    opened(world, profile_id=person)
    world.keys.down = True
    with pytest.raises(Unavailable):
        part(world)


def test_export__long_events__are_cut_by_what_they_take_of_an_answer(world: World, person: str) -> None:
    """Text that JSON escapes to many times its length still fits: 100 of the longest events, in parts of 4 MB."""
    hostile = "\x01" * 32_000
    world.apply(*(event("message.received", *WHO, text=hostile, at=NOW - n * HOUR_MS) for n in range(1, 101)))
    job = opened(world, profile_id=person)
    sizes = [len(msgspec.json.encode(msgspec.json.encode(part(world, n)).decode())) for n in range(2, job.parts + 1)]
    assert max(sizes) < 5_500_000 and job.parts > 4
    assert sum(len(part(world, n).events) for n in range(2, job.parts + 1)) == job.events == 104


def test_export__corrections__are_told_as_such_and_name_no_staff(world: World, person: str) -> None:
    """What was put right holds, what it replaced is still told, and who of the staff it was is not."""
    sending = CorrectionServices(
        world.profiles, world.history, world.keys.index, world._send, world.message_limit_bytes
    )
    order = CorrectionOrder("cor_1", person, {"name": "张对", "city": None}, "they said so", "officer-9")
    correct_person(order, world.tenant(TENANT_ID), sending, world.now)
    assert world.ingest().applied == 1
    opened(world, profile_id=person)
    told = person_of(part(world))
    (name,) = [one for one in told.traits if one.name == "name"]
    assert [(one.value, one.source, one.corrected) for one in name.said][:2] == [
        ("张对", "desk", True),
        (NAME, "s_crm", False),
    ]
    assert (value_in_force(told, "name"), value_in_force(told, "city")) == ("张对", None)
    assert b"officer-9" not in msgspec.json.encode([part(world, one) for one in (1, 2)])
    assert clear_name(world, person) == "张对"


def clear_name(world: World, person: str) -> Any:
    return reveal(world, person, "traits.name").fields[0].values[0].value


def test_export__tag_that_staff_set__names_no_staff(world: World, person: str) -> None:
    """Why a tag is set says that somebody of the staff did it, and not who."""
    pin_tag(PinOrder("ab" * 16, person, "vip", True, "", "officer-9"), world.tenant(TENANT_ID), world.identity(), NOW)
    opened(world, profile_id=person)
    told = person_of(part(world))
    (vip,) = [one for one in told.tags if one.tag.id == "vip"]
    assert vip.why is not None and vip.why.pinned is not None and vip.why.pinned.by == "desk"
    pinned = next(one for one in part(world, 2).events if one.type == "tag.pinned")
    assert (pinned.source, pinned.opened, pinned.data) == ("desk", True, {"tag": "vip", "value": True})
    assert b"officer-9" not in msgspec.json.encode([part(world, one) for one in (1, 2)])


def events_of(world: World, profile_id: str) -> set[tuple[str, str]]:
    """The identifiers that the events of an export name."""
    shown = export_of(world.tenant(TENANT_ID), profile_id, services(world), world.now, 2).events
    return {(named.namespace, named.value) for one in shown for named in one.identifiers}


def test_export__event_with_somebody_elses_telephone__shows_it_masked(world: World, person: str) -> None:
    """A link that was refused says that it is another's; its owner sees it as ever."""
    other = ("user_id", "u-canary-2")
    world.apply(event("page.viewed", other, WHO[1]))
    assert events_of(world, world.person(*other).profile_id) == {other, ("phone", "139****1234")}
    assert WHO[1] in events_of(world, person)


def test_export__event_of_a_link_that_was_cut__shows_what_went_to_the_other_masked(world: World) -> None:
    """A split says so as well."""
    one, other = ("member_id", "m-canary-1"), ("phone", "+8613907551299")
    world.apply(event("page.viewed", other), event("page.viewed", one, other))
    assert events_of(world, world.person(*one).profile_id) == {one, other}
    world.split(link_id=link_id(world.key(*one), world.key(*other)))
    assert events_of(world, world.person(*one).profile_id) == {one, ("phone", "139****1299")}
    assert events_of(world, world.person(*other).profile_id) == {other}


def test_export__registered_anew__tells_nothing_that_was_done_with_who_was_erased(world: World, person: str) -> None:
    """A telephone number is given to another: who read and what was done before was about somebody else."""
    reveal(world, person, "traits.name")
    pin_tag(
        PinOrder("a" * 32, person, "vip", True, "their words", "agent-1"),
        world.tenant(TENANT_ID),
        world.identity(),
        NOW,
    )
    order = EraseOrder("e_1", person, "asked", "officer-1")
    assert erase_person(order, world.tenant(TENANT_ID), erasure_services(world), world.now) is not None
    world.now += HOUR_MS
    world.apply(described(*WHO, name="新人", at=world.now))
    there = world.person("phone", PHONE).profile_id
    assert there == person
    told = person_of(export_of(world.tenant(TENANT_ID), there, services(world), world.now))
    assert (told.done, told.read_by, told.decisions) == ((), (), ())
    reveal(world, there, "traits.name")
    told = person_of(export_of(world.tenant(TENANT_ID), there, services(world), world.now))
    assert [one.action for one in told.done] == ["fields.reveal"]
    assert [one.times for one in told.read_by] == [1]
