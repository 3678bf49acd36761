"""Risks as declared, what is raised of them, and the plan of a tenant that says how often and to whom.

RiskRule  a declared risk: when it is seen, what is suggested, for which purpose
Plan      what a tenant has said: caps, quiet hours, the control group, its own rules
Raised    a risk that was raised of somebody, as it is kept beside their profile
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.kernel.texts import Text

type Suggestion = Literal[
    "retention_offer",
    "soothing_call",
    "repayment_plan",
    "renewal_reminder",
    "price_alert",
    "personal_reminder",
    "guard_call",
]
type Level = Literal["medium", "high"]
type Arm = Literal["treated", "held"]
type Serves = Literal["service", "marketing"]
type Result = Literal["sent", "declined", "accepted", "no_answer"]

OFFERS: frozenset[str] = frozenset({"retention_offer", "renewal_reminder", "price_alert"})
"""What sells, or reminds of paying: nobody hears it while a complaint of theirs is open."""


class Sign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reason for a risk: a condition, and how it reads."""

    id: str
    when: dict[str, Any]
    says: Text


class RiskRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A declared risk, seen while any of its signs is, and high while ``high`` is, too.

    Conditions read what tags read, and ``tag.<id>`` (its confidence), ``score.<id>`` and ``segment.<segmentation>``.
    ``trades`` are those it is meant for; none: all. The suggestion stands for ``valid_days``; the same risk is not
    raised again for ``again_days``. ``channels``: in which order they are preferred.
    """

    id: str
    name: Text
    suggestion: Suggestion
    says: Text
    purpose: Serves
    signs: tuple[Sign, ...]
    valid_days: int
    again_days: int
    channels: tuple[str, ...] = ()
    high: dict[str, Any] | None = None
    trades: tuple[str, ...] = ()


class Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most ``person`` suggestions to one person in any ``person_days`` days, and ``kind`` of one kind in ``kind_days``."""

    person: int = 2
    person_days: int = 14
    kind: int = 1
    kind_days: int = 30


class QuietHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hours of the tenant's day in which nobody is contacted: from ``begins`` until ``ends``, over midnight if it is less."""

    begins: int = 21
    ends: int = 9


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a tenant has said of proactive service. ``hold_back`` is the share of the control group of ``experiment``.

    ``rules`` are its own, in place of shipped ones of the same id; ``off`` are ids that are not raised.
    """

    id: str = "default"
    experiment: str = "first"
    hold_back: float = 0.1
    caps: Caps = Caps()
    quiet: QuietHours = QuietHours()
    off: tuple[str, ...] = ()
    rules: tuple[RiskRule, ...] = ()


class Raised(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A risk that was raised of somebody. Of one that was forgotten, because they are not profiled, only kind and time are left."""

    id: str
    risk: str
    suggestion: str
    level: str
    arm: str
    at: Millis
    until: Millis
    signs: tuple[str, ...] = ()


type Ledger = tuple[Raised, ...]
"""What was raised of one person and still counts, oldest first."""


class Seen(msgspec.Struct, frozen=True):
    """A risk that is seen in somebody now, by which of its signs."""

    rule: RiskRule
    level: Level
    signs: tuple[str, ...]
