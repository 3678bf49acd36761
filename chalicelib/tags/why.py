"""Why a tag is set, or why it is not: every signal with its weight, the values it read, and when they arose.

The answer can be recomputed from what it lists: each condition over its values; the sum of the weights of the true ones;
times the trust (what their factors leave of that sum) and the decay. A tag that a set tag implies is no less
sure than that one; a tag that a person set or denied is as they said; of an exclusive group only the surest stays.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator
from typing import Any

import msgspec
from datalogic_py import DataLogicError

from chalicelib.kernel.moments import Millis
from chalicelib.kernel.texts import Text
from chalicelib.profiles.conditions import ENGINE
from chalicelib.profiles.model import Profile
from chalicelib.profiles.pins import pin_name
from chalicelib.profiles.retention import kept
from chalicelib.profiles.values import at_path, values
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.compiled import Basis, Compiled, evidence_paths
from chalicelib.tags.confidence import believed, decay, half_life_ms, scene_of, weight_of, weights_in
from chalicelib.tags.engine import Span, assess, basis_of, span_of
from chalicelib.tags.judging import judged
from chalicelib.tags.model import SceneWeights, Signal, Tag, TagRule
from chalicelib.tags.scenes import Situation
from chalicelib.tags.why_words import not_judged, says


class SignalWhy(msgspec.Struct, frozen=True):
    """One signal. ``true`` is None where it could not be evaluated, and ``error`` then says why.

    ``factor`` is the share of its weight that it keeps: below 1 where a source behind it is not well.
    """

    id: str
    says: Text
    weight: float
    factor: float
    true: bool | None
    values: dict[str, Any]
    first_event_at: Millis | None
    last_event_at: Millis | None
    error: str | None


class Doubt(msgspec.Struct, frozen=True):
    """A source or measure (``source:shop``, ``measure:contacts``) whose evidence weighs less, and why."""

    of: str
    weight: float
    says: Text


class Filled(msgspec.Struct, frozen=True):
    """A value that was read of another source than the latest, because that of ``instead_of`` cannot be used now."""

    path: str
    source: str
    instead_of: str


class Implied(msgspec.Struct, frozen=True):
    """A set tag whose parent this one is."""

    tag: str
    name: Text
    confidence: float


class Pinned(msgspec.Struct, frozen=True):
    """What a person said of this tag: ``value`` true set it, false denied it."""

    value: bool
    by: str
    since: Millis


class Why(msgspec.Struct, frozen=True):
    """Own confidence = ``weights_sum`` × ``trust`` × ``decay``; set at ``threshold`` and before ``expires_at``.

    ``confidence`` is what the tag has in the end: no less than that of a tag that implies it, and 1 where a person
    set it. ``lost_to`` is the tag of its exclusive group that stays instead.
    """

    tag: str
    name: Text
    meaning: Text
    set: bool
    signals: tuple[SignalWhy, ...]
    weights_sum: float
    trust: float
    decay: float
    confidence: float
    threshold: float
    half_life_days: float | None
    since: Millis | None
    expires_at: Millis | None
    rule_version: int
    source: str
    says: Text
    catalogue_version: int = 0
    scene: str | None = None
    parent: str | None = None
    level: int = 1
    doubts: tuple[Doubt, ...] = ()
    filled: tuple[Filled, ...] = ()
    implied_by: tuple[Implied, ...] = ()
    lost_to: str | None = None
    pinned: Pinned | None = None
    switched_off: bool = False


class _Own(msgspec.Struct, frozen=True):
    """What a rule comes to by itself."""

    scene: SceneWeights | None
    signals: tuple[SignalWhy, ...]
    broken: bool
    weight: float
    trust: float
    basis: Basis | None
    span: Span | None
    decay: float

    @property
    def expires_at(self) -> Millis | None:
        """When it ends if nothing happens; None where it is not set or does not end."""
        lasts = None if self.basis is None else self.basis.lasts_ms
        return None if self.span is None or lasts is None else self.span.last + lasts

    @property
    def confidence(self) -> float:
        """As sure as its true signals make it."""
        return round(self.weight * self.decay * self.trust, 4)


def why(
    catalogue: Catalogue,
    profile: Profile,
    tag_id: str,
    now: Millis,
    scenes: Collection[str] | Situation = (),
) -> Why:
    """Explain a tag, set or not, at a moment. Raises NotFound for an id the catalogue does not hold."""
    compiled = catalogue.compiled(tag_id)
    rule = compiled.rule
    if not profile.is_profiled:
        return _not_judged(rule, catalogue)
    profile = judged(kept(profile, now), catalogue)
    on = catalogue.stage.seen_by(profile, scenes) if isinstance(scenes, Situation) else scenes
    own = _own(catalogue, compiled, profile, now, on)
    kin = catalogue.families.kin(tag_id) | {tag_id}
    standing = {tag.id: tag for tag in assess(catalogue, profile, now, among=kin, scenes=on).tags}
    tag, pinned = standing.get(tag_id), _pinned(profile, tag_id)
    implied = tuple(
        Implied(one, catalogue.rules[one].name, standing[one].confidence)
        for one in catalogue.families.children(tag_id)
        if one in standing and tag is not None
    )
    found = Why(
        tag=rule.id,
        name=rule.name,
        meaning=rule.meaning,
        set=tag is not None,
        signals=own.signals,
        weights_sum=own.weight,
        trust=own.trust,
        decay=round(own.decay, 6),
        confidence=_confidence(own, tag, pinned),
        threshold=rule.threshold,
        half_life_days=rule.half_life_days,
        since=(None if own.span is None else own.span.first) if tag is None else tag.since,
        expires_at=own.expires_at if tag is None else tag.expires_at,
        rule_version=rule.version,
        source="rule" if tag is None else tag.source,
        says=rule.name,
        catalogue_version=catalogue.version,
        scene=None if own.scene is None else own.scene.scene,
        parent=rule.parent,
        level=catalogue.families.level(tag_id),
        doubts=tuple(_doubts(catalogue, profile, compiled.reads)),
        filled=tuple(_filled(profile, compiled.reads)),
        implied_by=implied,
        lost_to=_lost_to(catalogue, rule, own, tag, standing, now),
        pinned=pinned,
        switched_off=tag_id in catalogue.switched_off,
    )
    return msgspec.structs.replace(found, says=_says(found, own, catalogue))


def _not_judged(rule: TagRule, catalogue: Catalogue) -> Why:
    """Of somebody who is not judged no condition is looked at, and nothing is told that one would have read."""
    return Why(
        tag=rule.id,
        name=rule.name,
        meaning=rule.meaning,
        set=False,
        signals=(),
        weights_sum=0.0,
        trust=1.0,
        decay=1.0,
        confidence=0.0,
        threshold=rule.threshold,
        half_life_days=rule.half_life_days,
        since=None,
        expires_at=None,
        rule_version=rule.version,
        source="rule",
        says=not_judged(rule.name),
        catalogue_version=catalogue.version,
        parent=rule.parent,
        level=catalogue.families.level(rule.id),
        switched_off=rule.id in catalogue.switched_off,
    )


def _own(catalogue: Catalogue, compiled: Compiled, profile: Profile, now: Millis, scenes: Container[str]) -> _Own:
    rule, health = compiled.rule, catalogue.health
    unknown = catalogue.unknown_of(rule.id)
    nested = values(
        profile,
        compiled.reads - unknown,
        now,
        catalogue.measures.money,
        scenes=scenes,
        known_until=health.known_until,
    )
    scene = scene_of(rule, scenes)
    weights = weights_in(rule, scene)
    factors = [health.factor(profile, paths) for paths in compiled.signal_reads]
    signals = tuple(
        _signal(signal, weight, factor, condition, paths, unknown, nested, profile)
        for signal, weight, factor, condition, paths in zip(
            rule.signals, weights, factors, compiled.conditions, compiled.signal_reads, strict=True
        )
    )
    bits = sum(1 << place for place, signal in enumerate(signals) if signal.true)
    broken = any(signal.true is None for signal in signals)
    span = None
    if bits:
        span = span_of(profile, compiled.evidence_paths(bits)) or Span(profile.first_seen, profile.last_seen)
    weight, trust = weight_of(rule, bits, scene), 1.0
    if min(factors) < 1:
        weight, trust = believed(weights, factors, bits)
    return _Own(
        scene=scene,
        signals=signals,
        broken=broken,
        weight=weight,
        trust=trust,
        basis=None if broken else basis_of(catalogue, compiled, bits, profile, scenes),
        span=span,
        decay=1.0 if span is None else decay(half_life_ms(rule), span.last, now),
    )


def _signal(
    signal: Signal,
    weight: float,
    factor: float,
    condition: Any,
    paths: frozenset[str],
    unknown: frozenset[str],
    nested: dict[str, Any],
    profile: Profile,
) -> SignalWhy:
    true: bool | None = None
    error: str | None = None
    if paths & unknown:
        error = "UnknownPath"
    else:
        try:
            true = bool(ENGINE.eval({"!!": [condition]}, nested))
        except DataLogicError as failure:
            error = failure.error_type
    span = span_of(profile, evidence_paths(paths))
    return SignalWhy(
        id=signal.id,
        says=signal.says,
        weight=weight,
        factor=factor,
        true=true,
        values={path: at_path(nested, path) for path in sorted(paths)},
        first_event_at=None if span is None else span.first,
        last_event_at=None if span is None else span.last,
        error=error,
    )


def _confidence(own: _Own, tag: Tag | None, pinned: Pinned | None) -> float:
    if tag is not None:
        return tag.confidence
    return own.confidence if pinned is None else 0.0


def _pinned(profile: Profile, tag_id: str) -> Pinned | None:
    pin = profile.traits.get(pin_name(tag_id))
    if pin is None or pin.value is None:
        return None
    return Pinned(bool(pin.value), pin.source.removeprefix("person:"), pin.observed_at)


def _filled(profile: Profile, reads: frozenset[str]) -> Iterator[Filled]:
    for path in sorted(reads):
        name = path.removeprefix("t.")
        if name != path and name in profile.filled:
            yield Filled(path, profile.traits[name].source, profile.filled[name])


def _doubts(catalogue: Catalogue, profile: Profile, reads: frozenset[str]) -> Iterator[Doubt]:
    health = catalogue.health
    for of, weight in dict(health.doubts(profile, reads)).items():
        source = health.sources.get(of.removeprefix("source:"))
        measure = health.measures.get(of.removeprefix("measure:"))
        known = source.says if source is not None else None if measure is None else measure.says
        yield Doubt(of, weight, known or Text("", ""))


def _lost_to(
    catalogue: Catalogue, rule: TagRule, own: _Own, tag: Tag | None, standing: dict[str, Tag], now: Millis
) -> str | None:
    """Who stays instead of a tag that would be set by itself: of its exclusive group, or of one of its ancestors'."""
    alive = own.basis is not None and (own.expires_at is None or now < own.expires_at)
    if tag is not None or not alive:
        return None
    line = (rule, *(catalogue.rules[one] for one in catalogue.families.ancestors(rule.id)))
    groups = {one.exclusive for one in line if one.exclusive is not None}
    return next((one for one in sorted(standing) if catalogue.rules[one].exclusive in groups), None)


def _says(found: Why, own: _Own, catalogue: Catalogue) -> Text:
    rival = None if found.lost_to is None else catalogue.rules[found.lost_to].name
    return says(
        found.name,
        true=[signal.says for signal in found.signals if signal.true],
        implied_by=[one.name for one in found.implied_by],
        pinned=None if found.pinned is None else found.pinned.value,
        rival=rival,
        is_set=found.set,
        broken=own.broken,
        faded=own.basis is not None and not found.set,
        switched_off=found.switched_off,
    )
