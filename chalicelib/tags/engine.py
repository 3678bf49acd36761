"""Evaluates tag rules: which tags a profile has at a moment, how surely, since when and until when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from datalogic_py import BatchItemError, DataHandle, DataLogicError

from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.conditions import ENGINE
from chalicelib.profiles.model import Profile
from chalicelib.profiles.values import at_path, evidence, present, values
from chalicelib.tags.catalogue import Catalogue, Compiled, Selection
from chalicelib.tags.confidence import decay
from chalicelib.tags.model import Assessment, Failure, Tag


class RuleFailed(ZhiyinError):
    """A rule could not be evaluated. It never means that the tag is not set."""


class Unreadable(msgspec.Struct, frozen=True):
    """A value the engine cannot take; stands where the engine would report its own failure."""

    tag: str = "UnreadableValue"


type Outcome = str | BatchItemError | Unreadable
"""The true signals of a rule as bits in decimal, or why it failed."""


type Known = dict[str, Span | None]
"""Path → its evidence, as found so far in one evaluation."""


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
) -> Assessment:
    """The tags that are set and the rules that failed.

    ``only``: just the rules that read one of these paths or stems, such as what an event touched.
    ``among``: just the rules of these ids, such as those that a policy reads.
    """
    selection = catalogue.select(
        present(profile), None if only is None else frozenset(only), None if among is None else frozenset(among)
    )
    nested = values(profile, selection.reads, now, catalogue.measures.money)
    tags: list[Tag] = []
    failed: list[Failure] = []
    known: Known = {}
    for compiled, outcome in zip(selection.rules, run(selection, nested), strict=True):
        if outcome == "0":
            continue
        if not isinstance(outcome, str):
            failed.append(Failure(compiled.rule.id, outcome.tag))
        elif (tag := _tag(compiled, int(outcome), profile, now, known)) is not None:
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


def span_of(profile: Profile, paths: Iterable[str], known: Known | None = None) -> Span | None:
    """First and last evidence behind some paths; None where there is none. ``known``: spans found so far."""
    known = {} if known is None else known
    first = last = None
    for path in paths:
        if path not in known:
            found = evidence(profile, path)
            known[path] = None if found is None else Span(*found)
        span = known[path]
        if span is not None:
            first = span.first if first is None else min(first, span.first)
            last = span.last if last is None else max(last, span.last)
    return None if first is None or last is None else Span(first, last)


def _tag(compiled: Compiled, bits: int, profile: Profile, now: Millis, known: Known) -> Tag | None:
    basis = compiled.basis(bits)
    if basis is None:
        return None
    rule = compiled.rule
    # Signals that are true of nothing seen are refused by the check; were there any, they would be as
    # old as the profile.
    span = span_of(profile, basis.evidence, known) or Span(profile.first_seen, profile.last_seen)
    ends = None if basis.lasts_ms is None else span.last + basis.lasts_ms
    if ends is not None and now >= ends:
        return None
    return Tag(
        id=rule.id,
        name=rule.name,
        class_=rule.class_,
        dimension=rule.dimension,
        value=True,
        confidence=round(basis.weight * decay(rule, span.last, now), 4),
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
