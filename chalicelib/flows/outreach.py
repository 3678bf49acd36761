"""A tenant's proactive service as those who save people know it: a value that every start can afford to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    # Most tenants have published no plan, and then nobody reads what risks are made of.
    from chalicelib.outreach.rules import RiskRules


class Outreach(msgspec.Struct, frozen=True):
    """The risk rules that are in force, and the time zone by which hours are quiet."""

    rules: RiskRules
    timezone: str


type OutreachOf = Callable[[str], Outreach | None]
"""Tenant → its proactive service; None where it has published no plan: then nobody is approached."""


def no_outreach(_tenant_id: str) -> None:
    """Nobody has proactive service."""
