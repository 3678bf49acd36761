"""What escapes a function is raised without its text: Lambda's own runtime writes that to the log, and it may quote what was sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from chalicelib.entrypoints.compose import journal
from chalicelib.kernel.errors import ZhiyinError


class FunctionFailed(Exception):
    """A function failed as nobody expected. Its text is the class of what was raised; where is in the log."""


def without_text[T](run: Callable[[], T]) -> T:
    """Run it. Refusals of ours pass without what they were raised from; anything else becomes FunctionFailed."""
    try:
        return run()
    except ZhiyinError as error:
        # Its own sentence quotes nobody. What it came from may.
        error.__cause__ = error.__context__ = None
        raise
    except Exception as error:  # noqa: BLE001 - the edge: what nobody expected may hold anything
        journal().fault("unexpected_error", error)
        failed = FunctionFailed(type(error).__name__)
    # Out here, so that it carries nothing of the other.
    raise failed


def textless[**P, T](function: Callable[P, T]) -> Callable[P, T]:
    """Decorate what Lambda calls: queues, schedules and the like. Functions are packaged without the app, so not by middleware."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        return without_text(lambda: function(*args, **kwargs))

    return called
