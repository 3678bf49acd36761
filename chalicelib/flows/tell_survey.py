"""Tells a person's profile how they liked what a decision brought them: an answer to a survey."""

from __future__ import annotations

from chalicelib.flows.report_outcome import Survey
from chalicelib.flows.tell_desk import Telling, TellServices, tell
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.rows import DecisionRow


def tell_survey(row: DecisionRow, survey: Survey, tenant: Tenant, services: TellServices, now: Millis) -> None:
    """Tell it under an id that follows from the decision: told twice, it counts once. Raises Unavailable."""
    id_ = f"survey:{row.decision_id}:{survey.number}"
    says = {"score": survey.score, "subject": "service"}
    tell(tenant, row.profile_id, [Telling(id_, "survey.answered", survey.at, says)], services, now)
