"""Batch calls that may half fail: split by the service's limits, then send what failed again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from chalicelib.aws.api_errors import ApiError
from chalicelib.aws.json_api import JsonApi
from chalicelib.aws.retrying import Again

type SendBatch[T] = Callable[[Sequence[T]], Sequence[T]]
"""Sends a batch and returns its entries that failed in a way that may pass."""


def split[T](entries: Iterable[tuple[T, int]], *, most_entries: int, most_bytes: int) -> Iterator[list[T]]:
    """Groups of entries, each given with its size, within both limits. An entry alone may be larger."""
    group: list[T] = []
    total = 0
    for entry, size in entries:
        if group and (len(group) == most_entries or total + size > most_bytes):
            yield group
            group, total = [], 0
        group.append(entry)
        total += size
    if group:
        yield group


def send_all[T](api: JsonApi, batch: Sequence[T], send: SendBatch[T]) -> None:
    """Send a batch until nothing of it fails. Raises Unavailable ``throttled`` when some still does."""
    waiting = batch

    def attempt(_seconds_left: float) -> None:
        nonlocal waiting
        waiting = send(waiting)
        if waiting:
            raise Again(api.unavailable("throttled"))

    api.retry.run(attempt)


def refused_by_us(code: str) -> ApiError:
    """The error for an entry that the service says is our fault and will always be."""
    return ApiError(code, 400, "An entry of a batch was refused.")
