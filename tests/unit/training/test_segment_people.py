"""The invented people of known kinds: their features are those of the product's own fold."""

from __future__ import annotations

import pytest

from chalicelib.events.types import TOPICS
from chalicelib.profiles.measures import load_measures
from chalicelib.segments.features import place_of, raw_vector
from chalicelib.segments.segmentation import load_segmentations
from infra.segments.folding import Counter, folded
from infra.segments.kinds import KINDS
from infra.segments.people import Act, Life, somebody, today


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
