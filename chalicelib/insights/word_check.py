"""Checks a tenant's declared words: every mistake at once, each with its place and a suggestion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from chalicelib.events.types import TOPICS
from chalicelib.insights.lexicon import SHORTEST_FORM, HotWord
from chalicelib.privacy.plain import is_plain_id, is_plain_word
from chalicelib.tags.shapes import Mistake, shape_mistakes
from chalicelib.tags.vocabulary import nearest

MOST_FORMS = 40
"""Forms of one word: more are several words."""


def word_mistakes(raw: Any, path: str = "$") -> Iterator[Mistake]:
    """Every mistake of one declaration of a word."""
    wrong_shape = list(shape_mistakes(raw, HotWord, path))
    yield from wrong_shape
    if wrong_shape:
        return
    word = msgspec.convert(raw, HotWord)
    if not is_plain_id(word.id):
        yield Mistake(f"{path}.id", "bad_id", "An id has Latin letters, digits and _ only, and names nobody.")
    if word.topic not in TOPICS:
        yield Mistake(f"{path}.topic", "unknown_topic", "There is no such topic.", nearest(word.topic, TOPICS))
    if not 1 <= len(word.words) <= MOST_FORMS:
        yield Mistake(f"{path}.words", "bad_forms", f"A word has 1 to {MOST_FORMS} forms.")
    for place, form in enumerate(word.words):
        if len(form) < SHORTEST_FORM:
            yield Mistake(f"{path}.words[{place}]", "short_form", "A form has at least two characters.")
        if not (is_plain_word(form) or _is_hotline(form)):
            # A number or an address that many people send would be somebody's, and not a word.
            yield Mistake(f"{path}.words[{place}]", "personal_form", "A form reads like something personal.")


def _is_hotline(form: str) -> bool:
    """Whether it is a public service number, such as 12315: five digits are nobody's own."""
    return form.isascii() and form.isdecimal() and len(form) <= 5
