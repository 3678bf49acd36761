"""Tags of groups: what ships is sound and true to its examples, and is set on groups for a reason that can be checked."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.insights.counting import Counts, GroupCounts
from chalicelib.insights.groupings import CROWD
from chalicelib.insights.groups import LEAST_MEMBERS, GroupTag, GroupVocabulary, tags_of_groups, value_at
from chalicelib.insights.results import Result, result_of
from chalicelib.profiles.conditions import ENGINE, reads
from chalicelib.profiles.operators import expand
from chalicelib.tags.catalogue import LIBRARY, Catalogue, load_catalogue
from chalicelib.tags.check import CatalogueRefused, read_rules
from chalicelib.tags.condition_check import nested, outcome
from chalicelib.tags.confidence import reaches, weight_of
from chalicelib.tags.model import TagRule
from tests.unit.tags.rules import declaration, signal

CATALOGUE = load_catalogue()
RULES = CATALOGUE.group_rules
DECLARED = [one for file in sorted((LIBRARY / "groups").glob("*.json")) for one in json.loads(file.read_text())]
NOW = 1_760_000_000_000


def vocabulary() -> GroupVocabulary:
    return GroupVocabulary(CATALOGUE.rules, CATALOGUE.measures.measures)


def result(groups: dict[str, GroupCounts], before: Result | None = None, day: int = 100) -> Result:
    return result_of(Counts(groups, {}, {}), day, NOW, 0, before)


def weight(rule: TagRule, flat: dict[str, Any]) -> float:
    return weight_of(rule, sum(1 << place for place, one in enumerate(rule.signals) if outcome(one.when, flat)))


def test_library__group_tags__are_at_least_22_and_without_mistake() -> None:
    """Every shipped group tag passes the check that published ones must pass, on groups' own vocabulary."""
    assert len(read_rules(DECLARED, vocabulary())) == len(DECLARED) == len(RULES) >= 22
    assert Counter(rule.granularity for rule in RULES) >= Counter({"segment": 15, "crowd": 5})
    assert len({rule.class_ for rule in RULES}) >= 5


