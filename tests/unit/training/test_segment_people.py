"""The invented people of known kinds: their features are those of the product's own fold."""

from __future__ import annotations

import pytest

from chalicelib.events.types import TOPICS
from chalicelib.profiles.measures import load_measures
from chalicelib.segments.features import place_of, raw_vector
from chalicelib.segments.segmentation import load_segmentations
from infra.segments.changing import others, passed
from infra.segments.folding import Counter, folded
from infra.segments.kinds import KINDS
from infra.segments.people import Act, Life, somebody, today
from tests.unit.segments.models import column, customers, model, raw


@pytest.mark.parametrize("index", range(4))
def test_people__counted_and_folded__have_the_same_features(index) -> None:
    """What many are counted by is what events come to through checks, measures, fold and join."""
    measures, who = load_measures(), somebody(9, index, every_stage=True)
    acts = Life(9, who).lived()
    for now in (today(), today(40)):
        profile = folded(measures, who, acts, now)
        assert profile is not None
        assert raw_vector(profile, now, measures) == raw_vector(Counter(measures).profile(acts, now), now, measures)


def test_people__of_a_seed__are_the_same_each_time() -> None:
    """The same seed makes the same life, another one another."""
    assert Life(9, somebody(9, 1)).lived() == Life(9, somebody(9, 1)).lived()
    assert somebody(9, 1) != somebody(10, 1)


def test_people__of_all_kinds__speak_of_topics_that_are_known_and_read() -> None:
    """Whatever tells kinds apart reaches a feature: a topic that nobody knows would be 0 for everybody."""
    assert {topic for ways in KINDS.values() for topic in ways.topics} <= set(TOPICS)
    measures, rows = load_measures(), []
    for index in range(40):
        who = somebody(9, index)
        rows.append(raw_vector(Counter(measures).profile(Life(9, who).lived(), today()), today(), measures))
    used = {name for spec in load_segmentations() for name in spec.features}
    assert [name for name in sorted(used) if not any(row[place_of(name)] for row in rows)] == []


def test_people__what_a_source_would_not_send__is_noticed() -> None:
    """An event that the product refuses stops the run: counts of it would be of nothing."""
    who = somebody(9, 1)
    with pytest.raises(ValueError, match="refused"):
        folded(load_measures(), who, [Act(today(-1), "order.flown", "app", {})], today())


def test_people__looked_at_day_by_day__are_held_where_they_were() -> None:
    """Somebody to and fro about a border changes each time by the nearest alone, and never as served; who goes far does."""
    two = model((column("channels"), column("satisfaction")), [[0.0, 4.0], [10.0, 4.0]])
    near, far = (4.8, 5.3, 4.9, 5.4), (1.0, 4.0, 7.0, 9.0)
    rows = {
        day * 10: [tuple(raw(channels=one, satisfaction=4.0)) for one in both]
        for day, both in enumerate(zip(near, far, strict=True))
    }
    served, nearest = passed(customers(), two, rows), passed(customers(), two, rows, held=False)
    assert served.moves == {0: 0, 10: 0, 20: 1, 30: 1} and nearest.moves == {0: 0, 10: 1, 20: 3, 30: 4}
    assert served.said[30] == ["business_sensitive", "value"] and nearest.said[30] == ["value", "value"]


def test_people__of_another_life__do_what_they_did_up_to_the_day() -> None:
    """Nothing of what they become is known before: the features of the first day are those of who they were."""
    measures = load_measures()
    found = others(9, Counter(measures), 3)
    for index, kind in enumerate(found.kinds):
        who = somebody(9, index)
        then = raw_vector(Counter(measures).profile(Life(9, who).lived(), today()), today(), measures)
        assert found.rows[0][index] == then and kind != who.kind
        assert found.rows[90][index] != then
