"""What only a run of learning lets be seen of people who are silent is raised of them: by the timers, once, for whom it may be."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.flows import fire_timers as timers
from chalicelib.flows import risks_of_runs
from chalicelib.flows.fire_timers import Fired, TimerServices
from chalicelib.flows.raise_risks import ledger_of
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.outreach.model import Raised
from chalicelib.profiles.model import Body, Step
from chalicelib.segments.features import FEATURES_VERSION, place_of
from chalicelib.segments.model import Column
from chalicelib.segments.score_model import ABOVE, Calibration, Known, Linear, ScoreModel
from chalicelib.segments.score_specs import ScoreSpec
from chalicelib.segments.trained import Trained
from chalicelib.store.rows import Change as StoreChange
from chalicelib.store.rows import Outcome
from chalicelib.tags.catalogue import load_catalogue
from tests.flows.learning_world import Learning
from tests.flows.test_outreach import own, plan
from tests.flows.world import TENANT_ID

PEOPLE, AT_RISK = 45, 15
SCORED = {"id": "one", "when": {">=": [{"var": "score.churn"}, 0.6]}, "says": {"zh": "测", "en": "test"}}
LEAVES = own("leaves", signs=[SCORED])
OFF = ("churn", "complaint_risk", "repeated_complaints")


def churn(*given: Any) -> Trained:
    """A fake that learned that those leave who asked much: every third of these people, as it happens."""
    spec: ScoreSpec = given[3]
    if spec.id != "churn":
        return Trained(None, held="too_few_people")
    column = Column("contacts_90d", place_of("contacts_90d"), 0.0, 0.0, 100.0, False, 0.0, 1.0)
    linear = Linear((-3.0,), ((0, ABOVE, 4.0),), (), ((3.0,),), (0.0,))
    shape = Calibration("platt"), Known(-1, (0.0,), (0.0,)), linear, 1.0
    return Trained(ScoreModel("churn", 0, FEATURES_VERSION, "probability", "fake", 0, 100, 0.3, (column,), *shape))


@pytest.fixture
def world() -> Learning:
    world = town()
    world.run()
    assert raised(world) == {} and told(world) == [], "nobody had a score before, and nobody has been looked at since"
    return world


def town(**changed: Any) -> Learning:
    world = Learning(PEOPLE)
    world.score = churn
    world.outreach = plan(rules=(LEAVES,), off=OFF, **changed)
    return world


def fire(world: Learning, hours: int = 1, **changed: Any) -> None:
    """The timers' job, an hour later: everybody who was handed over is due by then."""
    world.now += hours * HOUR_MS
    made = TimerServices(
        profiles=world.profiles,
        timers=world.profiles,
        catalogue=lambda _: load_catalogue(),
        publish=world.published.extend,
        clock=lambda: world.now,
        wait=lambda _: None,
        seconds_left=lambda: 60.0,
        outreach=lambda _: world.outreach,
    )
    timers.fire_timers(replace(made, **changed), 0, Fired(failed={}))


def raised(world: Learning) -> dict[str, tuple[Raised, ...]]:
    ledgers = {row.profile_id: ledger_of(row) for row in world.profiles.rows.values()}
    return {id_: found for id_, found in ledgers.items() if found}


def told(world: Learning) -> list[Mapping[str, Any]]:
    return [one.detail for one in world.published if one.type == "risk.raised"]


def records(world: Learning) -> list[str]:
    return [id_ for _, kind, id_ in world.history.kept_records if kind == "risk"]


def asked_much() -> set[str]:
    return {f"p_{number:04d}" for number in range(1, PEOPLE, 3)}


def test_run__whose_scores_let_a_risk_be_seen__has_it_raised_of_silent_people(world: Learning) -> None:
    """Nobody sends an event: those of whom the new model says so are raised within the hour, told and listed, once each."""
    fire(world)
    assert raised(world).keys() == asked_much() and len(asked_much()) == AT_RISK
    assert {(one["risk"], one["profile_id"]) for one in told(world)} == {("leaves", one) for one in asked_much()}
    assert sorted(records(world)) == sorted(one["risk_id"] for one in told(world))
    fire(world)
    world.run("run_2")
    fire(world)
    assert len(told(world)) == len(records(world)) == AT_RISK


