"""Names that people give to what they declare: an allow-list, so that none can mean anything to us or to a script."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST_TEXT = 500
WORD_PATTERN = r"^[a-z][a-z0-9_]{0,63}$(?!\n)"
AGENT_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$(?!\n)"
"""Of what a body names and keys are made of. To ``$`` alone a line break at the end is none, in Python."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_MEANS_SOMETHING = frozenset({"constructor", "prototype", "tostring", "valueof"})
_MOST_SHOWN = 80


def is_name(text: str) -> bool:
    """Whether this may be an id: lower-case letters, digits and underscores, a letter first, at most 63."""
    return _NAME.fullmatch(text) is not None and text not in _MEANS_SOMETHING


def shown(text: str) -> str:
    """What somebody wrote, as it may stand in a sentence of ours: short, on one line, nothing invisible."""
    plain = "".join(one if one.isprintable() else "?" for one in text)
    return plain if len(plain) <= _MOST_SHOWN else plain[:_MOST_SHOWN] + "…"


def bad_texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """(path, why) of texts in a JSON value that are too long, or hold what cannot be seen."""
    for place, text in texts_in(value, path):
        if len(text) > LONGEST_TEXT:
            yield place, f"A text has at most {LONGEST_TEXT} characters."
        elif not text.isprintable():
            yield place, "A text is one line of characters that can be seen."


def texts_in(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """(path, text) of every text in a JSON value; names of an object are none."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from texts_in(one, f"{path}.{shown(str(name))}")
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from texts_in(one, f"{path}[{place}]")
