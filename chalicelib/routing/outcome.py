"""What came of a decision: told later, field by field; a correction wins, and what it replaced is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec

from chalicelib.desk.model import Track
from chalicelib.kernel.errors import Conflict
from chalicelib.kernel.moments import Millis
from chalicelib.kernel.names import AGENT_PATTERN

LEAST_CSAT, MOST_CSAT = 1, 5
LONGEST_SECONDS = 90 * 86_400
MOST_REPORTS = 50
"""Reports of one decision that are kept; beyond that somebody sends in a loop."""
ALL_INTENTS = ""
MOST_INTENTS = 100
"""Intents that one agent's record tells apart: callers of the API name any, and every route reads the records whole."""

type Seconds = Annotated[int, msgspec.Meta(ge=0, le=LONGEST_SECONDS)]
type Field = bool | int | float | str


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What came of a contact; None is not known (yet). ``csat`` is the answer to a survey, 1 to 5.

    ``first_response_seconds`` and ``handling_seconds`` count from when the person began to wait and from when somebody
    began to answer. ``agent_id`` is who served; else it is the agent that the decision chose.
    ``proposal_adopted``: whether the steps that were proposed for its ticket were taken. ``sla_kept``: whether the time limits were.
    """

    resolved: bool | None = None
    transferred: bool | None = None
    csat: Annotated[int, msgspec.Meta(ge=LEAST_CSAT, le=MOST_CSAT)] | None = None
    handling_seconds: Seconds | None = None
    first_response_seconds: Seconds | None = None
    agent_id: Annotated[str, msgspec.Meta(pattern=AGENT_PATTERN)] | None = None
    proposal_adopted: bool | None = None
    sla_kept: bool | None = None

    @property
    def told(self) -> dict[str, Field]:
        """The fields that are known."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}


NOTHING_TOLD = Outcome()


class Report(msgspec.Struct, frozen=True, array_like=True):
    """One telling: who told when, and what it changed: field → what it was before, None for a new one."""

    report_id: str
    at: Millis
    principal: str
    replaced: dict[str, Any]


class Outcomes(msgspec.Struct, frozen=True, array_like=True):
    """The outcome as it stands, and the reports that made it, oldest first."""

    now: Outcome = NOTHING_TOLD
    reports: tuple[Report, ...] = ()


NO_REPORTS = Outcomes()


def reported(before: Outcomes, told: Outcome, report_id: str, at: Millis, principal: str) -> Outcomes:
    """The outcome with what is told laid over it. The very same where nothing is new, or this report was taken before.

    A report that comes again, after a correction, takes nothing back. Raises Conflict ``too_many_reports``.
    """
    if any(one.report_id == report_id for one in before.reports):
        return before
    known = before.now.told
    changed = {name: value for name, value in told.told.items() if name not in known or known[name] != value}
    if not changed:
        return before
    if len(before.reports) >= MOST_REPORTS:
        raise Conflict("too_many_reports", f"An outcome is told at most {MOST_REPORTS} times.")
    report = Report(report_id, at, principal, {name: known.get(name) for name in changed})
    return Outcomes(msgspec.structs.replace(before.now, **changed), (*before.reports, report))


def track_of(outcome: Outcome) -> Track:
    """What one outcome adds to the record of who served."""
    known = outcome.resolved is not None
    return Track(
        outcomes=int(known),
        resolved=int(bool(outcome.resolved)),
        surveys=int(outcome.csat is not None),
        csat_sum=float(outcome.csat or 0),
    )


type Moves = dict[tuple[str, str], Track]
"""(agent, intent) → what to add to their record; negative where a correction takes it away."""


def track_moves(before: Outcome, after: Outcome, agent_id: str, intent: str) -> Moves:
    """What a change of outcome does to the records: all of it taken from who had it before, and given to who has it.

    ``agent_id`` is who the decision chose, '' for nobody: then only an outcome that names somebody counts.
    """
    moves: Moves = {}
    for outcome, sign in ((before, -1), (after, 1)):
        for place in _places(outcome.agent_id or agent_id, intent):
            moves[place] = added(moves.get(place, Track()), track_of(outcome), sign)
    return {place: one for place, one in moves.items() if one != Track()}


def bounded(moves: Moves, records: Mapping[str, Mapping[str, Track]]) -> Moves:
    """The moves without those of an intent for which a record has no place any more: it counts among all of them.

    An intent that has its place keeps it, so what was counted once is taken back where it is corrected, and nothing else.
    """

    def has_place(agent_id: str, intent: str) -> bool:
        told = records.get(agent_id, {})
        return intent == ALL_INTENTS or intent in told or len(told.keys() - {ALL_INTENTS}) < MOST_INTENTS

    return {place: one for place, one in moves.items() if has_place(*place)}


def _places(agent_id: str, intent: str) -> Iterator[tuple[str, str]]:
    if agent_id:
        yield from {(agent_id, intent), (agent_id, ALL_INTENTS)}


def added(left: Track, right: Track, sign: int = 1) -> Track:
    """Two records together; ``sign`` -1: the one without the other."""
    return Track(
        left.outcomes + sign * right.outcomes,
        left.resolved + sign * right.resolved,
        left.surveys + sign * right.surveys,
        left.csat_sum + sign * right.csat_sum,
    )
