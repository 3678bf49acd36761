"""Batch calls that may half fail: what failed is sent again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalicelib.aws.api_errors import ApiError
from chalicelib.aws.json_api import JsonApi
from chalicelib.aws.retrying import Again

type SendBatch[T] = Callable[[Sequence[T]], Sequence[T]]
"""Sends a batch and returns its entries that failed in a way that may pass."""


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
