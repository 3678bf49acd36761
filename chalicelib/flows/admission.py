"""Opens queue messages and decides which of their events may be applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from chalicelib.events.check import check, check_own
from chalicelib.events.delivery import FACET, Delivery
from chalicelib.events.model import Event, Identifier
from chalicelib.flows.known_names import names_by_key
from chalicelib.flows.services import IngestKeys, IngestServices
from chalicelib.identity.anchors import anchor_of
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.identity.normalise import normalise_all
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis, local_hour, local_weekday
from chalicelib.privacy.envelope import open_from
from chalicelib.privacy.masking import mask
from chalicelib.privacy.plain import is_plain_ref
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.claims import CORRECTED_RANK
from chalicelib.profiles.corrections import CORRECTED, check_corrections
from chalicelib.profiles.measures import MeasureSet, deltas
from chalicelib.profiles.model import Delta, Step
from chalicelib.profiles.served import TOLD
from chalicelib.profiles.steps import step_of
from chalicelib.routing.intent import OTHER_TOPIC, topic_of


class Message(msgspec.Struct, frozen=True):
    """A queue message: the queue's id for it, and its body."""

    message_id: str
    body: str


class SealedMessage(msgspec.Struct, frozen=True):
    """The body of a queue message: whose it is, and a delivery only ingestion can open."""

    tenant: str
    sealed: bytes


class Opened(msgspec.Struct, frozen=True):
    """A message that was opened, with what its tenant's events need."""

    message_id: str
    tenant: Tenant
    keys: IngestKeys
    delivery: Delivery


class Admitted(msgspec.Struct, frozen=True):
    """An event that may be applied. ``identifiers`` maps key → masked form, the anchor's among them.

    ``others`` are the names that its identifiers have by other index keys; a tenant that never rotated has none.
    """

    message_id: str
    event: Event
    event_key: bytes
    anchor: str
    identifiers: Mapping[str, str]
    source_rank: int
    writable_traits: frozenset[str]
    deltas: tuple[Delta, ...]
    step: Step | None
    generation: int = 0
    """Which generation of its facet an internal event is about; 0 is whichever lives."""
    others: Mapping[str, tuple[str, ...]] = {}


class Refused(msgspec.Struct, frozen=True):
    """What could not be applied: its code, the path it is about, and the original."""

    code: str
    path: str
    original: Event | bytes
    at: Millis


def delivery_info(tenant: str) -> bytes:
    """What binds a sealed delivery to its tenant (HPKE's info)."""
    return b"zhiyin/delivery/" + tenant.encode()


def open_message(message: Message, services: IngestServices) -> Opened:
    """Open one message. Raises BadInput when it is none of ours, NotFound for a tenant that is gone,
    SealBroken when it was not sealed to us, Unavailable when the keys cannot be had now.
    """
    try:
        sealed = msgspec.json.decode(message.body, type=SealedMessage)
    except msgspec.MsgspecError:
        raise BadInput("bad_message", "The queue message is not a sealed delivery.") from None
    tenant = services.tenant(sealed.tenant)
    keys = services.keys(tenant)
    delivery = decode(open_from(keys.ingest_private, sealed.sealed, delivery_info(sealed.tenant)), Delivery)
    return Opened(message.message_id, tenant, keys, delivery)


def admit(opened: Opened, measures: MeasureSet, now: Millis) -> tuple[Sequence[Admitted], Sequence[Refused]]:
    """Check, normalise, index and measure each event of a delivery. What fails is refused with its code."""
    admitted: list[Admitted] = []
    refused = [Refused(one.code, one.path, one.event or one.raw, now) for one in opened.delivery.refused]
    for event in opened.delivery.events:
        try:
            admitted.append(_admit(opened, event, measures, now))
        except BadInput as bad:
            refused.append(Refused(bad.code, bad.path, event, now))
    return admitted, refused


