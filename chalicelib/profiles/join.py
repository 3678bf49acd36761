"""``profile = join(facets that are linked)``: what is stored becomes what is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import reduce

import msgspec

from chalicelib.profiles.claims import AGE_BAND, claims_of, is_child, is_correction
from chalicelib.profiles.consents import consents_of, said
from chalicelib.profiles.fold import join_facets
from chalicelib.profiles.model import Body, Facet, FacetId, IdentifierKey, Profile, Trait

SCHEMA = 3
"""Version of the stored shape. Bodies of 2 know no claims; they are read as they are."""

_PROFILING = "profiling"


def body_of(facets: Mapping[FacetId, Facet], nodes: Collection[IdentifierKey] = ()) -> Body:
    """What the store keeps of these facets. ``nodes`` are further identifiers that belong to the same profile."""
    carried = {key for facet in facets.values() for key in facet.links}
    return Body(SCHEMA, dict(facets), tuple(sorted(carried.difference(facets, nodes))))


def join(profile_id: str, version: int, state: str, generation: int, body: Body) -> Profile:
    """The profile of a stored body. A body without facets is a profile that nothing is known of."""
    facets = list(body.facets.values())
    if not facets:
        return Profile(profile_id, version, state, generation, 0, 0, {}, {}, {}, (), {})
    whole = reduce(join_facets, facets)
    refused = set(body.refused)
    answers = said(consents_of(whole.traits))
    return Profile(
        profile_id=profile_id,
        version=version,
        state=state,
        generation=generation,
        first_seen=whole.first_seen,
        last_seen=whole.last_seen,
        links={key: link for key, link in whole.links.items() if key not in refused},
        traits=_held(whole.traits),
        series=whole.series,
        steps=whole.steps,
        channels=whole.channels,
        claims=claims_of(body.facets),
        said=answers,
        is_profiled=may_profile(state, whole.traits, answers),
    )


def _held(traits: Mapping[str, Trait]) -> dict[str, Trait]:
    """The traits without those of which a correction says that they are not so."""
    return {name: one for name, one in traits.items() if one.value is not None or not is_correction(one)}


def spoken_since(past: Profile, present: Iterable[Profile]) -> Profile:
    """A profile of the past as its people's words stand today: what they refuse now is refused for the past as well.

    Of several people who were one then, a no of any of them counts, and so does it that one of them is a child.
    """
    words, is_profiled, traits = dict[str, bool](), past.is_profiled, past.traits
    for one in present:
        words |= {purpose: granted and words.get(purpose, True) for purpose, granted in one.said.items()}
        is_profiled = is_profiled and one.is_profiled
        if is_child(one.traits):
            traits = {**traits, AGE_BAND: one.traits[AGE_BAND]}
    return msgspec.structs.replace(past, said={**past.said, **words}, is_profiled=is_profiled, traits=traits)


def may_profile(state: str, traits: Mapping[str, Trait], said: Mapping[str, bool]) -> bool:
    """Whether a person may be judged: not while restricted, not below 14, not after a no to it."""
    return state != "restricted" and not is_child(traits) and said.get(_PROFILING, True)
