"""What a purpose may use: a field's declared purposes, its legal basis, and what the person has said.

A field is used for a purpose that it was declared for. Consent is asked for where the field rests on it, and for
every purpose that a tenant names as one that nobody may use without a yes. A no ends marketing and analytics
whatever a field rests on, and what rests on consent for service, too. Law and security ask nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

type Purpose = Literal["service", "marketing", "analytics", "security", "legal"]
type Withholding = Literal["", "purpose", "consent"]
"""Why a field is withheld: it was not declared for the purpose, or the person has not agreed; '' = it is not."""

PURPOSES: tuple[Purpose, ...] = ("service", "marketing", "analytics", "security", "legal")
PROFILING = "profiling"
"""What a person may refuse beside purposes: to be judged by rules and models, and routed by them."""
CONSENTED: tuple[str, ...] = ("service", "marketing", "analytics", PROFILING)
"""What consent can be given for and withdrawn from."""
ASKED_FIRST: tuple[str, ...] = ("marketing",)
"""Purposes that need a yes, unless a tenant names others."""
_ASKS_NOBODY = frozenset({"security", "legal"})
_ENDED_BY_A_NO = frozenset({"marketing", "analytics"})
_CONSENT = "consent"


def withholding(
    purposes: Collection[str],
    legal_basis: str,
    purpose: str,
    said: Mapping[str, bool],
    asked_first: Collection[str] = ASKED_FIRST,
) -> Withholding:
    """Why a field declared for ``purposes`` may not be used for ``purpose``; '' when it may.

    ``said`` is what the person said last: purpose → whether it was granted.
    """
    if purpose == "legal":
        # Who asks what is held of a person, or must answer a court, is answered in full.
        return ""
    if purpose not in purposes:
        return "purpose"
    if purpose in _ASKS_NOBODY:
        return ""
    answer = said.get(purpose)
    if answer is None:
        return "consent" if purpose in asked_first else ""
    ends = legal_basis == _CONSENT or purpose in _ENDED_BY_A_NO or purpose in asked_first
    return "consent" if not answer and ends else ""
