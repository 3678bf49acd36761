"""Orders, tickets and complaints as they stand, derived from their steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter, lt

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import STEP_ORDER, STEPS_KEPT, Step

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


class OfKind(msgspec.Struct, frozen=True):
    """The cases of one kind as they stand. Of none more is made than is asked for: every call about a person goes over
    dozens.

    ``steps`` are those of the kind, in order; ``first`` and ``last`` those that began a case and changed it last, by its
    reference, and ``still_open`` the last ones of cases that are open. A complaint is settled when the ticket of the same
    reference is: its last step may be that ticket's. All of them stand in the order in which the cases began.
    """

    steps: Sequence[Step]
    first: Mapping[str, Step]
    last: Mapping[str, Step]
    still_open: Sequence[Step]

    @property
    def opened_at(self) -> Millis | None:
        """When the oldest of the open ones began."""
        return self.first[self.still_open[0].ref].at if self.still_open else None

    @property
    def delivered_at(self) -> Millis | None:
        """When one was delivered last."""
        return max([step.at for step in self.last.values() if step.status == "delivered"], default=None)


type Standing = Mapping[str, OfKind]
"""Kind → how its cases stand; of the kinds that there are steps of."""


def standing(steps: Iterable[Step]) -> Standing:
    """How the cases behind some steps stand."""
    known, found = _LATEST.pair
    if known is not steps:
        found = _standing(tuple(steps))
        if isinstance(steps, tuple):
            _LATEST.pair = (steps, found)
    return found


def cases(steps: Iterable[Step]) -> tuple[Case, ...]:
    """The cases behind some steps, in the order of their last change."""
    found = standing(steps)
    return tuple(sorted([_case(found, kind, ref) for kind in found for ref in found[kind].last], key=_BY_CHANGE))


def latest(steps: Iterable[Step]) -> tuple[Case, ...]:
    """Of the cases those that changed last: of refunded orders, of all orders, and of each other kind's open ones."""
    found = standing(steps)
    refs: list[tuple[str, str]] = []
    for kind, of_kind in found.items():
        if kind == "order":
            refs += _newest(kind, [step for step in of_kind.last.values() if step.status == "refunded"])
            refs += _newest(kind, _of_last_moment(of_kind.steps))
        else:
            refs += _newest(kind, of_kind.still_open)
    return tuple([_case(found, *one) for one in dict.fromkeys(refs)])


class _Latest:
    """The steps asked about last, with their cases: answering one call asks six times about one person."""

    pair: tuple[tuple[Step, ...], Standing] = ((), {})


_LATEST = _Latest()


def _standing(steps: tuple[Step, ...]) -> Standing:
    orders: list[Step] = []
    tickets: list[Step] = []
    complaints: list[Step] = []
    for step in _in_order(steps):
        # Compared, because a text that was just read has never been hashed.
        kind = step.kind
        if kind == "order":
            orders.append(step)
        elif kind == "ticket":
            tickets.append(step)
        elif kind == "complaint":
            complaints.append(step)
    by_kind = {"order": orders, "ticket": tickets, "complaint": complaints}
    found = {kind: _of_kind(kind, of_kind) for kind, of_kind in by_kind.items() if of_kind}
    if complaints and tickets:
        found["complaint"] = _as_tickets_tell(found["complaint"], found["ticket"])
    return found


def _in_order(steps: tuple[Step, ...]) -> Sequence[Step]:
    times = [step.at for step in steps]
    # A profile has them in order; only those of one moment are told apart by their events.
    return steps if all(map(lt, times, times[1:])) else sorted(steps, key=STEP_ORDER)


def _of_kind(kind: str, steps: Sequence[Step]) -> OfKind:
    last = {step.ref: step for step in steps}
    # Most cases have one step.
    first = last if len(last) == len(steps) else {step.ref: step for step in reversed(steps)}
    return OfKind(steps, first, last, _still_open(kind, last))


def _still_open(kind: str, last: Mapping[str, Step]) -> list[Step]:
    closing = CLOSING[kind]
    return [step for step in last.values() if step.status not in closing]


def _as_tickets_tell(complaints: OfKind, tickets: OfKind) -> OfKind:
    """The complaints with the steps of their tickets, without open ones of which nothing can be known any more.

    A complaint is settled by a step of its ticket, and of those only the latest are kept: whether one that is older than
    every ticket's step of which the profile still knows was settled cannot be known any more, and held for open it
    would stay so for ever.
    """
    last = {ref: max(step, tickets.last.get(ref, step), key=STEP_ORDER) for ref, step in complaints.last.items()}
    if len(tickets.steps) >= STEPS_KEPT:
        oldest, closing = tickets.steps[0].at, CLOSING["complaint"]
        last = {ref: step for ref, step in last.items() if step.at >= oldest or step.status in closing}
    return OfKind(complaints.steps, complaints.first, last, _still_open("complaint", last))


def _of_last_moment(steps: Sequence[Step]) -> Sequence[Step]:
    place = len(steps) - 1
    while place and steps[place - 1].at == steps[-1].at:
        place -= 1
    return steps[place:]


def _newest(kind: str, last: Sequence[Step]) -> list[tuple[str, str]]:
    """Kind and reference of the one that changed last, if there is any."""
    if not last:
        return []
    at = max([step.at for step in last])
    return [(kind, max([step.ref for step in last if step.at == at]))]


def _case(found: Standing, kind: str, ref: str) -> Case:
    first, last = found[kind].first[ref], found[kind].last[ref]
    status, amount, topic = last.status, last.amount, last.topic or None
    if first is not last:
        told = _told(found, kind, ref)
        amount = next((step.amount for step in told if step.amount is not None), None)
        topic = next((step.topic for step in told if step.topic), None)
    return Case(kind, ref, status, first.at, last.at, status not in CLOSING[kind], amount, topic)


def _told(found: Standing, kind: str, ref: str) -> list[Step]:
    """The steps of a case, the latest first; of a complaint those of its ticket, too, since it was filed."""
    steps = [step for step in found[kind].steps if step.ref == ref]
    if kind == "complaint" and "ticket" in found:
        filed = STEP_ORDER(steps[0])
        steps += [step for step in found["ticket"].steps if step.ref == ref and STEP_ORDER(step) > filed]
    return sorted(steps, key=STEP_ORDER, reverse=True)


_BY_CHANGE = attrgetter("changed_at", "kind", "ref")
