"""A facet depends on the set of its events and on nothing else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.kernel.codec import encode
from chalicelib.kernel.moments import DAY_MS
from chalicelib.profiles import fold as folding
from chalicelib.profiles import series as series_of
from chalicelib.profiles.fold import fold
from chalicelib.profiles.join import body_of, join
from chalicelib.profiles.model import STEPS_KEPT, Contribution, Delta, Facet, Step, Trait

START = 1_750_000_000_000
ANCHOR = "user_id:a"


@st.composite
def contributions(draw: st.DrawFn) -> Contribution:
    key = draw(st.binary(min_size=2, max_size=2))
    at = START + draw(st.integers(0, 1500)) * DAY_MS + draw(st.integers(0, 3))
    rank = draw(st.integers(0, 2))
    names = draw(st.lists(st.sampled_from(["city", "gender", "language"]), unique=True, max_size=3))
    traits = {name: Trait(draw(st.integers(0, 9)), at, rank, key, f"s{rank}") for name in names}
    deltas = draw(
        st.lists(st.builds(Delta, st.sampled_from(["orders", "contacts"]), st.integers(0, 10**9)), max_size=3)
    )
    steps = st.builds(
        Step, st.just(at), st.just(key), st.sampled_from(["order", "ticket"]), st.just("r1"), st.just("paid")
    )
    linked = draw(st.lists(st.sampled_from([ANCHOR, "phone:p", "email:e"]), unique=True, max_size=3))
    return Contribution(
        event_key=key,
        type="order.paid",
        at=at,
        source=f"s{rank}",
        source_rank=rank,
        channel=draw(st.sampled_from(["web", "phone"])),
        facet=ANCHOR,
        identifiers=dict.fromkeys(linked, "m"),
        traits=traits,
        deltas=tuple(deltas),
        step=draw(st.none() | steps),
    )


def sets_of_contributions() -> st.SearchStrategy[list[Contribution]]:
    return st.lists(contributions(), min_size=1, max_size=25, unique_by=lambda one: one.event_key)


def bytes_of(facet: Facet | None) -> bytes:
    assert facet is not None
    return encode(body_of({ANCHOR: facet}))


def delivered(batches: list[list[Contribution]]) -> Facet | None:
    """Fold batch after batch as ingestion does: an event that was seen is left out."""
    facet: Facet | None = None
    seen: set[bytes] = set()
    for batch in batches:
        facet = fold(facet, [one for one in batch if one.event_key not in seen])
        seen |= {one.event_key for one in batch}
    return facet


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Contribution], list[list[Contribution]]]:
    """Events, and the same events shuffled, some twice, cut into batches."""
    events = draw(sets_of_contributions())
    again = draw(st.lists(st.sampled_from(events), max_size=10))
    stream = draw(st.permutations(events + again))
    cuts = sorted({0, len(stream), *draw(st.lists(st.integers(0, len(stream)), max_size=6))})
    return events, [stream[a:b] for a, b in pairwise(cuts)]


@given(deliveries())
@settings(max_examples=300, deadline=None)
def test_fold__any_order_duplicates_and_batches__byte_equal(
    case: tuple[list[Contribution], list[list[Contribution]]],
) -> None:
    """Any permutation, duplication and partition of the same events gives the same bytes."""
    events, batches = case
    assert bytes_of(delivered(batches)) == bytes_of(fold(None, events))


def test_fold__arrival_order_wins_mutant__is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the last to arrive to win, the law above would fail on two events in two orders."""
    first = trait_event(b"aa", START, "gz")
    second = trait_event(b"bb", START + 1, "sh")
    lawful = bytes_of(fold(None, [second, first]))
    assert lawful == bytes_of(fold(None, [first, second]))
    monkeypatch.setattr(folding, "later_trait", lambda left, right: right)
    assert bytes_of(fold(None, [second, first])) != lawful


