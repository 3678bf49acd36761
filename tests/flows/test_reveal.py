"""Reveal: named fields, for a purpose and a case, written down before anything is opened."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.flows.identity_records import AUDIT, Audited
from chalicelib.flows.note_read import Seen, seen_kind
from chalicelib.flows.reveal_views import RevealView
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import BadInput, Conflict, ManyMistakes, NotFound, TooOften, Unavailable
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.privacy.fields import FIELDS, NAMESPACES
from chalicelib.profiles.consents import Consent, consent_name, consent_trait
from chalicelib.profiles.model import Body
from tests.flows.opening_world import opening_of, reveal, revealing_of
from tests.flows.world import NOW, TENANT_ID, World, described, event

PHONE, EMAIL, NAME, BIRTH = "+8613907551234", "zhang.canary@shop.test", "张金丝雀", "1995-02-03"
WHO = (("user_id", "u1"), ("phone", PHONE), ("email", EMAIL))


@pytest.fixture
def person(world: World) -> str:
    world.apply(described(*WHO, name=NAME, birth_date=BIRTH, city="上海"))
    return world.person("user_id", "u1").profile_id


def clear(view: RevealView) -> dict[str, list[Any]]:
    return {one.path: [said.value for said in one.values] for one in view.fields}


def reasons(view: RevealView) -> dict[str, str]:
    return {one.path: one.reason for one in view.withheld}


def test_reveal__named_fields__come_clear_and_nothing_else(world: World, person: str) -> None:
    """Traits and identifiers, sealed or not, each with who said it when."""
    view = reveal(world, person, "traits.name", "identifiers.phone", "traits.city", "identifiers.email")
    assert clear(view) == {
        "traits.name": [NAME],
        "traits.city": ["上海"],
        "identifiers.phone": [PHONE],
        "identifiers.email": [EMAIL],
    }
    assert view.withheld == ()
    assert {one.values[0].source for one in view.fields} == {"s_web"}
    assert BIRTH not in msgspec.json.encode(view).decode()


def test_reveal__of_many_facets__only_the_facet_that_holds_the_field_is_opened(world: World, person: str) -> None:
    """A merged person's secrets are read one by one, not all for one field."""
    world.apply(described(("member_id", "m2"), address="南京东路九号"))
    other = world.person("member_id", "m2").profile_id
    world.merge(person, other)
    asked: list[list[str]] = []
    services = revealing_of(world)

    class Spy:
        def secrets(self, tenant: str, facets: Any) -> Any:
            asked.append(sorted(facets))
            return world.secrets.secrets(tenant, facets)

    spied = replace(services, opening=replace(services.opening, secrets=Spy()))
    assert clear(reveal(world, other, "traits.address", services=spied)) == {"traits.address": ["南京东路九号"]}
    assert asked == [[world.key("member_id", "m2")]]


@pytest.mark.parametrize(
    ("purpose", "withheld"),
    [
        ("service", {}),
        ("security", {"traits.name": "purpose", "traits.birth_date": "purpose"}),
        ("legal", {}),
    ],
)
def test_reveal__purpose__opens_what_the_data_map_has_for_it(
    world: World, person: str, purpose: str, withheld: dict[str, str]
) -> None:
    """A field that was not declared for a purpose stays sealed, with that reason."""
    view = reveal(world, person, "traits.name", "traits.birth_date", "identifiers.phone", purpose=purpose)
    assert reasons(view) == withheld
    assert set(clear(view)) == {"traits.name", "traits.birth_date", "identifiers.phone"} - set(withheld)


def say(world: World, purpose: str, granted: bool, state: str = "active") -> None:
    """The register of a consent, as its events would have made it, and the state of the person."""
    (place, row) = next((place, row) for place, row in world.profiles.rows.items() if row.state != "merged")
    body = decode(row.body, Body)
    trait = consent_trait(Consent(granted, NOW, "s_web", "web"), 1, b"k" * 16)
    facets = {
        name: replace(one, traits={**one.traits, consent_name(purpose): trait}) for name, one in body.facets.items()
    }
    from chalicelib.kernel.codec import encode

    changed = encode(replace(body, facets=facets)) if purpose else row.body
    world.profiles.rows[place] = replace(row, body=changed, state=state)


