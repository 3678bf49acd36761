"""Bodies whose own standards define them, as far as Zhiyin reads them, and the bot's context as it is written.

These types make parts of the OpenAPI document. The doors read what clients send more leniently than one type
can say (null for nothing, ids as integers), so tests hold these types against what the doors accept.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from chalicelib.kernel.texts import Text
from chalicelib.routing.model import Advice, Intent, Level, Mode

type Id = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
type Json = dict[str, Any]


class SegmentContext(msgspec.Struct, frozen=True):
    """What a library knows around a call. Other members may be there and are passed over."""

    channel: str | msgspec.UnsetType = msgspec.UNSET
    """One of Zhiyin's channels; wins over the source's own."""
    traits: Json | msgspec.UnsetType = msgspec.UNSET
    device: Json | msgspec.UnsetType = msgspec.UNSET
    page: Json | msgspec.UnsetType = msgspec.UNSET
    identifiers: tuple[ListedIdentifier, ...] | msgspec.UnsetType = msgspec.UNSET


class ListedIdentifier(msgspec.Struct, frozen=True):
    """An identifier that an event names."""

    namespace: str
    value: str


class SegmentCall(msgspec.Struct, frozen=True, rename="camel"):
    """A call of the Segment HTTP tracking API. At least one id (or a trait that is one) says whom it is about.

    ``messageId`` is the idempotency key: the same one of the same source counts once.
    """

    message_id: Id | msgspec.UnsetType = msgspec.UNSET
    user_id: str | msgspec.UnsetType | None = msgspec.UNSET
    anonymous_id: str | msgspec.UnsetType | None = msgspec.UNSET
    timestamp: str | msgspec.UnsetType = msgspec.UNSET
    sent_at: str | msgspec.UnsetType = msgspec.UNSET
    context: SegmentContext | msgspec.UnsetType = msgspec.UNSET


class Track(SegmentCall, frozen=True, kw_only=True):
    """Something a person did: its name and its properties."""

    event: str
    properties: Json | msgspec.UnsetType = msgspec.UNSET


class Identify(SegmentCall, frozen=True, kw_only=True):
    """What is known of a person."""

    traits: Json | msgspec.UnsetType = msgspec.UNSET


class Page(SegmentCall, frozen=True, kw_only=True):
    """A page or screen that a person saw."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    category: str | msgspec.UnsetType = msgspec.UNSET
    properties: Json | msgspec.UnsetType = msgspec.UNSET


class Group(SegmentCall, frozen=True, kw_only=True):
    """The company that a person belongs to: ``traits.name``, else ``groupId``, becomes the trait ``company``."""

    group_id: str
    traits: Json | msgspec.UnsetType = msgspec.UNSET


class Alias(SegmentCall, frozen=True, kw_only=True):
    """That an earlier, anonymous id and an account are one person."""

    previous_id: str


class BatchedCall(SegmentCall, frozen=True, kw_only=True):
    """One call of a batch, with the members of its kind beside the common ones."""

    type: Literal["track", "identify", "page", "screen", "group", "alias"]


class SegmentBatch(msgspec.Struct, frozen=True, rename="camel"):
    """Up to 2,500 calls; ``context`` is common to them."""

    batch: Annotated[tuple[BatchedCall, ...], msgspec.Meta(max_length=2500)]
    sent_at: str | msgspec.UnsetType = msgspec.UNSET
    context: SegmentContext | msgspec.UnsetType = msgspec.UNSET


class CloudEvent(msgspec.Struct, frozen=True):
    """A CloudEvent 1.0. ``source`` and ``id`` together are the idempotency key.

    The person is named by ``subject`` (``namespace:value``), by extension attributes named like a namespace
    (``userid``, ``phone``), or by members of ``data``.
    """

    specversion: Literal["1.0"]
    id: Id
    source: str
    type: str
    subject: str | msgspec.UnsetType = msgspec.UNSET
    time: str | msgspec.UnsetType = msgspec.UNSET
    channel: str | msgspec.UnsetType = msgspec.UNSET
    datacontenttype: str | msgspec.UnsetType = msgspec.UNSET
    data: Json | msgspec.UnsetType = msgspec.UNSET
    data_base64: str | msgspec.UnsetType = msgspec.UNSET


