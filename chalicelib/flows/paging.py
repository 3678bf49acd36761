"""Cursors of lists that are ordered by time and id: where a page ended, in a text that a URL can bear."""

from __future__ import annotations

import re

from chalicelib.kernel.errors import BadInput
from chalicelib.store.rows import THE_END, Position

MOST_ROWS = 100
_CURSOR = re.compile(r"(\d{1,16})\.([A-Za-z0-9_:.~-]{1,256})", re.ASCII)


def check_limit(limit: int) -> None:
    """Raises BadInput ``bad_limit``."""
    if not 1 <= limit <= MOST_ROWS:
        raise BadInput("bad_limit", f"A limit is 1 to {MOST_ROWS}.", "limit")


def position_of(cursor: str, pattern: re.Pattern[str] = _CURSOR) -> Position:
    """The position that a cursor names, the newest end for none. Raises BadInput ``bad_cursor``.

    ``pattern`` is what the cursors of a list look like: an instant and an id.
    """
    if not cursor:
        return THE_END
    named = pattern.fullmatch(cursor)
    if named is None:
        raise BadInput("bad_cursor", "That cursor is none of ours.", "cursor")
    return int(named[1]), named[2]


def cursor_of(position: Position) -> str:
    """The cursor that names a position."""
    return f"{position[0]}.{position[1]}"
