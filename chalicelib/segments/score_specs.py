"""Which scores there are: what each tells, of what, over how many days, from which features, and for which purposes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from chalicelib.kernel.texts import Text
from chalicelib.privacy.permission import Purpose
from chalicelib.segments.features import features
from chalicelib.segments.score_model import Kind

type Followed = Literal["silent", "happened", "amount", "change", "topic"]
"""What is looked for after a cutoff (``outcomes``)."""


class ScoreSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One score. ``outcome`` is looked for in ``measures`` within ``horizon_days`` after a cutoff.

    ``among_days``: only people with anything in ``among`` in so many days before are learned from; 0 takes all. ``features`` are ids of features that the score may read; a score of topics has ``topics``, each with
    the measure that counts its contacts. Nothing is learned of fewer than ``least_people``, or where fewer than
    ``least_outcomes`` had the outcome (or did not). A move by less than ``step``, in the score's unit, or by less than
    ``step_share`` of what is kept, is no reason for a run to write somebody anew (``moved``).
    """

    id: str
    names: Text
    kind: Kind
    outcome: Followed
    horizon_days: int
    features: tuple[str, ...]
    purposes: tuple[Purpose, ...]
    measures: tuple[str, ...]
    among: tuple[str, ...] = ()
    among_days: int = 0
    least_people: int = 500
    least_outcomes: int = 50
    step: float = 0.05
    step_share: float = 0.0
    topics: Mapping[str, str] = {}

    @property
    def labels(self) -> tuple[str, ...]:
        """The topics, in the order that outcomes count them."""
        return tuple(self.topics)


_SHIPPED = Path(__file__).with_name("scores.json")


@cache
def score_specs(path: Path = _SHIPPED) -> Mapping[str, ScoreSpec]:
    """The scores of a file, by id; the shipped ones unless told. Raises msgspec errors."""
    declared = msgspec.json.decode(path.read_bytes(), type=tuple[ScoreSpec, ...])
    return {one.id: one for one in declared}


def places_of(spec: ScoreSpec) -> tuple[int, ...]:
    """The places of a score's features in ``features.raw_vector``. Raises KeyError for a feature that nobody declared."""
    known = {one.id: place for place, one in enumerate(features())}
    return tuple(known[one] for one in spec.features)
