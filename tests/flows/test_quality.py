"""How good a profile is, as its view and its tags say: agreement of sources, freshness, values that were filled in."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.flows.answer_route import caller_of
from chalicelib.flows.describe_profile import describe_profile
from chalicelib.flows.explain_tag import explain_tag
from chalicelib.flows.services import ReadServices
from chalicelib.flows.views import ProfileView
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.kernel.texts import Text
from chalicelib.profiles.model import Body
from chalicelib.tags.health import Health, SourceHealth
from tests.flows.world import NOW, World, described, event

USER, PHONE = ("user_id", "u1"), ("phone", "+8613907551234")
WEB, CRM = "s_web", "s_crm"


def told(source: str, hours_ago: int = 1, who: tuple[str, str] = USER, **traits: Any):
    return described(who, at=NOW - hours_ago * HOUR_MS, source=source, **traits)


def world_of(*events) -> World:
    world = World()
    for one in events:
        world.apply(one, source=world.sources[one.source])
    return world


def under(world: World, **weights: float) -> ReadServices:
    """Reading while these sources are not well."""
    ill = {
        f"s_{name}": SourceHealth("drifting", weight, NOW, Text("偏移", "drifts")) for name, weight in weights.items()
    }
    services = world.reading()
    return replace(services, catalogue=services.catalogue.under(Health(sources=ill)))


def view(world: World, **weights: float) -> ProfileView:
    return describe_profile(world.person(*USER), under(world, **weights), NOW)


def state(name: str, *events) -> str:
    return view(world_of(*events)).quality.traits[name].state


def test_accuracy__sources_agree_or_not__is_the_share_of_traits_that_agree() -> None:
    """Two of three traits agree: one in other spelling, one sealed; a more trusted source corrected the third."""
    world = world_of(
        told(WEB, 5, city="上海市", name="张三", gender="male", language="zh-CN"),
        told(CRM, 2, city="上海", name="张三", gender="female"),
    )
    quality = view(world).quality
    assert {name: one.state for name, one in quality.traits.items()} == {
        "city": "agreed",
        "name": "agreed",
        "gender": "corrected",
    }
    assert (quality.accuracy, quality.compared, quality.conflicts, quality.corrections) == (0.6667, 3, 0, 1)
    said = quality.traits["gender"].said
    assert [(one.source, one.agrees, one.freshness_seconds) for one in said] == [
        (CRM, True, 2 * 3600),
        (WEB, False, 5 * 3600),
    ]
    web = quality.sources[WEB]
    # Its region was derived from the city.
    assert (web.traits, web.agrees, web.differs, web.freshness_seconds, web.state) == (5, 2, 1, 5 * 3600, "healthy")


def test_accuracy__one_source__is_not_known() -> None:
    """What nobody else speaks of is neither right nor wrong; derived traits are not counted beside their origin."""
    assert view(world_of(told(WEB, 5, city="上海"), told(WEB, 2, city="北京"))).quality.accuracy is None
    quality = view(world_of(told(WEB, 5, birth_date="1990-01-02"), told(CRM, 2, birth_date="1990-01-02"))).quality
    assert quality.traits.keys() == {"birth_date"}


@pytest.mark.parametrize(
    ("name", "web", "crm", "expected"),
    [
        ("city", "ＳＨＡＮＧＨＡＩ", "Shanghai ", "agreed"),
        ("region", "上海", "上海市", "agreed"),
        ("name", "张三", "张四", "corrected"),
        ("phone", "13907551234", "+8613907551234", "unknown"),
        ("phone", "13907551234", "13907559999", "corrected"),
        ("city_tier", 1, 2, "corrected"),
    ],
)
def test_agreement__after_normalisation__of_one_trait(name: str, web: Any, crm: Any, expected: str) -> None:
    """Width, case, spaces and endings of places do not count; a sealed phone spelt otherwise cannot be compared."""
    assert state(name, told(WEB, 5, **{name: web}), told(CRM, 2, **{name: crm})) == expected


def test_agreement__the_less_trusted_source_spoke_last__is_a_conflict() -> None:
    """Nobody corrected anything: a source of less rank contradicts a better one."""
    assert state("city", told(CRM, 5, city="上海"), told(WEB, 2, city="北京")) == "conflict"


def test_agreement__sealed_values_of_two_facets__cannot_be_compared() -> None:
    """Their keys differ, so equal values look unlike: that is no conflict. Clear ones compare."""
    world = world_of(
        told(WEB, 5, name="张三", city="上海"),
        told(CRM, 2, PHONE, name="张三", city="上海"),
        event("page.viewed", USER, PHONE),
    )
    quality = view(world).quality
    assert {name: one.state for name, one in quality.traits.items()} == {"name": "unknown", "city": "agreed"}
    assert (quality.accuracy, quality.compared) == (1.0, 1)
    assert [one.agrees for one in quality.traits["name"].said] == [None, None]


def test_sealed_claims__stay_sealed_at_rest() -> None:
    """What a second source says of a name is kept as the first one's is: nobody reads it in the store."""
    world = world_of(told(WEB, 5, name="王小明"), told(CRM, 2, name="欧阳修"))
    (facet,) = world.facets().values()
    assert [one.masked for one in facet.claims["name"]] == ["王**"]
    for name in ("王小明", "欧阳修"):
        assert name.encode() not in world.at_rest() and name not in str(world.at_rest())


