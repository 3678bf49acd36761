"""Runs of learning in memory: people of known behaviour, both queues, and kills wherever a test says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from chalicelib.flows.learn_ranges import learn_range
from chalicelib.flows.learning_job import LearningJob, job_of
from chalicelib.flows.learning_services import LearningLimits, LearningServices, TrainServices
from chalicelib.flows.models import Models
from chalicelib.flows.models_in_force import ModelsInForce
from chalicelib.flows.open_learning import RunOrder, open_run
from chalicelib.flows.outreach import Outreach
from chalicelib.flows.risks_of_runs import RisksOfRuns
from chalicelib.flows.services import Change
from chalicelib.flows.train_models import train_models
from chalicelib.kernel.codec import encode
from chalicelib.kernel.moments import DAY_MS, day_of, month_of
from chalicelib.profiles.model import Body, Bucket, Facet, Series
from chalicelib.segments.model import Column, SegmentModel
from chalicelib.segments.segmentation import Segmentation, Segmentations, shipped_segmentations
from chalicelib.segments.trained import Trained
from chalicelib.store.jobs import MemoryJobs
from chalicelib.store.judged import MemoryJudged
from chalicelib.store.learned import MemoryLearned
from chalicelib.store.memory import MemoryHistory, MemoryProfiles
from chalicelib.store.people import MemoryPeople
from chalicelib.store.rows import ProfileRow
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.training.served import score
from tests.flows.world import NOW, TENANT_ID

SMALL = LearningLimits(
    sample_people=1_000,
    scored_people=50,
    people_per_range=40,
    page_items=7,
    chunk_people=10,
    write_units_per_second=1_000,
    settle_seconds=0,
)


class Killed(BaseException):
    """The function was ended: nothing catches it."""


class MemorySamples:
    """Objects in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.written = 0

    def write(self, key: str, content: bytes) -> None:
        self.kept[key] = content
        self.written += 1

    def whole(self, key: str) -> bytes:
        return self.kept[key]

    def remove(self, key: str) -> None:
        self.kept.pop(key, None)


def somebody(number: int) -> ProfileRow:
    """A person of whom every third buys much, every third asks much, and the others do little."""
    kind, today = number % 3, day_of(NOW)
    often = 4 + number % 5

    def series(count: int, total: int = 0) -> Series:
        days = tuple(Bucket(today - 40 + place, 1, total) for place in range(count))
        first, last = days[0].period * DAY_MS, days[-1].period * DAY_MS
        return Series(first, last, count, count * total, total, days, (Bucket(month_of(today - 200), 1, total),))

    measures = {"sessions": series(1 + number % 4)}
    if kind == 0:
        measures["orders_paid"] = series(often, 300_000_000)
    if kind == 1:
        measures["contacts"] = series(often * 2)
        measures["complaints"] = series(often)
    facet = Facet(NOW - 300 * DAY_MS, NOW - DAY_MS, {}, {}, measures, (), {"web": NOW - DAY_MS})
    body = encode(Body(1, {f"user_id:{number:04d}": facet}))
    return ProfileRow(TENANT_ID, f"p_{number:04d}", 1, "active", 1, NOW - DAY_MS, body)


def by_orders(rows: Sequence[Sequence[float | None]], spec: Segmentation, before: object, seed: int) -> Trained:
    """A fake that learns where the middle of spending is, for tests that are not about learning."""
    from chalicelib.segments.features import FEATURES_VERSION, place_of

    place = place_of("orders_90d")
    orders = sorted(row[place] or 0.0 for row in rows)
    column = Column("orders_90d", place, 0.0, 0.0, 100.0, False, 0.0, 1.0)
    kinds = (spec.kinds[-1].id, spec.kinds[1].id)
    middle = ((0.0,), (sum(orders) / len(orders) * 3,))
    model = SegmentModel(spec.id, 0, FEATURES_VERSION, "fake", 0, len(rows), (column,), middle, kinds)
    return Trained(model, b'{"contest":[]}')


