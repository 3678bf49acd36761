"""What an event says of consent, as far as its source is believed.

A no is believed from everybody. A yes opens what was closed, so it takes a source that an operator allows to bring it.
What is not heard is noted, and the event stands in the history like any other.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.flows.admission import Admitted
from chalicelib.privacy.fields import CONSENTS
from chalicelib.privacy.permission import CONSENTED
from chalicelib.privacy.plain import is_plain_id
from chalicelib.profiles.consents import CONSENT_TYPES, GRANTED, Consent, consent_name, consent_trait
from chalicelib.profiles.model import Trait

HIDDEN = "hidden"
"""How a version or proof stands in clear that is no plain id; the sealed original has it."""
UNKNOWN_PURPOSE, NOT_WRITABLE = "unknown_purpose", "consent_not_writable"


class LeftOut(msgspec.Struct, frozen=True):
    """A part of an event that it was applied without: why, and where it stood."""

    code: str
    path: str


def heard_consent(admitted: Admitted) -> tuple[dict[str, Trait], tuple[LeftOut, ...]]:
    """The register that an event moves, and what of it was not heard."""
    event = admitted.event
    if event.type not in CONSENT_TYPES:
        return {}, ()
    purpose, granted = event.data.get("purpose"), event.type == GRANTED
    if purpose not in CONSENTED:
        return {}, (LeftOut(UNKNOWN_PURPOSE, "data.purpose"),)
    if granted and CONSENTS not in admitted.writable_traits:
        return {}, (LeftOut(NOT_WRITABLE, "data.purpose"),)
    said = Consent(
        granted=granted,
        at=event.time,
        source=event.source,
        channel=event.channel,
        version=plain(event.data.get("version")),
        proof=plain(event.data.get("proof")),
    )
    register = consent_trait(said, admitted.source_rank, admitted.event_key)
    return {consent_name(purpose): register}, ()


def plain(given: Any) -> str:
    """An id as it may stand in clear; '' where there is none."""
    if given is None or given == "":
        return ""
    return given if isinstance(given, str) and is_plain_id(given) else HIDDEN
