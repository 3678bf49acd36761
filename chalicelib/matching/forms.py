"""The forms in which values are compared: what differs only in writing becomes equal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from chalicelib.matching.model import Cut

WRITTEN_AND_SOUND = "|"
"""Between the written form of a name and its sound, where the two differ."""

_APART = re.compile(r"[\W_]+")
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})
_SOUNDS = {letter: code for code, group in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1) for letter in group}
_SOUND_LENGTH = 4
_START_LENGTH = 4


def plain(text: str) -> str:
    """Lower case without accents, full-width forms and punctuation, one space between words."""
    spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    letters = "".join(letter for letter in spread if not unicodedata.combining(letter)).translate(_LETTERS)
    return " ".join(_APART.sub(" ", letters).split())


def digits(text: str) -> str:
    """The letters and digits alone: an id or phone number as it is compared."""
    return plain(text).replace(" ", "")


def date(text: str) -> str:
    """A date as eight digits, or '' where it is none."""
    found = _DATE.fullmatch("".join(letter for letter in text.strip()[:10] if letter.isdigit()))
    return found.group(0) if found else ""


def email(text: str) -> str:
    """An address in lower case without spaces."""
    return "".join(text.split()).casefold()


def together(parts: Iterable[str]) -> str:
    """A set of words as one value, in order."""
    return " ".join(sorted(set(parts)))


def sound_of(value: str) -> str:
    """The sound of a name part: the part itself, but where it is written in characters."""
    return value.rpartition(WRITTEN_AND_SOUND)[2]


def soundex(word: str) -> str:
    """The American Soundex code of a word in Latin letters; other words are their own code."""
    letters = [letter for letter in word if "a" <= letter <= "z"]
    if not letters:
        return word
    code, last = letters[0], _SOUNDS.get(letters[0], 0)
    for letter in letters[1:]:
        sound = _SOUNDS.get(letter, 0)
        if sound and sound != last:
            code += str(sound)
        if letter not in "hw":
            last = sound
    return code[:_SOUND_LENGTH].ljust(_SOUND_LENGTH, "0")


def cut(value: str, part: Cut) -> str:
    """The part of a value that goes into a blocking key; '' when it has none."""
    match part:
        case "sound":
            return soundex(sound_of(value))
        case "year":
            return value[:4]
        case "month_day":
            return value[4:]
        case "start":
            return sound_of(value).replace(" ", "")[:_START_LENGTH]
        case "local":
            return value.partition("@")[0]
        case _:
            return value
