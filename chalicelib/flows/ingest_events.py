"""From queue messages to saved profiles: each event exactly once in effect, each failure its own.

accepted = applied + duplicate + quarantined + dead. A message is reported as failed when any of its
events could not be applied now; the queue then delivers it again, and what was applied is found to be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from chalicelib.flows.admission import Admitted, Message, Opened, admit, open_message
from chalicelib.flows.publish import publish, publish_again
from chalicelib.flows.quarantine import note_parts, quarantine
from chalicelib.flows.read_people import read_round
from chalicelib.flows.save_group import RULE_FAILED, Round, save_group
from chalicelib.flows.services import Change, IngestServices
from chalicelib.identity.anchors import rank_of
from chalicelib.identity.resolve import Claim, Group, Known, resolve
from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import Millis

ATTEMPTS = 6
"""Rounds without progress, because other writers were faster, before the queue is asked to wait."""
_ACTIONS_AT_ONCE = 90
"""A transaction has room for 100 actions; a merge takes some more than its events and identifiers."""


class Report(msgspec.Struct):
    """What became of a batch's events; ``failed`` are messages to deliver again, with the code of why."""

    applied: int = 0
    duplicate: int = 0
    quarantined: int = 0
    failed_rules: int = 0
    failed: dict[str, str] = {}


class Batch(msgspec.Struct):
    """One tenant's part of a batch while it is worked on: what is left to apply, and what to publish."""

    opened: Opened
    pending: dict[bytes, Admitted]
    report: Report
    to_publish: list[Change] = []
    behind: set[str] = set()
    """Messages whose changes are in ``to_publish``: they fail when it cannot be published."""


def ingest_events(messages: Sequence[Message], services: IngestServices, now: Millis) -> Report:
    """Apply a batch of messages. One message's failure never harms the others."""
    report = Report(failed={})
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
    return report


def _ingest_of_tenant(opened: Sequence[Opened], services: IngestServices, now: Millis, report: Report) -> None:
    batch = Batch(opened[0], {}, report)
    for one in opened:
        admitted, refused = admit(one, services.measures, now)
        report.quarantined += quarantine(refused, one, services)
        for event in admitted:
            report.duplicate += event.event_key in batch.pending
            batch.pending.setdefault(event.event_key, event)
    idle = 0
    while batch.pending and idle < ATTEMPTS:
        left = len(batch.pending)
        _round(batch, services, now)
        idle = idle + 1 if len(batch.pending) == left else 0
    report.failed.update({one.message_id: "contended" for one in batch.pending.values()})
    publish(batch.to_publish, batch.behind, services, report.failed)


def _round(batch: Batch, services: IngestServices, now: Millis) -> None:
    """Read, plan and save as much of the batch as one transaction may hold."""
    events = list(_first_actions(batch.pending.values()))
    known = read_round(batch.opened, events, services, now)
    index = batch.opened.keys.index
    groups = resolve(
        [_claim(one) for one in events],
        known.current_owners,
        [Known(one, known.identifiers(one), known.first_seen(one)) for one in known.stored],
        new_profile_id=index.profile_id,
        rank=rank_of,
    )
    for group in groups:
        try:
            _save(group, known, batch, services)
        except ZhiyinError as error:
            for claim in group.claims:
                batch.report.failed[batch.pending.pop(claim.event_key).message_id] = error.code


def _save(group: Group, known: Round, batch: Batch, services: IngestServices) -> None:
    saved = save_group(group, known, services)
    done = {claim.event_key for claim in group.claims} if saved.outcome.saved else saved.outcome.duplicates
    if saved.outcome.saved:
        batch.report.applied += len(done)
        batch.to_publish.extend(saved.changes)
        batch.report.failed_rules += sum(change.type == RULE_FAILED for change in saved.changes)
        notes = [(link.event_key, "link", link.identifier, link.reason) for link in group.refused]
        notes += [(key, "trait", name, "trait_left_out") for key, name in saved.refused_traits]
        note_parts(notes, batch.opened, services, known.now)
    else:
        batch.report.duplicate += len(done)
        batch.to_publish.extend(publish_again(done, known.tenant.tenant_id, services))
    batch.behind.update(batch.pending.pop(key).message_id for key in done)


def _first_actions(pending: Collection[Admitted]) -> Iterator[Admitted]:
    """The first events, one person's beside each other, that fit into one transaction even if it is one person."""
    room = _ACTIONS_AT_ONCE
    for one in sorted(pending, key=lambda one: (one.anchor, one.event.time, one.event_key)):
        room -= 1 + len(one.identifiers)
        if room < 0:
            return
        yield one


def _claim(one: Admitted) -> Claim:
    others = tuple(sorted(key for key in one.identifiers if key != one.anchor))
    return Claim(one.event_key, one.event.time, one.anchor, others)
