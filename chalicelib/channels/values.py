"""Reads one value of a kind, strictly: ``true`` is no number and a number is no text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from chalicelib.events.types import TOPICS, words_of
from chalicelib.kernel.amounts import format_amount, parse_amount
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import format_moment, parse_moment

_LARGEST_COUNT = 1_000_000
_LONGEST_SECONDS = 31 * 86_400
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_WORD = re.compile(r"\w{1,64}")


def read(kind: str, value: object, path: str) -> Any:
    """A canonical value of a kind that ``events.types`` names. Raises BadInput of a code of the kind."""
    return _READERS[kind](value, path)


def read_id(value: object, path: str) -> str:
    """An id as text. Senders write ids as integers too; both are the same id, as at Segment."""
    if isinstance(value, str) and 1 <= len(value) <= 256:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise BadInput("bad_type", "An id is a text of 1 to 256 characters or an integer.", path)


def read_any_id(value: object, path: str) -> str:
    """An id of any length: the event's own check names the limit."""
    return value if isinstance(value, str) else read_id(value, path)


def read_text(value: object, path: str) -> str:
    """A text as it is."""
    if not isinstance(value, str):
        raise BadInput("bad_type", "A text is needed here.", path)
    return value


def read_name(value: object, path: str) -> str:
    """A text that is not blank."""
    if not read_text(value, path).strip():
        raise BadInput("bad_type", "A text that is not blank is needed here.", path)
    return read_text(value, path)


def read_amount(value: object, path: str) -> str:
    """Money as a decimal string. Negative money is refused: a refund is an event of its own."""
    micros = parse_amount(value, path)
    if micros < 0:
        raise BadInput("bad_amount", "An amount is not negative; a refund is an event of its own.", path)
    return format_amount(micros)


def read_integer(value: object, path: str) -> int:
    """A whole number, also written as ``3.0``."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise BadInput("bad_type", "A whole number is needed here.", path)


def _read_currency(value: object, path: str) -> str:
    currency = read_text(value, path).upper()
    if not _CURRENCY.fullmatch(currency):
        raise BadInput("bad_currency", "A currency is three letters, as in ISO 4217.", path)
    return currency


def _read_count(value: object, path: str) -> int:
    count = read_integer(value, path)
    if not 0 <= count <= _LARGEST_COUNT:
        raise BadInput("bad_count", f"A count is 0 to {_LARGEST_COUNT}.", path)
    return count


def _read_seconds(value: object, path: str) -> int:
    if isinstance(value, Decimal):
        value = int(value.to_integral_value(ROUND_HALF_EVEN))
    seconds = read_integer(value, path)
    if not 0 <= seconds <= _LONGEST_SECONDS:
        raise BadInput("bad_duration", f"A duration is 0 to {_LONGEST_SECONDS} seconds.", path)
    return seconds


def _read_score(value: object, path: str) -> int:
    score = read_integer(value, path)
    if not 1 <= score <= 5:
        raise BadInput("bad_score", "A score is 1 to 5.", path)
    return score


def _read_flag(value: object, path: str) -> bool:
    """True or false, and nothing that merely looks like it."""
    if not isinstance(value, bool):
        raise BadInput("bad_type", "True or false is needed here.", path)
    return value


def _read_topic(value: object, path: str) -> str:
    """A topic of ours, else ``other``: senders have topics of their own, and none may lose an event."""
    topic = words_of(read_text(value, path))
    return topic if topic in TOPICS else "other"


def _read_word(value: object, path: str) -> str:
    word = words_of(read_id(value, path))
    if not _WORD.fullmatch(word):
        raise BadInput("bad_type", "A word of 1 to 64 letters is needed here.", path)
    return word


def _read_moment(value: object, path: str) -> str:
    return format_moment(parse_moment(value, path))


_READERS: Mapping[str, Callable[[object, str], Any]] = {
    "id": read_id,
    "text": read_text,
    "amount": read_amount,
    "currency": _read_currency,
    "count": _read_count,
    "seconds": _read_seconds,
    "score": _read_score,
    "flag": _read_flag,
    "topic": _read_topic,
    "word": _read_word,
    "moment": _read_moment,
}
