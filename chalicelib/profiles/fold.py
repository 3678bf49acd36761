"""``facet = fold(contributions that came through one anchor)``.

Every part of a facet is a join: registers take the greatest writer, counts add, ends take the least
and the greatest, steps and claims keep the latest of a total order. Pruning goes by the watermark and runs after
the whole set, so the result depends on which events there are and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from chalicelib.kernel.moments import THE_LAST, Millis
from chalicelib.profiles import series as series_of
from chalicelib.profiles.claims import join_claims, trait_order
from chalicelib.profiles.consents import CONSENT_TYPES
from chalicelib.profiles.corrections import CORRECTED
from chalicelib.profiles.model import STEP_ORDER, STEPS_KEPT, Contribution, Facet, Link, Series, Step, Trait
from chalicelib.profiles.pins import PINNED
from chalicelib.profiles.served import DONE_BY_THE_PERSON, TOLD

_BY_STAFF = CONSENT_TYPES | (TOLD - DONE_BY_THE_PERSON)
"""Types that are the same where they name no identifier: then staff or the desk say it, and no channel of the person's."""
_ABOUT = frozenset({PINNED, CORRECTED})
"""Types of events that are said about a person, and are no sign of that person: they move no first or last sighting."""
LINKS_KEPT = 16
"""Per namespace: the earliest first sightings and the latest last sightings, each a join of its own.

One account that a shop's staff share would otherwise grow without bound; no profile may have as many.
"""


def fold(facet: Facet | None, contributions: Iterable[Contribution]) -> Facet | None:
    """Add events to a facet that does not hold them yet; two with one key count once.

    Returns None when there is neither a facet nor a contribution. The caller answers for not folding
    an event that the facet already holds: counts are not idempotent (that is what markers are for).
    """
    fresh = {one.event_key: one for one in contributions}
    for one in fresh.values():
        addition = _facet_of(one)
        facet = addition if facet is None else join_facets(facet, addition)
    return None if facet is None else prune(facet)


def join_facets(left: Facet, right: Facet) -> Facet:
    """The facet of both sets of events, not yet pruned. Commutative and associative."""
    traits = _merge(left.traits, right.traits, later_trait)
    return Facet(
        first_seen=min(left.first_seen, right.first_seen),
        last_seen=max(left.last_seen, right.last_seen),
        links=_merge(left.links, right.links, join_links),
        traits=traits,
        series=_merge(left.series, right.series, series_of.merge),
        steps=_join_steps(left.steps, right.steps),
        channels=_merge(left.channels, right.channels, max),
        claims=join_claims(left, right, traits),
    )


def prune(facet: Facet) -> Facet:
    """Apply the watermark (``last_seen``) to every series, and the bound to the links."""
    pruned: dict[str, Series] = {name: series_of.prune(one, facet.last_seen) for name, one in facet.series.items()}
    links = facet.links if len(facet.links) <= LINKS_KEPT else _kept(facet.links)
    return msgspec.structs.replace(facet, links=links, series=pruned)


def later_trait(left: Trait, right: Trait) -> Trait:
    """Last writer wins, by event time, then source rank, then event key."""
    return max(left, right, key=trait_order)


def join_links(left: Link, right: Link) -> Link:
    """First sighting's evidence and the latest sighting's time."""
    known = [one for one in (left, right) if one.event_key]
    first = min(known, key=_link_order, default=left)
    return Link(first.first_seen, max(left.last_seen, right.last_seen), left.masked, first.event_key, first.source)


def _kept(links: dict[str, Link]) -> dict[str, Link]:
    """The links of each namespace within ``LINKS_KEPT``.

    First and last sightings are kept apart: which identifiers are the earliest says nothing of which are the
    latest, and one bound for both would let the result depend on the order of events.
    """
    by_namespace: dict[str, list[str]] = {}
    for key in links:
        by_namespace.setdefault(key.partition(":")[0], []).append(key)
    kept = dict(links)
    for keys in by_namespace.values():
        if len(keys) <= LINKS_KEPT:
            continue
        first = sorted((*_link_order(links[key]), key) for key in keys if links[key].event_key)
        last = sorted(((links[key].last_seen, key) for key in keys if links[key].last_seen), reverse=True)
        earliest, latest = {one[-1] for one in first[:LINKS_KEPT]}, {one[-1] for one in last[:LINKS_KEPT]}
        for key in keys:
            one = kept.pop(key)
            if key in earliest:
                kept[key] = one if key in latest else Link(one.first_seen, 0, one.masked, one.event_key, one.source)
            elif key in latest:
                kept[key] = Link(0, one.last_seen, one.masked, b"", "")
    return kept


def _join_steps(left: tuple[Step, ...], right: tuple[Step, ...]) -> tuple[Step, ...]:
    # A facet's steps are the latest ones already. As they are they stay the same object, whose cases are known.
    return latest_steps((*left, *right)) if left and right else left or right


def latest_steps(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The latest ``STEPS_KEPT`` of each kind, in order."""
    kept: list[Step] = []
    room: dict[str, int] = {}
    last: Step | None = None
    for step in sorted(steps, key=STEP_ORDER, reverse=True):
        # Equal steps stand beside each other, because the event's key is in their order.
        if step == last:
            continue
        last = step
        left = room.get(step.kind, STEPS_KEPT)
        if left:
            room[step.kind] = left - 1
            kept.append(step)
    kept.reverse()
    return tuple(kept)


def _facet_of(one: Contribution) -> Facet:
    steps = () if one.step is None else (one.step,)
    if one.type in _ABOUT or (one.type in _BY_STAFF and not one.identifiers):
        # What staff say or do is no sign of the person: it moves no first or last sighting.
        return Facet(THE_LAST, 0, {}, one.traits, _series_of(one), steps, {})
    return Facet(
        first_seen=one.at,
        last_seen=one.at,
        links={key: Link(one.at, one.at, masked, one.event_key, one.source) for key, masked in one.identifiers.items()},
        traits=one.traits,
        series=_series_of(one),
        steps=steps,
        channels={one.channel: one.at},
    )


def _series_of(one: Contribution) -> dict[str, Series]:
    grown: dict[str, Series] = {}
    for delta in one.deltas:
        addition = series_of.single(one.at, delta.amount)
        before = grown.get(delta.measure)
        grown[delta.measure] = addition if before is None else series_of.merge(before, addition)
    return grown


def _merge[T](left: dict[str, T], right: dict[str, T], join: Callable[[T, T], T]) -> dict[str, T]:
    merged = dict(left)
    for key, value in right.items():
        merged[key] = join(merged[key], value) if key in merged else value
    return merged


def _link_order(link: Link) -> tuple[Millis, bytes]:
    return (link.first_seen, link.event_key)
