"""From queue messages to saved profiles: each event exactly once in effect, each failure its own.

accepted = applied + duplicate + quarantined + dead. A message is reported as failed when any of its
events could not be applied now; the queue then delivers it again, and what was applied is found to be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from chalicelib.flows.admission import Admitted, Message, Opened, admit, open_message
from chalicelib.flows.count_applied import count_applied
from chalicelib.flows.count_words import count_words
from chalicelib.flows.known_names import under_known_names
from chalicelib.flows.publish import publish, publish_again
from chalicelib.flows.quarantine import note_parts, quarantine
from chalicelib.flows.refuse_erased import refuse_erased
from chalicelib.flows.save_changes import RULE_FAILED
from chalicelib.flows.save_group import Round, Saved, edges_of_event, save_group
from chalicelib.flows.services import Change, IngestServices
from chalicelib.flows.settle_links import is_settled
from chalicelib.flows.snapshot import Snapshot
from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import Millis
from chalicelib.tags.model import OVER_BUDGET

ATTEMPTS = 12
"""Rounds without progress, because other writers were faster, before the queue is asked to wait."""
_ACTIONS_AT_ONCE = 90
"""A transaction has room for 100 actions; a merge takes some more than its events and identifiers."""


class Report(msgspec.Struct):
    """What became of a batch's events; ``failed`` are messages to deliver again, with the code of why.

    ``counters_waiting`` could not be written to the tallies yet, ``counters_left_out`` never will be.
    """

    applied: int = 0
    duplicate: int = 0
    quarantined: int = 0
    failed_rules: int = 0
    counters_waiting: int = 0
    counters_left_out: int = 0
    over_budget: dict[str, set[str]] = {}
    """Tenant → tags whose rules took more steps than one evaluation may; the events were applied."""
    failed: dict[str, str] = {}


class Batch(msgspec.Struct):
    """One tenant's part of a batch while it is worked on: what is left to apply, and what to publish."""

    opened: Opened
    pending: dict[bytes, Admitted]
    report: Report
    at_once: int = _ACTIONS_AT_ONCE
    to_publish: list[Change] = []
    behind: set[str] = set()
    """Messages whose changes are in ``to_publish``: they fail when it cannot be published."""


def ingest_events(messages: Sequence[Message], services: IngestServices, now: Millis) -> Report:
    """Apply a batch of messages. One message's failure never harms the others."""
    report = Report(failed={}, over_budget={})
    opened: dict[str, list[Opened]] = {}
    for message in messages:
        try:
            one = open_message(message, services)
        except (ZhiyinError, msgspec.MsgspecError) as error:
            report.failed[message.message_id] = getattr(error, "code", "bad_delivery")
        else:
            opened.setdefault(one.tenant.tenant_id, []).append(one)
    for of_tenant in opened.values():
        try:
            _ingest_of_tenant(of_tenant, services, now, report)
        except ZhiyinError as error:
            report.failed.update({one.message_id: error.code for one in of_tenant})
    _flush(services, report)
    return report


def _flush(services: IngestServices, report: Report) -> None:
    """Write the tallies when their time has come; a failure fails no event."""
    if services.tally is not None:
        flushed = services.tally.flush()
        report.counters_waiting, report.counters_left_out = flushed.waiting, flushed.left_out


def _ingest_of_tenant(opened: Sequence[Opened], services: IngestServices, now: Millis, report: Report) -> None:
    batch = Batch(opened[0], {}, report)
    for one in opened:
        admitted, refused = admit(one, services.catalogue(one.tenant.tenant_id).measures, now)
        report.quarantined += quarantine(refused, one, services)
        for event in admitted:
            report.duplicate += event.event_key in batch.pending
            batch.pending.setdefault(event.event_key, event)
    idle = 0
    while batch.pending and services.patience.allows(idle, ATTEMPTS):
        left = len(batch.pending)
        _round(batch, services, now)
        idle = idle + 1 if len(batch.pending) == left else 0
    report.failed.update({one.message_id: "contended" for one in batch.pending.values()})
    publish(batch.to_publish, batch.behind, services, report.failed)


