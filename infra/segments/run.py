"""One seed: people live, are grouped, are told apart from their truth, and are grouped again on what they did next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

from chalicelib.profiles.measures import load_measures
from chalicelib.segments.assign import assign, placed, rule_of
from chalicelib.segments.features import place_of, raw_vector
from chalicelib.segments.model import SegmentModel, scaled
from chalicelib.segments.segmentation import Segmentation, load_segmentations
from chalicelib.training.segments.columns import table
from chalicelib.training.segments.learn import learn_segments
from chalicelib.training.segments.model import SegmentsLearned
from infra.segments.changing import Changed, Rows, Said, changed, moved, others, passed, rows_by_day, segments
from infra.segments.drift import Drift, drifts
from infra.segments.folding import Counter, folded
from infra.segments.people import Act, Life, somebody, today

FOLDED = 60
"""So many people of each seed go through the product's own fold as well; their features must be the same."""
LATER = (30, 90)
"""After so many days people are grouped again, on what they did since and before."""
_STAGE_PEOPLE = 350


class Again(msgspec.Struct, frozen=True):
    """A run on the same people some days later, without the model before (``cold``) and with it.

    ``kept``: the share of people whose segment of then, by the model of then, is that of now by the model of now, as they are served:
    looked at every few days meanwhile, with hysteresis. ``kept_settled`` is of those alone whose way of life was the same all the
    time, who neither came lately nor did more or less. ``nearest`` and ``cold`` are by the nearest centroids alone. ``moves``:
    changes of segment up to then, per person; ``truth``: the adjusted Rand index of what is told now with what is true.
    """

    days: int
    kept: float
    kept_settled: float
    kept_nearest: float
    kept_cold: float
    moves: float
    moves_nearest: float
    truth: float
    truth_nearest: float
    adjusted_rand: float
    kept_model: float
    held: str


class People(msgspec.Struct, frozen=True):
    """What is true of everybody: of which kind they are, and whether they live as they always did."""

    truth: tuple[str, ...]
    settled: tuple[bool, ...]


class Told(msgspec.Struct, frozen=True):
    """One segmentation of one seed beside its truth: adjusted Rand indices of ours and of raw K-means."""

    id: str
    people: int
    ours: float
    raw: float
    standardised: float
    right_names: int
    names: int
    right_people: float
    again: tuple[Again, ...]


class Outcome(msgspec.Struct, frozen=True):
    """All of one seed. ``confused``: true stage → told stage → people."""

    seed: int
    people: int
    acts: int
    folded: int
    told: tuple[Told, ...]
    confused: dict[str, dict[str, int]]
    drifts: tuple[Drift, ...]
    changed: tuple[Changed, ...]
    learned: dict[str, SegmentsLearned]
    seen: dict[str, tuple[tuple[tuple[float, ...], str, str], ...]]
    """Segmentation → some people: as the model sees them, their truth, and their segment."""


def run(seed: int, people: int) -> Outcome:
    """One seed. Raises ValueError where the fold and the sums do not come to the same features."""
    measures = load_measures()
    counter = Counter(measures)
    lived = [(who, Life(seed, who).lived()) for who in (somebody(seed, index) for index in range(people))]
    seen_at = rows_by_day(counter, [acts for _, acts in lived], max(LATER))
    now = seen_at[0]
    for (who, acts), row in zip(lived[:FOLDED], now, strict=False):
        profile = folded(measures, who, acts, today())
        if profile is None or raw_vector(profile, today(), measures) != row:
            raise ValueError(f"The fold and the sums differ for person {who.index} of seed {seed}.")
    learned, told, seen = {}, [], {}
    for spec in load_segmentations():
        if spec.by == "rule":
            continue
        truth = tuple(who.kind if spec.id == "customers" else who.shopper for who, _ in lived)
        known = People(truth, tuple(who.stage == "mature" for who, _ in lived))
        outcome = learn_segments(now, spec, None, seed)
        learned[spec.id] = outcome
        told.append(_told(spec, outcome, seen_at, known, seed))
        seen[spec.id] = _seen(spec, outcome.model, now, truth)
    return Outcome(
        seed=seed,
        people=people,
        acts=sum(len(acts) for _, acts in lived),
        folded=min(FOLDED, people),
        told=tuple(told),
        confused=_stages(seed, counter),
        drifts=drifts(
            load_segmentations()[0], learned["customers"], (now, seen_at[LATER[0]]), [w.kind for w, _ in lived], seed
        ),
        changed=changed(load_segmentations()[0], learned["customers"].model, others(seed, counter)),
        learned=learned,
        seen=seen,
    )


