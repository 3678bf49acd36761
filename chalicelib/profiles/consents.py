"""What a person agreed to, as registers beside the traits: the last word by the time it was said, per purpose.

The register of marketing is the trait ``consent:marketing``. The events that made it are the ledger, and are kept as
they came. No source may write a trait of such a name: it is made of ``consent.granted`` and ``consent.withdrawn``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Trait

GRANTED, WITHDRAWN = "consent.granted", "consent.withdrawn"
CONSENT_TYPES = frozenset({GRANTED, WITHDRAWN})
_PREFIX = "consent:"
_WITHDRAWN_RANK = 1 << 20
"""At the same millisecond a no wins over a yes, whoever told us."""


class Consent(msgspec.Struct, frozen=True):
    """The last word on a purpose. ``version`` is that of the text agreed to, ``proof`` the id of what proves it."""

    granted: bool
    at: Millis
    source: str
    channel: str
    version: str = ""
    proof: str = ""


def consent_name(purpose: str) -> str:
    """The name of the register of a purpose."""
    return _PREFIX + purpose


def consent_trait(consent: Consent, source_rank: int, event_key: bytes) -> Trait:
    """A word as a register: a later one wins, and a no wins over a yes of the same moment."""
    value: dict[str, Any] = {
        "granted": consent.granted,
        "channel": consent.channel,
        "version": consent.version,
        "proof": consent.proof,
    }
    rank = source_rank if consent.granted else source_rank + _WITHDRAWN_RANK
    return Trait(value, consent.at, rank, event_key, consent.source)


def consents_of(traits: Mapping[str, Trait]) -> dict[str, Consent]:
    """Purpose → the last word on it, of those that anything was said of."""
    return {
        name.removeprefix(_PREFIX): Consent(at=one.observed_at, source=one.source, **one.value)
        for name, one in traits.items()
        if name.startswith(_PREFIX)
    }


def said(consents: Mapping[str, Consent]) -> dict[str, bool]:
    """Purpose → whether it was granted last."""
    return {purpose: one.granted for purpose, one in consents.items()}
