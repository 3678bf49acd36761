"""A person's word about a tag wins over the rules, wherever the profile goes, until it is taken back."""

from __future__ import annotations

import pytest

from chalicelib.events.model import Event
from chalicelib.flows.pin_tag import Pin, PinOrder, pin_tag
from chalicelib.flows.rebuild_profile import profile_as_of
from chalicelib.kernel.errors import NotFound, Unavailable
from chalicelib.kernel.moments import DAY_MS
from chalicelib.tags.engine import evaluate
from chalicelib.tags.why import why
from tests.flows.world import NOW, TENANT_ID, World, described, lose_an_answer, tenant_of

USER = ("user_id", "u_pinned")


def _world(*more: Event) -> World:
    world = World()
    world.apply(described(USER, gender="female"), *more)
    return world


def _pin(world: World, tag_id: str, value: bool | None, number: int = 1, after: int = 0) -> Pin:
    person = world.person(*USER)
    order = PinOrder(f"{number:032x}", person.profile_id, tag_id, value, "because", "lin")
    return pin_tag(order, tenant_of(TENANT_ID), world.identity(), NOW + after)


def _ids(world: World, at: int = NOW + 1_000) -> set[str]:
    return {tag.id for tag in evaluate(world.reading().catalogue, world.person(*USER), at)}


def test_pin__of_a_tag_no_rule_sets__sets_it_with_its_source() -> None:
    """A tag that a person set is there in full confidence, and why names who."""
    world = _world()
    assert "vip" not in _ids(world)
    _pin(world, "vip", value=True)
    found = {tag.id: tag for tag in evaluate(world.reading().catalogue, world.person(*USER), NOW + 1_000)}
    assert (found["vip"].source, found["vip"].confidence, found["vip"].expires_at) == ("person", 1.0, None)
    answer = why(world.reading().catalogue, world.person(*USER), "vip", NOW + 1_000)
    assert answer.set
    assert answer.pinned is not None
    assert answer.pinned.by == "lin"


def test_pin__that_denies_a_tag__wins_over_its_rule_until_taken_back() -> None:
    """What the rules say does not matter while a person's word stands; it does again afterwards."""
    world = _world()
    assert "female" in _ids(world)
    _pin(world, "female", value=False)
    assert "female" not in _ids(world)
    _pin(world, "female", None, number=2, after=5)
    assert "female" in _ids(world)


def test_pin__published__says_what_it_set_and_cleared() -> None:
    """Who listens to tags hears of those that people set."""
    world = _world()
    world.published.clear()
    _pin(world, "vip", value=True)
    assert [(one.type, one.detail.get("tag")) for one in world.published][:2] == [
        ("profile.updated", None),
        ("tag.set", "vip"),
    ]


def test_pin__of_a_tag_that_a_rule_sets__tells_what_it_changes_and_no_more() -> None:
    """To deny what a rule sets clears it for listeners; to take that back sets it; to say what the rule says is no news."""
    world, told = _world(), list[list[tuple[str, object]]]()
    for number, value in enumerate([False, None, True, None], start=1):
        world.published.clear()
        _pin(world, "female", value=value, number=number, after=number)
        told.append([(one.type, one.detail["tag"]) for one in world.published if one.type.startswith("tag.")])
    assert told == [[("tag.cleared", "female")], [("tag.set", "female")], [], []]


def test_pin__said_twice__is_one_event() -> None:
    """A repeat changes nothing and writes nothing."""
    world = _world()
    first = _pin(world, "vip", value=True)
    assert _pin(world, "vip", value=True, number=2) == first


@pytest.mark.parametrize("number", [1, 2])
def test_pin__saved_and_not_published__is_told_by_its_repeat(number: int) -> None:
    """A crash between the two eats nothing: the same order, and the same word of another, tell what it changed."""
    world = _world()
    world.bus_down = True
    with pytest.raises(Unavailable):
        _pin(world, "vip", value=True)
    world.bus_down = False
    world.published.clear()
    again = _pin(world, "vip", value=True, number=number)
    told = [(one.type, one.detail["tag"], one.detail["version"]) for one in world.published if one.type == "tag.set"]
    assert ("tag.set", "vip", again.version) in told


def test_pin__whose_answer_was_lost__is_told_at_once() -> None:
    """It stands already when it is tried again; that is no reason to be silent."""
    world = _world()
    lose_an_answer(world)
    world.published.clear()
    _pin(world, "vip", value=True)
    assert [one.detail["tag"] for one in world.published if one.type == "tag.set"].count("vip") == 1


def test_pin__on_a_person__is_no_sighting_of_that_person() -> None:
    """What staff do does not make a customer less silent."""
    world = _world()
    before = world.person(*USER)
    _pin(world, "vip", value=True, after=9 * DAY_MS)
    after = world.person(*USER)
    assert (after.first_seen, after.last_seen, after.channels) == (before.first_seen, before.last_seen, before.channels)


def test_pin__of_an_unknown_tag_or_person__is_not_found() -> None:
    """There is nothing to say of what is not there."""
    world = _world()
    with pytest.raises(NotFound):
        _pin(world, "no_such_tag", value=True)
    order = PinOrder("0" * 32, "p_nobody", "vip", True, "because", "lin")
    with pytest.raises(NotFound):
        pin_tag(order, tenant_of(TENANT_ID), world.identity(), NOW)


def test_pin__after_a_merge_and_its_split__stays_with_whom_it_was_said_of() -> None:
    """A person's word goes where the facet goes that it was said of."""
    world = _world(described(("user_id", "u_other"), gender="male"))
    _pin(world, "vip", value=True)
    mine, other = world.person(*USER).profile_id, world.person("user_id", "u_other").profile_id
    merged = world.merge(mine, other, force=True)
    assert "vip" in _ids(world)
    world.split(merge_id=merged.merge_id)
    assert "vip" in _ids(world)
    left = world.person("user_id", "u_other")
    assert "vip" not in {tag.id for tag in evaluate(world.reading().catalogue, left, NOW + 1_000)}


def test_pin__as_of_a_moment_before__was_not_said_yet() -> None:
    """The past shows what was known then."""
    world = _world()
    _pin(world, "vip", value=True, after=5 * DAY_MS)
    world.now = NOW + 6 * DAY_MS
    profile_id = world.person(*USER).profile_id
    then, later = (
        profile_as_of(tenant_of(TENANT_ID), profile_id, NOW + days * DAY_MS, world.reading(), world.now)
        for days in (4, 6)
    )
    tags = [{tag.id for tag in evaluate(world.reading().catalogue, one, NOW + 6 * DAY_MS)} for one in (then, later)]
    assert ["vip" in ids for ids in tags] == [False, True]
