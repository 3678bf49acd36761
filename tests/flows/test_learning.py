"""Runs of learning: sampled, trained, published, everybody judged; killed anywhere they end in the same state."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.flows import learn_ranges, train_models
from chalicelib.flows.judge import judgement, with_judged
from chalicelib.flows.learning_job import LearningJob, job_of
from chalicelib.flows.open_learning import RollBackOrder, RunOrder, open_run, roll_back
from chalicelib.flows.services import Change
from chalicelib.kernel.errors import Conflict, NotFound
from chalicelib.kernel.moments import DAY_MS
from chalicelib.profiles.measures import MeasureSet, load_measures
from chalicelib.segments.model import SegmentModel
from chalicelib.segments.segmentation import Segmentation
from chalicelib.segments.trained import Trained
from chalicelib.store.rows import ProfileRow
from chalicelib.training import served
from tests.flows.learning_world import SMALL, Killed, Learning, by_orders
from tests.flows.world import NOW, TENANT_ID


def segments_of(world: Learning) -> Counter[str]:
    return Counter(row.segment for row in world.profiles.rows.values())


def moves_told(world: Learning) -> Counter[str]:
    return Counter(one.type for one in world.published if one.detail["segmentation"] == "customers")


def test_run__of_everybody__publishes_and_judges_all() -> None:
    """Sampled, learned, in force, everybody judged and told of, counted; and no sample is left."""
    world = Learning()
    job = world.run()
    assert (job.phase, job.people, job.judged, job.changed, job.finished_at) == ("finished", 120, 120, 120, NOW)
    assert segments_of(world) == {"customers.value": 40, "customers.ordinary": 80}
    assert moves_told(world) == {"segment.entered": 120}
    sizes = world.learned.sizes(TENANT_ID)
    assert sizes is not None and sizes.people == 120
    assert (sizes.counts["customers.value"], sizes.counts["customers.ordinary"]) == (40, 80)
    assert sum(count for name, count in sizes.counts.items() if name.startswith("stages.")) == 120
    assert world.samples.kept == {} and world.samples.written > 3 and world.spent >= 120
    assert {one.id: one.reason for one in job.outcomes}["churn"] == "too_few_people"


def test_training__whose_orders_come_in_any_order_and_twice__ends_the_same() -> None:
    """Several functions train at once: which model is learned first, or by two, changes nothing of what is left."""
    straight, shuffled = Learning(), Learning()
    for world in (straight, shuffled):
        world.run()
        world.now += 1_000
        open_run(RunOrder(TENANT_ID, "run_2", "t_admin"), world.services().door, world.now)
    straight.drain()
    repeated: list[tuple[str, str]] = []
    while shuffled.queue or shuffled.orders:
        shuffled.orders.reverse()
        if shuffled.orders and shuffled.orders[0] not in repeated:
            repeated += shuffled.orders[:1]
            shuffled.orders += shuffled.orders[:1]
        shuffled.drain_once()
    assert len(repeated) > len(straight.job("run_2").outcomes), "the drift since the run before was an order, too"
    assert shuffled.state() == straight.state() and shuffled.job("run_2") == straight.job("run_2")
    assert straight.job("run_2").drift is not None


def test_training__of_a_segmentation_withdrawn_meanwhile__learns_nothing_of_it() -> None:
    """What was planned is done, and says that nothing came of it."""
    world = Learning()
    open_run(RunOrder(TENANT_ID, "run_1", "t_admin"), world.services().door, world.now)
    while not world.job().training:
        world.drain_once()
    world.declared = {id_: one for id_, one in world.declared.items() if id_ != "shoppers"}
    world.drain()
    reasons = {one.id: one.reason for one in world.job().outcomes}
    assert (reasons["shoppers"], reasons["customers"], world.job().phase) == ("nothing_learned", "", "finished")


@pytest.mark.parametrize(("is_exact", "written"), [(False, 0), (True, 120)], ids=["as_built", "mutant"])
def test_run__again__writes_nobody_anew(monkeypatch: pytest.MonkeyPatch, *, is_exact: bool, written: int) -> None:
    """People of whom the models say the same are left as they are, with the version that said so.

    The negative control takes another version for another judgement, and writes everybody.
    """
    world = Learning()
    world.run()
    world.published.clear()
    rows, spent = dict(world.profiles.rows), world.spent
    if is_exact:
        monkeypatch.setattr(
            learn_ranges, "is_moved", lambda was, found: (was.segments, was.scores) != (found.segments, found.scores)
        )
    world.now += 1_000
    job = world.run("run_2")
    assert moves_told(world) == {} and (job.judged, job.changed) == (120, written)
    assert {row.version for row in world.profiles.rows.values()} == {1}, "no save of a person, and in nobody's way"
    before, after = (judgement(of[TENANT_ID, "p_0000"].judged) for of in (rows, world.profiles.rows))
    assert before is not None and after is not None
    assert before.segments["customers"].since == after.segments["customers"].since == NOW
    assert world.learned.head(TENANT_ID).models["customers"].number == 2
    assert after.segments["customers"].model_version == (2 if is_exact else 1)
    assert (world.profiles.rows == rows, world.spent == spent) == (not is_exact, not is_exact)


def test_run__after_a_roll_back__leaves_nothing_that_the_withdrawn_model_said() -> None:
    """Of who was saved meanwhile its version is reason enough, although both say the same; of nobody else."""
    world = Learning()
    world.run()
    world.now += 1_000
    world.run("run_2")
    key = (TENANT_ID, "p_0000")
    world.profiles.rows[key] = judged_by(world.profiles.rows[key], 2)
    order = RollBackOrder(TENANT_ID, "customers", "back_1", "t_admin", settle_seconds=0)
    roll_back(order, world.learned, world.services().door, world.declared, world.now)
    world.drain()
    assert world.job("back_1").changed == 1 and moves_told(world)["segment.left"] == 0
    back = judgement(world.profiles.rows[key].judged)
    assert back is not None and back.segments["customers"].model_version == 1


def judged_by(row: ProfileRow, version: int) -> ProfileRow:
    was = judgement(row.judged)
    assert was is not None
    member = replace(was.segments["customers"], model_version=version)
    return with_judged(row, replace(was, segments={**was.segments, "customers": member}))


@pytest.mark.parametrize("seed", range(8))
def test_run__killed_anywhere__ends_as_undisturbed(seed: int) -> None:
    """Whatever call is the last one of a function, the messages that come again end in the very same bytes."""
    undisturbed = Learning(60)
    undisturbed.run()
    world = Learning(60)
    chance = random.Random(seed)
    world.kill_at = {chance.randrange(1, undisturbed.calls) for _ in range(25)}
    job = world.run()
    assert job.phase == "finished" and world.calls > undisturbed.calls
    assert world.state() == undisturbed.state()
    assert world.samples.kept == {}
    told = {(one.type, one.detail["profile_id"], str(one.detail["segment"])) for one in world.published}
    assert told == {(one.type, one.detail["profile_id"], str(one.detail["segment"])) for one in undisturbed.published}


def shifted(rows: Sequence[Sequence[float | None]], spec: Segmentation, before: object, seed: int) -> Trained:
    """The next model, whose middle of spending is farther off: 4 orders are past the middle by less than a tenth."""
    trained = by_orders(rows, spec, before, seed)
    assert isinstance(trained.model, SegmentModel)
    return replace(trained, model=replace(trained.model, centroids=((0.0,), (8.5,))))


def test_run__that_moves_borders__killed_anywhere_ends_as_undisturbed() -> None:
    """Who is near a border stays, by what is kept of them; a page that is judged twice moves nobody further.

    Control: of nobody is anything kept, and the same model puts those of 4 orders elsewhere.
    """

    def again(kill_at: set[int], *, forgotten: bool = False) -> tuple[bytes, LearningJob, int]:
        world = Learning(60)
        world.run()
        world.segments, world.now, world.kill_at = shifted, world.now + DAY_MS, {world.calls + one for one in kill_at}
        if forgotten:
            for key, row in world.profiles.rows.items():
                world.profiles.rows[key] = replace(row, judged=b"", segment="")
        job = world.run("run_2")
        return world.state(), job, sum(row.segment == "customers.value" for row in world.profiles.rows.values())

    state, job, valued = again(set())
    assert (job.phase, valued) == ("finished", 20)
    for seed in range(4):
        chance = random.Random(seed)
        assert again({chance.randrange(1, 400) for _ in range(25)}) == (state, job, valued)
    assert again(set(), forgotten=True)[2] == 16


@pytest.mark.parametrize(("is_told_first", "told_of"), [(True, 60), (False, 59)], ids=["as_built", "mutant"])
def test_run__killed_after_the_first_write__has_told_before(
    monkeypatch: pytest.MonkeyPatch, *, is_told_first: bool, told_of: int
) -> None:
    """People are told of before they are written; with its negative control, which writes first and tells after."""
    world = Learning(60)
    settle, publish = world.judged.settle, world._publish
    waiting: list[Sequence[Change]] = []
    if not is_told_first:
        monkeypatch.setattr(world, "_publish", waiting.append)
    kills = iter([True])

    def written(row: ProfileRow, made: ProfileRow) -> bool:
        is_written = settle(row, made)
        if next(kills, False):
            # What a function that is ended had in memory is gone.
            waiting.clear()
            raise Killed
        while waiting:
            publish(waiting.pop())
        return is_written

    monkeypatch.setattr(world.judged, "settle", written)
    world.run()
    told = {one.detail["profile_id"] for one in world.published if one.detail["segmentation"] == "customers"}
    assert world.job().phase == "finished" and len(told) == told_of


def test_run__somebody_saves_meanwhile__keeps_what_they_wrote() -> None:
    """A lost race is no loss: whoever saved judged by the models in force."""
    world = Learning(20)
    settle = world.judged.settle

    def raced(row: object, made: object) -> bool:
        key = (TENANT_ID, row.profile_id)  # type: ignore[attr-defined]
        if key[1] == "p_0003":
            world.profiles.rows[key] = replace(world.profiles.rows[key], version=2, segment="customers.theirs")
        return settle(row, made)  # type: ignore[arg-type]

    world.judged.settle = raced  # type: ignore[method-assign]
    world.run()
    assert world.profiles.rows[TENANT_ID, "p_0003"].segment == "customers.theirs"


def test_run__of_who_is_restricted__judges_them_not() -> None:
    """Neither is the sample of them, nor is anything said of them."""
    world = Learning(30)
    row = world.profiles.rows[TENANT_ID, "p_0000"]
    world.profiles.rows[TENANT_ID, "p_0000"] = replace(row, state="restricted", judged=b"", segment="")
    job = world.run()
    assert job.judged == 29 and world.profiles.rows[TENANT_ID, "p_0000"].judged == b""


def test_run__while_another_goes_on__is_refused() -> None:
    """Two at once would publish over each other; the same one asked for again is the one it was."""
    world = Learning(10)
    door = world.services().door
    first = open_run(RunOrder(TENANT_ID, "run_1", "t_admin"), door, NOW)
    assert open_run(RunOrder(TENANT_ID, "run_1", "t_admin"), door, NOW) == first
    with pytest.raises(Conflict) as refused:
        open_run(RunOrder(TENANT_ID, "run_2", "t_admin"), door, NOW)
    assert refused.value.code == "run_in_progress"
    world.drain()
    open_run(RunOrder(TENANT_ID, "run_2", "t_admin"), door, NOW + 1)


def test_run__that_is_held__does_not_go_live() -> None:
    """What is held or worse is kept for who reviews it; what was in force stays."""
    world = Learning()
    world.run()
    right = world.segments
    for held, state in (("renamed", "held"), ("worse", "worse")):
        world.segments = lambda *given, reason=held: replace(right(*given), held=reason)  # type: ignore[misc]
        world.now += DAY_MS
        world.run(f"run_{state}")
        assert world.learned.head(TENANT_ID).models["customers"].number == 1
        assert world.learned.versions(TENANT_ID, "customers", limit=1)[0].state == state
    assert [one.number for one in world.learned.versions(TENANT_ID, "customers", limit=9)] == [3, 2, 1]


def test_run__that_learns_nothing__fails_and_says_so() -> None:
    """Of too few people no model is made, and nobody is gone through for nothing."""
    world = Learning(5)
    world.segments = lambda *_: Trained(None, held="too_few_people")
    job = world.run()
    assert (job.phase, job.failure) == ("failed", "nothing_learned")
    assert {one.reason for one in job.outcomes if one.id in ("customers", "shoppers")} == {"too_few_people"}


def test_run__of_a_declaration_wider_than_what_it_reads__refuses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model would tell a purpose what that purpose may not read: it is not learned, and the run says why."""
    shipped = load_measures().measures
    narrow = MeasureSet({**shipped, "trend_views": replace(shipped["trend_views"], purposes=("service",))}.values())
    monkeypatch.setattr(train_models, "load_measures", lambda: narrow)
    world = Learning()
    reasons = {one.id: one.reason for one in world.run().outcomes}
    assert (reasons["shoppers"], reasons["customers"]) == ("wider_purposes", "")
    assert "shoppers" not in world.learned.head(TENANT_ID).models


