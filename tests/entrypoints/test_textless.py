"""What escapes a function says what failed and where, and nothing of what it was about: Lambda's runtime logs it."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from app import app
from chalicelib.entrypoints.textless import FunctionFailed, textless, without_text
from chalicelib.kernel.errors import Unavailable

SECRET = "13907551286 欧阳金丝雀"


def functions() -> list[Any]:
    """Every function that Lambda calls beside the one that serves HTTP."""
    found = []
    for one in (*app.event_sources, *app.pure_lambda_functions):
        module, _, name = one.handler_string.rpartition(".")
        handler = getattr(importlib.import_module(module), name).func
        found.append(getattr(handler, "_original_func", handler))
    return found


def as_the_runtime_writes_it(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def quoting() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        raise KeyError(SECRET) from error


def refusing() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        raise Unavailable("throttled", "Later.") from error


def test_functions__each__raises_without_text() -> None:
    """A new function fails here until it is decorated."""
    wrapper = textless(quoting).__code__  # type: ignore[attr-defined]
    found = functions()
    assert len(found) >= 9
    assert [one.__module__ for one in found if one.__code__ is not wrapper] == []


def test_without_text__what_nobody_expected__keeps_its_class_and_its_places(log: Callable[[], str]) -> None:
    """The log tells where; the runtime gets the class alone, however the error came about."""
    with pytest.raises(FunctionFailed) as raised:
        without_text(quoting)
    told = as_the_runtime_writes_it(raised.value)
    written = log()
    assert "KeyError" in told and SECRET not in told
    assert "test_textless.py" in written and "unexpected_error" in written and SECRET not in written
    assert raised.value.__cause__ is raised.value.__context__ is None


def test_without_text__a_refusal_of_ours__passes_without_what_it_came_from() -> None:
    """Its code is what callers go by."""
    with pytest.raises(Unavailable) as raised:
        without_text(refusing)
    assert raised.value.code == "throttled"
    assert SECRET not in as_the_runtime_writes_it(raised.value)


def test_runtime__an_error_as_it_was_raised__would_be_quoted() -> None:
    """Negative control: undecorated, the value is in what the runtime writes."""
    with pytest.raises(KeyError) as raised:
        quoting()
    assert SECRET in as_the_runtime_writes_it(raised.value)
