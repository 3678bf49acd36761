"""What stands in the quarantine, newest first, told without any value of a customer."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.flows.paging import check_limit, cursor_of, position_of
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.store.rows import HistoryStore, Position, QuarantineRow

_MOST_READ = 500
"""Rows that one call looks through for a rare code, before it hands out a cursor instead."""


class QuarantinedView(msgspec.Struct, frozen=True):
    """One quarantined original, or a note of what an applied event went on without.

    ``kind`` is event, item, import_line, link, trait or erased; ``state`` is waiting, replayed, or applied,
    which is told of events alone.
    """

    id: str
    kind: str
    code: str
    path: str
    source: str | None
    at: str
    expires_at: str
    replayable: bool
    state: str
    replayed_at: str | None
    replayed_by: str | None


class QuarantineView(msgspec.Struct, frozen=True):
    """A page of the quarantine, newest first. ``cursor`` is empty on the last page.

    A page for a rare code may hold fewer than asked for, or none, and still have a cursor.
    """

    quarantined: tuple[QuarantinedView, ...]
    cursor: str


def read_quarantine(
    tenant_id: str, code: str, limit: int, cursor: str, history: HistoryStore, now: Millis
) -> QuarantineView:
    """One page of those with a code ('' = any). Raises BadInput ``bad_limit`` and ``bad_cursor``."""
    check_limit(limit)
    position, read = position_of(cursor), 0
    found: list[QuarantineRow] = []
    asked = _MOST_READ // 5 if code else limit + 1
    while True:
        rows = history.quarantined(tenant_id, limit=asked, before=position)
        # DynamoDB forgets late: what has expired is gone, whatever is still there.
        found += [row for row in rows if row.expires_at > now and code in ("", row.code)]
        read += len(rows)
        if len(found) > limit:
            page = found[:limit]
            return QuarantineView(views_of(page, history), cursor_of(_position(page[-1])))
        if len(rows) < asked:
            return QuarantineView(views_of(found, history), "")
        position = _position(rows[-1])
        if read >= _MOST_READ:
            return QuarantineView(views_of(found, history), cursor_of(position))


def views_of(rows: Sequence[QuarantineRow], history: HistoryStore) -> tuple[QuarantinedView, ...]:
    """Rows of one tenant as operators see them."""
    of_events = [row for row in rows if row.event_key]
    # It may have been replayed, or its source may have sent it again, mended: its marker knows.
    applied = history.events(of_events[0].tenant, {row.event_key for row in of_events}) if of_events else {}
    return tuple(_view(row, applied=row.event_key in applied) for row in rows)


def _view(row: QuarantineRow, *, applied: bool) -> QuarantinedView:
    return QuarantinedView(
        id=row.quarantine_id,
        kind=row.kind,
        code=row.code,
        path=row.path,
        source=row.source or None,
        at=format_moment(row.at),
        expires_at=format_moment(row.expires_at),
        replayable=row.replayable,
        state="applied" if applied else "replayed" if row.replayed_at else "waiting",
        replayed_at=format_moment(row.replayed_at) if row.replayed_at else None,
        replayed_by=row.replayed_by or None,
    )


def _position(row: QuarantineRow) -> Position:
    return row.at, row.quarantine_id
