"""Run rows of the table and say, line by line, where a decision is not as told."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.routing.decide import decide
from chalicelib.routing.model import Decision
from chalicelib.routing.policy import shipped_policy
from infra.routing_cases.table import Expected, Row, call_of


def decided(row: Row) -> Decision:
    """The decision on a row's call."""
    asked, caller, now = call_of(row)
    return decide(shipped_policy(row.trade), asked, caller, decision_id="d_case", now=now)


def differences(row: Row, made: Decision) -> Iterator[str]:
    """Each promise that the decision does not keep: what was told, and what it is."""
    told, hints = row.expect, made.hints
    plain = {
        "mode": (told.mode, made.mode),
        "urgency": (told.urgency, made.urgency.level),
        "intent": (told.intent, made.intent.id),
        **{name: (getattr(told, name), getattr(hints, name)) for name in ("tone", "format", "language", "scene")},
        "offer": (told.offer, hints.offer.id if hints.offer else None),
    }
    if told.queue is not None and told.queue not in _names(row, made.queue):
        yield f"queue: told {told.queue}, is {' / '.join(_names(row, made.queue))}"
    yield from (f"{name}: told {one}, is {is_}" for name, (one, is_) in plain.items() if one not in (None, is_))
    if told.priority is not None and not told.priority[0] <= made.priority <= told.priority[1]:
        yield f"priority: told {told.priority[0]} to {told.priority[1]}, is {made.priority}"
    yield from _late(told, made)
    for name, wanted, there in (
        ("ask", told.ask, hints.ask),
        ("do_not_ask", told.do_not_ask, hints.do_not_ask),
        ("why", told.why, made.reasons),
    ):
        missing = [one for one in wanted if one not in {entry.id for entry in there}]
        if missing:
            yield f"{name}: {', '.join(missing)} not among {', '.join(entry.id for entry in there) or 'none'}"


def _late(told: Expected, made: Decision) -> Iterator[str]:
    limits = (
        ("first_answer_within", told.first_answer_within, made.sla.first_response_seconds),
        ("solved_within", told.solved_within, made.sla.resolve_seconds),
    )
    for name, wanted, seconds in limits:
        if wanted is not None and seconds > wanted:
            yield f"{name}: told {wanted} s, is {seconds} s"


def _names(row: Row, queue: str) -> tuple[str, str, str]:
    name = shipped_policy(row.trade).declared.queues[queue].name
    return queue, name.zh, name.en
