"""Who is not profiled is judged nowhere: tags, routes, contexts, counts, the bus, at once and for everybody alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.events.model import Event
from chalicelib.flows import answer_route as routing
from chalicelib.flows.answer_route import answer_route
from chalicelib.flows.bot_context import context_for_bot
from chalicelib.flows.current_tags import current_tags
from chalicelib.flows.describe_profile import describe_profile
from chalicelib.flows.explain_tag import explain_tag
from chalicelib.flows.rebuild_profile import profile_as_of
from chalicelib.flows.record_consent import ConsentOrder, record_consent
from chalicelib.flows.restrict_person import RestrictOrder, restrict_person
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, format_moment
from chalicelib.privacy.asked import Asked
from chalicelib.profiles.model import Profile
from chalicelib.routing.model import NamedIdentifier, RouteRequest
from chalicelib.tags.catalogue import load_catalogue
from tests.flows.test_erasure import erase
from tests.flows.world import NOW, TENANT_ID, World, consent, described, event, paid

USER, OTHER = ("user_id", "u1"), ("user_id", "u2")
type Silence = Callable[[World, tuple[str, str]], None]


def objects(world: World, who: tuple[str, str]) -> None:
    """Refuses to be profiled, by an event."""
    world.apply(consent(who, granted=False, purpose="profiling", source="s_web"))


def is_restricted(world: World, who: tuple[str, str]) -> None:
    """Is restricted by staff."""
    order = RestrictOrder(f"{world.now}{who[1]}", world.person(*who).profile_id, "asked for it", "t_officer")
    restrict_person(order, world.tenant(TENANT_ID), world.identity(), world.now)


def is_a_child(world: World, who: tuple[str, str]) -> None:
    """Turns out to be nine years old."""
    world.apply(described(who, birth_date="2016-05-01"))


def tells_staff(world: World, who: tuple[str, str]) -> None:
    """Refuses to be profiled, by a word to staff."""
    order = ConsentOrder(
        f"{abs(hash(who)):032x}"[:32], world.person(*who).profile_id, ("profiling",), False, "asked", "t_officer"
    )
    record_consent(order, world.tenant(TENANT_ID), world.identity(), world.now)


SILENCES: Sequence[Silence] = (objects, is_restricted, is_a_child, tells_staff)
WAYS = pytest.mark.parametrize("silence", SILENCES, ids=lambda one: one.__name__)


def rich(who: tuple[str, str]) -> list[Event]:
    """Somebody of whom much is known."""
    return [
        described(who, gender="female", city="上海", source="s_crm", is_vip=True, member_level="gold"),
        paid("o1", "5000.00", who),
        event("complaint.filed", who, ticket_id="t1", text="我要赔偿"),
    ]


def world_of(*who: tuple[str, str]) -> World:
    world = World()
    for one in who:
        for told in rich(one):
            world.apply(told, source=world.sources[told.source])
    return world


def routed(world: World, who: tuple[str, str], **more: object) -> bytes:
    request = RouteRequest(channel="wechat", purpose="service", identifiers=(NamedIdentifier(*who),), **more)
    services = replace(world.reading(), history=World().history)
    return answer_route(request, world.tenant(TENANT_ID), "d_1", services, NOW + HOUR_MS)


@WAYS
def test_person__not_profiled__has_no_tag_no_summary_and_no_context(silence: Silence) -> None:
    """At once, in every read; what they told of themselves is still there to be corrected and exported."""
    world = world_of(USER)
    assert current_tags(world.person(*USER), world.reading(), NOW)
    assert context_for_bot(world.person(*USER), "web", world.reading(), NOW)["personalised"]
    silence(world, USER)
    person = world.person(*USER)
    assert current_tags(person, world.reading(), NOW) == ()
    shown = describe_profile(person, world.reading(), NOW)
    assert (shown.tags, shown.segments, shown.summary.en) == ((), (), "A customer who is not profiled")
    held = describe_profile(person, world.reading(), NOW, asked=Asked("legal"))
    assert held.traits["city"].value == "上海"
    why = explain_tag(person, "female", world.reading(), NOW)
    assert (why.set, why.signals, why.since) == (False, (), None)
    context = context_for_bot(person, "web", world.reading(), NOW)
    told = {name: context[name] for name in ("profile_id", "personalised", "summary", "tags", "orders", "tickets")}
    assert told == dict.fromkeys(told, None) | {"personalised": False, "tags": [], "orders": [], "tickets": []}


@WAYS
def test_person__who_is_no_longer_profiled__is_cleared_on_the_bus(silence: Silence) -> None:
    """Every tag and segment that was told is taken back at once, and nothing is told any more."""
    world = world_of(USER)
    told = {one.detail["tag"] for one in world.published if one.type == "tag.set"}
    had = {tag.id for tag in current_tags(world.person(*USER), world.reading(), world.now)}
    assert had
    assert had <= told
    world.published.clear()
    silence(world, USER)
    assert {one.detail["tag"] for one in world.published if one.type == "tag.cleared"} == had
    assert not [one for one in world.published if one.type in ("tag.set", "segment.entered")]
    assert all(row.due_at == 0 for row in world.profiles.rows.values())
    world.published.clear()
    world.apply(paid("o9", "9000.00", USER))
    assert {one.type for one in world.published} == {"profile.updated"}
    assert world.person(*USER).series["orders_paid"].count == 2, "events go on being folded"


def test_person__merged_with_somebody_restricted__is_cleared_on_the_bus() -> None:
    """The survivor had tags that were told; the merge restricts them, so they have none, and the bus hears that."""
    phone = ("phone", "13587654329")
    world = world_of(USER, phone)
    survivor, restricted = (world.person(*who).profile_id for who in (USER, phone))
    told = {tag.id for tag in current_tags(world.person(*USER), world.reading(), NOW)}
    is_restricted(world, phone)
    world.published.clear()
    merged = world.merge(survivor, restricted)
    assert merged.profile_id == survivor and world.person(*USER).state == "restricted"
    cleared = {
        one.detail["tag"]
        for one in world.published
        if one.type == "tag.cleared" and one.detail["profile_id"] == survivor
    }
    assert told and cleared == told


def test_person__who_may_be_judged_again__is_told_of_anew() -> None:
    """To lift a restriction, or to agree again, brings back what the events say by then, and the timers."""
    world = world_of(USER)
    due = {row.due_at for row in world.profiles.rows.values()}
    is_restricted(world, USER)
    world.published.clear()
    order = RestrictOrder("lift", world.person(*USER).profile_id, "asked for it", "t_officer", lift=True)
    assert restrict_person(order, world.tenant(TENANT_ID), world.identity(), world.now).state == "active"
    found = {tag.id for tag in current_tags(world.person(*USER), world.reading(), world.now)}
    assert {one.detail["tag"] for one in world.published if one.type == "tag.set"} == found
    assert {row.due_at for row in world.profiles.rows.values()} == due != {0}
    objects(world, USER)
    world.published.clear()
    world.apply(consent(USER, granted=True, purpose="profiling", at=NOW), source=world.crm)
    assert {one.detail["tag"] for one in world.published if one.type == "tag.set"} == found | {"privacy_minded"}


lives = st.lists(st.sampled_from(range(6)), min_size=0, max_size=6)


def live(world: World, who: tuple[str, str], story: Sequence[int]) -> None:
    kinds = [
        lambda: described(who, gender="male", source="s_crm", is_vip=True),
        lambda: paid("o1", "5000.00", who),
        lambda: event("complaint.filed", who, ticket_id="t1", text="我要赔偿"),
        lambda: event("message.received", who, text="退款", channel="wechat"),
        lambda: event("order.shipped", who, order_id="o2"),
        lambda: consent(who, granted=True, purpose="marketing"),
    ]
    for place in story:
        one = kinds[place]()
        world.apply(one, source=world.sources[one.source])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    left=lives,
    right=lives,
    ways=st.tuples(st.sampled_from(SILENCES), st.sampled_from(SILENCES)),
    message=st.sampled_from([None, "我要投诉", "where is my order"]),
    by_id=st.booleans(),
)
def test_route__of_two_people_who_are_not_profiled__is_bit_equal(
    left: Sequence[int], right: Sequence[int], ways: tuple[Silence, Silence], message: str | None, by_id: bool
) -> None:
    """Whoever they are, whatever they did and why ever nobody judges them: the same request has the same bytes."""
    answers, contexts = set(), set()
    for story, silence, who in ((left, ways[0], USER), (right, ways[1], OTHER)):
        world = World()
        world.apply(event("page.viewed", who))
        live(world, who, story)
        silence(world, who)
        answers.add(asked(world, who, message, by_id=by_id))
        contexts.add(msgspec.json.encode(context_for_bot(world.person(*who), "web", world.reading(), NOW)))
    assert len(answers) == len(contexts) == 1
    assert msgspec.json.decode(answers.pop())["personalised"] is False


def asked(world: World, who: tuple[str, str], message: str | None, *, by_id: bool) -> bytes:
    if not by_id:
        return routed(world, who, message=message)
    request = RouteRequest(
        channel="wechat", purpose="service", message=message, profile_id=world.person(*who).profile_id
    )
    return answer_route(request, world.tenant(TENANT_ID), "d_1", world.reading(), NOW + HOUR_MS)


def test_route__that_names_or_judges_them__is_not_bit_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: where a person is judged all the same, two people get two answers."""
    world = world_of(USER)
    world.apply(event("page.viewed", OTHER))
    for who in (USER, OTHER):
        objects(world, who)
    assert routed(world, USER) == routed(world, OTHER)
    find = routing.by_identifiers

    def judged_all_the_same(*given: object) -> Profile | None:
        found = find(*given)  # type: ignore[arg-type]
        return None if found is None else replace(found, is_profiled=True)

    monkeypatch.setattr(routing, "by_identifiers", judged_all_the_same)
    assert routed(world, USER) != routed(world, OTHER)