def test_roll_back__in_one_call__judges_everybody_by_the_one_before() -> None:
    """The version before is in force at once, the withdrawn one named, and a run follows; asked again it is the same."""
    world = Learning()
    world.run()
    right = world.segments

    def moved(*given: object) -> Trained:
        trained = right(*given)
        assert trained.model is not None
        return replace(trained, model=replace(trained.model, segments=tuple(reversed(trained.model.segments))))

    world.segments = moved
    world.now += DAY_MS
    world.run("run_2")
    assert segments_of(world) == {"customers.value": 80, "customers.ordinary": 40}
    world.published.clear()
    order = RollBackOrder(TENANT_ID, "customers", "back_1", "t_admin", settle_seconds=0)
    for _ in range(2):
        assert roll_back(order, world.learned, world.services().door, world.declared, world.now).version == 1
    world.drain()
    assert world.job("back_1").phase == "finished" and moves_told(world) == {
        "segment.left": 120,
        "segment.entered": 120,
    }
    assert segments_of(world) == {"customers.value": 40, "customers.ordinary": 80}
    assert world.learned.head(TENANT_ID).models["customers"].withdrawn == (2,)
    with pytest.raises(NotFound):
        roll_back(
            replace(order, model_id="none", job_id="b2"),
            world.learned,
            world.services().door,
            world.declared,
            world.now,
        )
    with pytest.raises(NotFound):
        roll_back(replace(order, to=9, job_id="b3"), world.learned, world.services().door, world.declared, world.now)


