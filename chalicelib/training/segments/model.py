"""What a run of learning segments says: the model, the whole contest, how steady it is, and why it may be held."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.kernel.texts import Text
from chalicelib.segments.model import SegmentModel


class ContestRow(msgspec.Struct, frozen=True):
    """One algorithm of the contest, by what it would serve: the nearest of its groups' centroids.

    ``silhouette`` −1–1, ``davies_bouldin`` >= 0 (less is better), ``stability`` adjusted Rand index of fits of
    resampled people, ``balance`` entropy of the sizes ÷ that of even ones, ``agreement`` −1–1 with the declared signs,
    ``fidelity`` share of people whom the nearest centroid puts where the algorithm did. ``refused``: the gates that it
    did not pass, by code; ``points`` is what it is ranked by.
    """

    algorithm: str
    groups: int
    silhouette: float
    davies_bouldin: float
    stability: float
    least_share: float
    balance: float
    agreement: float
    fidelity: float
    points: float
    refused: tuple[str, ...]
    won: bool


class Steadiness(msgspec.Struct, frozen=True):
    """A run beside the one before, on the same people: the share who keep their name, and the adjusted Rand index."""

    kept: float
    adjusted_rand: float
    people: int


class SegmentsLearned(msgspec.Struct, frozen=True):
    """What one run came to. ``held`` is a code of ``HELD``, or empty: then the model may go in force.

    ``model.version`` counts on from the one before; ``model.trained_at`` is 0, because nothing here knows the time.
    ``shares``: which part of people each segment holds. ``agreements``: how well each fits its name's meaning.
    """

    model: SegmentModel
    contest: tuple[ContestRow, ...]
    steadiness: Steadiness | None
    shares: dict[str, float]
    agreements: dict[str, float]
    held: str


RENAMED, MEANING_CHANGED, NONE_PASSED = "renamed", "meaning_changed", "none_passed"
HELD: Mapping[str, Text] = {
    RENAMED: Text(
        zh="将改名的人超过申报的比例，须人工审核", en="more people than declared would get another name: review it"
    ),
    MEANING_CHANGED: Text(
        zh="按人沿用的名称与各群的含义不再相符，须人工审核",
        en="the names that people keep no longer fit what the groups mean: review it",
    ),
    NONE_PASSED: Text(zh="没有算法通过全部门槛，须人工审核", en="no algorithm passed every gate: review it"),
}
"""Why a run may be held, in words."""


class TooFewPeopleError(ValueError):
    """There are too few people, or too few different ones, to learn so many groups from."""
