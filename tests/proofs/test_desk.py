"""The desk: whatever races, crashes, times out or repeats, nobody is lost, no agent is overdrawn, nobody has two agents.

Eight processes route with reservation, answer as agents and look after what is due, on DynamoDB Local with faults in
their clients and kills at any instruction. What is checked is the table's own log, write by write, and the tables after
it. Beside that stand mutants that the very same trial must find. ``make desks`` runs it at full length.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from infra.dynamodb_local import Running
from tests.proofs import desk_floor, desk_trial
from tests.proofs.desk_accounts import ENQUEUED, Beside
from tests.proofs.desk_trial import Ended, Tried

pytestmark = pytest.mark.proof

ROUTES = int(os.environ.get("DESK_ROUTES", "500"))
RATE = 0.02
OVER = {"released", "left", "callback"}
RARE = {"stale_index", "throttled_within", "in_progress"}
"""Faults of calls that are few, or that have few of their kind: a short trial may not meet them."""
_CONTROL_ROUTES, _FEW_ROUTES, _SEEDS = 150, 50, 3
_GIVEN_WITHIN_SECONDS = 1.0
_MISSED_SECONDS = 1.5
"""A wake-up that was lost is made good by the agent's next word, up to three seconds later."""


@pytest.fixture(scope="module")
def try_out(
    database: Running, new_tables: Callable[[], Mapping[str, str]], show: Callable[[str], None]
) -> Callable[[Tried], Ended]:
    """Runs a trial on tables of its own, and prints its figures in the end."""

    def run(tried: Tried) -> Ended:
        ended = desk_trial.run(database.endpoint, new_tables(), tried)
        for line in told(ended):
            show(line)
        return ended

    return run


def told(ended: Ended) -> Iterator[str]:
    """The figures of a trial."""
    tried, wrong = ended.tried, ended.wrong
    yield (
        f"desk{f' with {tried.mutant}' if tried.mutant else ''}: {tried.routes:,} routes with reservation, "
        f"{len(tried.agents)} agents, 8 processes, {ended.seconds:.0f} s: {ended.calls:,} calls, {sum(ended.faults.values()):,} "
        f"faults, {ended.deaths:,} kills, {ended.writes:,} writes in the log"
    )
    yield (
        f"  capacity exceeded {wrong.get('capacity exceeded', 0)}, leaked {wrong.get('capacity leaked', 0)}, double "
        f"assignments {wrong.get('two agents for one conversation', 0)}, written over {wrong.get('a conversation was written over', 0)}, "
        f"lost {ended.lost}, at rest {len(ended.at_rest)} wrong; ended {dict(ended.states)}; at most {ended.most_waiting} waited"
    )
    yield f"  somebody waited beside a free agent, while nobody was killed: {spread(ended.beside)}"
    yield f"  the same while somebody was killed: {spread(ended.disturbed)}"
    yield f"  longest waits in s: { ({name: round(one, 1) for name, one in ended.longest_waits.items()}) }"


def spread(beside: Sequence[Beside]) -> str:
    """How long it took, as a distribution."""
    if not beside:
        return "never"
    p50, p99, longest = (quantile(beside, share) for share in (0.50, 0.99, 1.0))
    return f"{len(beside):,} times, p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, at most {longest * 1000:.0f} ms"


def quantile(beside: Sequence[Beside], share: float) -> float:
    """Seconds that so many of them took at most."""
    seconds = sorted(one.seconds for one in beside)
    return seconds[min(len(seconds) - 1, int(len(seconds) * share))]


def test_desk__eight_processes_under_faults_and_kills__nobody_is_lost_and_no_agent_overdrawn(
    try_out: Callable[[Tried], Ended],
) -> None:
    """Capacity holds after every single write, a conversation has one agent, and each ends served or called back."""
    ended = try_out(Tried(ROUTES, RATE))
    assert dict(ended.wrong) == {}
    assert ended.at_rest == ()
    assert (ended.lost, ended.undecided) == (0, 0)
    assert ended.states.keys() <= OVER
    assert sum(ended.states.values()) == ROUTES
    # The trial tried something: they queued, everything failed at times, and many were killed.
    assert ended.most_waiting > 5
    assert ended.deaths > ROUTES / 50
    assert {kind for kind, many in ended.faults.items() if not many} <= RARE
    # The figures of a machine that does nothing else are printed; one that is busy doubles the last of them.
    assert quantile(ended.beside, 0.90) <= _GIVEN_WITHIN_SECONDS


@pytest.mark.parametrize("mutant", ["no room", "no version"])
def test_desk__store_without_a_condition__is_found(try_out: Callable[[Tried], Ended], mutant: str) -> None:
    """Negative control: the very same trial fails where a seat is not asked for room, or a conversation for its version."""
    crowd = desk_floor.agents()[:10]
    tried = (Tried(_CONTROL_ROUTES, RATE, seed, mutant, crowd, at_once=len(crowd) * 4) for seed in range(_SEEDS))
    assert any(_is_wrong(try_out(one)) for one in tried)


def _is_wrong(ended: Ended) -> bool:
    return bool(ended.wrong or ended.at_rest or ended.lost)


def test_desk__much_happens_while_somebody_is_put_on_a_list__they_are_given_who_came_free(
    try_out: Callable[[Tried], Ended],
) -> None:
    """An agent who comes free between the look at the seats and the place on the list is not missed."""
    ended = try_out(_few("slow to act", 0))
    assert not _is_wrong(ended)
    assert _missed(ended) == []


def test_desk__nobody_looks_again_after_enqueuing__is_found(try_out: Callable[[Tried], Ended]) -> None:
    """Negative control: without the second look somebody waits beside an agent until that agent says something."""
    assert any(_missed(try_out(_few("no second look", seed))) for seed in range(_SEEDS))


def _few(mutant: str, seed: int) -> Tried:
    return Tried(_FEW_ROUTES, 0.0, seed, mutant, desk_floor.few(), at_once=6)


def _missed(ended: Ended) -> list[Beside]:
    return [one for one in ended.beside if one.by == ENQUEUED and one.seconds > _MISSED_SECONDS]
