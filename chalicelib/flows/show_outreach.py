"""Suggestions that stand: those that a desk may work through, and those of one person whom a bot speaks with.

What was raised is looked at anew when it is shown: who said no since, is not profiled any more or has complained is not
shown, nor who was erased, nor the control group ever.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.flows.outreach import Outreach
from chalicelib.flows.outreach_views import SignView, SuggestionsView, SuggestionView
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.raise_risks import KeptRisk, has_open_complaint
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.outreach.decide import Situation, barred
from chalicelib.outreach.model import Ledger, Raised
from chalicelib.outreach.quiet import not_before
from chalicelib.profiles.model import Body, Profile
from chalicelib.store.outreach import SAID, OutreachStore
from chalicelib.store.rows import ProfileRow, ProfileStore
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.judging import open_to

MOST = 100
_PAGES = 5
"""Pages of what was raised that one call reads at most: many of them may stand no more."""
_HOPS = 5
_LIVE = ("active",)


class OutreachServices(msgspec.Struct, frozen=True):
    """What showing suggestions and measuring their effect needs: no key at all."""

    store: OutreachStore
    profiles: ProfileStore
    catalogue: Callable[[str], Catalogue]
    outreach: Callable[[str], Outreach | None]


class Listing(msgspec.Struct, frozen=True):
    """Which suggestions are asked for: of whose, for purposes that the caller may state, and where the page begins."""

    tenant_id: str
    purposes: Collection[str]
    limit: int
    cursor: str = ""


def list_suggestions(asked: Listing, services: OutreachServices, now: Millis) -> SuggestionsView:
    """One page of the suggestions that stand, newest first. Raises BadInput ``bad_limit`` and ``bad_cursor``."""
    if not 1 <= asked.limit <= MOST:
        raise BadInput("bad_limit", f"A limit is 1 to {MOST}.", "limit")
    outreach = services.outreach(asked.tenant_id)
    before, found = _place(asked.cursor, now), list[SuggestionView]()
    for _ in range(_PAGES if outreach is not None else 0):
        page = services.store.risks(asked.tenant_id, before=before, limit=asked.limit)
        if not page:
            return SuggestionsView(tuple(found), "")
        before = page[-1].at
        found += _standing([decode(one.content, KeptRisk) for one in page], asked, services, now)
        if len(found) >= asked.limit:
            break
    return SuggestionsView(tuple(found), str(before) if outreach is not None else "")


def suggestions_of(
    profile: Profile, purpose: str, outreach: Outreach | None, catalogue: Catalogue, now: Millis
) -> list[dict[str, Any]]:
    """What is suggested for one person whom somebody speaks with now, the newest first: what to say, and why."""
    raised = decode(profile.outreach, Ledger.__value__) if profile.outreach and outreach is not None else ()
    return [
        {
            "risk_id": view.risk_id,
            "suggestion": view.suggestion,
            "level": view.level,
            "says": msgspec.to_builtins(view.says),
            "why": [msgspec.to_builtins(one.says) for one in view.why],
            "until": view.until,
        }
        for one in reversed(raised)
        if outreach is not None and (view := _view(one, "", profile, (purpose,), outreach, catalogue, now)) is not None
    ]


def living(tenant_id: str, profile_ids: Collection[str], profiles: ProfileStore) -> Mapping[str, ProfileRow]:
    """Profile id → who it is now; those who were merged by the profile they became, those who were erased not at all."""
    known: dict[str, ProfileRow] = {}
    ask = {one: one for one in profile_ids}
    for _ in range(_HOPS):
        if not ask:
            break
        rows = profiles.load(tenant_id, sorted(set(ask.values())), fresh=False)
        found = {first: rows[now] for first, now in ask.items() if now in rows}
        known |= {first: row for first, row in found.items() if row.state in _LIVE}
        ask = {first: row.merged_into for first, row in found.items() if row.state == "merged"}
    return known


def _standing(
    page: Sequence[KeptRisk], asked: Listing, services: OutreachServices, now: Millis
) -> Iterator[SuggestionView]:
    outreach, catalogue = services.outreach(asked.tenant_id), services.catalogue(asked.tenant_id)
    hopeful = [one for one in page if one.raised.arm == "treated" and one.raised.until > now]
    if outreach is None or not hopeful:
        return
    people = living(asked.tenant_id, {one.profile_id for one in hopeful}, services.profiles)
    said = services.store.said(asked.tenant_id, {one.raised.id for one in hopeful})
    for one in hopeful:
        row = people.get(one.profile_id)
        if row is None or (SAID[1], one.raised.id) in said:
            continue
        profile = profile_of(row, decode(row.body, Body))
        state = "sent" if (SAID[0], one.raised.id) in said else "open"
        view = _view(one.raised, state, profile, asked.purposes, outreach, catalogue, now)
        if view is not None:
            yield view


def _view(
    one: Raised,
    state: str,
    profile: Profile,
    purposes: Collection[str],
    outreach: Outreach,
    catalogue: Catalogue,
    now: Millis,
) -> SuggestionView | None:
    rule = outreach.rules.rules.get(one.risk)
    if rule is None or one.arm != "treated" or one.until <= now or rule.purpose not in purposes:
        return None
    opened = open_to(profile, catalogue)
    who = Situation("", profile.profile_id, opened, profile.said, has_open_complaint(profile), now)
    if not profile.is_profiled or barred(rule, who):
        return None
    signs = {sign.id: sign.says for sign in rule.signs}
    quiet = not_before(outreach.rules.plan.quiet, outreach.timezone, one.at)
    return SuggestionView(
        risk_id=one.id,
        profile_id=profile.profile_id,
        risk=rule.id,
        name=rule.name,
        level=one.level,
        suggestion=one.suggestion,
        says=rule.says,
        why=tuple(SignView(sign, signs[sign]) for sign in one.signs if sign in signs),
        purpose=rule.purpose,
        channels=rule.channels,
        raised_at=format_moment(one.at),
        not_before=format_moment(quiet),
        until=format_moment(one.until),
        state=state or "open",
    )


def _place(cursor: str, now: Millis) -> Millis:
    if not cursor:
        return now + 1
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 16):
        raise BadInput("bad_cursor", "That cursor is none of ours.", "cursor")
    return int(cursor)
