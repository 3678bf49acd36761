from __future__ import annotations

from random import Random

import pytest

from chalicelib.simulation.intervals import difference, interval
from chalicelib.simulation.measure import by_queue, by_segment, figures, gini, grouped, jain, load
from chalicelib.simulation.model import Served, Sitting
from tests.unit.simulation.desks import contact


def test_figures__of_contacts__are_shares_of_all_that_came():
    """Waits are of everybody; limits, answers and resolution are shares of all who came, those who left included."""
    rows = [
        Served(contact(0, 0, sla_ms=10_000), "answered", 10_000, "ann", resolved=True, csat=5),
        Served(contact(1, 0, sla_ms=10_000), "answered", 20_000, "ann", resolved=True, csat=2, transfers=1),
        Served(contact(2, 0, sla_ms=10_000), "hung_up", 5_000),
        Served(contact(3, 0, sla_ms=10_000), "answered", 5_000, "bo"),
    ]
    found = figures(rows)
    assert (found.contacts, found.wait, found.wait_90) == (4, 10.0, 20.0)
    assert (found.in_time, found.answered, found.resolved, found.transferred) == (0.5, 0.75, 0.25, 0.25)
    assert found.csat == 3.5


def test_figures__of_nobody__are_zero():
    """No contacts, no figures."""
    assert figures([]).contacts == 0 and figures([]).wait == 0


def test_grouped__by_anything__has_all():
    """Each contact is in one group; the groups stand in order."""
    rows = [
        Served(contact(key, 0, segment=name), "answered", 0, "ann") for key, name in enumerate(("vip", "new", "vip"))
    ]
    assert {name: one.contacts for name, one in grouped(rows, by_segment).items()} == {"new": 1, "vip": 2}
    assert list(grouped(rows, by_queue)) == ["billing"]


def test_load__of_agents__is_the_share_of_their_time():
    """An hour of one chat of five is a fifth of an hour; who was not there has no load."""
    rows = [Served(contact(0, 0, channel="chat"), "answered", 0, "ann", busy=(("ann", 1_800_000),))]
    found = load(rows, [Sitting("ann", 0, 3_600_000), Sitting("bo", 0, 3_600_000)], {"chat": 0.2})
    assert found.by_agent == {"ann": 0.1, "bo": 0.0}
    assert (found.mean, found.jain) == (0.05, 0.5)


@pytest.mark.parametrize(
    ("values", "even", "uneven"),
    [([1, 1, 1, 1], 1.0, 0.0), ([4, 0, 0, 0], 0.25, 0.75), ([], 1.0, 0.0), ([0, 0], 1.0, 0.0)],
)
def test_fairness__even_or_not__has_its_bounds(values: list[float], even: float, uneven: float):
    """Jain: 1 where all have the same, 1/n where one has all. Gini: 0, and (n - 1)/n."""
    assert (jain(values), gini(values)) == (even, uneven)


def test_interval__of_known_spread__holds_the_mean_19_times_of_20():
    """The interval holds the true mean about 19 times of 20, and is the same for the same dice."""
    dice = Random(3)
    held = 0
    for _ in range(200):
        values = [dice.gauss(5, 2) for _ in range(30)]
        one = interval(values, Random(1))
        held += one.low <= 5 <= one.high
    assert 178 <= held <= 199
    assert interval(values, Random(1)) == interval(values, Random(1))


def test_difference__of_pairs__is_surer_than_of_means():
    """What both of a pair share does not blur their difference."""
    dice = Random(4)
    before = [dice.gauss(100, 30) for _ in range(20)]
    found = difference(before, [one + 1 + dice.gauss(0, 0.1) for one in before], Random(1))
    assert 0.8 < found.low <= found.mean <= found.high < 1.2