def test_sample__of_many__is_of_some_slices_alone() -> None:
    """Of a large tenant only the slices that hold the sample are read to learn; everybody is read to judge."""
    world = Learning(400, replace(SMALL, sample_people=50))
    job = world.run()
    assert len(job.scan) == 16 and job.scan[0].of > 100 and job.judged == 400
    version = world.learned.load(TENANT_ID, "customers", 1)
    assert version is not None and job.phase == "finished"


def test_run__with_what_really_learns__keeps_the_contest_and_holds_what_nothing_passed() -> None:
    """The shipped training, on the sample as it is written and read again: of people who fit no kind, none is named."""
    world = Learning(240)
    world.segments = served.segments
    job = world.run()
    found = {one.id: one for one in job.outcomes}["customers"]
    assert (found.number, found.reason, job.failure) == (1, "none_passed", "nothing_learned")
    version = world.learned.versions(TENANT_ID, "customers", limit=1)[0]
    rows = msgspec.json.decode(version.report)["contest"]
    assert version.state == "held" and len(rows) >= 5 and sum(one["won"] for one in rows) == 1


def test_run__before_functions_know_the_models__waits() -> None:
    """Until every container judges by the new models, nobody's judgement is written: one that saves would undo it."""
    world = Learning(20, replace(SMALL, settle_seconds=90))
    open_run(RunOrder(TENANT_ID, "run_1", "t_admin"), world.services().door, NOW)
    for _ in range(40):
        world.drain_once()
    assert world.job().phase == "assigning" and segments_of(world) == {"": 20}
    world.now += 91_000
    world.drain()
    assert world.job().phase == "finished" and "" not in segments_of(world)
    row = world.jobs.load(TENANT_ID, "run_1")
    assert row is not None and job_of(row).begins_at == NOW + 90_000
