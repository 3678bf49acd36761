"""Whether models still see people as those they were learned of, and still are right: ok, to be watched, or alarming.

``drift_report`` compares people of now with the reference that was kept with the models. ``decay`` compares what a
score said at a cutoff with what followed. Neither says anything of few people, nor of what may be chance.

Alarming is a shift of what models say (a score, the shares of segments), because that is acted upon; a shift of many
features at once; and a score that is clearly less right than it was. A shift of single features is watched: people
are known for longer each month, and seasons come and go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import sqrt
from typing import Literal

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.kernel.texts import Text
from chalicelib.segments.accuracy import Accuracy, auc_error, of_amounts, of_shares
from chalicelib.segments.features import features
from chalicelib.segments.psi import SHIFT, WATCH, Bins, Reference, chance, counted, psi_of_counts

type Verdict = Literal["ok", "watch", "alarm"]
type Part = Literal["feature", "score", "segments"]
type Measure = Literal["auc", "ece", "mae"]

LEAST_PEOPLE = 200
"""Of fewer people nothing is said."""
LEAST_OUTCOMES = 30
"""With or without an outcome: of fewer the AUC says nothing."""
MANY_FEATURES = 0.2
"""The share of features that shift together where it is not one of them that changed."""
DECAY: Mapping[Measure, tuple[float, float]] = {"auc": (0.02, 0.05), "ece": (0.02, 0.05), "mae": (0.1, 0.25)}
"""By how much less right a score is watched and alarms; of a mean error its share."""
_SURE = 3.0
"""Standard errors beyond which a difference is no chance."""
_Z = 5.0
"""By chance once in three million: a report compares some forty distributions, and there is one a day and tenant."""
_NAMED = 3
_WORST: tuple[Verdict, ...] = ("ok", "watch", "alarm")
_PARTS: Mapping[Part, Text] = {
    "feature": Text(zh="特征", en="feature"),
    "score": Text(zh="分值", en="score"),
    "segments": Text(zh="分群比例", en="shares of segments"),
}


class Shifted(msgspec.Struct, frozen=True):
    """One distribution of now beside that of the training: its PSI, and what of it may be chance."""

    part: Part
    id: str
    psi: float
    chance: float
    verdict: Verdict


class Decay(msgspec.Struct, frozen=True):
    """How right a score is now, beside how right it was. ``worse``: by how much, positive is worse."""

    score: str
    measure: Measure
    trained: float
    now: float
    worse: float
    people: int
    verdict: Verdict


class DriftReport(msgspec.Struct, frozen=True):
    """Everything that was compared, the farthest first. ``verdict`` None: there were too few people to say."""

    at: Millis
    people: int
    verdict: Verdict | None
    features: tuple[Shifted, ...]
    scores: tuple[Shifted, ...]
    segments: tuple[Shifted, ...]
    decay: tuple[Decay, ...]
    says: tuple[Text, ...]


def drift_report(
    kept: Reference,
    rows: Sequence[Sequence[float | None]],
    scores: Mapping[str, Sequence[float]],
    segments: Mapping[str, Mapping[str, int]],
    now: Millis,
    decay: Sequence[Decay] = (),
) -> DriftReport:
    """What people of now are beside those of the training. ``rows`` are in the order of ``features()``.

    A score or a segmentation that the reference does not hold is not compared.
    """
    places = {one.id: place for place, one in enumerate(features())}
    by_feature = _ranked(
        _shifted("feature", id_, bins, counted(bins, (row[places[id_]] for row in rows)))
        for id_, bins in kept.features.items()
        if id_ in places
    )
    by_score = _ranked(
        _shifted("score", id_, bins, counted(bins, scores[id_])) for id_, bins in kept.scores.items() if id_ in scores
    )
    by_segments = _ranked(
        _shares_shifted(id_, before, segments[id_]) for id_, before in kept.segments.items() if id_ in segments
    )
    verdict = _verdict(by_feature, (*by_score, *by_segments), decay) if len(rows) >= LEAST_PEOPLE else None
    says = tuple(_says(by_feature, by_score, by_segments, decay, verdict))
    return DriftReport(now, len(rows), verdict, by_feature, by_score, by_segments, tuple(decay), says)


def decay_of_share(score: str, trained: Accuracy, said: Sequence[float], followed: Sequence[bool]) -> tuple[Decay, ...]:
    """How right a score that is a probability is now. Nothing where too few have, or lack, the outcome."""
    held = sum(followed)
    lacked = len(followed) - held
    if len(said) < LEAST_PEOPLE or min(held, lacked) < LEAST_OUTCOMES:
        return ()
    found, compared = of_shares(said, followed), list[Decay]()
    if trained.auc is not None and found.auc is not None:
        error = auc_error(found.auc, held, lacked)
        compared.append(_decayed(score, "auc", trained.auc, found.auc, trained.auc - found.auc, error, len(said)))
    if trained.ece is not None and found.ece is not None:
        # Of a calibrated score each of ten bins misses by its own chance: together by √(10/n) of one person's.
        chances = sum(one * (1 - one) for one in said) / len(said)
        error = sqrt(10 * chances / len(said)) / 2
        compared.append(_decayed(score, "ece", trained.ece, found.ece, found.ece - trained.ece, error, len(said)))
    return tuple(compared)


def decay_of_amount(
    score: str, trained: Accuracy, said: Sequence[float], followed: Sequence[float]
) -> tuple[Decay, ...]:
    """How right a score that is an amount is now. ``worse`` is the share that its mean error grew by."""
    if len(said) < LEAST_PEOPLE or not trained.mae:
        return ()
    found = of_amounts(said, followed).mae or 0.0
    gaps = [abs(value - came) for value, came in zip(said, followed, strict=True)]
    error = sqrt(sum((gap - found) ** 2 for gap in gaps) / (len(gaps) - 1) / len(gaps)) / trained.mae
    return (_decayed(score, "mae", trained.mae, found, found / trained.mae - 1, error, len(said)),)


def _decayed(
    score: str, measure: Measure, trained: float, found: float, worse: float, error: float, people: int
) -> Decay:
    watched, alarming = DECAY[measure]
    sure = worse > _SURE * error
    verdict: Verdict = "alarm" if sure and worse >= alarming else "watch" if sure and worse >= watched else "ok"
    return Decay(score, measure, round(trained, 4), round(found, 4), round(worse, 4), people, verdict)


def _shifted(part: Part, id_: str, bins: Bins, now: Sequence[int]) -> Shifted:
    by_chance = chance(bins.total, sum(now), len(bins.counts), _Z)
    return _of_index(part, id_, psi_of_counts(bins.counts, now), by_chance)


def _shares_shifted(id_: str, before: Mapping[str, int], now: Mapping[str, int]) -> Shifted:
    names = sorted(before.keys() | now.keys())
    index = psi_of_counts([before.get(one, 0) for one in names], [now.get(one, 0) for one in names])
    return _of_index("segments", id_, index, chance(sum(before.values()), sum(now.values()), len(names), _Z))


def _of_index(part: Part, id_: str, index: float, by_chance: float) -> Shifted:
    beyond = index > by_chance
    verdict: Verdict = "alarm" if beyond and index >= SHIFT else "watch" if beyond and index >= WATCH else "ok"
    return Shifted(part, id_, round(index, 4), round(min(by_chance, 99.0), 4), verdict)


def _ranked(found: Iterable[Shifted]) -> tuple[Shifted, ...]:
    return tuple(sorted(found, key=lambda one: (-one.psi, one.id)))


def _verdict(by_feature: Sequence[Shifted], said: Sequence[Shifted], decay: Sequence[Decay]) -> Verdict:
    shifted = sum(one.verdict == "alarm" for one in by_feature)
    many = bool(by_feature) and shifted >= MANY_FEATURES * len(by_feature)
    found: list[Verdict] = [one.verdict for one in said] + [one.verdict for one in decay]
    found += ["alarm" if many else "watch" if one.verdict != "ok" else "ok" for one in by_feature]
    return max(found, key=_WORST.index, default="ok")


def _says(
    by_feature: Sequence[Shifted],
    by_score: Sequence[Shifted],
    by_segments: Sequence[Shifted],
    decay: Sequence[Decay],
    verdict: Verdict | None,
) -> Iterator[Text]:
    if verdict is None:
        yield Text(zh="人数太少，无法判断。", en="There are too few people to tell.")
        return
    for shifts in (by_score, by_segments, by_feature):
        if moved := [one for one in shifts if one.verdict != "ok"]:
            yield _listed(moved)
    for one in decay:
        if one.verdict != "ok":
            now, then = f"{one.measure.upper()} {one.now:g}", f"{one.trained:g}"
            yield Text(
                zh=f"分值 {one.score} 不如训练时准确：{now}，训练时 {then}。",
                en=f"The score {one.score} is less right than it was: {now}, and {then} at training.",
            )
    if verdict == "ok":
        yield Text(zh="与训练时一致。", en="People are as they were at training.")


def _listed(moved: Sequence[Shifted]) -> Text:
    names = {one.id: one.names for one in features()}
    part = _PARTS[moved[0].part]

    def named(one: Shifted) -> Text:
        return names.get(one.id, Text(one.id, one.id)) if one.part == "feature" else Text(one.id, one.id)

    zh = "、".join(f"{named(one).zh}（PSI {one.psi:.2f}）" for one in moved[:_NAMED])
    en = ", ".join(f"{named(one).en} (PSI {one.psi:.2f})" for one in moved[:_NAMED])
    more = len(moved) - _NAMED
    zh_more, en_more = (f"等 {len(moved)} 项", f" and {more} more") if more > 0 else ("", "")
    return Text(zh=f"{part.zh}偏离训练时：{zh}{zh_more}。", en=f"Shifted since training, by {part.en}: {en}{en_more}.")
