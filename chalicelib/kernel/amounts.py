"""Money, kept exact: integers of a millionth of the currency unit.

A JSON number is taken by its decimal text and never through a binary float.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from chalicelib.kernel.errors import BadInput

MICROS = 1_000_000
_LARGEST = Decimal(10) ** 12


def parse_amount(value: object, path: str = "amount") -> int:
    """An amount in micros from a decimal string, an integer or a Decimal.

    Digits past the sixth decimal are rounded half to even (they come from senders' float sums).
    Raises BadInput ``bad_amount`` for other types, non-numbers and |amount| ≥ 10¹².
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadInput("bad_amount", "An amount is a decimal string or a number.", path)
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise BadInput("bad_amount", "An amount is a decimal string or a number.", path) from None
    if not amount.is_finite() or abs(amount) >= _LARGEST:
        raise BadInput("bad_amount", "An amount must be below 10^12.", path)
    return int((amount * MICROS).to_integral_value(ROUND_HALF_EVEN))


def format_amount(micros: int) -> str:
    """The shortest decimal string with at least two decimals."""
    sign, rest = ("-", -micros) if micros < 0 else ("", micros)
    decimals = f"{rest % MICROS:06d}".rstrip("0").ljust(2, "0")
    return f"{sign}{rest // MICROS}.{decimals}"
