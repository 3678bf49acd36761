"""Things in groups that are bounded: what a service takes at once, what a budget pays for."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator


def grouped[T](entries: Iterable[tuple[T, int]], *, most_size: int, most: int = sys.maxsize) -> Iterator[list[T]]:
    """Groups of entries, each given with its size, within both limits and in order. An entry alone may be larger."""
    group: list[T] = []
    total = 0
    for entry, size in entries:
        if group and (len(group) == most or total + size > most_size):
            yield group
            group, total = [], 0
        group.append(entry)
        total += size
    if group:
        yield group