def test_reveal__consent_withdrawn__what_rests_on_it_is_withheld(world: World, person: str) -> None:
    """A no to service closes what rests on consent; what a contract needs stays open, and so does the law."""
    say(world, "service", granted=False)
    view = reveal(world, person, "traits.birth_date", "traits.name")
    assert (clear(view), reasons(view)) == ({"traits.name": [NAME]}, {"traits.birth_date": "consent"})
    assert clear(reveal(world, person, "traits.birth_date", purpose="legal")) == {"traits.birth_date": [BIRTH]}


def test_reveal__restricted_person__is_read_for_the_law_alone(world: World, person: str) -> None:
    """Restricted data is stored and not used."""
    say(world, "", granted=False, state="restricted")
    view = reveal(world, person, "traits.name", "identifiers.phone")
    assert (view.fields, set(reasons(view).values())) == ((), {"restricted"})
    assert clear(reveal(world, person, "traits.name", purpose="legal")) == {"traits.name": [NAME]}


def test_reveal__nothing_there__says_so(world: World, person: str) -> None:
    """A field that nobody told is not held, and opens nothing."""
    view = reveal(world, person, "traits.address", "identifiers.wechat_openid")
    assert reasons(view) == {"traits.address": "not_held", "identifiers.wechat_openid": "not_held"}


def test_reveal__first_event_gone__a_later_one_that_names_the_identifier_serves(world: World, person: str) -> None:
    """The history forgets after the horizon; who still calls can still be called."""
    world.apply(event("page.viewed", *WHO, at=NOW))
    first = world.person("user_id", "u1").links[world.key("phone", PHONE)].event_key
    world.history.markers.pop((TENANT_ID, first))
    assert clear(reveal(world, person, "identifiers.phone")) == {"identifiers.phone": [PHONE]}
    world.history.markers.clear()
    assert reasons(reveal(world, person, "identifiers.phone")) == {"identifiers.phone": "original_gone"}


@pytest.mark.parametrize(
    "fields",
    [(), tuple(f"traits.{n}" for n in range(11)), ("traits.nobody_declared",), ("name",), ("identifiers.A B",)],
)
def test_reveal__fields_that_name_nothing__refused(world: World, person: str, fields: tuple[str, ...]) -> None:
    """One to ten known fields; the refusal does not repeat what was sent."""
    with pytest.raises(BadInput) as refused:
        reveal(world, person, *fields)
    assert refused.value.code in {"bad_fields", "unknown_field"}
    assert not any(one in str(refused.value) for one in fields)


def test_reveal__several_unknown_fields__all_are_told(world: World, person: str) -> None:
    """Every mistake at once."""
    with pytest.raises(ManyMistakes) as refused:
        reveal(world, person, "traits.a", "traits.name", "b")
    assert [one.path for one in refused.value.mistakes] == ["fields.0", "fields.2"]


@pytest.mark.parametrize("ticket", ["", "13907551234", "a ticket of 张三", "x" * 300, "=cmd|1"])
def test_reveal__ticket_that_is_no_plain_id__refused(world: World, person: str, ticket: str) -> None:
    """A ticket stands in the audit in clear, so it names a case and nobody."""
    with pytest.raises(BadInput, match="bad_ticket"):
        reveal(world, person, "traits.name", ticket=ticket)


def test_reveal__noted__before_it_is_opened_with_names_and_no_value(world: World, person: str) -> None:
    """Who, whom, what for, which case, which fields and classes; never a value."""
    reveal(world, person, "traits.name", "traits.birth_date", "traits.address")
    (row,) = world.history.records(TENANT_ID, seen_kind("supervisor-1"), before=1 << 60, limit=9)
    seen = decode(row.content, Seen)
    assert (seen.fields, seen.classes) == (("traits.name", "traits.birth_date"), ("personal", "sensitive"))
    assert (seen.profile_ids, seen.purpose, seen.ticket, seen.clear) == ((person,), "service", "case-7", True)
    (kept,) = world.history.records(TENANT_ID, AUDIT, before=1 << 60, limit=9)
    audited = decode(kept.content, Audited)
    assert (audited.action, audited.subjects, audited.result) == ("fields.reveal", (person,), "rv_1")
    at_rest = world.at_rest()
    for value in (NAME, PHONE[3:], BIRTH, "zhang.canary"):
        assert value.encode() not in at_rest


