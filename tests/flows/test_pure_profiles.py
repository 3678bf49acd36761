"""A profile is a pure function of the set of events and of what operators said: P2 and P4, with mutants that fail.

Events here share few identifiers, so that protections are hit all the time; the world of ``test_any_order``
is tamer and covers the faults.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.events.model import Event
from chalicelib.flows import merge_people as merging
from chalicelib.flows import settle_links, split_people
from chalicelib.kernel.codec import decode
from chalicelib.profiles import fold as folding
from chalicelib.profiles.model import Body
from tests.flows.sequences import Command, Life, commands, events

type Steps = Sequence[Event | Command]
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
LIVES = int(os.environ.get("LIVES", "200"))
"""How many lives each property is tried on; ``make lives`` asks for 2,000."""
MANY = settings(max_examples=LIVES, suppress_health_check=QUIET)
SOME = settings(max_examples=600, suppress_health_check=QUIET, phases=[Phase.generate], report_multiple_bugs=False)

several = st.lists(events(), min_size=1, max_size=10, unique_by=lambda one: one.id)
lives = st.lists(events() | commands, min_size=2, max_size=14)
drawn_orders = st.randoms(use_true_random=False)


def any_order(sent: Sequence[Event], drawn: random.Random, at_once: int, repeats: int) -> None:
    """The same events twice: in a straight line, and shuffled, repeated and batched otherwise."""
    straight = Life()
    for one in sent:
        straight.deliver(one)
    mixed = [*sent, *drawn.choices(sent, k=repeats)]
    drawn.shuffle(mixed)
    other = Life(straight.world.secrets)
    for start in range(0, len(mixed), at_once):
        other.deliver(*mixed[start : start + at_once])
    assert other.bodies() == straight.bodies() == straight.expected()


def any_interleaving(steps: Steps) -> None:
    """Events with merges and splits among them come to what all of them come to at once."""
    life = Life()
    for step in steps:
        life.obey(step) if isinstance(step, Command) else life.deliver(step)
    assert life.bodies() == life.expected()
    assert led_by_identifiers(life) == held_by_bodies(life)


def merge_then_split(before: Sequence[Event], between: Sequence[Event], merge: Command) -> None:
    """Two lives alike but for a merge that is split again: in the end nobody can tell them apart."""
    life, plain = Life(), None
    for one in before:
        life.deliver(one)
    stood = life.bodies()
    plain = Life(life.world.secrets)
    for one in before:
        plain.deliver(one)
    if not (life.obey(replace(merge, does="merge")) and life.merges):
        return
    for one in between:
        life.deliver(one)
        plain.deliver(one)
    must = life.said.musts[0]
    if any({must.left, must.right} <= decode(body, Body).facets.keys() for body in plain.bodies().values()):
        # What came in between made them one by itself: the split parts them, and nobody had merged them there.
        return
    assert life.obey(Command("split", 0, 0, force=False))
    assert life.bodies() == plain.bodies()
    assert between or life.bodies() == stood


def led_by_identifiers(life: Life) -> dict[str, str]:
    """Identifier → the profile that its row leads to."""
    rows = life.world.profiles.identifiers.items()
    return {key: row.profile_id for (_, key), row in rows if row.profile_id}


def held_by_bodies(life: Life) -> dict[str, str]:
    """Identifier → the profile whose body holds it."""
    held: dict[str, str] = {}
    for profile_id, coded in life.bodies().items():
        body = decode(coded, Body)
        for facet in body.facets.values():
            held |= dict.fromkeys(facet.links.keys() - set(body.refused), profile_id)
    return held


@MANY
@given(sent=several, drawn=drawn_orders, at_once=st.integers(1, 5), repeats=st.integers(0, 5))
def test_any_order__contested_identifiers__bodies_are_byte_equal(
    sent: list[Event], drawn: random.Random, at_once: int, repeats: int
) -> None:
    """Permutation, duplication and batching change nothing, also where links are refused."""
    any_order(sent, drawn, at_once, repeats)


@MANY
@given(steps=lives)
def test_any_interleaving__with_merges_and_splits__is_the_pure_function(steps: Steps) -> None:
    """Whenever operators speak, the result is that of all events and all they said."""
    any_interleaving(steps)


@MANY
@given(before=several, between=st.lists(events(), max_size=5, unique_by=lambda one: one.id), merge=commands)
def test_merge_then_split__with_events_between__restores_both_byte_for_byte(
    before: list[Event], between: list[Event], merge: Command
) -> None:
    """What came in between stands on the side of the identifier that it carried."""
    merge_then_split(before, between, merge)


# -- the mutants: what the proofs above must catch


def no_tie_break(patch: pytest.MonkeyPatch) -> None:
    """Of two writers at one instant, whoever is met last wins."""
    patch.setattr(folding, "trait_order", lambda trait: trait.observed_at)


def lazy_pruning(patch: pytest.MonkeyPatch) -> None:
    """Old days are pruned when an event comes in, and not after every fold."""
    prune = folding.prune
    patch.setattr(folding, "prune", lambda facet: facet if len(facet.channels) > 1 else prune(facet))


def arrival_order_wins(patch: pytest.MonkeyPatch) -> None:
    """Links that stand, stand: who came first is linked, and a later message with older evidence is not."""

    def as_it_stood(*asked: Any, shared: Any = frozenset(), **_: Any) -> Any:
        return settle_links.as_it_stood(*asked)

    patch.setattr(settle_links, "settle_all", as_it_stood)


def split_that_forgets(patch: pytest.MonkeyPatch) -> None:
    """A split that brings back what was there before the merge, without what came since."""
    before: dict[str, Any] = {}
    plan_merge, settle = merging.plan_merge, split_people.settle_people

    def remembering(*asked: Any) -> Any:
        found = plan_merge(*asked)
        before.update(found.settled.facets)
        return found

    def forgetting(*asked: Any) -> Any:
        settled = settle(*asked)
        return replace(settled, facets={key: before.get(key, facet) for key, facet in settled.facets.items()})

    patch.setattr(merging, "plan_merge", remembering)
    patch.setattr(split_people, "settle_people", forgetting)


MUTANTS: list[tuple[Callable[[pytest.MonkeyPatch], None], str]] = [
    (no_tie_break, "order"),
    (lazy_pruning, "order"),
    (arrival_order_wins, "order"),
    (arrival_order_wins, "interleaving"),
    (split_that_forgets, "interleaving"),
    (split_that_forgets, "split"),
]


@pytest.mark.parametrize(("mutant", "proof"), MUTANTS, ids=lambda one: getattr(one, "__name__", one))
def test_mutants__each_is_caught(
    mutant: Callable[[pytest.MonkeyPatch], None], proof: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative controls: a proof that a broken system passes proves nothing."""
    proofs: dict[str, Callable[[], None]] = {
        "order": SOME(
            given(sent=several, drawn=drawn_orders, at_once=st.integers(1, 5), repeats=st.integers(0, 5))(any_order)
        ),
        "interleaving": SOME(given(steps=lives)(any_interleaving)),
        "split": SOME(
            given(before=several, between=st.lists(events(), min_size=1, max_size=5), merge=commands)(merge_then_split)
        ),
    }
    mutant(monkeypatch)
    with pytest.raises(AssertionError):
        proofs[proof]()