def _round(batch: Batch, services: IngestServices, now: Millis) -> None:
    """Read, settle and save as much of the batch as one transaction may hold."""
    tenant = batch.opened.tenant
    snapshot = Snapshot(tenant.tenant_id, services.profiles)
    events: Sequence[Admitted] = list(_first_actions(batch.pending.values(), batch.at_once))
    events = under_known_names(events, snapshot)
    snapshot.know(key for one in events for key in one.identifiers)
    if snapshot.is_torn:
        return
    known = Round(tenant, batch.opened.keys, snapshot, now)
    for group in _groups(_sifted(events, known, batch, services), snapshot):
        try:
            _settle_accounts(group, save_group(group, known, services), batch, services, now)
        except ZhiyinError as error:
            for one in group:
                batch.report.failed[batch.pending.pop(one.event_key).message_id] = error.code


def _sifted(events: Sequence[Admitted], known: Round, batch: Batch, services: IngestServices) -> Sequence[Admitted]:
    """The events that may be applied; the batch is rid of those about who was erased."""
    sifted = refuse_erased(events, known, batch.opened, services)
    for key in (*sifted.duplicate, *sifted.quarantined):
        batch.pending.pop(key)
    batch.report.duplicate += len(sifted.duplicate)
    batch.report.quarantined += len(sifted.quarantined)
    return sifted.kept


def _settle_accounts(
    group: Sequence[Admitted], saved: Saved, batch: Batch, services: IngestServices, now: Millis
) -> None:
    done = {one.event_key for one in group} if saved.outcome.saved else saved.outcome.duplicates
    if saved.outcome.saved:
        batch.report.applied += len(done)
        if services.tally is not None:
            count_applied(group, saved.people, batch.opened.tenant.tenant_id, services.tally)
            count_words(group, saved.people, batch.opened.tenant.tenant_id, services, now)
        batch.to_publish.extend(saved.changes)
        _note_failed_rules(saved.changes, batch)
        note_parts(saved.refused_links, saved.left_out, batch.opened, services, now)
    else:
        batch.report.duplicate += len(done)
        batch.to_publish.extend(publish_again(done, batch.opened.tenant.tenant_id, services))
    if saved.too_large:
        # Fewer events take fewer actions; one alone always fits.
        batch.at_once = max(1, batch.at_once // 2)
    batch.behind.update(batch.pending.pop(key).message_id for key in done)


def _note_failed_rules(changes: Collection[Change], batch: Batch) -> None:
    failed = [change.detail for change in changes if change.type == RULE_FAILED]
    batch.report.failed_rules += len(failed)
    over = {str(one["tag"]) for one in failed if one["error"] == OVER_BUDGET}
    if over:
        batch.report.over_budget.setdefault(batch.opened.tenant.tenant_id, set()).update(over)


def _first_actions(pending: Collection[Admitted], room: int) -> Iterator[Admitted]:
    """The first events, one person's beside each other, that fit into one transaction even if it is one person."""
    for place, one in enumerate(sorted(pending, key=lambda one: (one.anchor, one.event.time, one.event_key))):
        room -= 1 + len(one.identifiers)
        if room < 0 and place:
            return
        yield one


def _groups(events: Sequence[Admitted], snapshot: Snapshot) -> Sequence[Sequence[Admitted]]:
    """The events of people who are one, or may become one by the links that these events bring."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    def person(key: str) -> str:
        return root(snapshot.owner(key) or key)

    for one in events:
        for edge in edges_of_event(one):
            if not snapshot.row(edge.other).shared and not is_settled(snapshot, edge):
                parent[person(edge.anchor)] = person(edge.other)
    groups: dict[str, list[Admitted]] = {}
    for one in events:
        groups.setdefault(person(one.anchor), []).append(one)
    return list(groups.values())