class Learning:
    """One tenant with its people, the two queues, and what may kill a function."""

    def __init__(self, people: int = 120, limits: LearningLimits = SMALL) -> None:
        self.history = MemoryHistory()
        self.profiles = MemoryProfiles(self.history)
        self.jobs, self.learned, self.samples = MemoryJobs(), MemoryLearned(), MemorySamples()
        self.judged = MemoryJudged(self.profiles)
        self.published: list[Change] = []
        self.queue: list[tuple[str, str]] = []
        self.orders: list[tuple[str, str]] = []
        self.spent = 0.0
        self.outreach: Outreach | None = None
        self.limits = limits
        self.now = NOW
        self.calls = 0
        self.kill_at: set[int] = set()
        self.segments: Callable[..., Trained] = by_orders
        self.declared: Segmentations = shipped_segmentations()
        self.score: Callable[..., Trained] = score
        for number in range(people):
            row = somebody(number)
            self.profiles.rows[TENANT_ID, row.profile_id] = row

    def touch(self) -> None:
        """Before and after everything that leaves the function: here it may be ended."""
        self.calls += 1
        if self.calls in self.kill_at:
            raise Killed

    def services(self) -> LearningServices:
        in_force = ModelsInForce(lambda: self.learned, lambda: 0.0, lambda _: self.declared)
        return LearningServices(
            jobs=Touched(self.jobs, self.touch),  # type: ignore[arg-type]
            people=MemoryPeople(self.profiles.rows),
            judged=EachTouched(self.judged, self.touch),  # type: ignore[arg-type]
            learned=Touched(self.learned, self.touch),  # type: ignore[arg-type]
            samples=Touched(self.samples, self.touch),  # type: ignore[arg-type]
            models=in_force,
            catalogue=lambda _: load_catalogue(),
            publish=self._publish,
            go_on=self._go_on,
            train=self._train,
            spend=self._spend,
            limits=self.limits,
            risks=RisksOfRuns(lambda _: self.outreach, Touched(self.profiles, self.touch), lambda: self.now),  # type: ignore[arg-type]
        )

    def training(self) -> TrainServices:
        return TrainServices(
            jobs=Touched(self.jobs, self.touch),  # type: ignore[arg-type]
            learned=Touched(self.learned, self.touch),  # type: ignore[arg-type]
            samples=Touched(self.samples, self.touch),  # type: ignore[arg-type]
            segments=self.segments,
            score=self.score,
            go_on=self._go_on,
            train=self._train,
            limits=self.limits,
            segmentations=lambda _: self.declared,
        )

    def models(self) -> Models:
        return ModelsInForce(lambda: self.learned, lambda: 0.0, lambda _: self.declared)(TENANT_ID)

    def run(self, job_id: str = "run_1") -> LearningJob:
        """Open a run, and deliver messages until the queues are empty; one whose function was killed comes again."""
        is_open = False
        while not is_open:
            with suppress(Killed):
                open_run(RunOrder(TENANT_ID, job_id, "t_admin"), self.services().door, self.now)
                is_open = True
        self.drain()
        return self.job(job_id)

    def drain(self) -> None:
        while self.queue or self.orders:
            self.drain_once()

    def drain_once(self) -> None:
        """Deliver one message."""
        if self.queue:
            job_id, part = self.queue.pop(0)
            try:
                learn_range(TENANT_ID, job_id, part, self.services(), self.now, lambda: True)
            except Killed:
                self.queue.append((job_id, part))
        elif self.orders:
            job_id, part = self.orders.pop(0)
            try:
                train_models(TENANT_ID, job_id, part, self.training(), self.now, lambda: True)
            except Killed:
                self.orders.append((job_id, part))

    def job(self, job_id: str = "run_1") -> LearningJob:
        row = self.jobs.load(TENANT_ID, job_id)
        assert row is not None
        return job_of(row)

    def state(self) -> bytes:
        """Everything that a run leaves, as bytes."""
        people = [self.profiles.rows[key] for key in sorted(self.profiles.rows)]
        versions = [self.learned.kept[key] for key in sorted(self.learned.kept)]
        return msgspec.msgpack.encode(
            [people, versions, self.learned.head(TENANT_ID), self.learned.sizes(TENANT_ID), self.job()]
        )

    def _publish(self, changes: Sequence[Change]) -> None:
        self.touch()
        self.published += changes
        self.touch()

    def _go_on(self, tenant_id: str, job_id: str, parts: Sequence[str], delay_seconds: int) -> None:
        assert tenant_id == TENANT_ID
        self.touch()
        self.queue += [(job_id, one) for one in parts if (job_id, one) not in self.queue]
        self.touch()

    def _train(self, tenant_id: str, job_id: str, parts: Sequence[str]) -> None:
        assert tenant_id == TENANT_ID
        self.touch()
        self.orders += [(job_id, one) for one in parts if (job_id, one) not in self.orders]
        self.touch()

    def _spend(self, units: float, rate: float) -> None:
        assert rate > 0
        self.spent += units


class Touched:
    """A store whose every call may be the last thing that a function does, before or after it."""

    def __init__(self, of: object, touch: Callable[[], None]) -> None:
        self._of, self._touch = of, touch

    def __getattr__(self, name: str) -> Callable[..., object]:
        call = getattr(self._of, name)

        def touched(*given: object, **named: object) -> object:
            self._touch()
            answer: object = call(*given, **named)
            self._touch()
            return answer

        return touched


class EachTouched(Touched):
    """Of what is written in many calls, each may be the last thing that a function does."""

    def settle_all(self, writes: Sequence[tuple[ProfileRow, ProfileRow]]) -> None:
        for row, judged in writes:
            self.settle(row, judged)
