"""What came of suggestions: told by who made them, and measured on what people did afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import msgspec

from chalicelib.flows.outreach_views import (
    AnswersView,
    EffectsView,
    EffectView,
    SuggestionOutcome,
    SuggestionOutcomeView,
)
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.raise_risks import KeptRisk
from chalicelib.flows.show_outreach import OutreachServices, living
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import Conflict, NotFound
from chalicelib.kernel.moments import DAY_MS, Millis, format_moment
from chalicelib.outreach.effect import AFTER_DAYS, Followed, effects, followed
from chalicelib.outreach.model import Arm, Result
from chalicelib.profiles.model import Body
from chalicelib.profiles.series import DAYS_KEPT
from chalicelib.store.outreach import SAID
from chalicelib.store.rows import Record

MOST_MEASURED = 2_000
"""Risks that one answer looks at: each is a person to read."""


class Said(msgspec.Struct, frozen=True, array_like=True):
    """What somebody told of a suggestion."""

    result: Result
    principal: str


class OutcomeOrder(msgspec.Struct, frozen=True):
    """Who tells of which suggestion. ``purposes`` are those that they may state."""

    tenant_id: str
    risk_id: str
    principal: str
    purposes: Collection[str]


def tell_outcome(
    order: OutcomeOrder, told: SuggestionOutcome, services: OutreachServices, now: Millis
) -> SuggestionOutcomeView:
    """Keep what came of a suggestion; the same told again is the same answer.

    Raises NotFound ``no_such_suggestion``, Conflict ``already_answered``; Unavailable.
    """
    record = services.store.risk(order.tenant_id, order.risk_id)
    kept = None if record is None else decode(record.content, KeptRisk)
    outreach = services.outreach(order.tenant_id)
    rule = None if kept is None or outreach is None else outreach.rules.rules.get(kept.raised.risk)
    if record is None or kept is None or kept.raised.arm != "treated" or rule is None:
        raise NotFound("no_such_suggestion", "There is no such suggestion.")
    if rule.purpose not in order.purposes:
        # Whose purpose it is not is told nothing of it.
        raise NotFound("no_such_suggestion", "There is no such suggestion.")
    kind = SAID[0] if told.result == "sent" else SAID[1]
    content = encode(Said(told.result, order.principal))
    services.store.say(Record(order.tenant_id, kind, order.risk_id, now, content, record.expires_at))
    view = came_of(order.risk_id, services.store.said(order.tenant_id, [order.risk_id]))
    if told.result not in ("sent", view.answer):
        raise Conflict("already_answered", "Another answer was told before.")
    return view


def measure_effect(tenant_id: str, risk: str, services: OutreachServices, now: Millis) -> EffectsView:
    """What followed for the treated and for the held back, of risks that were raised long enough ago. '' is every risk.

    Who is not there any more, or may not be judged, is left out of both arms alike.
    """
    since, until = now - (DAYS_KEPT - 2) * DAY_MS, now - (AFTER_DAYS + 1) * DAY_MS
    records = services.store.between(tenant_id, after=since, until=until, limit=MOST_MEASURED)
    kept = [one for one in (decode(record.content, KeptRisk) for record in records) if risk in ("", one.raised.risk)]
    rows = living(tenant_id, {one.profile_id for one in kept}, services.profiles)
    first: dict[str, KeptRisk] = {}
    for one in kept:
        if one.profile_id in rows:
            first.setdefault(rows[one.profile_id].profile_id, one)
    people = list[Followed]()
    for one in first.values():
        row = rows[one.profile_id]
        profile = profile_of(row, decode(row.body, Body))
        if profile.is_profiled:
            arm: Arm = "held" if one.raised.arm == "held" else "treated"
            people.append(followed(profile, arm, one.raised.at))
    return EffectsView(
        since=format_moment(since),
        until=format_moment(until),
        days=AFTER_DAYS,
        risk=risk or None,
        treated=sum(one.arm == "treated" for one in people),
        held=sum(one.arm == "held" for one in people),
        complete=len(records) < MOST_MEASURED,
        answers=_answers(tenant_id, kept, services),
        effects=tuple(EffectView(one.outcome, one.treated, one.held, one.difference) for one in effects(people)),
    )


def _answers(tenant_id: str, kept: Sequence[KeptRisk], services: OutreachServices) -> AnswersView:
    said = services.store.said(tenant_id, [one.raised.id for one in kept if one.raised.arm == "treated"])
    counts = Counter(decode(record.content, Said).result for record in said.values())
    return AnswersView(counts["sent"], counts["accepted"], counts["declined"], counts["no_answer"])


def came_of(risk_id: str, said: Mapping[tuple[str, str], Record]) -> SuggestionOutcomeView:
    """What is known to have come of a suggestion, of all that was said of some."""
    sent, answer = (said.get((kind, risk_id)) for kind in SAID)
    return SuggestionOutcomeView(
        risk_id=risk_id,
        sent_at=None if sent is None else format_moment(sent.at),
        answer=None if answer is None else decode(answer.content, Said).result,
        answered_at=None if answer is None else format_moment(answer.at),
    )
