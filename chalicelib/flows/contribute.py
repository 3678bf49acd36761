"""Turns an admitted event into its contribution, with everything personal sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.flows.admission import Admitted
from chalicelib.flows.heard_consent import LeftOut, heard_consent
from chalicelib.kernel.codec import encode
from chalicelib.kernel.errors import BadInput
from chalicelib.privacy.derive import derived
from chalicelib.privacy.fields import FIELDS, check_trait, view
from chalicelib.privacy.masking import mask
from chalicelib.privacy.plain import is_plain_word
from chalicelib.privacy.sealing import FacetKey, Place, open_
from chalicelib.profiles.corrections import CORRECTED, check_corrections, with_derived
from chalicelib.profiles.model import Contribution, Trait
from chalicelib.profiles.served import LAST_AGENT, served_by

HIDDEN_TYPE = "custom.hidden"
"""How a custom type stands in clear whose name reads like personal data; the sealed original has it."""
SEALED_SCHEMA = 1
"""Version of what a sealed value is bound to."""


class FacetKeys:
    """The opened keys of one facet: one for its fields, one for its events' originals."""

    __slots__ = ("_facet", "_place", "events", "fields")

    def __init__(
        self, *, tenant: str, facet: str, generation: int, key_version: int, fields: FacetKey, events: FacetKey
    ) -> None:
        self.fields = fields
        self.events = events
        self._facet = facet
        self._place = Place(tenant, facet, generation, SEALED_SCHEMA, key_version)

    def __repr__(self) -> str:
        return f"<facet keys of {self._facet}>"

    def seal(self, key: FacetKey, field: str, plaintext: bytes) -> bytes:
        """Seal one value of this facet, bound to where it belongs."""
        return self._place.seal(key, field, plaintext)

    def open(self, key: FacetKey, field: str, sealed: bytes) -> bytes:
        """Open one value of this facet. Raises SealBroken for another facet's, generation's or field's."""
        # That these keys are the committed ones was checked when they were made (``facet_keys.opened``).
        return open_(key, sealed, aad=self._place.of(field), committed=key.commitment)


class EventContent(msgspec.Struct, frozen=True, array_like=True):
    """What an event row keeps: the contribution, a view that anyone who reads may see, the sealed original."""

    contribution: Contribution
    view: dict[str, Any]
    source: str
    received_at: int
    sealed: bytes


class Contributed(msgspec.Struct, frozen=True):
    """An event's contribution, the coded content of its row, and what was left out of it."""

    contribution: Contribution
    content: bytes
    left_out: tuple[LeftOut, ...] = ()


def contribute(admitted: Admitted, keys: FacetKeys) -> Contributed:
    """What an event adds, and the coded content of its row.

    All identifiers are part of it: whether a link unites is decided apart, and may be decided otherwise later.
    """
    event = admitted.event
    if event.type == CORRECTED:
        return _corrected(admitted, keys)
    if admitted.generation:
        return _told(admitted, keys)
    traits, left_out = _traits(admitted, keys)
    consents, unheard = heard_consent(admitted)
    contribution = Contribution(
        event_key=admitted.event_key,
        type=event.type if is_plain_word(event.type) else HIDDEN_TYPE,
        at=event.time,
        source=event.source,
        source_rank=admitted.source_rank,
        channel=event.channel,
        facet=admitted.anchor,
        identifiers=dict(admitted.identifiers),
        traits={**traits, **consents},
        deltas=admitted.deltas,
        step=admitted.step,
    )
    shown = view(event.type, event.data)
    return Contributed(contribution, _content(admitted, contribution, shown, keys), (*left_out, *unheard))


def _corrected(admitted: Admitted, keys: FacetKeys) -> Contributed:
    """What a correction adds: its traits and what follows from them, and no sighting of anybody."""
    event = admitted.event
    values = with_derived(check_corrections(event.data["traits"]), event.time)
    contribution = Contribution(
        event_key=admitted.event_key,
        type=event.type,
        at=event.time,
        source=event.source,
        source_rank=admitted.source_rank,
        channel=event.channel,
        facet=admitted.anchor,
        identifiers={},
        traits={name: _trait(admitted, keys, name, value) for name, value in values.items()},
        deltas=(),
    )
    shown = {"corrected": sorted(event.data["traits"])}
    return Contributed(contribution, _content(admitted, contribution, shown, keys))


def _told(admitted: Admitted, keys: FacetKeys) -> Contributed:
    """What the desk tells: it names nobody, so it links nobody, and it says who served the person."""
    event = admitted.event
    agent = served_by(event.type, event.data)
    contribution = Contribution(
        event_key=admitted.event_key,
        type=event.type,
        at=event.time,
        source=event.source,
        source_rank=admitted.source_rank,
        channel=event.channel,
        facet=admitted.anchor,
        identifiers={},
        traits={LAST_AGENT: _trait(admitted, keys, LAST_AGENT, agent)} if agent else {},
        deltas=admitted.deltas,
        step=admitted.step,
    )
    return Contributed(contribution, _content(admitted, contribution, view(event.type, event.data), keys))


def _content(admitted: Admitted, contribution: Contribution, shown: dict[str, Any], keys: FacetKeys) -> bytes:
    event = admitted.event
    original = keys.seal(keys.events, f"event/{admitted.event_key.hex()}", encode(event))
    return encode(EventContent(contribution, shown, event.source, event.received_at, original))


def _traits(admitted: Admitted, keys: FacetKeys) -> tuple[dict[str, Trait], tuple[LeftOut, ...]]:
    """The traits an event may write, sealed where they must be, and those it may not."""
    given = admitted.event.data.get("traits")
    accepted: dict[str, Any] = {}
    left_out: list[LeftOut] = []
    for name, value in given.items() if isinstance(given, Mapping) else ():
        try:
            if name not in admitted.writable_traits:
                raise BadInput("not_writable", "This source may not write that trait.", "traits")
            accepted[name] = check_trait(name, value)
        except BadInput:
            # A name that nobody declared may itself be personal.
            left_out.append(LeftOut("trait_left_out", f"traits.{name if name in FIELDS else '*'}"))
    coarse = derived(accepted, admitted.event.time)
    traits = {name: _trait(admitted, keys, name, value) for name, value in {**coarse, **accepted}.items()}
    return traits, tuple(left_out)


def _trait(admitted: Admitted, keys: FacetKeys, name: str, value: Any) -> Trait:
    masked = None
    if FIELDS[name].is_sealed and value is not None:
        masked = mask(name, str(value))
        value = keys.seal(keys.fields, f"trait/{name}", msgspec.msgpack.encode(value))
    return Trait(
        value=value,
        observed_at=admitted.event.time,
        source_rank=admitted.source_rank,
        event_key=admitted.event_key,
        source=admitted.event.source,
        masked=masked,
    )