def test_fold__lazy_pruning_mutant__is_caught() -> None:
    """Were pruning to depend on when a fold ran, an old event's place would depend on its arrival."""
    old, new = delta_event(b"aa", START), delta_event(b"bb", START + 200 * DAY_MS)
    unpruned = folding.join_facets(fold(None, [old]) or absent(), fold(None, [new]) or absent())
    assert bytes_of(unpruned) != bytes_of(fold(None, [old, new]))


def test_fold__same_moment_two_writers__greater_rank_then_key_wins() -> None:
    """Of two writers at one instant the source of greater rank wins, and of equal ranks the greater key."""
    low, high = trait_event(b"zz", START, "low", rank=1), trait_event(b"aa", START, "high", rank=2)
    tie = trait_event(b"bb", START, "tie", rank=2)
    facet = fold(None, [low, high, tie])
    assert facet is not None
    assert facet.traits["city"].value == "tie"


def test_fold__many_steps__keeps_the_latest_of_each_kind() -> None:
    """A facet keeps the latest steps of each kind and no more, whatever order they came in."""
    events = [step_event(index.to_bytes(2), START + index) for index in range(STEPS_KEPT + 8)]
    facet = fold(None, reversed(events))
    assert facet is not None
    assert [step.at for step in facet.steps] == [START + index for index in range(8, STEPS_KEPT + 8)]


def test_fold__nothing__is_nothing() -> None:
    """Without events there is no facet."""
    assert fold(None, []) is None


def test_prune__months_past_the_kept__go_and_totals_stay() -> None:
    """Buckets older than the kept months go; lifetime totals never do."""
    old = series_of.single(START, 5)
    pruned = series_of.prune(old, START + 1200 * DAY_MS)
    assert (pruned.days, pruned.months, pruned.count, pruned.total) == ((), (), 1, 5)


def test_prune__nothing_old__is_the_same_value() -> None:
    """Pruning a fresh series changes nothing."""
    series = series_of.single(START, 5)
    assert series_of.prune(series, START) is series


@given(sets_of_contributions(), sets_of_contributions())
@settings(max_examples=100, deadline=None)
def test_join__facets_in_any_order__same_profile(left: list[Contribution], right: list[Contribution]) -> None:
    """A profile does not depend on the order of its facets."""
    one, other = fold(None, left), fold(None, right)
    assert one is not None and other is not None
    profiles = [
        join("p", 1, "active", 1, body_of(dict(pair)))
        for pair in ([("a", one), ("b", other)], [("b", other), ("a", one)])
    ]
    assert encode(profiles[0]) == encode(profiles[1])


def test_join__no_facets__is_an_empty_profile() -> None:
    """A body without facets is a profile that nothing is known of."""
    profile = join("p", 3, "active", 1, body_of({}))
    assert (profile.first_seen, profile.traits, profile.version) == (0, {}, 3)


def absent() -> Facet:
    raise AssertionError("the fold of an event is a facet")


def trait_event(key: bytes, at: int, city: str, rank: int = 0) -> Contribution:
    traits = {"city": Trait(city, at, rank, key, "s")}
    return Contribution(key, "profile.described", at, "s", rank, "web", ANCHOR, {}, traits, ())


def delta_event(key: bytes, at: int) -> Contribution:
    return Contribution(key, "order.paid", at, "s", 0, "web", ANCHOR, {}, {}, (Delta("orders", 7),))


def step_event(key: bytes, at: int) -> Contribution:
    step = Step(at, key, "order", key.hex(), "paid")
    return Contribution(key, "order.paid", at, "s", 0, "web", ANCHOR, {}, {}, (), step)


def test_trait__printed__shows_no_value() -> None:
    """A trait that reaches a log by accident shows where it came from and not what it says."""
    clear = Trait("Shanghai", START, 1, b"k", "shop")
    sealed = Trait(b"sealed", START, 1, b"k", "shop", masked="张**")
    assert (repr(clear), repr(sealed)) == ("<trait from shop>", "<sealed trait from shop>")
