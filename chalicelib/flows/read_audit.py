"""Who did what to whom, when and why: newest first, for those who must answer for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from chalicelib.flows.identity_records import AUDIT, Audited
from chalicelib.flows.paging import check_limit, cursor_of, position_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis, format_moment, parse_moment
from chalicelib.store.pages import at_least
from chalicelib.store.rows import HistoryStore, Position, Record

_AT_ONCE = 100
_MOST_READ = 500
"""Rows that one call looks through for a rare principal or profile, before it hands out a cursor instead."""


class AuditQuestion(msgspec.Struct, frozen=True):
    """Which rows: those of a principal, about a profile, from an instant and before another; '' asks for all."""

    principal: str = ""
    profile: str = ""
    from_: str = ""
    to: str = ""


class AuditedView(msgspec.Struct, frozen=True):
    """One row: ``subjects`` are ids of profiles, or declarations as ``tags/vip``; ``result`` is the id of what came of it.

    Holds no value of a person.
    """

    id: str
    at: str
    principal: str
    action: str
    subjects: tuple[str, ...]
    reason: str
    result: str


class AuditView(msgspec.Struct, frozen=True):
    """A page of the audit, newest first. ``cursor`` is empty on the last page.

    A page for a rare principal or profile may hold fewer than asked for, or none, and still have a cursor.
    """

    audited: tuple[AuditedView, ...]
    cursor: str


def read_audit(
    tenant_id: str, question: AuditQuestion, limit: int, cursor: str, history: HistoryStore, now: Millis
) -> AuditView:
    """One page. Raises BadInput ``bad_limit``, ``bad_cursor``, ``bad_time`` and ``bad_range``."""
    check_limit(limit)
    first, last = _range(question, now)
    position, read = min(position_of(cursor), (last, "")), 0
    found: list[tuple[Record, Audited]] = []
    while True:
        rows = _older(tenant_id, position, history)
        read += len(rows)
        found += _fitting([row for row in rows if row.at >= first and _lives(row, now)], question)
        if len(found) > limit:
            found = found[:limit]
            return _page(found, _position(found[-1][0]))
        if len(rows) < _AT_ONCE or rows[-1].at < first:
            return _page(found, None)
        position = _position(rows[-1])
        if read >= _MOST_READ:
            return _page(found, position)


def _older(tenant_id: str, position: Position, history: HistoryStore) -> Sequence[Record]:
    """At least ``_AT_ONCE`` records before a position, or all there are."""
    return at_least(
        _AT_ONCE,
        lambda asked: history.records(tenant_id, AUDIT, before=position[0] + 1, limit=asked),
        lambda row: _position(row) < position,
    )


def _position(row: Record) -> Position:
    return row.at, row.record_id


def _range(question: AuditQuestion, now: Millis) -> tuple[Millis, Millis]:
    first = parse_moment(question.from_, "from") if question.from_ else 0
    last = parse_moment(question.to, "to") if question.to else now + 1
    if first >= last:
        raise BadInput("bad_range", "The range begins before it ends.", "from")
    return first, last


def _fitting(rows: Collection[Record], question: AuditQuestion) -> Iterator[tuple[Record, Audited]]:
    for row in rows:
        one = decode(row.content, Audited)
        if question.principal in ("", one.principal) and (not question.profile or question.profile in one.subjects):
            yield row, one


def _lives(row: Record, now: Millis) -> bool:
    return not row.expires_at or row.expires_at > now


def _page(found: Sequence[tuple[Record, Audited]], position: Position | None) -> AuditView:
    return AuditView(tuple(_view(row, one) for row, one in found), cursor_of(position) if position else "")


def _view(row: Record, one: Audited) -> AuditedView:
    return AuditedView(
        id=row.record_id,
        at=format_moment(row.at),
        principal=one.principal,
        action=one.action,
        subjects=one.subjects,
        reason=one.reason,
        result=one.result,
    )
