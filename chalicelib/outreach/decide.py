"""What is raised of a person: of the risks that are seen, those that nothing speaks against, the gravest first."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256

import msgspec

from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.outreach.caps import capped
from chalicelib.outreach.control import arm_of
from chalicelib.outreach.model import OFFERS, Ledger, Plan, Raised, RiskRule, Seen


class Situation(msgspec.Struct, frozen=True):
    """Who it is about, and what speaks against approaching them.

    ``open_to``: purposes that what is judged of them may be used for; ``said``: purpose → their last word.
    """

    tenant_id: str
    profile_id: str
    open_to: Collection[str]
    said: Mapping[str, bool]
    has_complaint: bool
    now: Millis


class Decided(msgspec.Struct, frozen=True):
    """What is raised, what was left out (risk → why), and everything that counts since."""

    raised: tuple[Raised, ...]
    left_out: dict[str, str]
    ledger: Ledger


def decide(seen: Sequence[Seen], ledger: Ledger, plan: Plan, who: Situation) -> Decided:
    """Decide on the risks that are seen. Of the control group they are raised and counted alike, and nobody is told.

    Raising twice what was raised before raises nothing, so a repeat of this decision changes nothing.
    """
    raised, left_out = list[Raised](), dict[str, str]()
    for one in sorted(seen, key=lambda one: one.level != "high"):
        why = barred(one.rule, who) or capped(one.rule, (*ledger, *raised), plan.caps, who.now)
        if why:
            left_out[one.rule.id] = why
            continue
        arm = arm_of(who.tenant_id, plan.experiment, who.profile_id, plan.hold_back)
        raised.append(
            Raised(
                id=raised_id(who, one.rule),
                risk=one.rule.id,
                suggestion=one.rule.suggestion,
                level=one.level,
                arm=arm,
                at=who.now,
                until=who.now + one.rule.valid_days * DAY_MS,
                signs=one.signs,
            )
        )
    return Decided(tuple(raised), left_out, (*ledger, *raised))


def barred(rule: RiskRule, who: Situation) -> str:
    """Why a suggestion may not be made to this person: ``consent`` or ``complaint_open``; '' where it may.

    Marketing needs what the tenant asks for (a yes, unless it says otherwise); service rests on legitimate interest, so
    that a no ends it. Nobody who complains is offered anything.
    """
    if rule.purpose not in who.open_to or who.said.get(rule.purpose) is False:
        return "consent"
    return "complaint_open" if who.has_complaint and rule.suggestion in OFFERS else ""


def raised_id(who: Situation, rule: RiskRule) -> str:
    """The id of what is raised of a person at an instant: always the same, and it tells nothing of them."""
    return sha256(f"{who.tenant_id}\n{who.profile_id}\n{rule.id}\n{who.now}".encode()).hexdigest()[:26]