def test_route__of_somebody_not_profiled__is_kept_under_their_id() -> None:
    """The answer names nobody; the row does, so that an export shows it and an erasure takes it."""
    world = world_of(USER)
    objects(world, USER)
    request = RouteRequest(channel="web", purpose="service", identifiers=(NamedIdentifier(*USER),))
    answer = answer_route(request, world.tenant(TENANT_ID), "d_7", world.reading(), NOW)
    row = world.history.decision(TENANT_ID, "d_7")
    assert row is not None
    assert row.profile_id == world.person(*USER).profile_id
    assert row.profile_id.encode() not in answer
    assert world.history.forget_decisions(TENANT_ID, row.profile_id) == 1


def test_as_of__before_a_person_objected__is_not_judged_either() -> None:
    """A no counts for the past as well: nobody reads yesterday what may not be read today."""
    world = world_of(USER)
    then = world.now
    world.now += HOUR_MS
    world.apply(consent(USER, granted=False, purpose="profiling", at=world.now))
    past = profile_as_of(world.tenant(TENANT_ID), world.person(*USER).profile_id, then, world.reading(), world.now)
    assert not past.is_profiled
    assert current_tags(past, world.reading(), then) == ()


def test_consent_to_service__taken_back__ends_what_rests_on_it_and_nothing_else() -> None:
    """Gender rests on consent, a complaint on the contract."""
    world = world_of(USER)
    before = {tag.id for tag in current_tags(world.person(*USER), world.reading(), NOW)}
    assert {"female", "open_complaint"} <= before
    assert "Woman" in describe_profile(world.person(*USER), world.reading(), NOW).summary.en
    world.published.clear()
    world.apply(consent(USER, granted=False, purpose="service", source="s_web"))
    after = {tag.id for tag in current_tags(world.person(*USER), world.reading(), NOW)}
    assert "female" not in after
    assert "open_complaint" in after
    assert "Woman" not in describe_profile(world.person(*USER), world.reading(), NOW).summary.en
    assert {one.detail["tag"] for one in world.published if one.type == "tag.cleared"} == before - after


