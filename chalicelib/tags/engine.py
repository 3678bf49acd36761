"""Evaluates tag rules: which tags a profile has at a moment, how surely, since when and until when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from math import floor, log2
from typing import Any

import msgspec
from datalogic_py import BatchItemError, DataHandle, DataLogicError

from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.profiles.conditions import ENGINE
from chalicelib.profiles.model import Profile
from chalicelib.profiles.values import at_path, evidence, present, values
from chalicelib.tags.catalogue import Catalogue, Compiled, Selection
from chalicelib.tags.model import Assessment, Failure, Tag, TagRule

_PLACES = 6


class RuleFailed(ZhiyinError):
    """A rule could not be evaluated. It never means that the tag is not set."""


class Unreadable(msgspec.Struct, frozen=True):
    """A value the engine cannot take; stands where the engine would report its own failure."""

    tag: str = "UnreadableValue"


type Outcome = str | BatchItemError | Unreadable
"""The true signals of a rule as bits in decimal, or why it failed."""


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
    catalogue: Catalogue, profile: Profile, now: Millis, only: Collection[str] | None = None
) -> Assessment:
    """The tags that are set and the rules that failed. ``only``: just the rules that read one of these
    paths or stems, such as what an event touched."""
    selection = catalogue.select(present(profile), None if only is None else frozenset(only))
    nested = values(profile, selection.reads, now, catalogue.measures.money)
    tags: list[Tag] = []
    failed: list[Failure] = []
    for compiled, outcome in zip(selection.rules, run(selection, nested), strict=True):
        if outcome == "0":
            continue
        if not isinstance(outcome, str):
            failed.append(Failure(compiled.rule.id, outcome.tag))
        elif (tag := _tag(compiled, int(outcome), profile, now)) is not None:
            tags.append(tag)
    return Assessment(tuple(tags), tuple(failed))


def run(selection: Selection, nested: dict[str, Any]) -> Sequence[Outcome]:
    """One outcome per rule of a selection."""
    try:
        handle = DataHandle(nested)
    except DataLogicError:
        # One value that the engine cannot take fails the rules that read it, and no other.
        return [_run_alone(compiled, nested) for compiled in selection.rules]
    return ENGINE.session().evaluate_many(selection.programs, handle)


def weight_of(rule: TagRule, bits: int) -> float:
    """The weights of the true signals, summed without binary dust."""
    total = sum(signal.weight for place, signal in enumerate(rule.signals) if bits >> place & 1)
    return round(total, _PLACES)


def reaches(rule: TagRule, weight: float) -> bool:
    """Whether signals of this weight set the tag while they are fresh."""
    return weight >= round(rule.threshold, _PLACES)


def decay(rule: TagRule, last: Millis, now: Millis) -> float:
    """The share of confidence left at ``now`` of evidence from ``last``: 1 fresh, 0.5 after a half-life."""
    if rule.half_life_days is None or now <= last:
        return 1.0
    return float(0.5 ** ((now - last) / (rule.half_life_days * DAY_MS)))


def ends_at(rule: TagRule, weight: float, last: Millis) -> Millis | None:
    """The first instant at which the tag is no longer set, if nothing new happens and all signals stay true:
    its declared expiry or the moment decay takes it below its threshold, whichever is earlier."""
    ends: list[Millis] = []
    if rule.expires_days is not None:
        ends.append(last + floor(rule.expires_days * DAY_MS))
    if rule.half_life_days is not None:
        ends.append(last + floor(rule.half_life_days * DAY_MS * log2(max(1.0, weight / rule.threshold))) + 1)
    return min(ends, default=None)


def span_of(profile: Profile, paths: Iterable[str]) -> Span | None:
    """First and last evidence behind some paths; None where there is none.

    That a person was seen at all (``p.…``) is evidence only of signals that read nothing else: else
    any event would refresh every tag that asks how long somebody is known.
    """
    own = [path for path in paths if not path.startswith("p.")]
    spans = [found for path in own or paths if (found := evidence(profile, path)) is not None]
    return Span(min(first for first, _ in spans), max(last for _, last in spans)) if spans else None


def _tag(compiled: Compiled, bits: int, profile: Profile, now: Millis) -> Tag | None:
    rule = compiled.rule
    weight = weight_of(rule, bits)
    if not reaches(rule, weight):
        return None
    read = {path for place, paths in enumerate(compiled.signal_reads) if bits >> place & 1 for path in paths}
    span = span_of(profile, read) or Span(profile.first_seen, profile.last_seen)
    ends = ends_at(rule, weight, span.last)
    if ends is not None and now >= ends:
        return None
    return Tag(
        id=rule.id,
        name=rule.name,
        class_=rule.class_,
        dimension=rule.dimension,
        value=True,
        confidence=round(weight * decay(rule, span.last, now), 4),
        since=span.first,
        expires_at=ends,
        source="rule",
        phrase=rule.phrase or rule.name,
    )


def _run_alone(compiled: Compiled, nested: dict[str, Any]) -> Outcome:
    own: dict[str, Any] = {}
    for path in compiled.reads:
        place, parts = own, path.split(".")
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        place[parts[-1]] = at_path(nested, path)
    try:
        handle = DataHandle(own)
    except DataLogicError:
        return Unreadable()
    return ENGINE.session().evaluate_many([compiled.program], handle)[0]