def _admit(opened: Opened, original: Event, measures: MeasureSet, now: Millis) -> Admitted:
    tenant, keys = opened.tenant, opened.keys
    if original.tenant != tenant.tenant_id:
        raise BadInput("unknown_tenant", "The event is of another tenant.", "tenant")
    if opened.delivery.internal:
        return _admit_own(opened, original, measures, now)
    event = with_topic(original, tenant.trade)
    check(event, now, horizon_days=tenant.horizon_days)
    identifiers, _ = normalise_all(event.identifiers, region=tenant.region, blocked=tenant.blocked)
    anchor = anchor_of(identifiers)
    ordered: tuple[Identifier, ...] = (anchor, *(one for one in identifiers if one != anchor))
    key = keys.index.event_key(event.source, event.id)
    return Admitted(
        message_id=opened.message_id,
        event=msgspec.structs.replace(event, identifiers=ordered),
        event_key=key,
        anchor=keys.index.identifier_key(anchor),
        identifiers={keys.index.identifier_key(one): mask(one.namespace, one.value) for one in ordered},
        source_rank=opened.delivery.source_rank,
        writable_traits=opened.delivery.traits,
        deltas=_deltas(measures, event, tenant),
        step=_plain(step_of(event, key), keys.index),
        others=names_by_key(ordered, keys.index),
    )


def _admit_own(opened: Opened, event: Event, measures: MeasureSet, now: Millis) -> Admitted:
    """A correction, or what the desk tells: about a facet of a generation, because who makes it knows a profile and
    not its clear identifiers.
    """
    if event.type != CORRECTED and event.type not in TOLD:
        raise BadInput("bad_type", "No such event is made here.", "type")
    check_own(event, now, horizon_days=opened.tenant.horizon_days)
    if [one.namespace for one in event.identifiers] != [FACET]:
        raise BadInput("bad_identifier", "An event of our own names one facet.", "identifiers")
    generation, traits = event.data.get("generation"), event.data.get("traits")
    if not (isinstance(generation, int) and generation > 0):
        raise BadInput("bad_correction", "An event of our own names a generation.", "data")
    facet, key = event.identifiers[0].value, opened.keys.index.event_key(event.source, event.id)
    own = Admitted(
        message_id=opened.message_id,
        event=event,
        event_key=key,
        anchor=facet,
        identifiers={facet: ""},
        source_rank=CORRECTED_RANK,
        writable_traits=frozenset(),
        deltas=(),
        step=None,
        generation=generation,
    )
    if event.type != CORRECTED:
        return msgspec.structs.replace(
            own,
            source_rank=0,
            # A contact is told by the channel that it came through: that an agent took it on is not another one.
            deltas=() if event.type.startswith("conversation.") else _deltas(measures, event, opened.tenant),
            step=_plain(step_of(event, key), opened.keys.index),
        )
    if not isinstance(traits, Mapping):
        raise BadInput("bad_correction", "A correction names traits.", "data")
    check_corrections(traits)
    return own


def _deltas(measures: MeasureSet, event: Event, tenant: Tenant) -> tuple[Delta, ...]:
    return deltas(measures, event, local_hour(event.time, tenant.timezone), local_weekday(event.time, tenant.timezone))


def _plain(step: Step | None, index: BlindIndex) -> Step | None:
    """The step under a reference that may be read by all: senders use phone numbers as order numbers."""
    if step is None or is_plain_ref(step.ref):
        return step
    # One namespace for all kinds: a complaint is settled with the ticket of the same reference.
    return msgspec.structs.replace(step, ref=index.case_ref(step.ref))


def with_topic(event: Event, trade: str | None = None) -> Event:
    """The event with a coarse topic derived from its text, where the source gave none.

    Rules may read the topic; the text itself is personal and stays sealed.
    """
    text = event.data.get("text")
    if event.data.get("topic", OTHER_TOPIC) != OTHER_TOPIC or not isinstance(text, str):
        return event
    return msgspec.structs.replace(event, data={**event.data, "topic": topic_of(text, trade)})