def test_marketing__agreed_to_and_taken_back__opens_and_closes_that_purpose_alone() -> None:
    """Asked first: until there is a yes nothing is told for marketing. A no takes back that and leaves service."""
    world = world_of(USER)
    catalogue = load_catalogue()
    first = {one.detail["tag"]: one.detail["purposes"] for one in world.published if one.type == "tag.set"}
    assert first
    assert not any("marketing" in purposes for purposes in first.values())
    for_marketing = {one for one in first if "marketing" in catalogue.rules[one].purposes}
    assert for_marketing
    world.published.clear()
    world.apply(consent(USER, granted=True, at=NOW - 9), source=world.crm)
    told = {one.detail["tag"]: one.detail["purposes"] for one in world.published if one.type == "tag.set"}
    assert {one: told[one] for one in for_marketing} == {one: ["marketing"] for one in for_marketing}
    world.published.clear()
    world.apply(consent(USER, granted=False, at=NOW - 5))
    cleared = {one.detail["tag"]: one.detail["purposes"] for one in world.published if one.type == "tag.cleared"}
    assert {one: cleared[one] for one in for_marketing} == {one: ["marketing"] for one in for_marketing}
    assert {tag.id for tag in current_tags(world.person(*USER), world.reading(), NOW)} >= for_marketing


