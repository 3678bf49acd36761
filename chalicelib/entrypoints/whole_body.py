"""A body as a declared type, with every mistake told at once, where people write what they send by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from chalice.app import Request

from chalicelib.entrypoints.request import json_body, raw_body, without_quotes
from chalicelib.kernel.errors import BadInput, ManyMistakes
from chalicelib.routing.shape import Mistake, mistakes_of_shape

_STEP = re.compile(r"[a-z][a-z0-9_]{0,62}(\[\d+\])*", re.ASCII)


def whole_body[T](request: Request, type_: type[T]) -> T:
    """The body as a declared type; no body is ``{}``. Raises ManyMistakes ``bad_request``, TooLarge and BadInput."""
    raw = json_body(request) if raw_body(request) else {}
    try:
        return msgspec.convert(raw, type_)
    except msgspec.ValidationError as error:
        found = list(_mistakes(raw, type_)) or [BadInput("wrong_type", without_quotes(str(error)), "body")]
        raise many(found) from None


def many(found: list[BadInput]) -> ManyMistakes:
    """The refusal of a body with these mistakes."""
    return ManyMistakes("bad_request", f"Mistakes in the request: {len(found)}.", tuple(found))


def _mistakes(raw: Any, type_: Any) -> Iterator[BadInput]:
    for one in mistakes_of_shape(raw, type_):
        sentence, _, within = one.message.partition(" - at `$")
        told = without_quotes(sentence).rstrip(".") + "."
        yield BadInput(one.code, told, _shown(one, within.rstrip("`.")), one.suggestion or "")


def _shown(one: Mistake, within: str) -> str:
    """Where it is. What the sender called a member may be personal: only names that look like ours are shown."""
    steps = one.path.split(".") if one.path else []
    if one.code == "unknown_field":
        steps = steps[:-1]
    path = ".".join(step if _STEP.fullmatch(step) else "…" for step in steps)
    # The mistake must have a place to be told at all.
    return path + within if path or within else "body"
