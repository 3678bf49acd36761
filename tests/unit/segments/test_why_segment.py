"""Why somebody is in a segment, and what would move them: exact, and true when it is tried."""

from __future__ import annotations

from math import dist

import pytest
from hypothesis import assume, given, settings

from chalicelib.segments.assign import assign
from chalicelib.segments.features import features
from chalicelib.segments.model import scaled
from chalicelib.segments.why_segment import least_move, why, why_by_rule
from tests.unit.segments.models import column, customers, model, raw, situations, stages


def say(one, row, was=""):
    return assign(one, scaled(one.columns, row), was, customers().hysteresis).segment


@settings(max_examples=150)
@given(situations())
def test_moves__applied__put_the_person_there(situation) -> None:
    """Whatever is told to move somebody does: with that one value changed, the segment is the one that was named."""
    one, row = situation
    was = say(one, row)
    for move in why(customers(), one, row).moves:
        changed = list(row)
        changed[next(at for at, feature in enumerate(features()) if feature.id == move.feature)] = move.to
        assert say(one, changed, was) == move.segment != was


@settings(max_examples=60)
@given(situations())
def test_moves__nothing_less_that_is_tried__would_do(situation) -> None:
    """No whole value nearer than the one that is told moves them: looked for one by one."""
    one, row = situation
    columns = [c for c in one.columns if features()[c.place].unit == "count"]
    assume(columns)
    at = columns[0]
    only = model(
        (*(c for c in one.columns if c is at), *(c for c in one.columns if c is not at)),
        [
            [centroid[one.columns.index(at)], *(v for v, c in zip(centroid, one.columns, strict=True) if c is not at)]
            for centroid in one.centroids
        ],
    )
    view = scaled(only.columns, row)
    for segment in set(only.segments) - {say(only, row)}:
        told = least_move(customers(), only, row, segment, say(only, row))
        reach = float("inf") if told is None else _change(only, row, view, told)
        for value in range(int(at.high) + 1):
            changed = list(row)
            changed[at.place] = float(value)
            if say(only, changed, say(only, row)) == segment:
                assert reach <= abs(scaled(only.columns, changed)[0] - view[0]) + 0.02


def _change(one, row, view, told) -> float:
    changed = list(row)
    place = next(c.place for c in one.columns if c.feature == told.feature)
    changed[place] = told.to
    return dist(scaled(one.columns, changed), view)


@given(situations())
def test_pulls__are_the_difference_of_squared_distances(situation) -> None:
    """What all features add is exactly how much nearer the own centroid is: reasons leave nothing out."""
    one, row = situation
    view = scaled(one.columns, row)
    own, other = sorted(one.centroids, key=lambda centroid: dist(view, centroid))[:2]
    terms = [(x - n) ** 2 - (x - o) ** 2 for x, o, n in zip(view, own, other, strict=True)]
    assert sum(terms) == pytest.approx(dist(view, other) ** 2 - dist(view, own) ** 2, abs=1e-7)
    told = why(customers(), one, row)
    assert len(told.pulls) == min(5, sum(term > 0 for term in terms))
    assert sum(pull.share for pull in told.pulls) <= 1 + 1e-9


def test_why__of_a_hand_made_model__says_it_in_both_languages() -> None:
    """The strongest pull comes first, with the value and what is typical here and there."""
    one = model((column("channels"), column("satisfaction")), [[1.0, 4.0], [6.0, 4.0]])
    told = why(customers(), one, raw(channels=2, satisfaction=4))
    assert (told.segment, told.against) == ("business_sensitive", "value")
    assert [pull.feature for pull in told.pulls] == ["channels"]
    assert told.says[0].en == "channels used: 2, nearer to Business-sensitive (typically 1) than to Value (6)"
    assert told.says[0].zh == "渠道数为2，更接近“业务敏感型”（通常1）而非“价值型”（通常6）"
    assert [(move.segment, move.feature, move.to) for move in told.moves] == [("value", "channels", 4.0)]


def test_why__of_who_stays_past_the_middle__says_so_and_what_it_takes_to_leave() -> None:
    """Where only the hysteresis holds somebody, that comes first; and what would move them counts it in."""
    one = model((column("channels"), column("satisfaction")), [[0.0, 4.0], [10.0, 4.0]])
    row = raw(channels=5.5, satisfaction=4)
    told = why(customers(), one, row, "business_sensitive")
    assert (told.segment, told.against, told.confidence) == ("business_sensitive", "value", 0.0)
    assert told.beyond == pytest.approx(0.05)
    assert told.says[0].en == (
        "past the middle towards Value by 5.0% of the way, of the 10% that it takes to leave Business-sensitive"
    )
    assert told.says[0].zh == "已越过与“价值型”的中线5.0%，未达换群所需的10%，仍属“业务敏感型”"
    assert [(move.segment, move.feature, move.to) for move in told.moves] == [("value", "channels", 6.0)]
    left = why(customers(), one, row)
    assert (left.segment, left.beyond) == ("value", 0.0)


def test_why__by_rule__names_the_conditions_that_hold() -> None:
    """A stage is explained by its rule."""
    told = why_by_rule(stages(), raw(silent_days=120))
    assert told.segment == "dormant" and told.moves == ()
    assert [one.en for one in told.says] == ["days silent: 120 >= 90"]
    (held,) = told.held
    assert (held.feature, held.value, held.op, held.bound, held.times) == ("silent_days", 120, ">=", 90, "")
    rest = why_by_rule(stages(), raw(tenure_days=400))
    assert rest.says[0].zh == "以上各条均不成立" and rest.held == ()


def test_why__by_rule_of_a_multiple__tells_what_the_bound_comes_to() -> None:
    """Where a feature is held against another, the bound is the number that it comes to, and the other is named."""
    told = why_by_rule(stages(), raw(tenure_days=400, activity_30d=8, activity_90d=10, activity_180d=40))
    assert told.segment == "growing"
    held = told.held[1]
    assert (held.feature, held.value, held.op, held.bound, held.times) == ("activity_30d", 8, ">=", 5, "activity_90d")
    assert ": 8 >= 0.5 × " in held.says.en and held.says.en.endswith("(10)")