def test_tenant__that_asks_first_for_analytics__tells_nothing_for_it_without_a_yes() -> None:
    """Which purposes need a yes is the tenant's to say."""
    world = world_of(USER)
    strict = load_catalogue().asking(("marketing", "analytics"))
    reading = replace(world.reading(), catalogue=strict)
    assert all("analytics" not in tag.purposes for tag in current_tags(world.person(*USER), reading, NOW))
    usual = current_tags(world.person(*USER), world.reading(), NOW)
    assert any("analytics" in tag.purposes for tag in usual)


def test_consent__written_by_staff__counts_at_once_and_is_audited() -> None:
    """Even over an event that is a little ahead of us; repeated it publishes the same again and writes nothing."""
    world = world_of(USER)
    world.apply(consent(USER, granted=True, at=NOW + 60_000), source=world.crm)
    before = world.person(*USER)
    order = ConsentOrder(
        "0" * 31 + "1", before.profile_id, ("marketing", "analytics"), False, "by phone", "lin", "phone", "v3", "call-9"
    )
    world.published.clear()
    done = record_consent(order, world.tenant(TENANT_ID), world.identity(), NOW)
    assert {one.purpose: one.granted for one in done.consents} == {"marketing": False, "analytics": False}
    assert (done.consents[0].source, done.consents[0].at) == ("person:lin", format_moment(NOW + 60_001))
    after = world.person(*USER)
    assert after.said == {"marketing": False, "analytics": False}
    assert (after.first_seen, after.last_seen, after.channels) == (before.first_seen, before.last_seen, before.channels)
    assert "declines_marketing" in {tag.id for tag in current_tags(after, world.reading(), NOW + 60_001)}
    told = list(world.published)
    assert any(one.type == "tag.cleared" for one in told)
    assert record_consent(order, world.tenant(TENANT_ID), world.identity(), NOW + DAY_MS) == done
    assert world.published == told * 2
    audits = [one for one in world.history.kept_records.values() if one.kind == "audit"]
    assert len(audits) == 1


def test_restriction__repeated_after_it_was_lifted__answers_what_was_done_then() -> None:
    """The same order twice is one order, whatever was said between."""
    world = world_of(USER)
    profile_id = world.person(*USER).profile_id
    order = RestrictOrder("r1", profile_id, "asked", "person")
    first = restrict_person(order, world.tenant(TENANT_ID), world.identity(), NOW)
    lift = RestrictOrder("r2", profile_id, "asked", "person", lift=True)
    restrict_person(lift, world.tenant(TENANT_ID), world.identity(), NOW)
    assert restrict_person(order, world.tenant(TENANT_ID), world.identity(), NOW) == first
    assert world.person(*USER).state == "active"


@pytest.mark.parametrize("purpose", ["marketing", "analytics", "service"])
def test_as_of__before_a_child_was_known_to_be_one__is_one_all_the_same(purpose: str) -> None:
    """What is withheld of a child today is withheld of yesterday, too, and for the same reason."""
    world = world_of(USER)
    then, asked = world.now, Asked(purpose, ())
    world.now += HOUR_MS
    world.apply(described(USER, birth_date="2018-01-01", source="s_crm", at=world.now), source=world.crm)
    today = describe_profile(world.person(*USER), world.reading(), world.now, asked=asked)
    past = profile_as_of(world.tenant(TENANT_ID), today.profile_id, then, world.reading(), world.now)
    shown = describe_profile(past, world.reading(), then, asked=asked)
    assert {one.path: one.reason for one in shown.masked}["tags"] == "under_14"
    assert shown.measures == {} == today.measures
    assert (shown.traits == {}) == (today.traits == {}) == (purpose != "service")


def test_restriction__of_somebody_erased_since__keeps_nothing_that_was_judged_of_them() -> None:
    """The record of it says what was done, and not which tags it took back; repeated it tells of nobody."""
    world = world_of(USER)
    had = {tag.id for tag in current_tags(world.person(*USER), world.reading(), NOW)}
    profile_id = world.person(*USER).profile_id
    order = RestrictOrder("a" * 32, profile_id, "asked for it", "officer-1")
    world.published.clear()
    first = restrict_person(order, world.tenant(TENANT_ID), world.identity(), NOW)
    told = list(world.published)
    assert had <= {one.detail.get("tag") for one in told}
    assert restrict_person(order, world.tenant(TENANT_ID), world.identity(), NOW) == first
    assert sorted(map(repr, world.published)) == sorted(map(repr, told * 2))
    erase(world, profile_id)
    world.published.clear()
    assert restrict_person(order, world.tenant(TENANT_ID), world.identity(), NOW) == first
    assert world.published == []
    assert not [tag for tag in had if tag.encode() in world.at_rest()]