def test_reveal__row_cannot_be_written__nothing_is_opened(world: World, person: str) -> None:
    """No audit, no answer, and no key."""
    services = revealing_of(world)

    class Down:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.history, name)

        def keep(self, record: Any) -> bool:
            raise Unavailable("throttled", "The store could not be used; try again.")

    class Never:
        def secrets(self, tenant: str, facets: Any) -> Any:
            raise AssertionError("nothing may be opened")

    broken = replace(services, opening=replace(services.opening, history=Down(), secrets=Never()))
    with pytest.raises(Unavailable):
        reveal(world, person, "traits.name", services=broken)
    with pytest.raises(AssertionError):
        reveal(
            world,
            person,
            "traits.name",
            services=replace(broken, opening=replace(broken.opening, history=world.history)),
        )


def test_reveal__more_than_an_hour_allows__429_with_the_seconds_left(world: World, person: str) -> None:
    """Each principal has so many calls in an hour; another one, and the next hour, have theirs."""
    services = revealing_of(world, most=2)
    for _ in range(2):
        reveal(world, person, "traits.name", services=services)
    with pytest.raises(TooOften) as refused:
        reveal(world, person, "traits.name", services=services)
    assert (refused.value.code, refused.value.seconds) == ("too_many_reveals", (HOUR_MS - NOW % HOUR_MS) // 1000)
    reveal(world, person, "traits.name", services=services, principal="supervisor-2")
    world.now += HOUR_MS
    reveal(world, person, "traits.name", services=services)


def test_reveal__secret_gone_or_wrong__honest_refusal(world: World, person: str) -> None:
    """A lost secret, another commitment, a changed byte: not opened, said so, and no crash."""
    place = (TENANT_ID, world.key("user_id", "u1"))
    right = world.secrets.kept[place]
    for wrong in (replace(right, commitment=b"x" * 16), replace(right, generation=2), None):
        if wrong is None:
            del world.secrets.kept[place]
        else:
            world.secrets.kept[place] = wrong
        with pytest.raises(Conflict, match="cannot_be_opened"):
            reveal(world, person, "traits.name")
    world.secrets.kept[place] = right
    assert clear(reveal(world, person, "traits.name")) == {"traits.name": [NAME]}


def test_reveal__keys_cannot_be_had__unavailable(world: World, person: str) -> None:
    """KMS down is 503 and not an empty answer."""
    world.keys.down = True
    with pytest.raises(Unavailable):
        reveal(world, person, "traits.name")


def test_reveal__unknown_erased_or_anothers__not_found(world: World, person: str) -> None:
    """All alike, and an erasure in the middle of a reveal is one of them."""
    world.add_source("s_other", tenant_id="t_other")
    with pytest.raises(NotFound):
        reveal(world, "p_unknown", "traits.name")
    with pytest.raises(NotFound):
        reveal(world, person, "traits.name", tenant_id="t_other")
    (place, row) = next(iter(world.profiles.rows.items()))
    services = revealing_of(world)

    class Vanishing:
        def secrets(self, tenant: str, facets: Any) -> Any:
            world.profiles.rows[place] = replace(row, state="erased", body=b"")
            return {}

    with pytest.raises(NotFound):
        reveal(
            world,
            person,
            "traits.name",
            services=replace(services, opening=replace(services.opening, secrets=Vanishing())),
        )
    with pytest.raises(NotFound):
        reveal(world, person, "traits.name")


def test_reveal__two_identifiers_of_a_namespace__both_come_by_their_own_events(world: World, person: str) -> None:
    """Two numbers with one masked form are told apart by their keys."""
    twin = "+8613907771234"
    world.apply(event("page.viewed", ("user_id", "u1"), ("phone", twin), at=NOW - DAY_MS))
    third, fourth = "+8613801110000", "+8613802220000"
    both = (("user_id", "u9"), ("phone", third), ("phone", fourth))
    world.apply(event("page.viewed", *both, at=NOW - DAY_MS))
    other = reveal(world, world.person("user_id", "u9").profile_id, "identifiers.phone")
    assert sorted(clear(other)["identifiers.phone"]) == [third, fourth], "one event, one masked form"
    assert sorted(clear(reveal(world, person, "identifiers.phone"))["identifiers.phone"]) == sorted([PHONE, twin])
    assert repr(opening_of(world)) and "张" not in repr(reveal(world, person, "traits.name"))


def test_reveal__past_its_retention__is_withheld_as_in_every_view(world: World, person: str) -> None:
    """What may not be shown masked is not opened either; the law is answered in full."""
    world.now += 1_100 * DAY_MS
    view = reveal(world, person, "traits.name", "identifiers.phone", "traits.address")
    assert view.fields == ()
    assert reasons(view) == {
        "traits.name": "expired",
        "identifiers.phone": "expired",
        "traits.address": "not_held",
    }
    assert clear(reveal(world, person, "traits.name", purpose="legal")) == {"traits.name": [NAME]}


def test_reveal__one_of_two_past_its_retention__the_other_is_opened(world: World, person: str) -> None:
    """Each identifier ends by its own last sighting."""
    world.now += 1_100 * DAY_MS
    world.apply(event("page.viewed", WHO[0], ("phone", "+8613907551235"), at=world.now))
    assert clear(reveal(world, person, "identifiers.phone")) == {"identifiers.phone": ["+8613907551235"]}


@pytest.mark.parametrize("purpose", ["marketing", "analytics"])
def test_reveal__of_a_child__nothing_for_marketing_or_analytics(world: World, purpose: str) -> None:
    """As every view has it; for service the child is served."""
    world.apply(described(("user_id", "u9"), birth_date="2018-01-01", city="上海"))
    child = world.person("user_id", "u9").profile_id
    view = reveal(world, child, "traits.city", purpose=purpose)
    assert (view.fields, reasons(view)) == ((), {"traits.city": "under_14"})
    assert clear(reveal(world, child, "traits.city")) == {"traits.city": ["上海"]}


def test_reveal__identifiers_that_look_alike_when_masked__each_is_told_once(world: World) -> None:
    """One event names two, another one of them: whichever key sorts first, the person has these and no others."""
    for number in range(8):
        user = ("user_id", f"alike-{number}")
        browsers = [("anonymous_id", f"browser-{number}-{one}") for one in range(3)]
        world.apply(event("page.viewed", user, browsers[0], at=NOW - 3 * HOUR_MS))
        world.apply(event("page.viewed", user, browsers[0], browsers[1], at=NOW - 2 * HOUR_MS))
        world.apply(event("page.viewed", user, browsers[1], browsers[2], at=NOW - HOUR_MS))
        view = reveal(world, world.person(*user).profile_id, "identifiers.anonymous_id")
        assert sorted(clear(view)["identifiers.anonymous_id"]) == [value for _, value in browsers]
        assert view.withheld == ()


def test_reveal__older_than_its_retention__is_for_the_law_alone(world: World, person: str) -> None:
    """What no view reads any more is not opened either; who must show what is held opens it still."""
    age = max(1 + FIELDS["name"].retention_days, 1) * DAY_MS
    world.now += age
    asked = ("traits.name", "identifiers.phone", "traits.email")
    view = reveal(world, person, *asked)
    phone_ends = NAMESPACES["phone"].retention_days
    assert reasons(view)["traits.name"] == "expired"
    assert ("identifiers.phone" in clear(view)) == (not phone_ends or phone_ends * DAY_MS > age)
    assert NAME not in msgspec.json.encode(view).decode()
    assert clear(reveal(world, person, *asked, purpose="legal"))["traits.name"] == [NAME]
    world.apply(described(*WHO, name="张新", at=world.now))
    assert clear(reveal(world, person, "traits.name"))["traits.name"] == ["张新"]