def test_library__group_tags__have_ids_and_names_of_their_own() -> None:
    """No group tag has the id or a name of a person's tag, and each says which owner answers for it."""
    names = [name for rule in (*RULES, *CATALOGUE.rules.values()) for name in (rule.name.zh, rule.name.en)]
    repeated = [name for name, times in Counter(names).items() if times > 1]
    own = {name for rule in RULES for name in (rule.name.zh, rule.name.en)}
    assert not own & set(repeated) and not {rule.id for rule in RULES} & CATALOGUE.rules.keys()
    assert all(rule.owner and rule.purposes and rule.phrase and rule.meaning.zh for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_group_tag__its_examples__set_it_and_fail_for_a_reason(rule: TagRule) -> None:
    """The positive example sets it; the negative reads all it needs, and still does not."""
    assert reaches(rule, weight(rule, rule.examples.positive))
    assert rule.examples.negative and not reaches(rule, weight(rule, rule.examples.negative))
    assert set(rule.examples.negative) <= {path for one in rule.signals for path in reads(expand(one.when))}


@pytest.mark.parametrize(
    ("path", "suggestion"),
    [
        ("g.shar.vip", "g.share.vip"),
        ("g.lift.open_complain", "g.lift.open_complaint"),
        ("g.per_member.complaint", "g.per_member.complaints"),
        ("g.mean.contacts", None),
        ("m.contacts.count_30d", None),
        ("t.region", None),
    ],
)
def test_path__that_no_group_has__is_refused(path: str, suggestion: str | None) -> None:
    """A group's rule reads groups; a person's paths, unknown ids and means of what has no amount are mistakes."""
    raw = declaration(
        granularity="segment",
        signals=[signal("a", 1, {">": [{"var": path}, 1]})],
        examples={"positive": {path: 2}, "negative": {path: 1}},
    )
    with pytest.raises(CatalogueRefused) as refused:
        read_rules([raw], vocabulary())
    found = [one for one in refused.value.mistakes if one.code == "unknown_path"]
    assert found and (suggestion is None or found[0].suggestion == suggestion)


def test_value__of_every_path__is_what_it_says() -> None:
    """Each path by hand, for a group of 42 of 100: people count in fives, and what fewer than five did is nothing."""
    then = result({CROWD: GroupCounts(80, {"vip": 5}, {}), "region:浙江": GroupCounts(25, {}, {})}, day=90)
    now = result(
        {
            CROWD: GroupCounts(100, {"vip": 11}, {"orders_paid": (50, 0)}, {"orders_paid": 9}),
            "region:浙江": GroupCounts(
                42, {"vip": 8}, {"orders_paid": (40, 8_000_000), "refunds": (9, 9)}, {"orders_paid": 5, "refunds": 4}
            ),
        },
        then,
    )
    asked = {
        "g.size": 40, "g.part": 0.4, "g.growth": 0.6, "g.share.vip": 0.25, "g.usual.vip": 0.1,
        "g.lift.vip": round((10 + 20 * 0.1) / 60 / 0.1, 4), "g.lift.silent": None, "g.change.vip": None,
        "g.per_member.orders_paid": 1.0, "g.usual_per_member.orders_paid": 0.5, "g.ratio.orders_paid": 2.0,
        "g.ratio.complaints": None, "g.mean.orders_paid": 200.0, "g.mean.refunds": None,
    }  # fmt: skip
    assert {path: value_at(path, "region:浙江", now) for path in asked} == asked
    assert value_at("g.change.vip", CROWD, now) == 1.6 and value_at("g.growth", CROWD, now) == 0.25


def tagged(people: int, complaining: int, usual: tuple[int, int] = (1_000, 50)) -> dict[str, tuple[GroupTag, ...]]:
    """The tags where this many of a region's people wait for the end of a complaint."""
    groups = {
        CROWD: GroupCounts(usual[0], {"open_complaint": usual[1]}, {}),
        "region:浙江": GroupCounts(people, {"open_complaint": complaining}, {}),
        "region:unknown": GroupCounts(people, {"open_complaint": complaining}, {}),
    }
    return tags_of_groups(RULES, result(groups), {})


def test_group__with_many_complaints__is_tagged_and_unknown_ones_are_not() -> None:
    """A region that complains three times as much is tagged; people of whom nothing is known share nothing."""
    found = tagged(200, 30)
    assert {tag.id for tag in found["region:浙江"]} == {"group_open_complaints"}
    assert "region:unknown" not in found and tagged(200, 10).get("region:浙江", ()) == ()


@pytest.mark.parametrize(("people", "is_tagged"), [(LEAST_MEMBERS - 1, False), (LEAST_MEMBERS, True)])
def test_group__of_fewer_than_twenty__has_no_tag(people: int, is_tagged: bool) -> None:
    """So few would be tagged as themselves."""
    assert ("region:浙江" in tagged(people, people)) is is_tagged


def test_share__of_fewer_than_five__reads_as_nobodys() -> None:
    """Nothing in the answer to why tells how many of four there are."""
    values = [
        [
            value_at(
                f"g.{head}.vip", "region:浙江", result({CROWD: GroupCounts(100, {"vip": 50}, {}), "region:浙江": group})
            )
            for head in ("share", "lift")
        ]
        for group in (GroupCounts(30, {"vip": few}, {}) for few in range(5))
    ]
    assert all(one == values[0] for one in values) and values[0][0] == 0


def test_crowd_tags__are_of_everybody_and_segment_tags_of_groups() -> None:
    """A rule of the crowd is not asked of a region, nor one of groups of everybody."""
    then = result({CROWD: GroupCounts(1_000, {"open_complaint": 50}, {})}, day=90)
    groups = {
        CROWD: GroupCounts(1_000, {"open_complaint": 100}, {}),
        "region:浙江": GroupCounts(500, {"open_complaint": 90}, {}),
    }
    found = tags_of_groups(RULES, result(groups, then), {})
    assert {tag.id for tag in found[CROWD]} == {"crowd_complaints_rising"}
    assert {tag.id for tag in found["region:浙江"]} == {"group_open_complaints"}


@given(st.integers(20, 500), st.integers(0, 500), st.integers(1, 900))
def test_group_tag__why__recomputes_from_the_values_it_lists(people: int, complaining: int, usual: int) -> None:
    """Each condition over its listed values gives its truth, and the weights of the true ones the confidence."""
    rules = {rule.id: rule for rule in RULES}
    for tags in tagged(people, min(people, complaining), (1_000, usual)).values():
        for tag in tags:
            truths = [
                bool(ENGINE.eval({"!!": [expand(one.when)]}, nested(told.values)))
                for one, told in zip(rules[tag.id].signals, tag.signals, strict=True)
            ]
            assert truths == [one.true for one in tag.signals]
            assert tag.confidence == round(sum(one.weight for one in tag.signals if one.true), 6)


def test_catalogue__with_group_rules__keeps_them_from_people() -> None:
    """No group tag is evaluated on a person, and each is where the count looks for it."""
    both = Catalogue([*CATALOGUE.rules.values(), *RULES], CATALOGUE.measures)
    assert {rule.granularity for rule in both.rules.values()} == {"person"}
    assert both.group_rules == RULES
