"""Who belongs where: the nearest centroid, or the first rule that holds."""

from __future__ import annotations

from math import dist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.segments.assign import Placed, assign, past_middle, placed, rule_of
from chalicelib.segments.model import scaled
from chalicelib.segments.segmentation import load_segmentations, shipped_segmentations
from tests.unit.segments.models import column, model, raw, situations, stages

COLUMNS = (column("contacts_90d"), column("satisfaction"))


def test_assign__two_centroids__takes_the_nearest_with_how_sure_it_is() -> None:
    """Confidence is 1 - own distance ÷ the next: at the centroid 1, on the border 0."""
    two = model(COLUMNS, [[0.0, 0.0], [4.0, 0.0]])
    assert assign(two, (0.0, 0.0)) == Placed("business_sensitive", 1.0)
    assert assign(two, (3.0, 0.0)) == Placed("value", pytest.approx(1 - 1 / 3))
    assert assign(two, (2.0, 0.0)) == Placed("business_sensitive", 0.0)


@given(situations(), st.randoms(use_true_random=False))
def test_assign__centroids_in_another_order__changes_nobody(situation, random) -> None:
    """Relabelling changes nothing: a segment is where its centroid is, whatever its number. (But for exact ties.)"""
    one, row = situation
    seen = scaled(one.columns, row)
    order = list(range(len(one.centroids)))
    random.shuffle(order)
    other = model(one.columns, [list(one.centroids[at]) for at in order], [one.segments[at] for at in order])
    away = sorted(dist(seen, centroid) for centroid in one.centroids)
    if away[0] < away[1]:
        assert assign(one, seen) == assign(other, seen)


def test_assign__past_the_middle_within_the_hysteresis__stays() -> None:
    """Of a way of 4, a tenth past the middle is at 2.4: up to there who was here stays, and who came from there too."""
    two = model(COLUMNS, [[0.0, 0.0], [4.0, 0.0]])
    assert assign(two, (2.39, 7.0), "business_sensitive", 0.1) == Placed("business_sensitive", 0.0)
    assert assign(two, (2.41, 7.0), "business_sensitive", 0.1).segment == "value"
    assert assign(two, (1.61, 7.0), "value", 0.1).segment == "value"
    assert assign(two, (1.59, 7.0), "value", 0.1).segment == "business_sensitive"
    assert past_middle((2.4, 7.0), *two.centroids) == pytest.approx(0.1)
    for was, hysteresis in (("", 0.1), ("value", 0.1), ("gone", 0.1), ("business_sensitive", 0.0)):
        assert assign(two, (2.39, 0.0), was, hysteresis) == assign(two, (2.39, 0.0)), "held by nothing"


@given(situations(), st.integers(0, 4), st.floats(0, 0.49))
def test_assign__again__moves_nobody(situation, place, hysteresis) -> None:
    """A page of people that is judged twice ends where it ended before; and nobody goes but to the nearest."""
    one, row = situation
    seen, was = scaled(one.columns, row), one.segments[place % len(one.segments)]
    first = assign(one, seen, was, hysteresis)
    assert assign(one, seen, first.segment, hysteresis) == first
    assert first.segment in (was, assign(one, seen).segment)


def test_placed__near_a_border__keeps_who_was_there_as_declared() -> None:
    """Customers are held, as their segmentation says; shoppers are not; stages go by their rules alone."""
    two = model((column("contacts_30d", high=1e9),), [[0.0], [4.0]])
    customers, shoppers, by_rule = load_segmentations()
    assert (customers.hysteresis, shoppers.hysteresis, by_rule.hysteresis) == (0.1, 0.0, 0.0)
    near, was = raw(contacts_30d=10.0, orders_90d=2), "business_sensitive"
    assert 2.0 < scaled(two.columns, near)[0] < 2.4
    assert placed(customers, two, near, was) == Placed(was, 0.0) != placed(customers, two, near)
    assert placed(shoppers, two, near, was) == placed(shoppers, two, near)
    assert placed(by_rule, None, near, "lost") == placed(by_rule, None, near)


def test_assign__of_many__equals_k_means_of_scikit_learn() -> None:
    """What is served is what K-means predicts on the same columns, within ties."""
    from sklearn.cluster import KMeans

    from chalicelib.training.segments.columns import columns_of, ready, table

    rng = np.random.default_rng(5)
    rows = [raw(contacts_90d=float(a), satisfaction=None if b < 1 else float(b)) for a, b in rng.poisson(4, (400, 2))]
    seen = table(rows, [one.place for one in COLUMNS])
    columns = columns_of(seen, ["contacts_90d", "satisfaction"])
    fit = KMeans(4, n_init=2, random_state=1).fit(ready(columns, seen))
    ours = model(columns, fit.cluster_centers_.tolist(), ["0", "1", "2", "3"])
    views = [scaled(columns, row) for row in rows]
    assert np.allclose(views, ready(columns, seen), atol=1e-12)
    said = fit.predict(ready(columns, seen))
    for view, label in zip(views, said, strict=True):
        away = sorted(dist(view, one) for one in ours.centroids)
        assert assign(ours, view).segment == str(label) or away[1] - away[0] < 1e-9


@pytest.mark.parametrize(
    ("stage", "known"),
    [
        ("lost", {"silent_days": 400, "tenure_days": 900}),
        ("dormant", {"silent_days": 120, "tenure_days": 900}),
        ("newcomer", {"silent_days": 1, "tenure_days": 10, "activity_30d": 40}),
        ("returned", {"tenure_days": 400, "activity_30d": 3, "activity_90d": 3, "activity_180d": 3}),
        ("growing", {"tenure_days": 400, "activity_30d": 9, "activity_90d": 12, "activity_180d": 20}),
        ("declining", {"tenure_days": 400, "activity_30d": 1, "activity_90d": 12, "activity_180d": 20}),
        ("mature", {"tenure_days": 400, "activity_30d": 4, "activity_90d": 12, "activity_180d": 20}),
    ],
)
def test_stage__of_a_life__is_the_first_rule_that_holds(stage, known) -> None:
    """Each stage of the life of a customer, by what says so."""
    assert rule_of(stages(), raw(**known))[0] == stage
    assert placed(stages(), None, raw(**known)) == Placed(stage, 1.0)


def test_placed__without_a_model_or_not_for_them__is_none() -> None:
    """Where nothing was learned nothing is said; shoppers are those who bought twice lately."""
    shoppers = shipped_segmentations()["shoppers"]
    any_ = model(COLUMNS, [[0.0, 0.0], [4.0, 0.0]], ["rational", "impulse"])
    assert placed(load_segmentations()[0], None, raw()) is None
    assert placed(shoppers, any_, raw()) is None
    assert placed(shoppers, any_, raw(orders_90d=2)) is not None


def test_rule__of_something_unknown__does_not_hold() -> None:
    """A condition on a missing value is no reason for anything."""
    assert rule_of(stages(), raw(silent_days=None, tenure_days=None))[0] == "mature"
