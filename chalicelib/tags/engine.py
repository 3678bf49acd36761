"""Evaluates tag rules: which tags a profile has at a moment, how surely, since when and until when."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from functools import lru_cache

import msgspec

from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Profile, Trait
from chalicelib.profiles.pins import pin_name, pins_of
from chalicelib.profiles.retention import kept
from chalicelib.profiles.values import evidence, present
from chalicelib.tags.catalogue import Catalogue, Selection
from chalicelib.tags.compiled import Basis, Compiled
from chalicelib.tags.confidence import decay, scene_of, told
from chalicelib.tags.families import BY_PERSON, Found
from chalicelib.tags.judging import closed_to, judged, left_of
from chalicelib.tags.model import Assessment, Failure, Tag, TagRule
from chalicelib.tags.scenes import Setting, Situation

_PERSONS_WEIGHT = 2.0
"""More than all evidence of a rule: what a person's tag implies is surer than what a rule says, too."""


_NOTHING = Assessment((), ())
_STEMS_KEPT = 256


class RuleFailed(ZhiyinError):
    """A rule could not be evaluated. It never means that the tag is not set."""


type Known = dict[str, tuple[Millis, Millis] | None]
"""Path → first and last time of its evidence, as found so far in one evaluation; of what is no measure."""


type Scenes = Collection[str] | Setting | Situation
"""The scenes that are on, or what tells them."""


class Span(msgspec.Struct, frozen=True):
    """First and last time of the events behind some values."""

    first: Millis
    last: Millis


def evaluate(
    catalogue: Catalogue, profile: Profile, now: Millis, only: Collection[str] | None = None
) -> tuple[Tag, ...]:
    """The tags that are set, sorted by id. Raises RuleFailed if any rule cannot be evaluated.

    Callers that go on without the failing rule use ``assess`` and raise the alarm themselves.
    """
    assessment = assess(catalogue, profile, now, only)
    if assessment.failed:
        names = ", ".join(failure.tag_id for failure in assessment.failed)
        raise RuleFailed("rule_failed", f"These tag rules could not be evaluated: {names}.")
    return assessment.tags


def assess(
    catalogue: Catalogue,
    profile: Profile,
    now: Millis,
    only: Collection[str] | None = None,
    among: Collection[str] | None = None,
    scenes: Scenes = (),
) -> Assessment:
    """The tags that are set and the rules that failed.

    ``only``: just the rules that read one of these paths or stems, such as what an event touched, and those that
    they bear on. ``among``: just the rules of these ids, such as those that a policy reads. ``scenes``: the scenes
    that are on, or the situation that tells them. Of somebody who is not profiled nothing is set.
    """
    if not profile.is_profiled:
        return _NOTHING
    held = _held(catalogue, profile, now, only, among, scenes)
    if held.beyond:
        tags = [_tag(one, held.closed | catalogue.beyond(one.rule.id)) for one in held.found]
    else:
        tags = [_tag(one, held.closed) for one in held.found]
    ends = [one.ends for one in held.own if one.ends is not None]
    return Assessment(tuple(tags), held.failed, tuple(ends))


def confidences(
    catalogue: Catalogue,
    profile: Profile,
    now: Millis,
    purpose: str,
    among: Collection[str],
    scenes: Scenes = (),
) -> tuple[dict[str, float], tuple[Failure, ...]]:
    """Tag → confidence, of the tags of ``among`` that are set and may be used for a purpose; and the rules that failed.

    What ``assess`` says, for those who tell nothing else of a tag.
    """
    if not profile.is_profiled:
        return {}, ()
    held = _held(catalogue, profile, now, None, among, scenes, again=True)
    if purpose in held.closed:
        return {}, held.failed
    serving = [one for one in held.found if purpose in one.rule.purposes]
    if held.beyond:
        serving = [one for one in serving if purpose not in catalogue.beyond(one.rule.id)]
    return {one.rule.id: told(one.share) for one in serving}, held.failed


class _Held(msgspec.Struct, frozen=True):
    """What somebody has of the tags that were asked for, by their ids, and the purposes that it may not be used for.

    ``own``: what rules had set by themselves before it was settled, where any bears on others. ``beyond``: a rule among
    them may name a purpose that what it reads does not allow.
    """

    found: list[Found]
    own: tuple[Found, ...]
    failed: tuple[Failure, ...]
    closed: frozenset[str]
    beyond: bool


def _held(
    catalogue: Catalogue,
    profile: Profile,
    now: Millis,
    only: Collection[str] | None,
    among: Collection[str] | None,
    scenes: Scenes,
    *,
    again: bool = False,
) -> _Held:
    profile = judged(kept(profile, now), catalogue)
    pins = _pins(catalogue, profile, only, among)
    selection = catalogue.select(
        _there(profile, scenes) if among is None else None,
        None if only is None else frozenset(only),
        None if among is None else frozenset(among),
        frozenset(pins),
        again=again,
    )
    if isinstance(scenes, Situation):
        scenes = catalogue.stage.seen_by(profile, scenes)
    found, failed = _found(catalogue, selection, profile, now, scenes)
    own: tuple[Found, ...] = ()
    if pins or selection.related:
        own = tuple(found.values())
        found = _settled(catalogue, found, pins)
    asked = [found[tag_id] for tag_id in sorted(found) if among is None or tag_id in among]
    return _Held(asked, own, failed, closed_to(profile, catalogue), selection.beyond)


