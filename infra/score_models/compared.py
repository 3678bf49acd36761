"""Our scores of the music shop beside BG/NBD with Gamma-Gamma, RFM and "as in the last 90 days"."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from sklearn.metrics import roc_auc_score

from chalicelib.kernel.moments import DAY_MS, Millis, day_of
from chalicelib.training.scores.metrics import Point, curve, figures
from infra.score_models.buying import Bought, bg_nbd, of_cells, rfm_cells
from infra.score_models.cdnow import NEXT_DAYS, REST_DAYS, SPLIT, Shop, Split, bought_by


class Line(msgspec.Struct, frozen=True):
    """One who foresees: AUC of who buys again in the next 90 days and in all 39 weeks, and the error of the spend of 90 days.

    ``total``: by how much the spend of everybody is foreseen too high, as a share.
    """

    name: str
    auc: float
    rest_auc: float
    mae: float
    rmse: float
    total: float
    spearman: float


class Compared(msgspec.Struct, frozen=True):
    """The table, and how the chance of buying again is calibrated on what followed the split."""

    lines: tuple[Line, ...]
    ece: float
    curve: tuple[Point, ...]
    bought: float
    spent: float


def compared(given: Shop, split: Split) -> Compared:
    """Everybody on the same customers and days."""
    then = bought_by(given, split.names, SPLIT)
    chance, spend = split.said("repurchase"), split.said("value")
    theirs = bg_nbd(then, NEXT_DAYS)
    cells_chance, cells_spend = _rfm(given, split.names)
    lately = _spent_between(given, split.names, SPLIT - NEXT_DAYS * DAY_MS, SPLIT)
    lines = (
        _line("Zhiyin: repurchase, value", split, chance, spend),
        _line("BG/NBD, Gamma-Gamma (lifetimes)", split, theirs.rank, theirs.spend),
        _line("RFM cells", split, cells_chance, cells_spend),
        _line("as in the last 90 days", split, lately, lately),
    )
    buys, came = split.followed[NEXT_DAYS]
    told = figures("probability", chance, buys)
    return Compared(lines, told["ece"], curve(chance, buys), float(buys.mean()), float(came.sum()))


def _line(name: str, split: Split, rank: np.ndarray, spend: np.ndarray) -> Line:
    buys, came = split.followed[NEXT_DAYS]
    told = figures("amount", spend, came)
    rest = float(roc_auc_score(split.followed[REST_DAYS][0], rank))
    return Line(
        name, float(roc_auc_score(buys, rank)), rest, told["mae"], told["rmse"], told["total"], told["spearman"]
    )


def _rfm(given: Shop, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """What customers of the same cell did in the 90 days before the split, as of 90 days before it."""
    before = SPLIT - NEXT_DAYS * DAY_MS
    known = [name for name in names if given.customers[name][0].at < before]
    spent = _spent_between(given, known, before, SPLIT)
    taught = _cells(bought_by(given, known, before), given, known, before)
    asked = _cells(bought_by(given, names, SPLIT), given, names, SPLIT)
    return of_cells(taught, (spent > 0).astype(float), asked), of_cells(taught, spent, asked)


def _cells(bought: Bought, given: Shop, names: Sequence[str], at: Millis) -> np.ndarray:
    money = _spent_between(given, names, 0, at)
    return rfm_cells(bought.age - bought.last, bought.repeats, money)


def _spent_between(given: Shop, names: Sequence[str], first: Millis, end: Millis) -> np.ndarray:
    assert day_of(end) * DAY_MS == end
    return np.array([sum(one.micros for one in given.customers[name] if first <= one.at < end) / 1e6 for name in names])
