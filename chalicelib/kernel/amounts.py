"""Money, kept exact: integers of a millionth of the currency unit.

A JSON number is taken by its decimal text and never through a binary float.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal

from chalicelib.kernel.errors import BadInput

MICROS = 1_000_000
_DIGITS = 12
_DECIMAL = re.compile(r"[+-]?\d{1,38}(\.\d{1,38})?([eE][+-]?\d{1,3})?", re.ASCII)


def parse_amount(value: object, path: str = "amount") -> int:
    """An amount in micros from a decimal string, an integer or a Decimal.

    Digits past the sixth decimal are rounded half to even (they come from senders' float sums).
    Raises BadInput ``bad_amount`` for other types, non-numbers and |amount| ≥ 10¹².
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadInput("bad_amount", "An amount is a decimal string or a number.", path)
    # Decimal itself also reads "1_000", " 5 ", digits of every script, and exponents that never end.
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise BadInput("bad_amount", "An amount is a decimal string or a number.", path)
    amount = Decimal(value)
    if not amount.is_finite() or amount.adjusted() >= _DIGITS:
        raise BadInput("bad_amount", "An amount must be below 10^12.", path)
    return int((amount * MICROS).to_integral_value(ROUND_HALF_EVEN))


def format_amount(micros: int) -> str:
    """The shortest decimal string with at least two decimals."""
    sign, rest = ("-", -micros) if micros < 0 else ("", micros)
    decimals = f"{rest % MICROS:06d}".rstrip("0").ljust(2, "0")
    return f"{sign}{rest // MICROS}.{decimals}"