def _there(profile: Profile, scenes: Scenes) -> frozenset[str]:
    there = present(profile)
    return there if isinstance(scenes, Collection) and not scenes else _in_scenes(there)


@lru_cache(maxsize=_STEMS_KEPT)
def _in_scenes(there: frozenset[str]) -> frozenset[str]:
    """What is there while somebody asks: that they do so in a scene is no part of their profile."""
    return there | {"scene"}


def _pins(
    catalogue: Catalogue, profile: Profile, only: Collection[str] | None, among: Collection[str] | None
) -> dict[str, Trait]:
    """What persons set or denied of the tags that are asked for."""
    pins = {tag_id: pin for tag_id, pin in pins_of(profile.traits) if tag_id in catalogue.rules}
    if not pins:
        return pins
    asked: frozenset[str] | None = None
    if among is not None:
        asked = frozenset(among).union(*(catalogue.families.kin(one) for one in among))
    elif only is not None:
        touched = catalogue.concerned(only) + tuple(one for one in pins if f"t.{pin_name(one)}" in only)
        asked = frozenset(touched).union(*(catalogue.families.kin(one) for one in touched))
    return pins if asked is None else {tag_id: pin for tag_id, pin in pins.items() if tag_id in asked}


def _found(
    catalogue: Catalogue, selection: Selection, profile: Profile, now: Millis, scenes: Container[str]
) -> tuple[dict[str, Found], tuple[Failure, ...]]:
    """The tags that rules set by themselves, and the rules that failed."""
    until = catalogue.health.known_until
    found: dict[str, Found] = {}
    failed = list(selection.broken)
    known: Known = {}
    is_well = catalogue.health.is_well
    for compiled, outcome in selection.programs.of(profile, now, scenes, until):
        rule = compiled.rule
        if not isinstance(outcome, int):
            failed.append(Failure(rule.id, outcome.tag))
            continue
        if is_well and not rule.scenes:
            # Nearly always nothing is to be doubted, nor has any scene a say.
            basis = compiled.usual[outcome]
        else:
            basis = basis_of(catalogue, compiled, outcome, profile, scenes)
        if basis is not None and (one := _one(rule, basis, profile, now, known)) is not None:
            found[rule.id] = one
    return found, tuple(failed)


def basis_of(
    catalogue: Catalogue, compiled: Compiled, bits: int, profile: Profile, scenes: Container[str]
) -> Basis | None:
    """What the true signals of a rule amount to in these scenes, with the sources as they are."""
    scene = scene_of(compiled.rule, scenes)
    health = catalogue.health
    if not health.is_well:
        factors = [health.factor(profile, paths) for paths in compiled.signal_reads]
        if min(factors) < 1:
            return compiled.doubted(bits, scene, factors)
    return compiled.basis(bits, scene)


def _settled(catalogue: Catalogue, found: dict[str, Found], pins: Mapping[str, Trait]) -> dict[str, Found]:
    for tag_id, pin in pins.items():
        if pin.value is True:
            found[tag_id] = _pinned(catalogue.rules[tag_id], pin)
        else:
            found.pop(tag_id, None)
    return catalogue.families.settle(found, [tag_id for tag_id, pin in pins.items() if pin.value is False])


def _pinned(rule: TagRule, pin: Trait) -> Found:
    return Found(rule, _PERSONS_WEIGHT, 1.0, pin.observed_at, pin.observed_at, source=BY_PERSON)


def span_of(profile: Profile, paths: Iterable[str]) -> Span | None:
    """First and last evidence behind some paths; None where there is none."""
    spans = [span for path in paths if (span := evidence(profile, path)) is not None]
    return Span(min(spans)[0], max([last for _, last in spans])) if spans else None


def _one(rule: TagRule, basis: Basis, profile: Profile, now: Millis, known: Known) -> Found | None:
    since: Millis | None = None
    last = 0
    for name in basis.measures:
        series = profile.series.get(name)
        if series is None:
            continue
        if since is None:
            # The signals of most rules read one thing.
            since, last = series.first_at, series.last_at
        else:
            since, last = min(since, series.first_at), max(last, series.last_at)
    for path in basis.others:
        if path not in known:
            known[path] = evidence(profile, path)
        span = known[path]
        if span is not None:
            since, last = span if since is None else (min(since, span[0]), max(last, span[1]))
    if since is None:
        # Signals that are true of nothing seen are refused by the check; were there any, they would be as
        # old as the profile.
        since, last = profile.first_seen, profile.last_seen
    ends = None if basis.lasts_ms is None else last + basis.lasts_ms
    if ends is not None and now >= ends:
        return None
    left = 1.0 if basis.half_life_ms is None else decay(basis.half_life_ms, last, now)
    return Found(rule, basis.weight, basis.weight * left * basis.trust, since, last, ends)


def _tag(found: Found, closed: frozenset[str]) -> Tag:
    """A tag as it is told, for the purposes that are not closed."""
    rule = found.rule
    return Tag(
        rule.id,
        rule.name,
        rule.class_,
        rule.dimension,
        True,
        told(found.share),
        found.since,
        found.ends,
        found.source,
        rule.phrase or rule.name,
        left_of(rule.purposes, closed) if closed else rule.purposes,
    )
