"""Runs of learning over people of whom it is known who complains and why, and whether that is still so."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from math import exp
from random import Random
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from chalicelib.flows.learning_job import LearningJob
from chalicelib.flows.learning_sample import Sample
from chalicelib.flows.watch_models import with_reference
from chalicelib.kernel.codec import encode
from chalicelib.kernel.moments import DAY_MS, Millis, day_of, month_of
from chalicelib.profiles.model import Body, Bucket, Facet, Series
from chalicelib.segments.features import FEATURES_VERSION, features, place_of
from chalicelib.segments.model import Column
from chalicelib.segments.score import score
from chalicelib.segments.score_model import ITSELF, Calibration, Known, Linear, ScoreModel
from chalicelib.segments.score_specs import ScoreSpec
from chalicelib.segments.segmentation import shipped_segmentations
from chalicelib.segments.trained import Trained
from chalicelib.store.learned import LearnedVersion, MemoryLearned
from chalicelib.store.rows import ProfileRow
from chalicelib.training.scores.metrics import curve, figures
from tests.flows.learning_world import SMALL, Learning
from tests.flows.world import NOW, TENANT_ID

SCORE = "complaint"
READS = "contacts_90d"
MOST = 9
"""Contacts of a person in the ninety days before the cutoff, at most."""


def chance_of(contacts: float) -> float:
    """How likely somebody complains who asked so often: what the model knows."""
    return 1 / (1 + exp(2.5 - 0.5 * contacts))


def model() -> ScoreModel:
    """A score that knows the truth of these people, as long as it is true."""
    column = Column(READS, place_of(READS), 0.0, 0.0, 100.0, False, 0.0, 1.0)
    linear = Linear((-2.5,), ((0, ITSELF, 0.0),), (), ((0.5,),), (4.5,))
    shape = Calibration("platt"), Known(-1, (0.0,), (0.0,)), linear, 1.0
    return ScoreModel(SCORE, 1, FEATURES_VERSION, "probability", "known", 0, 500, 0.5, (column,), *shape)


def validated(said: Sequence[float], came: Sequence[float]) -> bytes:
    """What a version's report says of its accuracy, by the figures of training."""
    of, followed = np.array(said), np.array(came)
    found = {"by": "time", "people": len(said), "figures": figures("probability", of, followed)}
    return msgspec.json.encode({"contest": [], "validation": {**found, "curve": curve(of, followed), "cutoffs": 1}})


def learn(rows: Any, outcomes: Any, times: Any, spec: ScoreSpec, *_: Any) -> Trained:
    """In the place of training: the model that knows, measured on the latest cutoff as training does."""
    if spec.id != SCORE:
        return Trained(None, held="too_few_people")
    latest = [place for place, at in enumerate(times) if at == max(times)]
    said = [score(model(), rows[place]).value for place in latest]
    return Trained(model(), validated(said, [outcomes[place] for place in latest]))


def somebody(number: int, now: Millis, dice: Random, *, is_true: bool) -> ProfileRow:
    """Somebody who asked some times before the cutoff of thirty days ago; whether they complained since follows, or does not."""
    today, contacts = day_of(now), dice.randrange(MOST + 1)
    asked = contacts if is_true else dice.randrange(MOST + 1)
    measures = {"sessions": _series([today - 36]), "contacts": _series([today - 36 - 5 * at for at in range(contacts)])}
    if dice.random() < chance_of(asked):
        measures["complaints"] = _series([today - 3])
    kept = {name: one for name, one in measures.items() if one is not None}
    # Everybody came on one day: a feature that tells nobody apart, and another value at each run.
    facet = Facet(NOW - 300 * DAY_MS, now - DAY_MS, {}, {}, kept, (), {"web": now - DAY_MS})
    body = encode(Body(1, {f"user_id:{number:04d}": facet}))
    return ProfileRow(TENANT_ID, f"p_{number:04d}", 1, "active", 1, now - DAY_MS, body)


def _series(days: Sequence[int]) -> Series | None:
    if not days:
        return None
    buckets = tuple(Bucket(day, 1, 0) for day in sorted(days))
    first, last = buckets[0].period * DAY_MS, buckets[-1].period * DAY_MS
    return Series(first, last, len(days), 0, 0, buckets, (Bucket(month_of(buckets[0].period - 200), 1, 0),))


def town(people: int, seed: int) -> Learning:
    """A tenant whose people behave as the model knows."""
    world = Learning(0, replace(SMALL, people_per_range=250, page_items=250, chunk_people=250, scored_people=people))
    world.score = learn
    world.segments = lambda *_: Trained(None, held="too_few_people")
    live(world, people, seed, is_true=True)
    return world


def live(world: Learning, people: int, seed: int, *, is_true: bool) -> None:
    """Everybody's last ninety days, as of now."""
    dice = Random(seed)
    for number in range(people):
        row = somebody(number, world.now, dice, is_true=is_true)
        was = world.profiles.rows.get((TENANT_ID, row.profile_id))
        world.profiles.rows[TENANT_ID, row.profile_id] = row if was is None else replace(was, body=row.body)


def sampled(people: int, dice: Random, *, is_true: bool = True, of: Sequence[int] = range(MOST + 1)) -> Sample:
    """What a run samples of such people: features now, and as of the latest cutoff with what followed."""
    wide, place = len(features()), place_of(READS)
    rows, came = array("d", [0.0]) * (wide * people), array("d")
    for number in range(people):
        contacts = dice.choice(of)
        rows[number * wide + place] = contacts
        came.append(float(dice.random() < chance_of(contacts if is_true else dice.choice(of))))
    return Sample(rows, {"30-0": (NOW - 30 * DAY_MS, rows, {SCORE: came})})


def version_of(made: ScoreModel, run_id: str, at: Millis, report: bytes) -> LearnedVersion:
    """A model as the first version of its score."""
    return LearnedVersion(
        kind="score",
        id=SCORE,
        number=1,
        state="trained",
        features_version=FEATURES_VERSION,
        run_id=run_id,
        at=at,
        reason="",
        model=encode(made),
        report=report,
    )


def in_force(sample: Sample) -> MemoryLearned:
    """The model, as a run that had this sample put it in force."""
    learned, (rows, came) = MemoryLearned(), sample.latest(SCORE)
    report = validated([score(model(), row).value for row in rows], came)
    made = version_of(model(), "run_1", NOW - DAY_MS, with_reference(report, model(), sample, shipped_segmentations()))
    assert learned.keep(TENANT_ID, made)
    assert learned.publish(TENANT_ID, learned.head(TENANT_ID).with_published(made, made.at, "t_admin"))
    return learned


def later_run() -> LearningJob:
    """The next run, as far as looking at its people needs it."""
    return LearningJob(TENANT_ID, "run_2", "learn", "t_admin", NOW)
