"""Pages of an index that hands out whole instants, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def at_least[Row](enough: int, read: Callable[[int], Sequence[Row]], is_wanted: Callable[[Row], bool]) -> list[Row]:
    """At least ``enough`` of the rows that are wanted, or all there are. ``read`` answers the newest so many.

    A page begins with its position's own instant, of which a part was on the page before: where leaving that out
    leaves too few, more are asked for.
    """
    asked = enough
    while True:
        rows = read(asked)
        left = [row for row in rows if is_wanted(row)]
        if len(left) >= enough or len(rows) < asked:
            return left
        asked = 2 * len(rows)
