"""How right a score was, of what it said and what followed; and whether a new model may take the place of the old one.

The rule of going live. New and old are measured on the same people of the same, latest time, whom neither learned
from. The new model goes live where none is in force, or where it is not worse by more than ``margin`` in anything that
both were measured by: its AUC not lower by more than the margin, its calibration error not higher by more than the
margin, its mean absolute error not higher by more than that share of the old one's, its share of topics told right not lower by
more than the margin. Where nothing was measured of both, it does not: nobody knows whether it is worse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from math import isnan, sqrt
from typing import Literal

import msgspec

from chalicelib.kernel.texts import Text

MARGIN = 0.01
"""One point of AUC or calibration error, one hundredth of a mean error: less than two samples differ by."""
_ECE_BINS = 10
_ROUNDING = 1e-9

type LiveCode = Literal["first", "no_worse", "worse", "not_measured"]


class Accuracy(msgspec.Struct, frozen=True):
    """How right a score was of so many people. None where it is no measure of such a score, or could not be taken.

    ``auc``: how often it tells one with the outcome from one without (0.5: a coin). ``ece``: how far shares that it
    gives lie from those that come true. ``mae``: how far amounts that it gives lie from those that follow, in their unit.
    ``right``: how often the topic that it takes for the likeliest is the one that comes.
    """

    people: int
    auc: float | None = None
    ece: float | None = None
    mae: float | None = None
    right: float | None = None


class GoesLive(msgspec.Struct, frozen=True):
    """Whether a new model takes the place of the one in force, and why."""

    live: bool
    code: LiveCode
    says: Text


def goes_live(new: Accuracy, old: Accuracy | None, margin: float = MARGIN) -> GoesLive:
    """The rule of going live. ``old`` is the model in force, measured anew on the people that ``new`` is; None: there is none."""
    if old is None:
        return GoesLive(True, "first", Text(zh="此前没有生效的模型。", en="No model was in force."))
    compared = [
        (name, ours, theirs, worse)
        for name, ours, theirs, worse in (
            ("AUC", new.auc, old.auc, -1.0),
            ("ECE", new.ece, old.ece, 1.0),
            ("MAE", new.mae, old.mae, 1.0),
            ("RIGHT", new.right, old.right, -1.0),
        )
        if ours is not None and theirs is not None
    ]
    if not compared:
        return GoesLive(
            False, "not_measured", Text(zh="没有可供比较的指标。", en="Nothing was measured of both models.")
        )
    for name, ours, theirs, worse in compared:
        allowed = margin * theirs if name == "MAE" else margin
        if worse * (ours - theirs) > allowed + _ROUNDING:
            zh = f"新模型更差：{name} 为 {ours:.4g}，生效中的为 {theirs:.4g}。"
            en = f"It is worse: {name} {ours:.4g}, and {theirs:.4g} of the model in force."
            return GoesLive(False, "worse", Text(zh=zh, en=en))
    told = ", ".join(f"{name} {ours:.4g} / {theirs:.4g}" for name, ours, theirs, _ in compared)
    return GoesLive(True, "no_worse", Text(zh=f"不比生效中的差：{told}。", en=f"It is not worse: {told}."))


def of_figures(people: int, figures: Mapping[str, float | None]) -> Accuracy:
    """How right a score was by figures that were kept of it, by name; one that is no number was not taken."""
    taken = {name: one for name, one in figures.items() if one is not None and not isnan(one)}
    return Accuracy(people, taken.get("auc"), taken.get("ece"), taken.get("mae"), taken.get("right"))


def of_shares(said: Sequence[float], followed: Sequence[bool]) -> Accuracy:
    """How right probabilities were."""
    return Accuracy(len(said), auc=auc(said, followed), ece=ece(said, followed))


def of_amounts(said: Sequence[float], followed: Sequence[float]) -> Accuracy:
    """How right amounts were."""
    return Accuracy(len(said), mae=mae(said, followed))


def auc(said: Sequence[float], followed: Sequence[bool]) -> float | None:
    """The area under the ROC curve by ranks, ties in half (Mann and Whitney, 1947); None unless some have and some have not."""
    ordered = sorted(zip(said, followed, strict=True))
    held = sum(followed)
    lacked = len(ordered) - held
    if not held or not lacked:
        return None
    below, won = 0, 0.0
    for _, tied in groupby(ordered, key=lambda one: one[0]):
        outcomes = [outcome for _, outcome in tied]
        with_it = sum(outcomes)
        without = len(outcomes) - with_it
        won += with_it * (below + without / 2)
        below += without
    return won / (held * lacked)


def auc_error(area: float, held: int, lacked: int) -> float:
    """The standard error of an AUC of so many with and without the outcome (Hanley and McNeil, Radiology 143, 1982)."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (held - 1) * (q1 - area**2) + (lacked - 1) * (q2 - area**2)
    return sqrt(max(0.0, spread) / (held * lacked))


def ece(said: Sequence[float], followed: Sequence[bool]) -> float | None:
    """The expected calibration error over at most ten bins of about as many people each (Naeini et al., AAAI 2015); None of nobody."""
    ordered = sorted(zip(said, followed, strict=True))
    many, seen = len(ordered), 0
    gaps = gap = 0.0
    filled = many / _ECE_BINS
    for value, tied in groupby(ordered, key=lambda one: one[0]):
        # People of one score are in one bin: nothing else tells them apart.
        outcomes = [outcome for _, outcome in tied]
        seen += len(outcomes)
        gap += value * len(outcomes) - sum(outcomes)
        if seen >= filled or seen == many:
            gaps, gap = gaps + abs(gap), 0.0
            filled = max(filled, seen) + many / _ECE_BINS
    return gaps / many if many else None


def mae(said: Sequence[float], followed: Sequence[float]) -> float | None:
    """The mean absolute error; None of nobody."""
    gaps = [abs(value - came) for value, came in zip(said, followed, strict=True)]
    return sum(gaps) / len(gaps) if gaps else None
