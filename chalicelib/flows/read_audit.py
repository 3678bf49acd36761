"""Who did what to whom, when and why: newest first, for those who must answer for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from chalicelib.flows.identity_records import AUDIT, Audited
from chalicelib.flows.note_read import Seen, seen_kind, seen_of_kind
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
    """Which rows: those of a principal, about a profile, from an instant and before another; '' asks for all.

    What was read is told with a principal or a profile: without either it is what was done.
    """

    principal: str = ""
    profile: str = ""
    from_: str = ""
    to: str = ""


class SeenView(msgspec.Struct, frozen=True):
    """What was shown: the classes and names of fields. ``clear``: personal values as they are, and not masked."""

    role: str
    purpose: str
    classes: tuple[str, ...]
    fields: tuple[str, ...]
    clear: bool


class AuditedView(msgspec.Struct, frozen=True):
    """One row: ``subjects`` are ids of profiles, or declarations as ``tags/vip``; ``result`` is the id of what came of it.

    Of a read ``seen`` says what was shown, and ``reason`` is the ticket it was for. Holds no value of a person.
    """

    id: str
    at: str
    principal: str
    action: str
    subjects: tuple[str, ...]
    reason: str
    result: str
    seen: SeenView | None = None


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
    first, last = range_of(question.from_, question.to, now)
    position, read = min(position_of(cursor), (last, "")), 0
    found: list[tuple[Record, AuditedView]] = []
    while True:
        rows = _older(tenant_id, _kinds(question), position, history)
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


def _kinds(question: AuditQuestion) -> tuple[str, ...]:
    """The lists that hold the answer. What people saw is asked for by who saw or by whom they saw."""
    if question.principal:
        return AUDIT, seen_kind(question.principal)
    return (AUDIT, seen_of_kind(question.profile)) if question.profile else (AUDIT,)


def _older(tenant_id: str, kinds: Sequence[str], position: Position, history: HistoryStore) -> Sequence[Record]:
    """The newest ``_AT_ONCE`` records before a position, or all there are. Of each list so many are enough."""
    found = [row for kind in kinds for row in _of_kind(tenant_id, kind, position, history)]
    return sorted(found, key=_position, reverse=True)[:_AT_ONCE]


def _of_kind(tenant_id: str, kind: str, position: Position, history: HistoryStore) -> Sequence[Record]:
    return at_least(
        _AT_ONCE,
        lambda asked: history.records(tenant_id, kind, before=position[0] + 1, limit=asked),
        lambda row: _position(row) < position,
    )


def _position(row: Record) -> Position:
    return row.at, row.record_id


def range_of(from_: str, to: str, now: Millis) -> tuple[Millis, Millis]:
    """From an instant and before another, as a caller writes them. Raises BadInput ``bad_time`` and ``bad_range``."""
    first = parse_moment(from_, "from") if from_ else 0
    last = parse_moment(to, "to") if to else now + 1
    if first >= last:
        raise BadInput("bad_range", "The range begins before it ends.", "from")
    return first, last


def _fitting(rows: Collection[Record], question: AuditQuestion) -> Iterator[tuple[Record, AuditedView]]:
    for row in rows:
        one = _deed(row) if row.kind == AUDIT else _sight(row)
        if question.principal in ("", one.principal) and (not question.profile or question.profile in one.subjects):
            yield row, one


def _lives(row: Record, now: Millis) -> bool:
    return not row.expires_at or row.expires_at > now


def _page(found: Sequence[tuple[Record, AuditedView]], position: Position | None) -> AuditView:
    return AuditView(tuple(one for _, one in found), cursor_of(position) if position else "")


def _deed(row: Record) -> AuditedView:
    one = decode(row.content, Audited)
    return AuditedView(
        id=row.record_id,
        at=format_moment(row.at),
        principal=one.principal,
        action=one.action,
        subjects=one.subjects,
        reason=one.reason,
        result=one.result,
    )


def _sight(row: Record) -> AuditedView:
    one = decode(row.content, Seen)
    return AuditedView(
        id=row.record_id,
        at=format_moment(row.at),
        principal=one.principal,
        action=one.action,
        subjects=one.profile_ids,
        reason=one.ticket,
        result="",
        seen=SeenView(one.role, one.purpose, one.classes, one.fields, one.clear),
    )
