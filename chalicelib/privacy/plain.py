"""Which texts may stand in a log line or a history row: ids and words that name nobody."""

from __future__ import annotations

import re
from functools import lru_cache

_ID = re.compile(r"[A-Za-z0-9_.:/+=-]{1,128}", re.ASCII)
_LONGEST_WORD = 64
# A mobile number of China, or seven and more digits with a plus: people put them where ids belong.
_READS_LIKE_A_PHONE = re.compile(r"(?<!\d)(?:\+\d{7,15}|(?:\+?86-?)?1[3-9]\d{9})(?!\d)")
# Resident identity card: 17 digits and a digit or X; of the first generation 15 digits with a date in them.
_READS_LIKE_A_CARD = re.compile(
    r"(?<!\d)(?:\d{17}[\dXx]|[1-9]\d{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3})(?!\d)"
)
_DIGIT_RUN = re.compile(r"\d{5,}")


def is_plain_id(text: str) -> bool:
    """Whether it is built as an id and does not read like a phone or identity card number."""
    return (
        _ID.fullmatch(text) is not None
        and _READS_LIKE_A_PHONE.search(text) is None
        and _READS_LIKE_A_CARD.search(text) is None
    )


def is_plain_ref(text: str) -> bool:
    """Whether it is a plain id that holds nothing that personal data in free text is known by either.

    For what senders number their cases by: cards, account numbers, tokens and addresses stand there too.
    """
    return is_plain_id(text) and _names_nobody(text)


def is_plain_word(text: str) -> bool:
    """Whether it is a short label in any script, without an address sign, a long run of digits or personal data."""
    return (
        0 < len(text) <= _LONGEST_WORD
        and text.isprintable()
        and "@" not in text
        and "＠" not in text
        and _DIGIT_RUN.search(text) is None
        and _names_nobody(text)
    )


# Labels repeat: a few hundred are most of what comes.
@lru_cache(maxsize=1024)
def _names_nobody(text: str) -> bool:
    # The patterns are compiled with the first text that comes, not at the start of a function.
    from chalicelib.privacy.free_text import find

    return not find(text)
