"""The Lambda that hears of decisions off the stream of the table ``history``: nobody waits for it, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, DynamoDBEvent

from chalicelib.entrypoints.compose import history, journal, publish, settings
from chalicelib.entrypoints.textless import textless

if TYPE_CHECKING:
    from chalicelib.flows.hear_decisions import Heard

blueprint = Blueprint(__name__)

_BATCH = 100


# The template puts the real stream in place of this name, and a filter before it: only decisions get here.
@blueprint.on_dynamodb_record(
    stream_arn="arn:aws:dynamodb:us-east-1:000000000000:table/history/stream/0",
    name="stream_decisions",
    batch_size=_BATCH,
    starting_position="TRIM_HORIZON",
    maximum_batching_window_in_seconds=1,
)
@textless
def stream_decisions(event: DynamoDBEvent) -> None:
    """Publish decisions that were made, and count what came of them. What fails comes again."""
    from chalicelib.entrypoints.compose import api
    from chalicelib.flows.hear_decisions import HearServices, hear_decisions
    from chalicelib.store.tallies import DynamoTallies

    tallies = DynamoTallies(api("dynamodb").call, settings().table_history)
    heard = list(_heard(event.to_dict()["Records"]))
    made = hear_decisions(heard, HearServices(history(), tallies, publish, _unreadable))
    journal().count("DecisionsMade", made)
    journal().flush()


def _heard(records: list[Mapping[str, Any]]) -> Iterator[Heard]:
    """The changes of decisions among the records: what was made, and what came of it."""
    from chalicelib.flows.hear_decisions import UNREADABLE, unreadable_code

    for record in records:
        images = record["dynamodb"]
        if not images.get("NewImage", {}).get("inputs"):
            continue
        try:
            yield _change(images["NewImage"], images.get("OldImage"))
        except UNREADABLE as error:
            _unreadable(images["NewImage"]["pk"]["S"].partition("#d#")[0], unreadable_code(error))


def _change(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> Heard:
    from chalicelib.flows.hear_decisions import Heard
    from chalicelib.store.decisions import decision_row, tenant_of_decision
    from chalicelib.store.items import plain

    after = plain(new)
    tenant = tenant_of_decision(after)
    return Heard(None if not old else decision_row(tenant, plain(old)), decision_row(tenant, after))


def _unreadable(tenant_id: str, code: str) -> None:
    journal().count("UnreadableDecisions")
    journal().warn("decision_unreadable", tenant=tenant_id, code=code)
