"""Numbers as people write them in Chinese and English sentences: 三百五, 一万二, twelve, 1,299.00."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE = "零〇一二两三四五六七八九十百千万"
_DIGITS: Mapping[str, int] = {one: at for at, one in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS: Mapping[str, int] = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}
ENGLISH: Mapping[str, int] = {
    **{
        one: at
        for at, one in enumerate(
            ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
        )
    },
    "a": 1,
    "an": 1,
    "fourteen": 14,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "twenty-four": 24,
    "forty-eight": 48,
    "seventy-two": 72,
}
_MOST_DIGITS = 12


def number_of(text: str) -> int | None:
    """A whole number in digits, in Chinese or in an English word; None where it is none."""
    plain = text.strip().replace(",", "")
    if plain.isascii() and plain.isdigit():
        return int(plain) if len(plain) <= _MOST_DIGITS else None
    return ENGLISH[plain] if plain in ENGLISH else _chinese(plain)


def _chinese(text: str) -> int | None:
    if not text or len(text) > _MOST_DIGITS or any(one not in CHINESE for one in text):
        return None
    total = section = digit = 0
    last_unit = 1
    for one in text:
        if one in _DIGITS:
            digit = _DIGITS[one]
            continue
        unit = last_unit = _UNITS[one]
        if unit == _UNITS["万"]:
            total, section = total + (section + digit or 1) * unit, 0
        else:
            section += (digit or 1) * unit
        digit = 0
    # 三百五 is 350: a last digit counts tenths of the unit before it, unless a zero says otherwise.
    shortened = digit and last_unit > 10 and text[-2:-1] not in ("零", "〇")
    return total + section + (digit * (last_unit // 10) if shortened else digit)
