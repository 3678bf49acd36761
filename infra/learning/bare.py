"""The yardsticks of a run: a bare scan of everybody, and scikit-learn's own part of learning from the same rows.

*Bare fits* are the calls of scikit-learn that the contests make: the same estimators on the same rows, in a process of
their own, with nothing on the clock but what is spent within the outermost of those calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import msgspec

from chalicelib.flows.learning_sample import Sample, Sampling
from chalicelib.flows.learning_services import LearningLimits
from chalicelib.flows.profile_of import profile_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.measures import load_measures
from chalicelib.profiles.model import Body
from chalicelib.segments.score_specs import score_specs
from chalicelib.segments.segmentation import load_segmentations
from chalicelib.store.items import TypedItem, plain
from chalicelib.store.people import Slice
from infra import emulator
from infra.learning.people import row_of
from infra.learning.worker import api_of, scanned

_SEED = 7
_WRITES_AT_ONCE = 8
"""As many as a function of the product has under way."""


class Clock(msgspec.Struct):
    """Seconds within some calls, by the wall and of the processor. Calls within calls are counted once."""

    wall: float = 0.0
    cpu: float = 0.0
    depth: int = 0

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same callable, on this clock."""

        def timed(*given: Any, **named: Any) -> Any:
            if self.depth:
                return work(*given, **named)
            self.depth = 1
            wall, cpu = time.monotonic(), time.process_time()
            try:
                return work(*given, **named)
            finally:
                self.wall += time.monotonic() - wall
                self.cpu += time.process_time() - cpu
                self.depth = 0

        return timed


def bare_scan(endpoint: str, table: str, slices: Sequence[Slice]) -> tuple[int, float]:
    """Scan some slices of a table and parse every item; how many there were, and seconds of processor."""
    api, counted, began = api_of(endpoint), 0, time.process_time()
    for one in slices:
        counted += sum(len([plain(item) for item in page]) for page in scanned(api, table, one))
    return counted, time.process_time() - began


def boto3_scan(endpoint: str, table: str, slices: Sequence[Slice]) -> tuple[int, float]:
    """The same by boto3, which parses as it reads."""
    import boto3

    keys = {"aws_access_key_id": "AWS_ACCESS_KEY_ID", "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY"}
    named = {name: emulator.CREDENTIALS[one] for name, one in keys.items()}
    client = boto3.client("dynamodb", endpoint_url=endpoint, region_name=emulator.REGION, **named)
    pages, counted, began = client.get_paginator("scan"), 0, time.process_time()
    for one in slices:
        found = pages.paginate(TableName=table, Segment=one.number, TotalSegments=one.of)
        counted += sum(len(page["Items"]) for page in found)
    return counted, time.process_time() - began


def bare_writes(endpoint: str, source: str, table: str, slices: Sequence[Slice]) -> tuple[int, float, float]:
    """Write what a run has written of the people of ``source`` to the same people of ``table``, eight at a time, each
    where its version is as it was. How many there were, and seconds by the wall and of the processor.
    """
    api = api_of(endpoint)
    writes = [
        _update(table, item)
        for one in slices
        for page in scanned(api, source, one)
        for item in page
        if "judged" in item
    ]
    began, cpu = time.monotonic(), time.process_time()
    with ThreadPoolExecutor(_WRITES_AT_ONCE) as pool:
        for _ in pool.map(lambda body: api.call("UpdateItem", body), writes):
            pass
    return len(writes), time.monotonic() - began, time.process_time() - cpu


def _update(table: str, item: TypedItem) -> dict[str, Any]:
    said = {name: item[name] for name in ("judged", "segment") if name in item}
    return {
        "TableName": table,
        "Key": {"pk": item["pk"]},
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in said),
        "ConditionExpression": "#v = :v",
        "ExpressionAttributeNames": {"#v": "v", **{f"#{name}": name for name in said}},
        "ExpressionAttributeValues": {":v": item["v"], **{f":{name}": one for name, one in said.items()}},
    }


def bare_fits(people: int, limits: LearningLimits, at: Millis) -> tuple[float, float]:
    """Seconds by the wall and of the processor that scikit-learn takes of learning everything from the same people."""
    from chalicelib.training import served

    sample, clock = sampled(people, limits, at), Clock()
    with timed(clock):
        for one in load_segmentations():
            if one.by == "model":
                served.segments(sample.people_now(), one, None, _SEED)
        for id_, spec in score_specs().items():
            served.score(*sample.learned_from(id_), spec, None, _SEED)
    return clock.wall, clock.cpu


def sampled(people: int, limits: LearningLimits, at: Millis) -> Sample:
    """The sample that a run takes; of more people than a sample has, as many of them."""
    many = min(people, limits.sample_people)
    measures, sample, share = load_measures(), Sample(), min(limits.scored_people / many, 1.0)
    for start in range(0, many, limits.chunk_people):
        chunk = Sampling(at, share, measures)
        for number in range(start, min(start + limits.chunk_people, many)):
            row = row_of(number)
            chunk.take(profile_of(row, decode(row.body, Body)))
        sample.add(chunk.coded())
    return sample


@contextmanager
def timed(clock: Clock) -> Iterator[None]:
    """What the contests call of scikit-learn, on a clock."""
    kept = [(owner, name, getattr(owner, name)) for owner, names in _called().items() for name in names]
    for owner, name, work in kept:
        setattr(owner, name, clock.around(work))
    try:
        yield
    finally:
        for owner, name, work in kept:
            setattr(owner, name, work)


def _called() -> Mapping[Any, tuple[str, ...]]:
    from sklearn import cluster, ensemble, isotonic, linear_model, mixture, pipeline

    from chalicelib.training.segments import contest, fits

    return {
        cluster.KMeans: ("fit",),
        cluster.MiniBatchKMeans: ("fit",),
        cluster.Birch: ("fit",),
        cluster.AgglomerativeClustering: ("fit_predict",),
        mixture.GaussianMixture: ("fit", "predict"),
        pipeline.Pipeline: ("fit", "predict", "decision_function"),
        ensemble.HistGradientBoostingClassifier: ("fit", "decision_function"),
        ensemble.HistGradientBoostingRegressor: ("fit", "predict"),
        ensemble.GradientBoostingClassifier: ("fit", "decision_function"),
        ensemble.GradientBoostingRegressor: ("fit", "predict"),
        isotonic.IsotonicRegression: ("fit_transform",),
        linear_model.LogisticRegression: ("fit",),
        contest: ("silhouette_score", "davies_bouldin_score", "adjusted_rand_score"),
        fits: ("pairwise_distances_argmin",),
    }
