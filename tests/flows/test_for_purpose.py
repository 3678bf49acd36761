"""A read for a purpose: what may not be used for it is in no part of the answer, nor can it be told from it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.flows import for_purpose as module
from chalicelib.flows.describe_profile import describe_profile
from chalicelib.flows.explain_tag import explain_tag
from chalicelib.flows.for_purpose import explained_for, for_purpose
from chalicelib.flows.read_timeline import read_timeline
from chalicelib.flows.services import ReadServices
from chalicelib.flows.views import ProfileView
from chalicelib.kernel.errors import Forbidden
from chalicelib.kernel.moments import DAY_MS
from chalicelib.privacy.asked import Asked
from chalicelib.privacy.fields import FIELDS
from chalicelib.privacy.permission import PURPOSES
from chalicelib.profiles.consents import Consent, consent_name, consent_trait
from chalicelib.profiles.measures import load_measures
from chalicelib.profiles.model import Profile
from chalicelib.profiles.permitted import Permitted, permitted
from chalicelib.tags import judging
from chalicelib.tags.catalogue import Catalogue, load_catalogue
from chalicelib.tags.engine import assess, confidences
from chalicelib.tags.scenes import Situation, load_scenes
from tests.flows.world import NOW, TENANT_ID, World, described, event, paid
from tests.unit.tags.persons import NOW as THEN
from tests.unit.tags.persons import happened, person
from tests.unit.tags.rules import rule, signal

USER = ("user_id", "u1")
ONE: dict[str, Any] = {
    "gender": "female", "age_band": "60_plus", "credit_level": "watch", "city": "上海", "member_level": "gold",
    "has_admin_rights": True, "department": "sales", "risk_level": "steady", "language": "zh",
}  # fmt: skip
OTHER: dict[str, Any] = {
    "gender": "male", "age_band": "18_24", "credit_level": "excellent", "city": "北京", "member_level": "none",
    "has_admin_rights": False, "department": "it", "risk_level": "growth", "language": "en",
}  # fmt: skip
EVENTS = [
    happened("order.paid", 3, order_id="o1", amount="900.00"),
    happened("message.received", 2, text="便宜点吧，多少钱", conversation_id=""),
    happened("complaint.filed", 1, ticket_id="k1", text="我要投诉"),
    happened("alert.raised", 1, kind="fraud"),
    happened("outage.reported", 1, outage_id="x", kind="power"),
]
SAID: dict[str, dict[str, bool]] = {
    "nothing": {},
    "yes": {"service": True, "marketing": True, "analytics": True, "profiling": True},
    "no": {"service": False, "marketing": False, "analytics": False},
    "no profiling": {"marketing": True, "profiling": False},
}


def saying(profile: Profile, answers: dict[str, bool], state: str = "active") -> Profile:
    traits = {
        consent_name(purpose): consent_trait(Consent(granted, THEN, "s", "web", "v1"), 0, b"k")
        for purpose, granted in answers.items()
    }
    may = profile.is_profiled and answers.get("profiling", True) and state != "restricted"
    return replace(profile, traits=profile.traits | traits, said=answers, state=state, is_profiled=may)


def services(catalogue: Catalogue | None = None) -> ReadServices:
    found = World().reading()
    return found if catalogue is None else replace(found, catalogue=catalogue)


def seen_for(profile: Profile, purpose: str, catalogue: Catalogue | None = None) -> ProfileView:
    return describe_profile(profile, services(catalogue), THEN, asked=Asked(purpose))


def otherwise(profile: Profile, may: Permitted) -> Profile:
    """The same person, but that all which is withheld is something else."""
    traits = {
        name: replace(trait, value=OTHER[name]) if name in OTHER and name not in may.profile.traits else trait
        for name, trait in profile.traits.items()
    }
    series = {
        name: one if name in may.profile.series else replace(one, count=one.count + 40, total=7, days=(), months=())
        for name, one in profile.series.items()
    }
    kinds = {step.kind for step in may.profile.steps}
    steps = tuple(step for step in profile.steps if step.kind in kinds)
    return replace(profile, traits=traits, series=series, steps=steps)


CASES = [(purpose, said, state) for purpose in PURPOSES for said in SAID for state in ("active", "restricted")]


@pytest.mark.parametrize(("purpose", "said", "state"), CASES)
def test_view__of_two_who_differ_in_what_is_withheld__is_the_same(purpose: str, said: str, state: str) -> None:
    """Not in a value, a mask, a tag, the summary, the quality or the list of what is withheld."""
    one = saying(person(EVENTS, ONE), SAID[said], state)
    may = permitted(one, Asked(purpose), THEN, load_measures())
    other = otherwise(one, may)
    assert seen_for(one, purpose) == seen_for(other, purpose)
    if purpose in ("marketing", "analytics") or state == "restricted":
        assert purpose == "legal" or one != other, "something was withheld, or this says nothing"


@pytest.mark.parametrize("purpose", ["marketing", "analytics", "security"])
def test_view__made_of_the_whole_person__would_tell(purpose: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: were rules to judge by all that is known, the answers of those two would differ."""
    one = saying(person(EVENTS, ONE), SAID["yes"])
    other = otherwise(one, permitted(one, Asked(purpose), THEN, load_measures()))

    def careless(profile: Profile, asked: Asked, now: int, measures: Any) -> Permitted:
        return replace(permitted(profile, asked, now, measures), profile=profile)

    monkeypatch.setattr(module, "permitted", careless)
    assert seen_for(one, purpose) != seen_for(other, purpose)