def test_merge_and_split__claims_of_both__are_as_they_were() -> None:
    """While they are one person their sources are compared; split, each has its own bytes again."""
    world = world_of(told(WEB, 5, city="上海"), told(WEB, 4, PHONE, city="北京"), told(CRM, 2, PHONE, city="广州"))
    before = world.bodies()
    merged = world.merge(*(profile_id for _, profile_id in world.profiles.rows))
    assert {one.source for one in view(world).quality.traits["city"].said} == {WEB, CRM}
    world.now += 1
    world.split(merge_id=merged.merge_id)
    assert world.bodies() == before


def test_claims__beside_one_source__cost_a_byte_a_facet() -> None:
    """The typical person, of whom one source speaks, does not pay for this."""
    world = world_of(told(WEB, 5, city="上海", name="张三"))
    (body,) = world.bodies()
    assert all(one.claims == {} for one in decode(body, Body).facets.values())


# -- filled values


def test_filled__winner_drifts__another_sources_value_is_shown_and_marked() -> None:
    """The view names whose value it is and whose was set aside; with all well again it is the winner's."""
    world = world_of(told(CRM, 5, city="上海", gender="female"), told(WEB, 2, city="北京"))
    shown = view(world, web=0.4).traits["city"]
    assert (shown.value, shown.source, shown.filled, shown.instead_of) == ("上海", CRM, True, WEB)
    well = view(world).traits["city"]
    assert (well.value, well.source, well.filled, well.instead_of) == ("北京", WEB, False, "")
    quality = view(world, web=0.4).quality
    # The region follows the city that it was derived from.
    assert view(world, web=0.4).traits["region"].value == "上海"
    assert (quality.filled, quality.sources[WEB].state, quality.sources[WEB].weight) == (2, "drifting", 0.4)


def test_filled__nobody_else_knows__the_winners_value_stays() -> None:
    """A doubtful value is better than none; its tags weigh less, that is all."""
    world = world_of(told(WEB, 2, city="北京"))
    assert (view(world, web=0.4).traits["city"].value, view(world, web=0.4).quality.filled) == ("北京", 0)


def test_filled__in_rules_and_why__the_filled_value_is_read_and_named() -> None:
    """The tag follows the value that can be used, and its why says where it is from."""
    world = world_of(told(CRM, 5, gender="female"), told(WEB, 2, gender="male"))
    person = world.person(*USER)
    assert not explain_tag(person, "female", world.reading(), NOW).set
    found = explain_tag(person, "female", under(world, web=0.4), NOW)
    assert found.set and [(one.path, one.source, one.instead_of) for one in found.filled] == [("t.gender", CRM, WEB)]
    assert found.signals[0].values["t.gender"] == "female" and found.doubts == ()
    assert "female" in {tag.id for tag in view(world, web=0.4).tags}


def test_filled__in_policies__the_filled_value_is_read() -> None:
    """A route decides by the values that the profile shows."""
    world = world_of(told(CRM, 5, language="zh-CN"), told(WEB, 2, language="en"))
    services = under(world, web=0.4)
    policy = services.policy
    services = replace(services, policy=replace(policy, paths=frozenset({*policy.paths, "t.language"})))
    assert caller_of(world.person(*USER), {}, services, NOW).values["t"]["language"] == "zh-CN"


def test_quality__events_long_ago__is_as_fresh_as_the_last_one() -> None:
    """Freshness is counted from the last event of the person, and from each source's last word."""
    world = world_of(told(WEB, 48, city="上海"), event("page.viewed", USER, at=NOW - DAY_MS))
    quality = view(world).quality
    assert (quality.freshness_seconds, quality.sources[WEB].freshness_seconds) == (86_400, 2 * 86_400)