def test_run__of_a_tenant_without_a_plan__hands_over_nobody() -> None:
    """Negative control: who has no proactive service is read no more, and nobody falls due."""
    world = town()
    world.outreach = None
    world.run()
    assert {row.due_at for row in world.profiles.rows.values()} == {0}
    world.outreach = plan(rules=(LEAVES,))
    fire(world)
    assert told(world) == [] and raised(world) == {}


def test_run__without_the_handing_over__raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: it is the run's handing over by which the silent are raised, and nothing else."""
    monkeypatch.setattr(risks_of_runs, "is_to_be_raised", lambda *_: False)
    world = town()
    world.run()
    for _ in range(3):
        fire(world, 24)
    assert told(world) == []


@pytest.mark.parametrize("seed", range(4))
def test_run__killed_anywhere_and_repeated__raises_each_once(seed: int) -> None:
    """Whatever call is a function's last, everybody at risk is raised once in the end, as of a run that nobody disturbed."""
    undisturbed = town()
    undisturbed.run()
    fire(undisturbed)
    world, dice = town(), random.Random(seed)
    world.kill_at = {dice.randrange(1, undisturbed.calls) for _ in range(40)}
    assert world.run().phase == "finished" and world.calls > undisturbed.calls
    fire(world)
    fire(world)
    assert raised(world).keys() == asked_much()
    assert all(len(one) == 1 for one in raised(world).values())
    assert sorted(one["profile_id"] for one in told(world)) == sorted(asked_much())


def test_run__timers_in_between_its_repeats__raise_each_once() -> None:
    """A range is repeated after the timers have raised what it had handed over: what was raised speaks against it."""
    world = town()
    world.kill_at = set(range(200, 2_000, 97))
    deliver = world.drain_once

    def and_fire() -> None:
        deliver()
        fire(world)

    world.drain_once = and_fire  # type: ignore[method-assign]
    assert world.run().phase == "finished"
    fire(world)
    assert sorted(one["profile_id"] for one in told(world)) == sorted(asked_much())
    assert len(records(world)) == AT_RISK


def test_run__of_people_who_are_all_alike_at_risk__spreads_them_over_time(world: Learning) -> None:
    """The timers are not given everybody at one instant; two milliseconds a person of the run are what they manage."""
    due = [row.due_at - world.now for row in world.profiles.rows.values() if row.due_at]
    assert len(due) == AT_RISK and len(set(due)) > AT_RISK // 2
    assert min(due) > 0 and max(due) <= 1 + PEOPLE * 2
    assert max(due) < 1_000, "who has few people waits for nothing"


def test_run__of_who_is_due_sooner__moves_nothing() -> None:
    """Whom the timers look at anyway is left where they stand, and raised there."""
    world = town()
    for key, row in world.profiles.rows.items():
        world.profiles.rows[key] = replace(row, due_at=world.now + 1)
    world.run()
    assert {row.due_at for row in world.profiles.rows.values()} == {world.now + 1}
    fire(world)
    assert raised(world).keys() == asked_much()


def test_run__of_the_control_group__keeps_it_and_tells_nobody() -> None:
    """Who is held back is raised and counted alike: by a run as by an event."""
    world = town(hold_back=1.0)
    world.run()
    fire(world)
    assert {one.arm for found in raised(world).values() for one in found} == {"held"}
    assert raised(world).keys() == asked_much() and told(world) == []


def speak_against(world: Learning, how: str) -> None:
    """One thing that forbids to approach anybody; "nothing" is the control."""
    world.outreach = plan(rules=(own("leaves", signs=[SCORED], suggestion="price_alert"),), off=OFF)
    if how == "consent":
        world.outreach = plan(rules=(own("leaves", signs=[SCORED], purpose="marketing"),), off=OFF)
    for key in ((TENANT_ID, one) for one in asked_much()):
        row = world.profiles.rows[key]
        if how == "restricted":
            world.profiles.rows[key] = replace(row, state="restricted")
        if how == "caps":
            other = [Raised(f"x{one}", "other", f"s{one}", "medium", "treated", world.now, world.now) for one in "ab"]
            world.profiles.rows[key] = replace(row, outreach=encode(tuple(other)))
        if how == "complaint_open":
            world.profiles.rows[key] = replace(row, body=complaining(row.body))


