"""What was raised of a person (risks and the suggestions that follow from them), to that person: they have a right to it.

Those of the control group are told that they are held back for measurement: it is a decision about them like any other.
Who of the staff approached them is not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from chalicelib.flows.measure_outreach import came_of
from chalicelib.flows.outreach import Outreach
from chalicelib.flows.outreach_views import SuggestionOutcomeView
from chalicelib.flows.raise_risks import KeptRisk
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.kernel.texts import Text
from chalicelib.outreach.control import arm_of
from chalicelib.outreach.model import Raised, RiskRule
from chalicelib.outreach.rules import shipped_rules
from chalicelib.profiles.model import Profile
from chalicelib.store.outreach import OutreachStore

MOST = 100
_HELD = Text(
    "对照组：您被随机分入不主动联系的一组，因此没有人据此联系您。这样才能比较主动联系是否真的有帮助。您得到的其他服务不受影响。",
    "Held back for measurement: chance put you in the group that is not approached, so nobody acts on this. Without such a group nobody could tell "
    "whether approaching people helps. You are served as everybody else in all other ways.",
)
_TREATED = Text(
    "可能有人据此主动联系您；除非您同意营销，否则不会因此向您推销。",
    "Somebody may approach you because of it; with offers only if you agree to advertising.",
)
_NO_PLAN = Text(
    "这家公司目前不主动联系客户。",
    "At present the company approaches nobody of its own accord.",
)
_NOT_DRAWN = Text(
    "规则和模型不会对您作出判断，因此不会据此主动联系您，您也不在对照组中。",
    "Rules and models draw no conclusions about you, so nobody approaches you because of them, and you are in no control group.",
)


class OwnRisk(msgspec.Struct, frozen=True):
    """Something that was seen in a person, what was suggested because of it, why, and what came of that.

    ``held_back``: they are of the control group, and nobody was told. ``explained`` says what that means to them.
    """

    risk_id: str
    risk: str
    name: Text
    level: str
    suggestion: str
    says: Text
    why: tuple[Text, ...]
    purpose: str | None
    raised_at: str
    until: str
    held_back: bool
    explained: Text
    sent_at: str | None
    answer: str | None
    answered_at: str | None


class OwnGroup(msgspec.Struct, frozen=True):
    """Whether a person is held back for measurement now, and what that means; null where nobody is drawn."""

    held_back: bool | None
    explained: Text


def own_group(profile: Profile, tenant_id: str, outreach: Outreach | None) -> OwnGroup:
    """In which arm of the experiment in force a person is."""
    if outreach is None or not profile.is_profiled:
        return OwnGroup(None, _NO_PLAN if outreach is None else _NOT_DRAWN)
    plan = outreach.rules.plan
    is_held = arm_of(tenant_id, plan.experiment, profile.profile_id, plan.hold_back) == "held"
    return OwnGroup(is_held, _HELD if is_held else _TREATED)


def own_risks(
    tenant_id: str, ids: Mapping[str, Millis], outreach: Outreach | None, store: OutreachStore | None, now: Millis
) -> tuple[OwnRisk, ...]:
    """All that is kept of what was raised of a person, newest first. ``ids``: those they have had, each since when.

    The records say of whom something was raised. What counts beside the profile does not: who was split from somebody
    has what counts of both. Without a store nothing is raised of anybody. Raises Unavailable.
    """
    if store is None:
        return ()
    found = {one.id: one for one in _recorded(tenant_id, ids, store, now)}
    newest = sorted(found.values(), key=lambda one: (one.at, one.id), reverse=True)[:MOST]
    rules = {one.id: one for one in shipped_rules()} | dict({} if outreach is None else outreach.rules.rules)
    said = store.said(tenant_id, [one.id for one in newest])
    return tuple(_shown(one, rules.get(one.risk), came_of(one.id, said)) for one in newest)


def _recorded(tenant_id: str, ids: Mapping[str, Millis], store: OutreachStore, now: Millis) -> Iterator[Raised]:
    for profile_id, since in sorted(ids.items()):
        for record in store.about(tenant_id, profile_id, limit=MOST):
            if record.at > since and record.expires_at > now:
                yield decode(record.content, KeptRisk).raised


def _shown(one: Raised, rule: RiskRule | None, came: SuggestionOutcomeView) -> OwnRisk:
    signs = {} if rule is None else {sign.id: sign.says for sign in rule.signs}
    is_held = one.arm == "held"
    return OwnRisk(
        risk_id=one.id,
        risk=one.risk,
        # A rule that was withdrawn since has no words any more: its codes are told.
        name=Text(one.risk, one.risk) if rule is None else rule.name,
        level=one.level,
        suggestion=one.suggestion,
        says=Text(one.suggestion, one.suggestion) if rule is None else rule.says,
        why=tuple(signs.get(sign, Text(sign, sign)) for sign in one.signs),
        purpose=None if rule is None else rule.purpose,
        raised_at=format_moment(one.at),
        until=format_moment(one.until),
        held_back=is_held,
        explained=_HELD if is_held else _TREATED,
        sent_at=came.sent_at,
        answer=came.answer,
        answered_at=came.answered_at,
    )