def test_views__of_one_person__differ_by_purpose() -> None:
    """Service, marketing, analytics and security see what is declared for them, and the law all."""
    one = saying(person(EVENTS, ONE), SAID["yes"])
    seen = {purpose: seen_for(one, purpose) for purpose in PURPOSES}
    for purpose, view in seen.items():
        for name in ONE:
            shown = purpose == "legal" or purpose in FIELDS[name].purposes
            assert (name in view.traits) is shown, (purpose, name)
            assert shown or any(m.path == f"traits.{name}" and m.reason == "purpose" for m in view.masked)
    assert [len(seen[purpose].identifiers) for purpose in PURPOSES] == [1, 0, 0, 1, 1]
    assert "ask_price" in seen["service"].measures and "ask_price" not in seen["marketing"].measures
    assert {tag.id for tag in seen["marketing"].tags} < {tag.id for tag in seen["service"].tags}
    assert any((one.path, one.reason) == ("tags", "purpose") for one in seen["marketing"].masked)
    assert not seen["legal"].masked


def test_marketing__without_a_yes__sees_nobody() -> None:
    """Not even since when they are known."""
    view = seen_for(person(EVENTS, ONE), "marketing")
    assert not view.traits and not view.measures and not view.tags and not view.identifiers
    assert (view.first_seen, view.last_seen) == (None, None)
    assert {one.reason for one in view.masked} == {"consent"}


def test_service__after_a_no__loses_what_rests_on_consent() -> None:
    """What the contract needs stays; what was told by consent goes, and the tags made of it."""
    one = saying(person(EVENTS, ONE), {"service": False})
    view = seen_for(one, "service")
    assert "gender" not in view.traits and view.traits["member_level"].value == "gold"
    assert "female" not in {tag.id for tag in view.tags}
    assert "female" in {tag.id for tag in seen_for(saying(one, {}), "service").tags}
    assert [(one.purpose, one.granted, one.version) for one in view.consents] == [("service", False, "v1")]


def test_restricted__everything_but_who_it_is__is_withheld() -> None:
    """For every purpose but the law's."""
    one = saying(person(EVENTS, ONE), {}, "restricted")
    view = seen_for(one, "service")
    assert (view.profile_id, view.state, len(view.identifiers)) == ("p_1", "restricted", 1)
    assert not view.traits and not view.measures and not view.tags and view.first_seen is None
    assert {one.reason for one in view.masked} == {"restricted"}
    assert seen_for(one, "legal").traits.keys() == ONE.keys()


def test_child__has_no_tags_and_no_measures() -> None:
    """Under 14 nobody is profiled; what service needs of them stays, and marketing sees nothing."""
    child = person(EVENTS, ONE | {"age_band": "under_14"})
    view = seen_for(child, "service")
    assert view.traits["city"].value == "上海" and not view.tags and not view.measures
    assert {("measures", "under_14"), ("tags", "under_14")} <= {(one.path, one.reason) for one in view.masked}
    assert not seen_for(saying(child, SAID["yes"]), "marketing").traits
    assert seen_for(child, "legal").measures


def test_no_to_profiling__no_rule_judges() -> None:
    """Nor is why a tag is set told."""
    one = saying(person(EVENTS, ONE), {"profiling": False})
    assert not seen_for(one, "service").tags
    reading = services()
    with pytest.raises(Forbidden) as raised:
        explained_for("female", for_purpose(one, Asked(), reading, THEN), reading)
    assert raised.value.code == "not_profiled"


