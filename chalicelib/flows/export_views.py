"""What an export answers: all that is held of a person, as data. Pages and tables are made from the same value."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from chalicelib.flows.describe_links import LinksView
from chalicelib.flows.own_risks import OwnGroup, OwnRisk
from chalicelib.flows.ticket_views import TicketView
from chalicelib.flows.views import MeasureView, ScoreView, SegmentView, TagView
from chalicelib.flows.why_views import WhyView
from chalicelib.kernel.texts import Text
from chalicelib.routing.model import NamedIdentifier

FORMATS = ("json", "html", "csv")


class ExportRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose data, by id or by identifiers, and why. The reason stands in the audit."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    profile_id: str = ""
    identifiers: Annotated[tuple[NamedIdentifier, ...], msgspec.Meta(max_length=10)] = ()


class ExportOpened(msgspec.Struct, frozen=True):
    """A job: ids and counts. Part 1 is the person, each further part a stretch of time with its events, newest first."""

    export_id: str
    profile_id: str
    parts: int
    events: int
    formats: tuple[str, ...]
    expires_at: str


class SaidView(msgspec.Struct, frozen=True):
    """What one source said. Where a seal has lost its key ``opened`` is false, and ``value`` the masked form."""

    value: Any
    opened: bool
    source: str
    observed_at: str
    corrected: bool = False


class ExportedIdentifier(msgspec.Struct, frozen=True):
    """An identifier in clear; ``opened`` is false where the masked form alone is left."""

    namespace: str
    value: str
    opened: bool
    source: str
    first_seen: str
    last_seen: str


class ExportedTrait(msgspec.Struct, frozen=True):
    """A trait: the value in force (null: what was said was corrected away), every source's word, and why it is kept."""

    name: str
    names: Text
    class_: str = msgspec.field(name="class")
    purposes: tuple[str, ...]
    legal_basis: str
    retention_days: int
    in_force: SaidView | None
    said: tuple[SaidView, ...]


class ExportedConsent(msgspec.Struct, frozen=True):
    """The last word on a purpose."""

    purpose: str
    granted: bool
    at: str
    source: str
    channel: str
    version: str
    proof: str


class ExportedTag(msgspec.Struct, frozen=True):
    """A tag that is set, and why; of a group's tag the reasons are said of the group."""

    tag: TagView
    why: WhyView | None


class ReadBy(msgspec.Struct, frozen=True):
    """Who has read this person's data, by role, call and purpose; ``clear`` says that values were shown unmasked."""

    role: str
    action: str
    purpose: str
    clear: bool
    times: int
    first_at: str
    last_at: str


class Recipient(msgspec.Struct, frozen=True):
    """Which roles may be shown fields for a purpose, and which fields of this person those are."""

    purpose: str
    roles: tuple[str, ...]
    fields: tuple[str, ...]


class DoneView(msgspec.Struct, frozen=True):
    """Something that was done with the profile. Who of the staff it was is not part of a person's own data."""

    at: str
    action: str
    reason: str
    result: str


class ExportedEvent(msgspec.Struct, frozen=True):
    """One event, whole as it came in. Where its seal has lost its key ``opened`` is false, and ``data`` what is left."""

    event: str
    type: str
    time: str
    received_at: str
    channel: str
    source: str
    opened: bool
    id: str
    identifiers: tuple[NamedIdentifier, ...]
    data: dict[str, Any]
    context: dict[str, Any]


class ExportedPerson(msgspec.Struct, frozen=True):
    """Part 1. ``done_complete`` is false where the audit is too long to be looked through within one call."""

    state: str
    generation: int
    first_seen: str
    last_seen: str
    identifiers: tuple[ExportedIdentifier, ...]
    traits: tuple[ExportedTrait, ...]
    consents: tuple[ExportedConsent, ...]
    measures: dict[str, MeasureView]
    tags: tuple[ExportedTag, ...]
    segments: tuple[SegmentView, ...]
    scores: dict[str, ScoreView]
    risks: tuple[OwnRisk, ...]
    control_group: OwnGroup
    decisions: tuple[dict[str, Any], ...]
    tickets: tuple[TicketView, ...]
    links: LinksView
    recipients: tuple[Recipient, ...]
    read_by: tuple[ReadBy, ...]
    done: tuple[DoneView, ...]
    done_complete: bool

    def __repr__(self) -> str:
        return "<exported person>"


class ExportView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One part. ``person`` is in part 1 alone, ``events`` in the others."""

    format_version: int
    profile_id: str
    part: int
    parts: int
    made_at: str
    held_by: str
    person: ExportedPerson | None = None
    events: tuple[ExportedEvent, ...] = ()

    def __repr__(self) -> str:
        # An answer that reaches a log by accident must not be readable there.
        return f"<part {self.part} of an export>"
