"""JSON read without any of the silent repairs that were seen to lose or forge values.

One pass of the standard library's C scanner with hooks; the depth and the surrogates are looked at
afterwards, and only where the text gives a reason to.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from chalicelib.kernel.errors import BadInput, TooLarge

MAX_DEPTH = 16
MAX_DIGITS = 38
"""What DynamoDB keeps of a number, so nothing that is let in can be rounded later."""

_LONGEST_NUMBER = 64
_BOM = b"\xef\xbb\xbf"
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def parse(body: bytes, *, limit_bytes: int, max_depth: int = MAX_DEPTH) -> Any:
    """Read one JSON document. Numbers that are not integers come as Decimal.

    Raises TooLarge ``too_large`` past ``limit_bytes`` (bytes, not characters), and BadInput
    ``bad_utf8``, ``bad_json`` (the message holds the byte offset), ``too_deep``, ``bad_number``
    (NaN, Infinity, beyond binary64, over 38 digits), ``duplicate_key`` and ``lone_surrogate``.
    """
    if len(body) > limit_bytes:
        raise TooLarge("too_large", f"The body has more than {limit_bytes} bytes.")
    if body.startswith(_BOM):
        raise BadInput("bad_json", "The body is not JSON at byte 0: a byte order mark.")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadInput("bad_utf8", f"The body is not UTF-8 at byte {error.start}.") from None
    document = _scan(text, max_depth)
    if text.count("[") + text.count("{") > max_depth and _deeper_than(document, max_depth):
        raise _too_deep(max_depth)
    if _SURROGATE_ESCAPE.search(text) and _has_lone_surrogate(document):
        raise BadInput("lone_surrogate", "A text holds half of a surrogate pair.")
    return document


def _scan(text: str, max_depth: int) -> Any:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        # Python counts characters; a sender's tool counts bytes.
        offset = len(text[: error.pos].encode())
        raise BadInput("bad_json", f"The body is not JSON at byte {offset}.") from None
    except RecursionError:
        raise _too_deep(max_depth) from None


def _too_deep(max_depth: int) -> BadInput:
    return BadInput("too_deep", f"Values may be nested at most {max_depth} deep.")


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadInput("duplicate_key", "An object names one member twice.")
    return members


def _integer(text: str) -> int:
    if len(text) - text.startswith("-") > MAX_DIGITS:
        raise _bad_number()
    return int(text)


def _fraction(text: str) -> Decimal:
    mantissa = text.lower().partition("e")[0]
    digits = len(mantissa) - mantissa.startswith("-") - ("." in mantissa)
    # The length is checked first: an exponent of a million digits must not be read at all.
    if len(text) > _LONGEST_NUMBER or digits > MAX_DIGITS:
        raise _bad_number()
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _bad_number() from None
    nearest = float(number)
    if nearest in (float("inf"), float("-inf")) or (nearest == 0) != (number == 0):
        raise _bad_number()
    return number


def _constant(_name: str) -> NoReturn:
    raise _bad_number()


def _bad_number() -> BadInput:
    return BadInput(
        "bad_number",
        f"A number must be finite, in binary64 range, and have at most {MAX_DIGITS} digits.",
    )


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_members,
    parse_int=_integer,
    parse_float=_fraction,
    parse_constant=_constant,
)


def _deeper_than(document: Any, max_depth: int) -> bool:
    level = [document] if isinstance(document, dict | list) else []
    for _ in range(max_depth):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _has_lone_surrogate(document: Any) -> bool:
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
                return True
        elif isinstance(value, dict):
            waiting.extend(value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return False