class StandardWebhook(msgspec.Struct, frozen=True):
    """The body of a Standard Webhooks message; ``data`` names its person as a CloudEvent's does."""

    type: str
    data: Json
    timestamp: str | msgspec.UnsetType = msgspec.UNSET


class ContextHints(msgspec.Struct, frozen=True):
    """How to talk to the person."""

    tone: str
    format: str
    language: str
    scene: str
    offer: Advice | None


class ContextRoute(msgspec.Struct, frozen=True):
    """Where a call of this person would go now."""

    mode: Mode
    queue: str
    skill: str


class ContextCase(msgspec.Struct, frozen=True):
    """An order, ticket or complaint: its latest step."""

    kind: str
    ref: str
    status: str
    open: bool
    changed_at: str
    topic: str | msgspec.UnsetType = msgspec.UNSET
    amount: str | msgspec.UnsetType = msgspec.UNSET


class ContextTag(msgspec.Struct, frozen=True):
    """One of the strongest tags."""

    id: str
    name: Text
    confidence: float


class ContextSuggestion(msgspec.Struct, frozen=True):
    """What is suggested for the person, from a risk that was raised, and why."""

    risk_id: str
    suggestion: str
    level: str
    says: Text
    why: tuple[Text, ...]
    until: str


class BotContext(msgspec.Struct, frozen=True):
    """What a bot should know before it speaks, in at most 4,096 bytes of JSON.

    ``trimmed`` names the parts that were shortened. When even that did not suffice it is ``["all"]``, and only
    ``profile_id``, ``personalised``, ``as_of`` and ``trimmed`` are there.
    """

    profile_id: str | None
    personalised: bool
    as_of: str
    trimmed: tuple[str, ...]
    summary: Text | msgspec.UnsetType | None = msgspec.UNSET
    intent: Intent | msgspec.UnsetType = msgspec.UNSET
    urgency: Level | msgspec.UnsetType = msgspec.UNSET
    hints: ContextHints | msgspec.UnsetType = msgspec.UNSET
    do_not_ask: tuple[Advice, ...] | msgspec.UnsetType = msgspec.UNSET
    ask: tuple[Advice, ...] | msgspec.UnsetType = msgspec.UNSET
    route: ContextRoute | msgspec.UnsetType = msgspec.UNSET
    next_best_path: tuple[Text, ...] | msgspec.UnsetType = msgspec.UNSET
    orders: tuple[ContextCase, ...] | msgspec.UnsetType = msgspec.UNSET
    tickets: tuple[ContextCase, ...] | msgspec.UnsetType = msgspec.UNSET
    reasons: tuple[Text, ...] | msgspec.UnsetType = msgspec.UNSET
    tags: tuple[ContextTag, ...] | msgspec.UnsetType = msgspec.UNSET
    suggestions: tuple[ContextSuggestion, ...] | msgspec.UnsetType = msgspec.UNSET


class ImportRequest(msgspec.Struct, frozen=True):
    """How a file is to be read. Paths are `identifiers.…`, `traits.…`, `data.…`, `times.…`, `time`, `status` and others.

    Which paths there are depends on the kind: docs/integrate/imports.md.
    """

    source_id: Id
    kind: Literal["customers", "orders", "tickets"]
    format: Literal["csv", "jsonl"]
    mapping: dict[str, str]
    """Path to column, or to member of the line's object."""
    values: dict[str, dict[str, str | int | bool]] | msgspec.UnsetType = msgspec.UNSET
    """Path to what the words of its column mean."""
    constants: dict[str, str | int | bool] | msgspec.UnsetType = msgspec.UNSET
    """Path to a value for every line."""
    time_format: Literal["rfc3339", "local", "epoch_seconds", "epoch_millis"] | msgspec.UnsetType = msgspec.UNSET
    timezone: str | msgspec.UnsetType = msgspec.UNSET
    """An IANA zone, for `local` times."""
    delimiter: Literal[",", ";", "\t", "|"] | msgspec.UnsetType = msgspec.UNSET


class Withdrawal(msgspec.Struct, frozen=True):
    """In place of a declaration: what is in force under this id shall be no more."""

    withdrawn: Literal[True]