def _told(spec: Segmentation, outcome: SegmentsLearned, rows: Mapping[int, Rows], people: People, seed: int) -> Told:
    now, truth = rows[0], people.truth
    said = segments(spec, outcome.model, now)
    at = [place for place, one in enumerate(said) if one is not None]
    true, ours = [truth[place] for place in at], [said[place] for place in at]
    raw, standardised = _yardsticks(spec, [now[place] for place in at], seed)
    return Told(
        id=spec.id,
        people=len(at),
        ours=float(adjusted_rand_score(true, ours)),
        raw=float(adjusted_rand_score(true, raw)),
        standardised=float(adjusted_rand_score(true, standardised)),
        right_names=_right_names(true, ours),
        names=len(spec.kinds),
        right_people=float(np.mean([a == b for a, b in zip(true, ours, strict=True)])),
        again=tuple(
            again(spec, outcome.model, _twice(spec, outcome, rows[days], seed), (days, rows), people) for days in LATER
        ),
    )


def _twice(
    spec: Segmentation, outcome: SegmentsLearned, rows: Rows, seed: int
) -> tuple[SegmentsLearned, SegmentsLearned]:
    """The next run, with the model before and without it."""
    return learn_segments(rows, spec, outcome.model, seed + 100), learn_segments(rows, spec, None, seed + 100)


def again(
    spec: Segmentation,
    model: SegmentModel,
    learned: tuple[SegmentsLearned, SegmentsLearned],
    then: tuple[int, Mapping[int, Rows]],
    people: People,
) -> Again:
    """A run after so many days, with the model before and without. ``then``: the days, and everybody's features by day."""
    (days, by_day), (next_, cold) = then, learned
    rows, days_of = by_day[days], {day: rows for day, rows in by_day.items() if day <= days}
    served, nearest = (passed(spec, model, days_of, held=held) for held in (True, False))
    said, were, unchanged = served.said[0], served.said[days], nearest.said[days]
    after, after_nearest = segments(spec, next_.model, rows, were), segments(spec, next_.model, rows)
    steady = next_.steadiness
    return Again(
        days=days,
        kept=_same(said, after),
        kept_settled=_same([one if people.settled[at] else None for at, one in enumerate(said)], after),
        kept_nearest=_same(said, after_nearest),
        kept_cold=_same(said, segments(spec, cold.model, rows)),
        moves=(served.moves[days] + moved(were, after)) / len(rows),
        moves_nearest=(nearest.moves[days] + moved(unchanged, after_nearest)) / len(rows),
        truth=_truth(people, after),
        truth_nearest=_truth(people, after_nearest),
        adjusted_rand=0.0 if steady is None else steady.adjusted_rand,
        kept_model=_same(unchanged, after_nearest),
        held=next_.held,
    )


def _truth(people: People, said: Said) -> float:
    told = [(true, one) for true, one in zip(people.truth, said, strict=True) if one is not None]
    return float(adjusted_rand_score([true for true, _ in told], [one for _, one in told]))


def _same(before: Sequence[str | None], after: Sequence[str | None]) -> float:
    """The share of those who are told of both times to whom the same is said."""
    both = [(a, b) for a, b in zip(before, after, strict=True) if a is not None and b is not None]
    return float(np.mean([a == b for a, b in both]))


def _yardsticks(spec: Segmentation, rows: Rows, seed: int) -> tuple[list[int], list[int]]:
    """K-means of scikit-learn on the same features: as they are, and standardised. What is missing is the median."""
    seen = table(rows, [place_of(one) for one in spec.features])
    filled = np.where(np.isnan(seen), np.nan_to_num(np.nanmedian(seen, axis=0)), seen)
    groups = len(spec.kinds)
    raw = KMeans(groups, n_init=10, random_state=seed).fit_predict(filled)
    standardised = KMeans(groups, n_init=10, random_state=seed).fit_predict(StandardScaler().fit_transform(filled))
    return raw.tolist(), standardised.tolist()


def _right_names(true: Sequence[str], said: Sequence[str | None]) -> int:
    """How many segments are called what most of their people truly are."""
    right = 0
    for name in set(said):
        held = [one for one, other in zip(true, said, strict=True) if other == name]
        right += max(set(held), key=held.count) == name
    return right


def _seen(
    spec: Segmentation, model: SegmentModel, rows: Rows, truth: Sequence[str], most: int = 700
) -> tuple[tuple[tuple[float, ...], str, str], ...]:
    some = [(row, true) for row, true in zip(rows, truth, strict=True) if placed(spec, model, row) is not None][:most]
    views = [(scaled(model.columns, row), true) for row, true in some]
    return tuple((view, true, assign(model, view).segment) for view, true in views)


def _stages(seed: int, counter: Counter) -> dict[str, dict[str, int]]:
    """People of all stages alike, by what the rule says of them."""
    spec, measures = load_segmentations()[2], load_measures()
    confused: dict[str, dict[str, int]] = {}
    for index in range(_STAGE_PEOPLE):
        who = somebody(seed, 1_000_000 + index, every_stage=True)
        acts: list[Act] = Life(seed, who).lived()
        said = rule_of(spec, raw_vector(counter.profile(acts, today()), today(), measures))[0]
        row = confused.setdefault(who.stage, {})
        row[said] = row.get(said, 0) + 1
    return confused
