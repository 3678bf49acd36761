"""What other sources say of a trait, beside the winner: kept to compare them, and to fill in for one another.

Per trait a facet keeps the last word of the ``OTHERS_KEPT`` + 1 sources that spoke last. It is a join: the last word
of each source is one, and the latest k of sources ordered by their last words lose nothing that a later join needs,
because a source that is left out has k others above it, and last words only grow. The first of them is the winner
and stands among the traits; the rest are the claims. Tags that persons set stand among the traits, too, and are nobody's
claim about a fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Claim, Facet, FacetId, Profile, Trait
from chalicelib.profiles.pins import is_beside

OTHERS_KEPT = 3
"""Sources beside the winner's whose last word a trait keeps."""
USABLE_FROM = 0.5
"""The weight of a source from which its values are used where another has one."""
AGE_BAND, _CHILD = "age_band", "under_14"
CORRECTED_RANK = 1 << 30
"""The rank of a correction: what a person, or staff for them, says is right. It wins over all that is not one."""


def trait_order(trait: Trait) -> tuple[bool, Millis, int, bytes]:
    """Corrections last; then by event time, then source rank, then event key: no two events are equal in it."""
    return (is_correction(trait), trait.observed_at, trait.source_rank, trait.event_key)


def join_claims(left: Facet, right: Facet, winners: Mapping[str, Trait]) -> dict[str, tuple[Trait, ...]]:
    """The claims of two facets joined, beside the ``winners`` of their traits."""
    names = left.traits.keys() & right.traits.keys() | left.claims.keys() | right.claims.keys()
    joined: dict[str, tuple[Trait, ...]] = {}
    for name in names:
        said = [*_said(left, name), *_said(right, name)]
        if not is_beside(name) and any(one.source != said[0].source for one in said):
            winner = winners[name]
            joined[name] = tuple(one for one in _last_words(said) if one.source != winner.source)
    return joined


def claims_of(facets: Mapping[FacetId, Facet]) -> dict[str, tuple[Claim, ...]]:
    """What each source says of the traits that more than one told, in all facets of a person; the winner first."""
    telling = {facet_id: facet for facet_id, facet in facets.items() if facet.traits}
    if len(telling) <= 1 and not any(facet.claims for facet in telling.values()):
        return {}
    said: dict[str, list[Claim]] = {}
    for facet_id, facet in telling.items():
        for name in facet.traits:
            said.setdefault(name, []).extend(Claim(one, facet_id) for one in _said(facet, name))
    return {
        name: _latest_first(claims)
        for name, claims in said.items()
        if not is_beside(name) and len({one.trait.source for one in claims}) > 1
    }


def is_correction(trait: Trait) -> bool:
    """Whether a person, or staff for them, said so."""
    return trait.source_rank >= CORRECTED_RANK


def is_child(traits: Mapping[str, Trait]) -> bool:
    """Whether somebody is below 14, as far as these traits say."""
    age = traits.get(AGE_BAND)
    return age is not None and age.value == _CHILD


def usable(profile: Profile, weights: Mapping[str, float]) -> Profile:
    """The profile with values that can be used: another source's where the winner's is none, or its weight too small.

    ``weights`` are those of sources that are not well. Where nobody else says anything the winner's value stays, and
    so does it that somebody is a child: to doubt a source takes protection from nobody. Doing it twice changes nothing
    more.
    """
    if not profile.claims:
        return profile
    poor = {source for source, weight in weights.items() if weight < USABLE_FROM}
    instead = {
        name: found
        for name, claims in profile.claims.items()
        if (found := _instead(claims, poor)) is not claims[0].trait
        and not (name == AGE_BAND and is_child(profile.traits))
    }
    if not instead:
        return profile
    return msgspec.structs.replace(
        profile,
        traits=profile.traits | instead,
        filled={name: profile.claims[name][0].trait.source for name in instead},
        is_profiled=profile.is_profiled and not is_child(instead),
    )


def _instead(claims: tuple[Claim, ...], poor: set[str]) -> Trait:
    """The latest value of a source that is well; the winner's own where there is none, or where it is a correction."""
    if is_correction(claims[0].trait):
        return claims[0].trait
    there = [one.trait for one in claims if one.trait.value is not None]
    return next((one for one in there if one.source not in poor), there[0] if there else claims[0].trait)


def _said(facet: Facet, name: str) -> Iterator[Trait]:
    winner = facet.traits.get(name)
    if winner is not None:
        yield winner
        yield from facet.claims.get(name, ())


def _last_words(said: Iterable[Trait]) -> list[Trait]:
    """The last word of each source, of the sources that spoke last, the latest first."""
    last: dict[str, Trait] = {}
    for one in said:
        before = last.get(one.source)
        last[one.source] = one if before is None else max(before, one, key=trait_order)
    return sorted(last.values(), key=trait_order, reverse=True)[: OTHERS_KEPT + 1]


def _latest_first(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    ordered = sorted(claims, key=lambda one: (trait_order(one.trait), one.facet))
    last = {one.trait.source: one for one in ordered}
    return tuple(sorted(last.values(), key=ordered.index, reverse=True)[: OTHERS_KEPT + 1])
