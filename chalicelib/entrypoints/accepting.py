"""What the doors share once a request is translated: the answer, and what goes to the quarantine."""

from __future__ import annotations

from chalice.app import Response

from chalicelib.channels.model import SourceProfile, Translated
from chalicelib.entrypoints.compose import journal, tenant
from chalicelib.entrypoints.problems import json_answer
from chalicelib.events.delivery import RefusedItem
from chalicelib.flows import accept_events
from chalicelib.flows.views import AcceptedView, RefusedView
from chalicelib.store.catalogue import SourceRecord


def translates_as(source: SourceRecord) -> SourceProfile:
    """What a channel needs to know of a source."""
    return accept_events.translates_as(source, tenant(source.tenant_id))


def for_quarantine(translated: Translated) -> list[RefusedItem]:
    """The refused items with their originals: the event where there is one, else what was sent."""
    return [RefusedItem(one.code, one.path, b"" if one.event else one.raw, one.event) for one in translated.refused]


def accepted(translated: Translated) -> Response:
    """202: how many events were queued, and which items were refused and why."""
    refused = tuple(RefusedView(one.index, one.code, one.message) for one in translated.refused)
    return json_answer(AcceptedView(len(translated.events), refused), 202)


def count_left_out(translated: Translated) -> None:
    """Count members that events go on without, such as traits that their source may not write."""
    if translated.notes:
        journal().count("MembersLeftOut", len(translated.notes))
        journal().flush()