def complaining(body: bytes) -> bytes:
    whole = decode(body, Body)
    facets = {
        id_: replace(one, steps=(Step(one.last_seen, b"k", "complaint", "c1", "filed"),))
        for id_, one in whole.facets.items()
    }
    return encode(replace(whole, facets=facets))


@pytest.mark.parametrize("how", ["nothing", "consent", "restricted", "caps", "complaint_open"])
def test_run__of_whom_something_speaks_against__hands_over_nobody(how: str) -> None:
    """Consent, restriction, caps and open complaints are asked by the decision of saves: no write and no look is spent."""
    expected = AT_RISK if how == "nothing" else 0
    world = town()
    speak_against(world, how)
    world.run()
    assert sum(row.due_at > 0 for row in world.profiles.rows.values()) == expected
    fire(world)
    assert len(told(world)) == expected


def test_run__whose_people_object_after_it__raises_nothing() -> None:
    """The timers decide by the row as it is: who is restricted between the run and them is not approached."""
    world = town()
    world.run()
    for key, row in world.profiles.rows.items():
        world.profiles.rows[key] = replace(row, state="restricted", version=row.version + 1)
    fire(world)
    assert told(world) == [] and raised(world) == {}


def test_run__later_than_a_risk_may_be_raised_again__raises_it_again(world: Learning) -> None:
    """Who stays silent and at risk is found by the next run after the days of the rule, and by none before."""
    fire(world)
    for number, days, due in ((2, 21, AT_RISK), (3, 10, 2 * AT_RISK)):
        # The rule says 20 days, the plan once in 30 of one kind.
        world.now += days * DAY_MS
        world.run(f"run_{number}")
        fire(world)
        assert len(told(world)) == due, number


def test_run__while_somebody_saves__leaves_them_to_the_save(world: Learning) -> None:
    """A profile that was saved since it was read is not made due: its save looked at what the models say."""
    settle, moved = world.profiles.settle, list[str]()

    def raced(row: Any, due_at: int) -> bool:
        key = (TENANT_ID, row.profile_id)
        if not moved:
            moved.append(row.profile_id)
            world.profiles.rows[key] = replace(world.profiles.rows[key], version=9, due_at=0)
        return settle(row, due_at)

    world.profiles.settle = raced  # type: ignore[method-assign]
    for key, row in world.profiles.rows.items():
        world.profiles.rows[key] = replace(row, due_at=0)
    world.run("run_2")
    due = {row.profile_id for row in world.profiles.rows.values() if row.due_at}
    assert len(moved) == 1 and due == asked_much() - set(moved)


def test_run__while_the_catalogue_is_away__comes_again(world: Learning) -> None:
    """Where it cannot be known whether there is a plan nothing is skipped: the range's message comes again."""

    def away(_: str) -> Iterator[None]:
        raise Unavailable("store_throttled", "Try again.")

    services = world.services()
    risks = services.risks
    assert risks is not None
    with pytest.raises(Unavailable):
        risks_of_runs.hand_over(
            world.job(),
            [],
            replace(services, risks=replace(risks, outreach=away)),
            1.0,  # type: ignore[arg-type]
        )


def test_timers__whose_save_is_lost__raise_it_a_minute_later(world: Learning) -> None:
    """A lost race leaves them due: nothing that was handed over is forgotten."""

    class Losing:
        load = staticmethod(world.profiles.load)
        find = staticmethod(world.profiles.find)

        def save(self, change: StoreChange) -> Outcome:
            return Outcome(saved=False, stale=True)

    fire(world, profiles=Losing())
    assert told(world) == []
    fire(world)
    assert len(told(world)) == AT_RISK
