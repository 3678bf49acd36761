"""Why a tag is set, or why it is not: every signal with its weight, the values it read, and when they arose.

The answer can be recomputed from what it lists: each condition over its values, the weights of the true
ones summed, times the decay.
"""

from __future__ import annotations

from typing import Any

import msgspec
from datalogic_py import DataLogicError

from chalicelib.kernel.moments import Millis
from chalicelib.kernel.texts import Text
from chalicelib.profiles.conditions import ENGINE
from chalicelib.profiles.model import Profile
from chalicelib.profiles.values import at_path, values
from chalicelib.tags.catalogue import Catalogue, evidence_paths
from chalicelib.tags.confidence import decay, lasts_ms, reaches, weight_of
from chalicelib.tags.engine import Span, span_of
from chalicelib.tags.model import Signal, TagRule


class SignalWhy(msgspec.Struct, frozen=True):
    """One signal. ``true`` is None where it could not be evaluated, and ``error`` then says why."""

    id: str
    says: Text
    weight: float
    true: bool | None
    values: dict[str, Any]
    first_event_at: Millis | None
    last_event_at: Millis | None
    error: str | None


class Why(msgspec.Struct, frozen=True):
    """``confidence`` = ``weights_sum`` × ``decay``; the tag is set at ``threshold`` and before ``expires_at``."""

    tag: str
    name: Text
    meaning: Text
    set: bool
    signals: tuple[SignalWhy, ...]
    weights_sum: float
    decay: float
    confidence: float
    threshold: float
    half_life_days: float | None
    since: Millis | None
    expires_at: Millis | None
    rule_version: int
    source: str
    says: Text


def why(catalogue: Catalogue, profile: Profile, tag_id: str, now: Millis) -> Why:
    """Explain a tag, set or not, at a moment. Raises NotFound for an id the catalogue does not hold."""
    compiled = catalogue.compiled(tag_id)
    rule = compiled.rule
    nested = values(profile, compiled.reads, now, catalogue.measures.money)
    signals = tuple(
        _signal(signal, condition, paths, nested, profile)
        for signal, condition, paths in zip(rule.signals, compiled.conditions, compiled.signal_reads, strict=True)
    )
    broken = any(signal.true is None for signal in signals)
    bits = sum(1 << place for place, signal in enumerate(signals) if signal.true)
    weight = weight_of(rule, bits)
    enough = reaches(rule, weight)
    span = None
    if bits:
        span = span_of(profile, compiled.evidence_paths(bits)) or Span(profile.first_seen, profile.last_seen)
    left = 1.0 if span is None else decay(rule, span.last, now)
    lasts = lasts_ms(rule, weight) if enough else None
    ends = None if span is None or lasts is None else span.last + lasts
    is_set = enough and not broken and (ends is None or now < ends)
    return Why(
        tag=rule.id,
        name=rule.name,
        meaning=rule.meaning,
        set=is_set,
        signals=signals,
        weights_sum=weight,
        decay=round(left, 6),
        confidence=round(weight * left, 4),
        threshold=rule.threshold,
        half_life_days=rule.half_life_days,
        since=None if span is None else span.first,
        expires_at=ends,
        rule_version=rule.version,
        source="rule",
        says=_says(rule, signals, is_set, broken, faded=enough and not is_set),
    )


def _signal(
    signal: Signal, condition: Any, paths: frozenset[str], nested: dict[str, Any], profile: Profile
) -> SignalWhy:
    true: bool | None
    try:
        true = bool(ENGINE.eval({"!!": [condition]}, nested))
        error = None
    except DataLogicError as failure:
        true, error = None, failure.error_type
    span = span_of(profile, evidence_paths(paths))
    return SignalWhy(
        id=signal.id,
        says=signal.says,
        weight=signal.weight,
        true=true,
        values={path: at_path(nested, path) for path in sorted(paths)},
        first_event_at=None if span is None else span.first,
        last_event_at=None if span is None else span.last,
        error=error,
    )


def _says(rule: TagRule, signals: tuple[SignalWhy, ...], is_set: bool, broken: bool, faded: bool) -> Text:
    if broken:
        return Text(
            zh=f"“{rule.name.zh}”的规则无法计算，标签未作判断。",
            en=f"The rule of “{rule.name.en}” could not be evaluated; nothing is said about it.",
        )
    true = [signal.says for signal in signals if signal.true]
    zh, en = "；".join(text.zh for text in true), "; ".join(text.en for text in true)
    if is_set:
        return Text(zh=f"标记为“{rule.name.zh}”：{zh}。", en=f"Tagged “{rule.name.en}”: {en}.")
    if faded:
        return Text(
            zh=f"曾符合“{rule.name.zh}”（{zh}），但依据已过时。",
            en=f"Once matched “{rule.name.en}” ({en}), but the evidence is too old.",
        )
    if true:
        return Text(
            zh=f"未标记“{rule.name.zh}”：只有{zh}，不足以达到阈值。",
            en=f"Not tagged “{rule.name.en}”: only {en}; below the threshold.",
        )
    return Text(zh=f"未标记“{rule.name.zh}”：没有任何依据。", en=f"Not tagged “{rule.name.en}”: no sign of it.")
