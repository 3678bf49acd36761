"""P1–P7: any order, any duplication, any fault, any kill — the same profiles, byte for byte, and nothing lost.

The trials run the product's flows in several processes on DynamoDB Local, behind a queue that is at least once. Beside
them stand mutants that the very same trial must find: without the marker, without the version, acknowledged first.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import pytest

from chalicelib.kernel.errors import Unavailable
from infra.dynamodb_local import Running
from tests.flows.world import TENANT_ID, World, event
from tests.proofs import trial
from tests.proofs.crew import Broken
from tests.proofs.desks import GIVEN_UP, CommandDesk
from tests.proofs.faults import KINDS
from tests.proofs.material import Command
from tests.proofs.mutants import MUTANTS
from tests.proofs.queueing import Queue
from tests.proofs.report import HEAD, row_of
from tests.proofs.roles import give
from tests.proofs.trial import FORGETFUL, Ended

pytestmark = pytest.mark.proof

POISONED = 2
RARE = {"conflict_put"}
"""Faults of calls that a trial makes some dozens of: all trials together meet them."""
_ANSWERS = {"answered", "nobody", "no_such_profile", "no_answer", "throttled", "service_failed", "store_throttled"}


@pytest.fixture(scope="module")
def try_out(
    database: Running, new_tables: Callable[[], Mapping[str, str]], show: Callable[[str], None]
) -> Iterator[Callable[..., Ended]]:
    """Runs a trial on tables of its own, and prints its row in the end."""
    injected: Counter[str] = Counter()
    obeyed: Counter[str] = Counter()
    show(HEAD)

    def run(**what: object) -> Ended:
        try:
            ended = trial.run(database.endpoint, new_tables(), **what)
        except Broken as broken:
            show(f"{what}: {broken}")
            raise
        injected.update(ended.faults)
        obeyed.update(ended.commands)
        show(row_of(ended))
        return ended

    yield run
    show("injected: " + ", ".join(f"{kind} {injected[kind]}" for kind in KINDS))
    show("operators: " + ", ".join(f"{kind} {obeyed[kind]}" for kind in sorted(obeyed)))
    assert all(injected[kind] for kind in KINDS), "some kind of fault was never met"
    assert all(obeyed[kind] for kind in ("merge", "split", "cut")), "some command was never obeyed"


@pytest.mark.parametrize("seed", range(int(os.environ.get("CHAOS_SEEDS", "3"))))
@pytest.mark.parametrize("rate", [0.15, 0.30])
def test_chaos__many_processes_under_faults_and_kills__profiles_are_byte_equal(
    try_out: Callable[..., Ended], rate: float, seed: int
) -> None:
    """Whatever happens on the way, what is stored is the pure fold of what was accepted."""
    ended = try_out(rate=rate, seed=seed)
    assert ended.adds_up, (ended.chaotic, ended.final)
    assert ended.wrong == ()
    # What nobody can open waits for ever; nothing else does.
    assert ended.final.dead == POISONED
    assert ended.deaths > 0
    assert ended.commands.get("merge") and (ended.commands.get("split") or ended.commands.get("cut"))
    assert GIVEN_UP not in ended.commands
    assert {kind for kind, many in ended.faults.items() if not many} <= RARE
    assert 0.8 * rate < sum(ended.faults.values()) / ended.calls < 1.2 * rate


@pytest.mark.parametrize("seed", [0])
def test_chaos__readers_meanwhile__are_answered_with_a_person_or_a_code(
    try_out: Callable[..., Ended], seed: int
) -> None:
    """Whoever asks during all that sees events that were accepted, nobody, or that it is not possible now."""
    ended = try_out(rate=0.30, seed=100 + seed)
    assert {code for code, _, _ in ended.seen} <= _ANSWERS
    assert any(code == "answered" for code, _, _ in ended.seen)
    assert max(counted for _, counted, _ in ended.seen) <= ended.final.applied


@pytest.mark.parametrize("mutant", MUTANTS)
def test_chaos__store_with_a_broken_promise__is_found(try_out: Callable[..., Ended], mutant: str) -> None:
    """Negative control: the very same trial fails on a store without marker, without version, or without turns."""
    assert any(_is_found(try_out, mutant, seed) for seed in range(3))


def _is_found(try_out: Callable[..., Ended], mutant: str, seed: int) -> bool:
    """Whether something came out wrong. What a mutant leaves may also break who reads it."""
    try:
        return bool(try_out(rate=0.15, seed=seed, mutant=mutant).wrong)
    except Broken:
        return True


def test_chaos__queue_that_forgets__is_found(try_out: Callable[..., Ended]) -> None:
    """Negative control: what is taken off the queue before it was applied is missing from the sum."""
    ended = try_out(rate=0.30, seed=0, mutant=FORGETFUL)
    assert not ended.adds_up


@pytest.mark.parametrize("asks_again", [True, False])
def test_commands__operator_died_over_one__it_is_given_out_again_where_all_are_asked_again(asks_again: bool) -> None:
    """Under faults the desk may be done without it. It may have been obeyed and not told, so the trial asks again when
    nobody dies any more; the control, which does not, ends with it unanswered.
    """
    waits, dies = Command("merge", "merge-0"), Command("split", "split-0", merge_id="merge-1")
    desk = CommandDesk([waits, dies], Queue(random.Random(0), doubled=0.0))
    for _ in range(2):
        assert desk.take() == waits
        desk.settle(waits, "no_such_profile")
        if not desk.is_done:
            assert desk.take() == dies
            desk.never_answered(dies)
    assert desk.is_done and desk.waiting == [dies, waits]
    if asks_again:
        desk.ask_again()
    while (command := desk.take()) is not None:
        desk.settle(command, "" if command == dies else "no_such_profile")
    assert (desk.ended, desk.waiting) == (({"split": 1}, [waits]) if asks_again else ({}, [dies, waits]))


def test_operator__repeats_a_merge_whose_end_leads_nowhere_by_then__it_is_told() -> None:
    """A merge that was saved and not told is told by its repeat, though a link of the person was cut between the two:
    the order names the people it named before. An operator who looked for them again would find nobody, and give up.
    """
    world, phone, account, browser = World(), ("phone", "+8613900000001"), ("user_id", "u1"), ("anonymous_id", "b1")
    world.apply(event("page.viewed", account, phone), event("page.viewed", browser))
    merge, cut = Command("merge", "merge-1", (phone, browser)), Command("cut", "cut-1", (account, phone))

    def ordered(command: Command) -> None:
        give(command, [world.key(*one) for one in command.ends], world.identity(), world.now)

    world.bus_down = True
    with pytest.raises(Unavailable):
        ordered(merge)
    world.bus_down = False
    ordered(cut)
    assert not world.profiles.find(TENANT_ID, [world.key(*phone)], fresh=True)[world.key(*phone)].profile_id
    ordered(merge)
    assert [one.detail["merge_id"] for one in world.published if one.detail.get("merge_id")] == ["merge-1"]
