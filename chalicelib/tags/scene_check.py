"""Checks the declaration of a scene: every mistake at once, its own examples among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from datalogic_py import DataLogicError

from chalicelib.profiles.conditions import reads
from chalicelib.profiles.operators import expand
from chalicelib.tags.condition_check import condition_mistakes, outcome
from chalicelib.tags.scenes import SCENE_PATHS, Scene
from chalicelib.tags.shapes import Mistake, shape_mistakes
from chalicelib.tags.trial import failure
from chalicelib.tags.vocabulary import Vocabulary, nearest

_SITUATIONS: Mapping[str, tuple[Any, ...]] = {
    "at.hour": (0, 23),
    "at.weekday": (1, 7),
    "at.day": ("05-20",),
    "channel": ("web_chat", ""),
    "text": ("words", ""),
}
_CASES = (None, 0, 3)
"""What is counted of orders, tickets and complaints."""


class _SituationVocabulary(Vocabulary):
    """What a scene may read: the moment, the channel, the message at hand, and what is open."""

    def __init__(self) -> None:
        super().__init__({})

    def mistake(self, path: str) -> tuple[str, str, str | None] | None:
        """Code, sentence and suggestion for a path that may not be read; None for one that may."""
        if path in SCENE_PATHS:
            return None
        return "unknown_path", f"A situation has nothing at “{path}”.", nearest(path, SCENE_PATHS) or "at.hour"


def scene_mistakes(raw: Any, scene_id: str) -> list[Mistake]:
    """All mistakes of a declaration that is to be published as ``scene_id``."""
    found = list(shape_mistakes(raw, Scene, "$"))
    if found:
        return found
    scene = msgspec.convert(raw, Scene)
    if scene.id != scene_id:
        found.append(Mistake("$.id", "other_id", "The id is the one that the address names.", scene_id))
    wrong = [
        one
        for one in condition_mistakes(scene.when, _SituationVocabulary(), "$.when")
        # A situation always has a moment and a channel, so a scene may well be one where little is known.
        if one.code != "true_of_nobody"
    ]
    return [*found, *wrong, *([] if wrong else [*_trial_mistakes(scene), *_example_mistakes(scene)])]


def _trial_mistakes(scene: Scene) -> Iterator[Mistake]:
    """A scene that fails on some situation would fail whatever is asked in it."""
    condition = expand(scene.when)
    failed = failure(condition, {path: _SITUATIONS.get(path, _CASES) for path in sorted(reads(condition))})
    if failed is not None:
        message = f"It cannot be evaluated in every situation ({failed})."
        suggestion = 'Compare texts with == or in, and give a missing value a meaning: {"??": [{"var": …}, 0]}.'
        yield Mistake("$.when", "fails_on_values", message, suggestion)


def _example_mistakes(scene: Scene) -> Iterator[Mistake]:
    read = reads(expand(scene.when))
    for name, flat, wanted in (
        ("positive", scene.examples.positive, True),
        ("negative", scene.examples.negative, False),
    ):
        where = f"$.examples.{name}"
        for given in sorted(flat.keys() - read):
            yield Mistake(where, "unread_path", f"The scene does not read “{given}”.", nearest(given, read))
        try:
            on = outcome(scene.when, flat)
        except DataLogicError as error:
            yield Mistake(where, "example_fails", f"The scene cannot be evaluated on it ({error.error_type}).")
            continue
        if on is not wanted:
            yield Mistake(where, "example_fails", f"The scene should{'' if wanted else ' not'} be on in it.")
