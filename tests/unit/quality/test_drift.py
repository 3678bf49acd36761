"""The population stability index, by hand, by chance and by its floor."""

from __future__ import annotations

import random
from math import log

import pytest

from chalicelib.quality.drift import LEAST_RECENT, LEAST_USUAL, drift, psi

TOPICS = {"refund": 0.5, "logistics": 0.3, "invoice": 0.15, "other": 0.05}


def drawn(shares: dict[str, float], n: int, seed: int) -> dict[str, int]:
    rng = random.Random(seed)
    values = rng.choices(list(shares), list(shares.values()), k=n)
    return {name: values.count(name) for name in shares}


def test_psi__by_hand__is_the_formula() -> None:
    """Σ (a - e) ln(a ÷ e), half a value added to each bin."""
    a, e = [70.5 / 101, 30.5 / 101], [50.5 / 101, 50.5 / 101]
    expected = sum((x - y) * log(x / y) for x, y in zip(a, e, strict=True))
    assert psi({"x": 70, "y": 30}, {"x": 50, "y": 50}) == pytest.approx(expected)


def test_psi__of_equal_shares_and_of_nothing__is_none() -> None:
    """The same shares are no shift; an empty bin is far and not infinitely so."""
    assert psi({"x": 10, "y": 10}, {"x": 1000, "y": 1000}) == pytest.approx(0)
    assert psi({}, {}) == 0
    assert 1 < psi({"x": 100}, {"y": 100}) < 20


@pytest.mark.parametrize("n", [LEAST_RECENT, 1_000, 20_000])
def test_drift__values_of_one_distribution__is_not_said_in_two_hundred_draws(n: int) -> None:
    """Negative control: chance alone does not make a drift, however few values there are."""
    for seed in range(200):
        days = [drawn(TOPICS, 120, 1_000 * seed + day) for day in range(20)]
        found = drift(drawn(TOPICS, n, seed), days)
        assert found is not None and not found.drifts, found


@pytest.mark.parametrize("n", [LEAST_RECENT, 1_000])
def test_drift__values_elsewhere__is_said(n: int) -> None:
    """Half of the refunds turned into others: a mapping at the source broke."""
    days = [drawn(TOPICS, 200, day) for day in range(20)]
    found = drift(drawn({"refund": 0.1, "logistics": 0.3, "invoice": 0.1, "other": 0.5}, n, 1), days)
    assert found is not None and found.drifts and found.psi > 1


def test_drift__to_a_value_never_seen__is_said() -> None:
    """What no bin held before is a bin of its own: an amount in cents where it was in yuan."""
    days = [drawn({"2^6": 0.5, "2^7": 0.5}, 200, day) for day in range(10)]
    found = drift({"2^13": 60, "2^14": 60}, days)
    assert found is not None and found.drifts


def test_drift__a_source_whose_days_differ__is_measured_by_them() -> None:
    """Negative control: Mondays that are all invoices are usual where every Monday is."""
    monday, other = {"invoice": 300, "refund": 20}, {"invoice": 20, "refund": 300}
    days = [monday if day % 7 == 0 else other for day in range(28)]
    found = drift(monday, days)
    assert found is not None and found.psi > 0.25 and not found.drifts


def test_drift__already_said__ends_only_well_below() -> None:
    """Hysteresis: between the two bounds it stays what it was."""
    days = [drawn(TOPICS, 300, day) for day in range(20)]
    between = {"refund": 280, "logistics": 420, "invoice": 225, "other": 75}
    fresh, drifted = drift(between, days), drift(between, days, drifted=True)
    assert fresh is not None and drifted is not None
    assert 0.6 * fresh.threshold <= fresh.psi < fresh.threshold
    assert (fresh.drifts, drifted.drifts) == (False, True)


def test_drift__too_few_values__nothing_is_said() -> None:
    """Below the floors there is no index."""
    days = [drawn(TOPICS, LEAST_USUAL, 1)]
    assert drift({"refund": LEAST_RECENT - 1}, days) is None
    assert drift({"refund": LEAST_RECENT}, [{"refund": LEAST_USUAL - 1}]) is None
