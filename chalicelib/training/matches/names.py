"""A person's name in parts that can be compared: 张三, 張三, Zhang San, zhāng sān and San Zhang meet in their sound.

A part that is written in characters is kept with its sound, ``张|zhang``; one in letters is its own sound.
"""

from __future__ import annotations

import re

from pypinyin import Style, lazy_pinyin

from chalicelib.matching.forms import WRITTEN_AND_SOUND, plain
from chalicelib.training.matches.surnames import COMPOUND, PINYIN, READ_AS

_CHARACTERS = re.compile(r"[㐀-鿿豈-﫿]+")
_SYLLABLES = re.compile(r"(?:(?:[bpmfdtnlgkhjqxrzcsyw]|[zcs]h)?[aeiouv]{1,3}(?:ng|n|r)?)+")
_SPELLED = {"lv": "lu", "nv": "nu", "lyu": "lu", "nyu": "nu"}
"""How the ü of 吕 is written where there is none."""
_TITLES = frozenset(["mr", "mrs", "ms", "miss", "dr", "prof"])
_CHINESE_TITLES = ("先生", "女士", "小姐", "太太")


def name_parts(text: str) -> tuple[str, str]:
    """Given name and family name in the forms that are compared; '' where one is not there."""
    characters = "".join(_CHARACTERS.findall(text))
    if characters:
        return _in_characters(characters)
    comma = text.partition(",") if "," in text else text.partition("，")
    if comma[2]:
        return _joined(_words(comma[2])), _joined(_words(comma[0]))
    return _in_letters([word for raw in text.split() for word in _words(raw) if word not in _TITLES])


def _in_characters(text: str) -> tuple[str, str]:
    """The family name comes first: one character, or two that are known as one name."""
    text = next((text.removesuffix(title) for title in _CHINESE_TITLES if text.endswith(title)), text)
    length = 2 if text[:2] in COMPOUND and len(text) > 2 else 1
    family, given = text[:length], text[length:]
    return _with_sound(given, _sound(given)), _with_sound(family, READ_AS.get(family) or _sound(family))


def _in_letters(words: list[str]) -> tuple[str, str]:
    """The family name comes last, but first where only that reads as a Chinese name."""
    if len(words) < 2:
        return _joined(words), ""
    if words[0] in PINYIN and all(map(_SYLLABLES.fullmatch, words[1:])):
        return "".join(words[1:]), words[0]
    if words[-1] in PINYIN and all(map(_SYLLABLES.fullmatch, words[:-1])):
        return "".join(words[:-1]), words[-1]
    return _joined(words[:-1]), words[-1]


def _words(text: str) -> list[str]:
    """The words of a text; Xiao-Ming is one word, Jean-Luc two."""
    words = [_SPELLED.get(word, word) for word in plain(text).split()]
    return ["".join(words)] if "-" in text and words and all(map(_SYLLABLES.fullmatch, words)) else words


def _joined(words: list[str]) -> str:
    """Several words as one part; the syllables of a Chinese name are one word."""
    return ("" if all(map(_SYLLABLES.fullmatch, words)) and len(words) == 2 else " ").join(words)


def _sound(characters: str) -> str:
    return "".join(lazy_pinyin(characters, style=Style.NORMAL)).replace("v", "u")


def _with_sound(characters: str, sound: str) -> str:
    return f"{characters}{WRITTEN_AND_SOUND}{sound}" if characters else ""
