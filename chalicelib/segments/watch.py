"""Whether models still see people as those they were learned of: ok, to be watched, or alarming.

``drift_report`` compares people of now with the reference that was kept with the models, and says which scores are less
right than they were (``decay``). It says nothing of few people, nor of what may be chance.

Alarming is a shift of what models say (a score, the shares of segments), because that is acted upon; a shift of many
features at once; and a score that is clearly less right than it was. A shift of single features is watched: people
are known for longer each month, and seasons come and go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.kernel.texts import Text
from chalicelib.segments.decay import LEAST_PEOPLE, Decay, Verdict
from chalicelib.segments.features import features
from chalicelib.segments.psi import SAME_ANSWER, SHIFT, WATCH, Bins, Reference, chance, counted, psi_of_counts

type Part = Literal["feature", "score", "segments"]

MANY_FEATURES = 0.2
"""The share of features that shift together where it is not one of them that changed."""
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
        _shifted("score", id_, bins, counted(bins, scores[id_], SAME_ANSWER))
        for id_, bins in kept.scores.items()
        if id_ in scores
    )
    by_segments = _ranked(
        _shares_shifted(id_, before, segments[id_]) for id_, before in kept.segments.items() if id_ in segments
    )
    verdict = _verdict(by_feature, (*by_score, *by_segments), decay) if len(rows) >= LEAST_PEOPLE else None
    says = tuple(_says(by_feature, by_score, by_segments, decay, verdict))
    return DriftReport(now, len(rows), verdict, by_feature, by_score, by_segments, tuple(decay), says)


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
