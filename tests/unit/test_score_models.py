"""The yardsticks of scores, and the sets of others where they are here."""

from __future__ import annotations

import numpy as np
import pytest

from chalicelib.kernel.moments import DAY_MS, parse_moment
from chalicelib.training.scores.metrics import Point
from infra.score_models import cdnow, pictures, telco
from infra.score_models.buying import of_cells, rfm_cells
from infra.score_models.cdnow import Purchase, Shop, bought_by


def test_rfm__quintiles__put_the_latest_and_most_highest() -> None:
    """Recency counts from behind: who bought last is in the highest part."""
    places = np.arange(10.0)
    cells = rfm_cells(places, places, places)
    assert cells[0].tolist() == [5, 1, 1]
    assert cells[-1].tolist() == [1, 5, 5]


def test_rfm__a_cell_never_seen__takes_the_mean_of_everybody() -> None:
    """A cell foresees what it did; an empty one what everybody did."""
    taught, came = np.array([[1, 1, 1], [1, 1, 1], [2, 2, 2]]), np.array([1.0, 3.0, 8.0])
    assert of_cells(taught, came, np.array([[1, 1, 1], [3, 3, 3]])).tolist() == [2.0, 4.0]


def test_cdnow__as_the_trade_sees_it__purchases_of_a_day_are_one() -> None:
    """Repeats, days to the last, age and mean repeat spend, as of an instant and not a moment later."""
    first = parse_moment("1997-01-01T12:00:00Z")
    days = {"1": (0, 0, 10, 10, 30), "2": (5,)}
    shop = Shop({name: [Purchase(first + day * DAY_MS, 2_000_000) for day in listed] for name, listed in days.items()})
    found = bought_by(shop, ["1", "2"], parse_moment("1997-01-21T00:00:00Z"))
    assert [one.tolist() for one in (found.repeats, found.last, found.age, found.mean)] == [
        [1.0, 0.0],
        [10.0, 0.0],
        [19.0, 14.0],
        [4.0, 0.0],
    ]


def test_cdnow__profiles__hold_what_the_file_does() -> None:
    """Folded purchases add up to the file's: 69,659 of 23,570 customers, of whom the first are folded here."""
    if not cdnow.FILE.exists():
        pytest.skip(f"The people of others are not here: {cdnow.FILE}")
    shop = cdnow.shop()
    assert (len(shop.customers), sum(map(len, shop.customers.values()))) == (23_570, 69_659)
    for name, bought in list(shop.customers.items())[:200]:
        series = cdnow.profile_of(name, bought).series["orders_paid"]
        assert (series.count, series.total) == (len(bought), sum(one.micros for one in bought))


def test_telco__rows__are_numbers_with_gaps_where_the_file_has_them() -> None:
    """7,043 customers, 26.5% left; categories are codes, what is blank is unknown."""
    if not telco.FILE.exists():
        pytest.skip(f"The people of others are not here: {telco.FILE}")
    given = telco.telco()
    assert len(given.rows) == 7_043
    assert given.left.mean() == pytest.approx(0.265, abs=0.001)
    assert sum(one is None for row in given.rows for one in row) == 11
    assert len(given.inputs) == len(given.rows[0]) == 19


def test_pictures__calibration__has_a_point_for_every_group() -> None:
    """Every group is drawn, in a picture that stands alone."""
    drawn = pictures.calibration([("a score", (Point(0.1, 0.2, 5), Point(0.5, 0.4, 5)))])
    assert drawn.startswith("<svg") and drawn.count("<circle") == 2
    assert pictures.importances({"basket": 0.6, "other": 0.4}, {"basket": "mean order"}).count("<rect") == 3
