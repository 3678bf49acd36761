"""Our own sentences: templates with slots and choices, in Chinese and English, parted by template.

``(a|b|)`` is a choice, which may be empty, ``{name}`` one of the words of a slot. A template is for training or for
the test by a hash of itself, so that a sentence of the test never has a sister in training. Frames are templates that
every intent has, filled with ``{word}``, what the intent is about; a frame is parted like a template, the words are not.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec

from chalicelib.routing.intent_model import OUT_OF_SCOPE
from chalicelib.training.intents.learn import Example

FOLDER = Path(__file__).parent / "material"
LANGUAGES = ("zh", "en")
SPLIT = "zhiyin intents 5"
WORD = "word"
_TEST_OF_256 = 51
_TRIES = 4
_CHOICE = re.compile(r"\(([^()]*)\)")
_SLOT = re.compile(r"\{([a-z]+)\}")
_BLANKS = re.compile(r"\s+")


class Material(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sentences of a language."""

    language: str
    openings: tuple[str, ...]
    closings: tuple[str, ...]
    slots: Mapping[str, tuple[str, ...]]
    frames: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]
    intents: Mapping[str, tuple[str, ...]]
    out_of_scope: tuple[str, ...]

    def templates(self, *, test: bool) -> Iterator[tuple[str, str]]:
        """(intent, template) of one side of the split, without frames."""
        listed = {**self.intents, OUT_OF_SCOPE: self.out_of_scope}
        for intent, templates in listed.items():
            yield from ((intent, one) for one in templates if is_test(f"{self.language} {intent} {one}") == test)

    def framed(self, *, test: bool) -> Iterator[tuple[str, str]]:
        """(intent, frame) of one side of the split."""
        for frame in self.frames:
            if is_test(f"{self.language} {frame}") == test:
                yield from ((intent, frame) for intent in self.words)


@cache
def material(language: str) -> Material:
    """The material of a language."""
    return msgspec.json.decode((FOLDER / f"{language}.json").read_bytes(), type=Material)


def is_test(template: str) -> bool:
    """Whether a template is kept apart for the test: one of five is."""
    return hashlib.sha256(f"{SPLIT} {template}".encode()).digest()[0] < _TEST_OF_256


def examples(language: str, *, test: bool, each: int, seed: int) -> list[Example]:
    """At most ``each`` different sentences of every template of one side of the split."""
    return _made(language, material(language).templates(test=test), each, seed)


def framed(language: str, *, test: bool, each: int, seed: int) -> list[Example]:
    """At most ``each`` different sentences of every frame and intent of one side of the split."""
    return _made(language, material(language).framed(test=test), each, seed)


def _made(language: str, templates: Iterable[tuple[str, str]], each: int, seed: int) -> list[Example]:
    given = material(language)
    made: list[Example] = []
    for intent, template in templates:
        draw = random.Random(f"{seed} {intent} {template}")  # noqa: S311 - the same sentences every time
        seen: dict[str, None] = {}
        for _ in range(each * _TRIES):
            if len(seen) < each:
                seen.setdefault(_sentence(given, intent, template, draw))
        made += [Example(text, intent, f"{language} {template}") for text in seen]
    return made


def _sentence(given: Material, intent: str, template: str, draw: random.Random) -> str:
    """One sentence of a template, as somebody may begin and end it."""

    def filled(core: str) -> str:
        return _SLOT.sub(lambda one: draw.choice(given.words[intent] if one[1] == WORD else given.slots[one[1]]), core)

    core = filled(template)
    while "(" in core:
        core = _CHOICE.sub(lambda one: draw.choice(one[1].split("|")), core)
    said = draw.choice(given.openings) + core + draw.choice(given.closings)
    return _BLANKS.sub(" ", said).strip(" ，")
