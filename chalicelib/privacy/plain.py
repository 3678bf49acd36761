"""Which texts may stand in a log line or a history row: ids and words that name nobody."""

from __future__ import annotations

import re

_ID = re.compile(r"[A-Za-z0-9_.:/+=-]{1,128}", re.ASCII)
_LONGEST_WORD = 64
# A mobile number of China, or seven and more digits with a plus: people put them where ids belong.
_READS_LIKE_A_PHONE = re.compile(r"(?<!\d)(?:\+\d{7,15}|(?:\+?86-?)?1[3-9]\d{9})(?!\d)")
# Resident identity card: 17 digits and a digit or X.
_READS_LIKE_A_CARD = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_DIGIT_RUN = re.compile(r"\d{5,}")


def is_plain_id(text: str) -> bool:
    """Whether it is built as an id and does not read like a phone or identity card number."""
    return (
        _ID.fullmatch(text) is not None
        and _READS_LIKE_A_PHONE.search(text) is None
        and _READS_LIKE_A_CARD.search(text) is None
    )


def is_plain_word(text: str) -> bool:
    """Whether it is a short label in any script, without an address sign or a long run of digits."""
    return (
        0 < len(text) <= _LONGEST_WORD
        and text.isprintable()
        and "@" not in text
        and "＠" not in text
        and _DIGIT_RUN.search(text) is None
    )