def test_why__of_a_tag_for_other_purposes__is_refused() -> None:
    """That it is so tells nothing of the person: it is said of everybody."""
    one, reading = saying(person(EVENTS, ONE), SAID["yes"]), services()
    seen = for_purpose(one, Asked("marketing"), reading, THEN)
    with pytest.raises(Forbidden) as raised:
        explained_for("price_sensitive", seen, reading)
    assert raised.value.code == "purpose_not_allowed"
    assert explain_tag(seen.profile, "female", explained_for("female", seen, reading).services, THEN).set


def test_expired__trait_and_measure__are_read_by_nothing() -> None:
    """A day earlier they are; the law sees what is still held."""
    one = person([happened("order.paid", 1094, order_id="o", amount="9")], {"gender": "female"})
    last, later = THEN, THEN + DAY_MS
    reading = services()
    before = describe_profile(one, reading, last)
    after = describe_profile(one, reading, later)
    assert before.traits["gender"].value == "female" and "orders_paid" in before.measures
    assert "female" in {tag.id for tag in before.tags} and "female" not in {tag.id for tag in after.tags}
    assert not after.traits and not after.measures
    assert ("traits.gender", "expired") in {(one.path, one.reason) for one in after.masked}
    assert describe_profile(one, reading, later, asked=Asked("legal")).traits["gender"].value == "female"


def test_rule_of_an_older_catalogue__that_reads_too_much__says_nothing_for_that_purpose() -> None:
    """It was published before the data map said no; for the purposes that are left it goes on."""
    reads = {"==": [{"var": "t.credit_level"}, "watch"]}
    old = rule(id="owes", purposes=("service", "marketing"), signals=[signal("a", 1, reads)])
    counted = rule(
        id="haggler", purposes=("marketing",), signals=[signal("a", 1, {">=": [{"var": "m.ask_price.count"}, 0]})]
    )
    catalogue = Catalogue([old, counted], load_measures())
    one = saying(person(EVENTS, ONE), SAID["yes"])
    assert [tag.id for tag in seen_for(one, "service", catalogue).tags] == ["owes"]
    assert not seen_for(one, "marketing", catalogue).tags
    assert [tag.id for tag in seen_for(one, "legal", catalogue).tags] == ["haggler", "owes"]
    (told,) = [tag for tag in assess(catalogue, one, THEN).tags if tag.id == "owes"]
    assert judging.permitted(told, one, catalogue).purposes == ("service",), "nor is it told on the bus for marketing"


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("said", SAID)
def test_confidences__for_a_purpose__are_those_of_the_tags_that_may_serve_it(said: str, purpose: str) -> None:
    """Who asks for nothing else is told of the same tags, as sure: by the person's words, and by what a rule reads."""
    reads = {"==": [{"var": "t.credit_level"}, "watch"]}
    old = rule(id="owes", purposes=("service", "marketing"), signals=[signal("a", 1, reads)])
    broken = rule(id="broken", signals=[signal("a", 1, {">": [{"+": [{"var": "t.city"}, 1]}, 0]})])
    shipped = load_catalogue().rules.values()
    catalogue = Catalogue([*shipped, old, broken], load_measures(), scenes=load_scenes())
    one, among = saying(person(EVENTS, ONE), SAID[said]), frozenset(catalogue.rules)
    scenes = Situation(THEN, "Asia/Shanghai", "phone", "我要退款")
    assessed = assess(catalogue, one, THEN, among=among, scenes=scenes)
    expected = {tag.id: tag.confidence for tag in assessed.tags if purpose in tag.purposes}
    assert confidences(catalogue, one, THEN, purpose, among, scenes) == (expected, assessed.failed)
    assert not one.is_profiled or [failure.tag_id for failure in assessed.failed] == ["broken"]


def test_timeline__by_purpose__shows_the_families_declared_for_it() -> None:
    """And of events only the fields; a restricted person's is closed."""
    world = World()
    world.apply(paid("o1", "1.00", USER), event("survey.answered", USER, score=5), described(USER, city="上海"))
    who = world.person(*USER).profile_id

    def types(purpose: str) -> list[str]:
        page = read_timeline(TENANT_ID, who, 10, "", world.reading(), NOW, Asked(purpose))
        return sorted(one.type for one in page.events)

    assert types("service") == types("legal") == ["order.paid", "profile.described", "survey.answered"]
    assert types("security") == ["order.paid", "profile.described"]
    page = read_timeline(TENANT_ID, who, 10, "", world.reading(), NOW, Asked("security"))
    assert [(one.path, one.reason) for one in page.masked] == [("events", "purpose"), ("events.data", "purpose")]
    key = next(iter(world.profiles.rows))
    world.profiles.rows[key] = replace(world.profiles.rows[key], state="restricted")
    assert types("service") == [] and len(types("legal")) == 3
