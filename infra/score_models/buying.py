"""Yardsticks of the trade for who buys again and for how much: BG/NBD with Gamma-Gamma by ``lifetimes``, and RFM.

BG/NBD: Fader, Hardie, Lee 2005, "'Counting Your Customers' the Easy Way". Gamma-Gamma: Fader, Hardie 2013, "The
Gamma-Gamma Model of Monetary Value".
"""

from __future__ import annotations

import msgspec
import numpy as np

_QUINTILES = (0.2, 0.4, 0.6, 0.8)


class Bought(msgspec.Struct, frozen=True):
    """Customers as of a day. ``repeats``: days of purchase after the first; ``last`` and ``age``: days from the first to
    the last of them and to today; ``mean``: the mean spend of the repeats, 0 where there are none.
    """

    repeats: np.ndarray
    last: np.ndarray
    age: np.ndarray
    mean: np.ndarray


class Foreseen(msgspec.Struct, frozen=True):
    """What a yardstick says: a number to rank customers by, and their spend."""

    rank: np.ndarray
    spend: np.ndarray


def bg_nbd(bought: Bought, days: float) -> Foreseen:
    """Expected purchases within so many days, and those times the mean spend that Gamma-Gamma expects."""
    from lifetimes import BetaGeoFitter, GammaGammaFitter  # it brings pandas, which nothing else here needs

    often = BetaGeoFitter().fit(bought.repeats, bought.last, bought.age)
    again = (bought.repeats > 0) & (bought.mean > 0)
    much = GammaGammaFitter().fit(bought.repeats[again], bought.mean[again])
    expected = often.conditional_expected_number_of_purchases_up_to_time(days, bought.repeats, bought.last, bought.age)
    mean = much.conditional_expected_average_profit(bought.repeats, bought.mean)
    return Foreseen(np.asarray(expected), np.asarray(expected) * np.asarray(mean))


def rfm_cells(recency: np.ndarray, frequency: np.ndarray, money: np.ndarray) -> np.ndarray:
    """The RFM cell of each customer: quintiles 1–5 of recency (5 the latest), frequency and money, as rows of three."""
    return np.column_stack([_quintile(-recency), _quintile(frequency), _quintile(money)])


def _quintile(values: np.ndarray) -> np.ndarray:
    """By rank; equal values are in one part."""
    return np.searchsorted(np.quantile(values, _QUINTILES), values, side="left") + 1


def of_cells(taught: np.ndarray, came: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The mean of what came of each cell, for the cells asked about; an empty cell takes the mean of everybody."""
    summed: dict[tuple[int, ...], list[float]] = {}
    for cell, value in zip(map(tuple, taught.tolist()), came.tolist(), strict=True):
        summed.setdefault(cell, []).append(value)
    whole = float(came.mean())
    known = {cell: sum(values) / len(values) for cell, values in summed.items()}
    return np.array([known.get(tuple(one), whole) for one in asked.tolist()])
