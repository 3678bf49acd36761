"""Puts together what looks back at decisions: a part of ``compose`` of its own, because routes do without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import (
    api,
    declarations,
    history,
    in_force,
    past_services,
    settings,
    tenant,
    until_answered,
)

if TYPE_CHECKING:
    from chalicelib.flows.decide_as_of import PastServices
    from chalicelib.flows.recompute_decision import ReplayServices
    from chalicelib.flows.report_outcome import OutcomeServices, Survey
    from chalicelib.store.rows import DecisionRow


def replay_services() -> ReplayServices:
    """What making a decision again needs."""
    from chalicelib.flows.recompute_decision import ReplayServices

    return ReplayServices(history(), declarations())


def deciding_in_the_past(tenant_id: str) -> PastServices:
    """What deciding as of earlier needs."""
    from chalicelib.flows.decide_as_of import PastServices
    from chalicelib.routing.policy import shipped_policy

    return PastServices(past_services(tenant_id), declarations(), shipped_policy(in_force()(tenant_id).trade))


def outcome_services() -> OutcomeServices:
    """What adding an outcome needs. Its patience begins with the call."""
    from chalicelib.entrypoints.tickets import tell_services
    from chalicelib.flows.report_outcome import OutcomeServices
    from chalicelib.flows.tell_survey import tell_survey
    from chalicelib.store.tracks import DynamoTracks

    names = settings()
    tracks = DynamoTracks(api("dynamodb").call, names.table_desk, names.table_history)

    def told(row: DecisionRow, survey: Survey) -> None:
        tell_survey(row, survey, tenant(row.tenant), tell_services(), now())

    return OutcomeServices(history(), tracks, told, until_answered())
