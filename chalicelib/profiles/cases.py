"""Orders, tickets and complaints as they stand, derived from their steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.profiles.fold import STEPS_KEPT
from chalicelib.profiles.model import STEP_ORDER, Step

CLOSING: Mapping[str, frozenset[str]] = {
    "order": frozenset({"delivered", "refunded", "cancelled"}),
    "ticket": frozenset({"resolved", "closed"}),
    "complaint": frozenset({"resolved", "closed"}),
}
"""Kind → the statuses after which nothing is owed any more."""


class Case(msgspec.Struct, frozen=True, gc=False):
    """One order, ticket or complaint: its latest status and when it began."""

    kind: str
    ref: str
    status: str
    opened_at: Millis
    changed_at: Millis
    open: bool
    amount: int | None = None
    topic: str | None = None


class Standing(msgspec.Struct, frozen=True):
    """The cases behind some steps, in the order of their last change; by kind all of them and those that are open."""

    all: tuple[Case, ...]
    by_kind: dict[str, tuple[list[Case], list[Case]]]


def cases(steps: Iterable[Step]) -> tuple[Case, ...]:
    """The cases behind some steps, in the order of their last change.

    A complaint is settled when the ticket of the same reference is.
    """
    return standing(steps).all


def standing(steps: Iterable[Step]) -> Standing:
    """The cases behind some steps as they are asked for: in order, and by kind."""
    known, found = _LATEST.pair
    if known is not steps:
        found = _standing(steps)
        if isinstance(steps, tuple):
            _LATEST.pair = (steps, found)
    return found


class _Latest:
    """The steps asked about last, with their cases: answering one call asks four times about one person."""

    pair: tuple[tuple[Step, ...], Standing] = ((), Standing((), {}))


_LATEST = _Latest()


def _standing(steps: Iterable[Step]) -> Standing:
    found = _cases(tuple(steps))
    by_kind: dict[str, tuple[list[Case], list[Case]]] = {}
    for case in found:
        of_kind = by_kind.get(case.kind)
        if of_kind is None:
            of_kind = by_kind[case.kind] = ([], [])
        of_kind[0].append(case)
        if case.open:
            of_kind[1].append(case)
    return Standing(found, by_kind)


def _cases(steps: tuple[Step, ...]) -> tuple[Case, ...]:
    found: dict[tuple[str, str], Case] = {}
    for step in sorted(steps, key=STEP_ORDER):
        kind = step.kind
        key = (kind, step.ref)
        before = found.get(key)
        if before is None:
            # By place and here, because a person has dozens of steps, most of cases of their own, and every call about
            # the person goes over all of them.
            status, at = step.status, step.at
            is_open = status not in CLOSING.get(kind, ())
            found[key] = Case(kind, step.ref, status, at, at, is_open, step.amount, step.topic or None)
        else:
            found[key] = _after(before, step, kind)
        if kind == "ticket" and (complaint := found.get(("complaint", step.ref))) is not None:
            found["complaint", step.ref] = _after(complaint, step, "complaint")
    return tuple(sorted(_without_forgotten(found.values(), steps), key=_BY_CHANGE))


def _without_forgotten(found: Iterable[Case], steps: tuple[Step, ...]) -> Iterable[Case]:
    """The cases without open complaints that are older than every ticket's step of which the profile still knows.

    A complaint is settled by a step of its ticket, and of those only the latest are kept: whether such an old one was
    settled cannot be known any more, and held for open it would stay so for ever.
    """
    if len(steps) < STEPS_KEPT:
        return found
    tickets = [step.at for step in steps if step.kind == "ticket"]
    if len(tickets) < STEPS_KEPT:
        return found
    oldest = min(tickets)
    return [case for case in found if not (case.kind == "complaint" and case.open and case.changed_at < oldest)]


def _after(before: Case, step: Step, kind: str) -> Case:
    is_open = step.status not in CLOSING.get(kind, ())
    amount = before.amount if step.amount is None else step.amount
    return Case(kind, step.ref, step.status, before.opened_at, step.at, is_open, amount, step.topic or before.topic)


_BY_CHANGE = attrgetter("changed_at", "kind", "ref")
