"""What a save raises of risks: decided with it and kept in the same write, so that no race and no repeat exceeds a cap.

Pure. What was raised of a person stands in their row (``outreach``), beside what models say. Each risk is also a record
that desks list and effects are measured by, and one by which an erasure finds it. Of the control group both are kept
alike, and nobody is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from chalicelib.flows.outreach import Outreach
from chalicelib.flows.services import Change
from chalicelib.flows.tell_changes import About
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import DAY_MS, Millis, format_moment
from chalicelib.outreach.caps import KEPT_DAYS, forgotten, joined
from chalicelib.outreach.decide import Situation, decide
from chalicelib.outreach.model import Ledger, Raised, RiskRule
from chalicelib.outreach.quiet import not_before
from chalicelib.profiles.cases import standing
from chalicelib.profiles.model import Profile
from chalicelib.segments.model import Judged
from chalicelib.store.outreach import RISK, risks_of
from chalicelib.store.rows import ProfileRow, Record
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.judging import open_to


class KeptRisk(msgspec.Struct, frozen=True, array_like=True):
    """A risk as it is listed: of whom, and what was raised. It holds no value of the person."""

    profile_id: str
    raised: Raised


class Raising(msgspec.Struct, frozen=True):
    """A row with what was raised of its person, what to tell of it, and what to keep of it in the same write."""

    row: ProfileRow
    changes: tuple[Change, ...] = ()
    records: tuple[Record, ...] = ()


def ledger_of(row: ProfileRow | None) -> Ledger:
    """What was raised of a stored person."""
    return decode(row.outreach, Ledger.__value__) if row is not None and row.outreach else ()


def raise_risks(
    row: ProfileRow,
    before: Iterable[ProfileRow | None],
    profile: Profile,
    touched: Collection[str] | None,
    outreach: Outreach | None,
    catalogue: Catalogue,
) -> Raising:
    """What a save of ``row`` raises. ``before`` are the rows that its person comes from: what was raised of any counts.

    ``touched`` are the stems of what changed; None: anything may have. It holds as of the row's own time.
    """
    now = row.updated_at
    ledger = joined(map(ledger_of, before), now)
    if outreach is None or not profile.is_profiled:
        return Raising(_with(row, ledger if profile.is_profiled else forgotten(ledger)))
    judged = decode(row.judged, Judged) if row.judged else None
    looked = outreach.rules.look(profile, judged, catalogue, now, touched)
    about: About = {"tenant": row.tenant, "profile_id": row.profile_id, "version": row.version}
    failed = [Change("rule.failed", {**about, "tag": f"risk.{id_}", "error": error}) for id_, error in looked.failed]
    if not looked.seen:
        return Raising(_with(row, ledger), tuple(failed))
    found = decide(looked.seen, ledger, outreach.rules.plan, _situation(row, profile, catalogue, now))
    return Raising(
        _with(row, found.ledger),
        (*failed, *raised_changes(row, found.raised, outreach)),
        tuple(record for one in found.raised for record in _records(row, one)),
    )


def raised_changes(row: ProfileRow, raised: Iterable[Raised], outreach: Outreach) -> Sequence[Change]:
    """``risk.raised`` of those that are not of the control group: ids and codes, and never a value of the person."""
    rules = outreach.rules.rules
    return [
        _change(row, one, rules[one.risk], outreach) for one in raised if one.arm == "treated" and one.risk in rules
    ]


def has_open_complaint(profile: Profile) -> bool:
    """Whether a complaint of this person is not settled."""
    complaints = standing(profile.steps).get("complaint")
    return complaints is not None and bool(complaints.still_open)


def _situation(row: ProfileRow, profile: Profile, catalogue: Catalogue, now: Millis) -> Situation:
    purposes = open_to(profile, catalogue)
    return Situation(row.tenant, row.profile_id, purposes, profile.said, has_open_complaint(profile), now)


def _with(row: ProfileRow, ledger: Ledger) -> ProfileRow:
    coded = encode(ledger) if ledger else b""
    return row if coded == row.outreach else msgspec.structs.replace(row, outreach=coded)


def _change(row: ProfileRow, one: Raised, rule: RiskRule, outreach: Outreach) -> Change:
    plan = outreach.rules.plan
    detail: dict[str, object] = {
        "tenant": row.tenant,
        "profile_id": row.profile_id,
        "version": row.version,
        "risk_id": one.id,
        "risk": one.risk,
        "level": one.level,
        "suggestion": one.suggestion,
        "channels": list(rule.channels),
        "at": format_moment(one.at),
        "not_before": format_moment(not_before(plan.quiet, outreach.timezone, one.at)),
        "until": format_moment(one.until),
        "purposes": [rule.purpose],
        "why": list(one.signs),
        "experiment": plan.experiment,
    }
    return Change("risk.raised", detail)


def _records(row: ProfileRow, one: Raised) -> tuple[Record, Record]:
    expires_at = one.at + KEPT_DAYS * DAY_MS
    content = encode(KeptRisk(row.profile_id, one))
    return (
        Record(row.tenant, RISK, one.id, one.at, content, expires_at),
        Record(row.tenant, risks_of(row.profile_id), one.id, one.at, b"", expires_at),
    )
