"""What runs of learning need from outside, as values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from chalicelib.flows.models import Models
from chalicelib.flows.risks_of_runs import RisksOfRuns
from chalicelib.flows.services import Change
from chalicelib.kernel.moments import Millis
from chalicelib.segments.model import SegmentModel
from chalicelib.segments.score_model import ScoreModel
from chalicelib.segments.score_specs import ScoreSpec
from chalicelib.segments.segmentation import Segmentation, Segmentations, shipped_segmentations
from chalicelib.segments.trained import Trained
from chalicelib.store.jobs import JobStore
from chalicelib.store.judged import JudgedStore
from chalicelib.store.learned import LearnedStore
from chalicelib.store.people import PeopleStore
from chalicelib.tags.catalogue import Catalogue

type _Rows = Sequence[Sequence[float | None]]


class SampleStore(Protocol):
    """Where samples are until a run is over."""

    def write(self, key: str, content: bytes) -> None:
        """Write an object in place of what there was."""

    def whole(self, key: str) -> bytes:
        """All bytes of an object. Raises ServiceRefused ``object_gone``."""

    def remove(self, key: str) -> None:
        """Delete an object; one that is gone already is fine."""


class LearningLimits(msgspec.Struct, frozen=True):
    """How much a run reads and writes. All of it is configuration of the deployment."""

    sample_people: int = 100_000
    scored_people: int = 20_000
    """How many of those are also looked at as of cutoffs, for the scores."""
    people_per_range: int = 50_000
    most_ranges: int = 1_024
    page_items: int = 500
    chunk_people: int = 2_000
    """People of a sample between two checkpoints."""
    write_units_per_second: int = 1_000
    """What all ranges together may write."""
    ranges_at_once: int = 16
    """How many ranges are worked on at once, as the queue is told: each has that part of the budget."""
    settle_seconds: int = 90
    """After models come into force every function judges by them within a minute. Before that one may still save what
    the old ones say, after this run has written what the new ones do.
    """


class LearningDoor(msgspec.Struct, frozen=True):
    """What opening a run needs."""

    jobs: JobStore
    go_on: Callable[[str, str, Sequence[str], int], None]
    """Queues parts of a run (tenant, run, names) after some seconds; '' is the run itself, to be planned."""


class LearningServices(msgspec.Struct, frozen=True):
    """What going through people needs: where they are, what judges them, the bus, two queues."""

    jobs: JobStore
    people: PeopleStore
    judged: JudgedStore
    learned: LearnedStore
    samples: SampleStore
    models: Callable[[str], Models]
    """A tenant's models that are in force, not older than a minute."""
    catalogue: Callable[[str], Catalogue]
    publish: Callable[[Sequence[Change]], None]
    go_on: Callable[[str, str, Sequence[str], int], None]
    train: Callable[[str, str, Sequence[str]], None]
    """Orders parts of the training of a run (tenant, run, names); '' is the training itself, to be planned."""
    spend: Callable[[float, float], None]
    """Told of write units, before they are used, and of how many a second there may be: waits."""
    limits: LearningLimits = LearningLimits()
    risks: RisksOfRuns | None = None
    """Without it nobody is handed over in whom a run lets a risk be seen."""

    @property
    def door(self) -> LearningDoor:
        """Just what opening needs."""
        return LearningDoor(self.jobs, self.go_on)


class TrainServices(msgspec.Struct, frozen=True):
    """What training needs. The function that trains is the only one that has what learns."""

    jobs: JobStore
    learned: LearnedStore
    samples: SampleStore
    segments: Callable[[_Rows, Segmentation, SegmentModel | None, int], Trained]
    """Learns a segmentation: ``training.served.segments``."""
    score: Callable[[_Rows, Sequence[float | None], Sequence[Millis], ScoreSpec, ScoreModel | None, int], Trained]
    """Learns a score: ``training.served.score``."""
    go_on: Callable[[str, str, Sequence[str], int], None]
    train: Callable[[str, str, Sequence[str]], None]
    limits: LearningLimits = LearningLimits()
    segmentations: Callable[[str], Segmentations] = lambda _: shipped_segmentations()
    """A tenant's segmentations, as they are declared now."""
