"""Who is one person is a function of the set of links, whatever their order."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.identity.anchors import rank_of
from chalicelib.identity.partition import (
    Apart,
    Edge,
    Limits,
    Must,
    Partition,
    RefusedLink,
    Ties,
    is_shared,
    lead_of,
    partition,
)

U1, U2, P1, P2, D1 = "user_id:1", "user_id:2", "phone:1", "phone:2", "device:1"


def edge(at: int, anchor: str, other: str, key: bytes = b"e") -> Edge:
    return Edge(at, key, anchor, other)


def sides(found: Partition) -> list[list[str]]:
    return sorted(sorted(one.nodes) for one in found.components)


def parted(
    *edges: Edge, ties: Ties | None = None, limits: Limits | None = None, shared: set[str] | None = None
) -> Partition:
    facets = {one.anchor for one in edges}
    return partition(facets, edges, ties or Ties(), limits or Limits(), shared or set())


def test_partition__identifiers_that_meet__are_one_person() -> None:
    """A link makes one component of two; without one they are two."""
    assert sides(parted(edge(1, U1, P1), edge(2, U2, P2))) == [[P1, U1], [P2, U2]]
    assert sides(parted(edge(1, U1, P1), edge(2, P1, D1))) == [[D1, P1, U1]]


def test_partition__one_phone_of_two_accounts__stays_with_the_earliest_evidence() -> None:
    """The later link is refused with its reason, whichever arrived first."""
    earlier, later = edge(1, U1, P1), edge(2, U2, P1)
    found = parted(later, earlier)
    assert sides(found) == [[P1, U1], [U2]]
    assert found.refused == (RefusedLink(U2, P1, "too_many_user_id"),)
    assert sides(parted(edge(3, U1, P1), later)) == [[P1, U2], [U1]]


def test_partition__refused_and_united_by_later_evidence__is_not_refused() -> None:
    """What lifted the limits came in between: who is one person in the end is told as one."""
    lifted = Ties((Must(0, "m", P1, P1, forced=True),))
    found = parted(edge(1, U1, U2, b"a"), edge(2, P1, U1), edge(3, U1, U2, b"b"), ties=lifted)
    assert (sides(found), found.refused) == ([[P1, U1, U2]], ())
    # The control: nothing came in between.
    assert parted(edge(1, U1, U2, b"a"), edge(3, U1, U2, b"b")).refused != ()


def test_partition__equal_instants__the_events_key_decides() -> None:
    """Without a tie-break the order of arrival would."""
    one, other = edge(1, U1, P1, b"b"), edge(1, U2, P1, b"a")
    assert sides(parted(one, other)) == sides(parted(other, one)) == [[P1, U2], [U1]]


@pytest.mark.parametrize(("count", "united"), [(5, 6), (6, 6), (9, 6)])
def test_partition__more_than_a_limit__the_first_ones_stay(count: int, united: int) -> None:
    """Five of a namespace and the account itself."""
    found = parted(*(edge(at, U1, f"phone:{at}") for at in range(count)))
    assert len(found.components[0].nodes) == united
    assert {one.reason for one in found.refused} == ({"too_many_phone"} if count > 5 else set())


def test_partition__too_many_facets__no_further_merge() -> None:
    """A profile has a bounded number of merges, and of identifiers."""
    chain = [edge(at, f"line:{at}", f"line:{at + 1}") for at in range(9)]
    found = parted(*chain, limits=Limits(default=99, facets=4))
    assert max(len(one.facets) for one in found.components) == 4
    assert {one.reason for one in found.refused} == {"too_many_merges"}
    found = parted(*chain, limits=Limits(default=99, nodes=5))
    assert max(len(one.nodes) for one in found.components) == 5
    assert {one.reason for one in found.refused} == {"too_many_identifiers"}


def test_partition__shared_identifier__stands_alone() -> None:
    """Links of one that many people use count in neither direction."""
    found = parted(edge(1, U1, P1), edge(2, P1, D1), shared={P1})
    assert sides(found) == [[P1], [U1]]
    assert {(one.other, one.reason) for one in found.refused} == {(P1, "shared"), (D1, "shared")}


def test_partition__operators_merge__comes_before_any_link() -> None:
    """Nobody's word stands above it but a protection's."""
    must = Ties(musts=(Must(9, "m", U1, P1),))
    found = parted(edge(1, U1, D1), edge(2, U2, P1), edge(3, P1, P2), ties=must)
    assert sides(found) == [[D1, P1, P2, U1], [U2]]


def test_partition__operators_merge_of_two_accounts__needs_force() -> None:
    """Force doubles what one profile may have; without it the merge is not met."""
    for forced in (False, True):
        found = parted(edge(1, U1, P1), edge(2, U2, P2), ties=Ties(musts=(Must(9, "m", U1, U2, forced),)))
        assert len(found.components) == (1 if forced else 2)
        assert found.unmet == (() if forced else (RefusedLink(U1, U2, "too_many_user_id"),))


def test_partition__kept_apart__no_path_unites_them() -> None:
    """Not only the link that was cut: no way around it either, and a merge least of all."""
    apart = Ties(aparts=(Apart(9, "s", U1, D1),))
    found = parted(edge(1, U1, P1), edge(2, P1, D1), edge(3, U1, D1), ties=apart)
    assert sides(found) == [[D1], [P1, U1]] or sides(found) == [[P1, U1]]
    assert {one.reason for one in found.refused} == {"kept_apart"}
    apart = Ties(musts=(Must(9, "m", U1, P1),), aparts=(Apart(9, "s", U1, P1),))
    assert [one.reason for one in parted(edge(1, U1, D1), edge(1, P1, P2), ties=apart).unmet] == ["kept_apart"]


def test_partition__merge_with_one_side_unknown__has_no_effect() -> None:
    """A facet that was erased merges with nobody."""
    assert sides(parted(edge(1, U1, P1), ties=Ties(musts=(Must(9, "m", U1, "user_id:gone"),)))) == [[P1, U1]]


keys = st.sampled_from(
    [f"{namespace}:{one}" for namespace in ("user_id", "phone", "email", "device") for one in range(3)]
)
edges = st.builds(Edge, st.integers(0, 3), st.sampled_from([b"a", b"b"]), keys, keys).filter(
    lambda one: one.anchor != one.other
)
musts = st.builds(Must, st.integers(0, 3), st.sampled_from(["m1", "m2"]), keys, keys, st.booleans())
aparts = st.builds(Apart, st.integers(0, 3), st.just("s"), keys, keys).filter(lambda one: one.left != one.right)


@given(
    links=st.lists(edges, min_size=1, max_size=12),
    said=st.builds(Ties, st.lists(musts, max_size=3).map(tuple), st.lists(aparts, max_size=2).map(tuple)),
    drawn=st.randoms(use_true_random=False),
    limit=st.integers(1, 3),
)
def test_partition__any_order__same_people_within_the_protections(
    links: list[Edge], said: Ties, drawn: random.Random, limit: int
) -> None:
    """Everybody stands on one side, within the limits, apart from whom they are kept apart from."""
    limits = Limits(default=limit)
    facets = {one.anchor for one in links}
    mixed = drawn.sample(links, len(links))
    backwards = Ties(said.musts[::-1], said.aparts[::-1])
    found = partition(facets, links, said, limits)
    assert found == partition(sorted(facets), mixed, backwards, limits)
    assert sorted(facet for one in found.components for facet in one.facets) == sorted(facets)
    side = {node: place for place, one in enumerate(found.components) for node in one.nodes}
    assert sum(len(one.nodes) for one in found.components) == len(side)
    for one in said.aparts:
        assert one.left not in side or side[one.left] != side.get(one.right)
    for link in found.refused:
        assert side[link.anchor] != side.get(link.other)
    for component in found.components:
        forced = sum(one.forced for one in said.musts if one.left in component.nodes and one.right in component.nodes)
        accounts = sum(one.startswith("user_id:") for one in component.nodes)
        assert accounts <= 1 + forced


def test_is_shared__counts_anchors_of_one_namespace() -> None:
    """Ten accounts may share a family's phone; an eleventh makes it a kiosk's."""
    assert not is_shared([*(f"user_id:{n}" for n in range(10)), *(f"email:{n}" for n in range(10))], Limits())
    assert is_shared((f"user_id:{n}" for n in range(11)), Limits())


def test_lead_of__strongest_anchor_then_first_seen_then_least() -> None:
    """What gives a profile its id."""
    seen = {U1: 9, P1: 1, P2: 1, D1: 0}
    assert lead_of([D1, P1, U1], seen.__getitem__, rank_of) == U1
    assert lead_of([D1, P2, P1], seen.__getitem__, rank_of) == P1
    assert lead_of([P2, P1], {P1: 5, P2: 2}.__getitem__, rank_of) == P2


def test_ties__joined_and_about__nothing_is_said_twice() -> None:
    """What two profiles both keep is one thing."""
    one = Ties(musts=(Must(1, "m", U1, P1),), aparts=(Apart(2, "s", U1, U2),))
    both = one.joined(Ties(musts=one.musts, aparts=(Apart(1, "s0", P1, P2),)))
    assert both == Ties(one.musts, (Apart(1, "s0", P1, P2), Apart(2, "s", U1, U2)))
    assert both.about({P2}) == Ties((), (Apart(1, "s0", P1, P2),))
    assert both.about({P1}) == Ties(one.musts, (Apart(1, "s0", P1, P2),))
