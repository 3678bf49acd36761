"""Takes away the differences between two texts that a reader cannot see."""

from __future__ import annotations

import unicodedata

_FULL_WIDTH = range(0xFF01, 0xFF5F)
_FULL_WIDTH_SHIFT = 0xFEE0
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_LINE_BREAKING = ("Cc", "Cs", "Zl", "Zp")


def visible(text: str) -> str:
    """The text in NFC without zero-width letters, full-width forms as ASCII, single spaces.

    Full-width forms are what a Chinese input method types for ASCII, so they are the same letters.
    Other compatibility forms (``①``, ``²``, ``ﬁ``) stay: folding them could make one person of two.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", "".join(map(_seen, text)))
    elif " " not in text:
        # As nearly all identifiers come.
        return text.strip()
    # Only spaces are forgiven: a line break or tab inside an identifier is refused further on.
    return " ".join(part for part in text.strip().split(" ") if part)


def _seen(letter: str) -> str:
    code = ord(letter)
    if code in _FULL_WIDTH:
        return chr(code - _FULL_WIDTH_SHIFT)
    category = unicodedata.category(letter)
    if category == "Cf" or code in _VARIATION_SELECTORS:
        return ""
    return " " if category == "Zs" else letter


def has_control(text: str) -> bool:
    """Whether the text holds a control, a line or paragraph break, or half a surrogate pair."""
    return not text.isprintable() and any(unicodedata.category(letter) in _LINE_BREAKING for letter in text)
