"""Adds what came of a decision, and moves the record of who served, exactly once for each change."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.flows.answer_route import decision_of
from chalicelib.flows.decision_views import OutcomeView, ReplacedView
from chalicelib.flows.named_agent import check_named_agent
from chalicelib.flows.services import Patience
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import BadInput, Conflict, Forbidden
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.routing.outcome import NO_REPORTS, Moves, Outcome, Outcomes, bounded, reported, track_moves
from chalicelib.store.rows import DecisionRow, HistoryStore
from chalicelib.store.tracks import OutcomeStore

ATTEMPTS = 8


class Survey(msgspec.Struct, frozen=True):
    """An answer to a survey: of which decision and which number, always the same for the same answer, and when it came."""

    number: int
    at: Millis
    score: int


def tells_nobody(row: DecisionRow, survey: Survey) -> None:
    """Nobody is told of surveys."""


class OutcomeServices(msgspec.Struct, frozen=True):
    """What adding an outcome needs. ``tell`` is told of each answer to a survey, at least once: the profile learns by it."""

    history: HistoryStore
    outcomes: OutcomeStore
    tell: Callable[[DecisionRow, Survey], None] = tells_nobody
    patience: Patience = Patience()


class OutcomeOrder(msgspec.Struct, frozen=True):
    """One report: of which decision, by whom. ``report_id`` is the same for the same report sent again.

    ``speaks_for`` is the agent who may tell of nobody else's work; '' for who may tell of all.
    """

    tenant_id: str
    decision_id: str
    report_id: str
    principal: str
    speaks_for: str = ""


def report_outcome(order: OutcomeOrder, told: Outcome, services: OutcomeServices, now: Millis) -> OutcomeView:
    """The outcome as it then is.

    Raises BadInput ``empty_outcome``; Forbidden ``not_your_own``; NotFound; Conflict ``too_many_reports`` and ``outcome_contended``; Unavailable.
    """
    if not told.told:
        raise BadInput("empty_outcome", "Say at least one thing of what came of it.")
    check_named_agent(told.agent_id)
    for _ in services.patience.attempts(ATTEMPTS):
        row = decision_of(order.tenant_id, order.decision_id, services.history)
        before = outcomes_of(row)
        _check_own(order.speaks_for, told, before.now.agent_id or _chosen(row))
        after = reported(before, told, order.report_id, now, order.principal)
        if after is before or services.outcomes.settle(
            row, encode(after), _moves(row, before.now, after.now, services)
        ):
            # Told after a repeat as well: whoever sent it first may have been cut off before this line.
            survey = _survey(after)
            if survey is not None:
                services.tell(row, survey)
            return outcome_view(order.decision_id, after)
    raise Conflict("outcome_contended", "Others report on this decision at the same time; try again.")


def outcomes_of(row: DecisionRow) -> Outcomes:
    """What came of a decision, as far as it is known."""
    return decode(row.outcome, Outcomes) if row.outcome else NO_REPORTS


def outcome_view(decision_id: str, outcomes: Outcomes) -> OutcomeView:
    """An outcome as it is told."""
    replaced = (
        ReplacedView(format_moment(one.at), name, value)
        for one in outcomes.reports
        for name, value in sorted(one.replaced.items())
        if value is not None
    )
    at = format_moment(outcomes.reports[-1].at) if outcomes.reports else None
    return OutcomeView(decision_id, outcomes.now, at, tuple(replaced))


def with_outcome(row: DecisionRow) -> bytes:
    """A decision as it was answered, with what came of it beside it."""
    if not row.outcome:
        return row.content
    view = outcome_view(row.decision_id, outcomes_of(row))
    return row.content[:-1] + b',"outcome":' + msgspec.json.encode(view) + b"}"


def _check_own(speaks_for: str, told: Outcome, served: str) -> None:
    """An agent's record is what the next people are given to them by: nobody writes their own over a colleague's."""
    if speaks_for and {told.agent_id or speaks_for, served or speaks_for} != {speaks_for}:
        raise Forbidden("not_your_own", "Agents tell of what they served; a supervisor tells of all.")


def _chosen(row: DecisionRow) -> str:
    return str((msgspec.json.decode(row.content)["agent"] or {}).get("agent_id", ""))


def _moves(row: DecisionRow, before: Outcome, after: Outcome, services: OutcomeServices) -> Moves:
    decision = msgspec.json.decode(row.content)
    moves = track_moves(before, after, _chosen(row), decision["intent"]["id"])
    return bounded(moves, services.outcomes.tracks(row.tenant, {agent_id for agent_id, _ in moves})) if moves else moves


def _survey(outcomes: Outcomes) -> Survey | None:
    """The answer that stands."""
    answers = [one.at for one in outcomes.reports if "csat" in one.replaced]
    return Survey(len(answers), answers[-1], outcomes.now.csat) if answers and outcomes.now.csat is not None else None
