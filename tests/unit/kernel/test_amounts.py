"""Money is exact: it never passes through a binary float."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel.amounts import MICROS, format_amount, parse_amount
from chalicelib.kernel.errors import BadInput


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        ("12.34", 12_340_000),
        (7, 7_000_000),
        (Decimal("0.1"), 100_000),
        ("-5", -5_000_000),
        ("0", 0),
        ("1E2", 100_000_000),
        (Decimal("0.30000000000000004"), 300_000),
        ("0.0000005", 0),
        ("0.0000015", 2),
        ("999999999999.999999", 10**18 - 1),
    ],
)
def test_parse_amount__exact_kinds__micros(value: object, micros: int) -> None:
    """Decimal strings, integers and decimals are read; past the sixth decimal half goes to even."""
    assert parse_amount(value) == micros


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        True,
        None,
        "",
        "abc",
        "1,5",
        "NaN",
        "Infinity",
        Decimal("NaN"),
        Decimal("sNaN"),
        "1e12",
        -(10**12),
        [],
        "1" * 5000,
    ],
)
def test_parse_amount__anything_else__refused(value: object) -> None:
    """A float, a truth value, a word and an amount past the bound are refused with the path."""
    with pytest.raises(BadInput) as caught:
        parse_amount(value, "data.amount")
    assert (caught.value.code, caught.value.path) == ("bad_amount", "data.amount")


@pytest.mark.parametrize("value", ["1E+99999999", "-1E+9999999", "1_000", " 5 ", "١٢"])
def test_parse_amount__lax_decimal__refused(value: str) -> None:
    """Only plain digits are money: an exponent overflows, and blanks and other scripts are guesses."""
    with pytest.raises(BadInput, match="bad_amount"):
        parse_amount(value)


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_format_amount__any__read_back(micros: int) -> None:
    """Writing and reading loses nothing."""
    text = format_amount(micros)
    assert parse_amount(text) == micros
    assert Decimal(text) * MICROS == micros
    assert len(text.partition(".")[2]) >= 2


def test_format_amount__short__two_decimals() -> None:
    """At least two decimals stand, and no more zeros than that."""
    assert [format_amount(each) for each in (0, -10_000, 1_234_500)] == ["0.00", "-0.01", "1.2345"]
