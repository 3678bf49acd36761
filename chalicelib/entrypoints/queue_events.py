"""The Lambda behind the queue of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from chalice.app import Blueprint, SQSEvent

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import ingest_services, journal, patience, switch_off
from chalicelib.entrypoints.textless import textless

if TYPE_CHECKING:
    from chalicelib.flows.ingest_events import Report

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue="events", batch_size=10, name="ingest_events")
@textless
def ingest_events(event: SQSEvent) -> dict[str, Any]:
    """Apply a batch; the messages named in the answer are delivered again, and no other."""
    # Only this function ingests; who packages the app imports this module too, and need not read it.
    from chalicelib.flows.admission import Message
    from chalicelib.flows.ingest_events import ingest_events as ingest

    raw = event.to_dict()["Records"]
    services = msgspec.structs.replace(ingest_services(), patience=patience(event.context))
    report = ingest([Message(one["messageId"], one["body"]) for one in raw], services, now())
    for tenant_id, tag_ids in report.over_budget.items():
        switch_off(tenant_id, tag_ids)
    _tell(report)
    return {"batchItemFailures": [{"itemIdentifier": one} for one in report.failed]}


def _tell(report: Report) -> None:
    """Counts for the metrics, and the codes of what has to wait."""
    told = journal()
    told.count("Applied", report.applied)
    told.count("Duplicate", report.duplicate)
    told.count("Quarantined", report.quarantined)
    told.count("FailedMessages", len(report.failed))
    told.count("FailedRules", report.failed_rules)
    if report.counters_waiting or report.counters_left_out:
        told.count("TallyCountersWaiting", report.counters_waiting)
        told.count("TallyCountersLeftOut", report.counters_left_out)
    told.flush()
    for message_id, code in report.failed.items():
        told.warn("message_failed", message_id=message_id, code=code)
