"""What profiles say of people is true of them; the command that shows it at length is `make truth`."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.tags.catalogue import Catalogue, load_catalogue
from chalicelib.tags.engine import assess
from infra.truth.__main__ import whole_way
from infra.truth.moments import END
from infra.truth.scenarios import Seed
from infra.truth.scoring import Verdicts, overall, score
from infra.truth.truths import truths

PEOPLE, SEED, LEAST = 12, 11, 0.95


@pytest.fixture(scope="module")
def world() -> Seed:
    """Some people of every trade, who lived."""
    return Seed(SEED, PEOPLE, load_catalogue())


def test_profiles__of_people_whose_truth_is_known__tell_it(world: Seed) -> None:
    """All well or with late, repeated and broken events: 95% of the judgements, and of those that count, are right."""
    for verdicts in (world.well(), world.badly(lost=False)):
        assert overall(verdicts).accuracy >= LEAST
        assert overall(verdicts).micro.f1 >= LEAST
    assert len(world.door.refused) >= 5


def test_profiles__by_the_whole_way__tell_it_as_well() -> None:
    """Doors, sealed queue, markers, quarantine and stores lose nothing of it."""
    verdicts, told = whole_way(SEED, 1)
    assert overall(verdicts).accuracy >= LEAST, told


def test_score__of_rules_with_shifted_thresholds__falls(world: Seed) -> None:
    """Negative control: rules that count otherwise than their meanings say are found out."""
    spoilt = _otherwise(world.catalogue)
    profiles = {one.who.key: world.profile(one) for one in world.world}
    right = world.judged(lambda one: profiles[one.who.key], END, world.catalogue)
    wrong = world.judged(lambda one: profiles[one.who.key], END, spoilt)
    assert overall(wrong).micro.f1 < LEAST < overall(right).micro.f1


def test_score__of_somebody_elses_truth__falls(world: Seed) -> None:
    """Negative control: profiles judged by the truth of their neighbours are mostly wrong where it counts."""
    people = [one for one in world.world if one.who.trade == "retail"]
    said = [world.said(one, END) for one in people]
    true = [world.true(one, END) for one in people[1:] + people[:1]]
    verdicts: Verdicts = score(
        ((one.who.trade, there, tags) for one, there, tags in zip(people, true, said, strict=True)),
        world.catalogue.rules,
    )
    assert overall(verdicts).micro.f1 < 0.8


def test_truths__cover__the_library() -> None:
    """At least 150 tags are judged, of every class and dimension, and all that are judged exist."""
    rules = load_catalogue().rules
    assert truths().keys() <= rules.keys()
    judged = [rules[tag] for tag in truths()]
    assert len(judged) >= 150
    assert {one.class_ for one in judged} == {one.class_ for one in rules.values()}
    assert {one.dimension for one in judged} == {one.dimension for one in rules.values()}


def test_silence__is_noticed_and_visible(world: Seed) -> None:
    """A source that sent nothing for a week is found by the detection that ships; tags that rest on it are less sure."""
    health = world.health("s_web")
    assert set(health.sources) == {"s_web"}
    doubted = world.catalogue.under(health)
    kept = lowered = 0
    for one in world.world:
        profile = world.profile(one, without="s_web")
        if profile is None:
            continue
        before = {tag.id: tag.confidence for tag in assess(world.catalogue, profile, END).tags}
        after = {tag.id: tag.confidence for tag in assess(doubted, profile, END).tags}
        kept += len(before.keys() & after.keys())
        lowered += sum(after[tag] < before[tag] for tag in before.keys() & after.keys())
    assert 0 < lowered < kept


def _otherwise(catalogue: Catalogue) -> Catalogue:
    """The same rules, each number that something is compared with doubled."""
    rules = [
        msgspec.structs.replace(
            rule,
            signals=tuple(msgspec.structs.replace(one, when=_doubled(one.when)) for one in rule.signals),
        )
        for rule in catalogue.rules.values()
    ]
    return Catalogue(rules, catalogue.measures, scenes=tuple(catalogue.stage.scenes.values()))


def _doubled(condition: Any) -> Any:
    if isinstance(condition, list):
        return [_doubled(one) for one in condition]
    if not isinstance(condition, dict):
        return condition
    return {
        operator: [_doubled(given[0]), given[1] * 2]
        if operator in {">=", "<=", ">", "<"} and isinstance(given[1], int | float)
        else _doubled(given)
        for operator, given in condition.items()
    }
