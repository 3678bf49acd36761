"""What a policy reads outside its conditions: in its sentences, its counts, its what-ifs and its floor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from chalicelib.kernel.texts import Text
from chalicelib.routing.declaration import PolicyDeclaration

PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)\}")
SHOWN_NAMES: frozenset[str] = frozenset({"intent.name", "intent.because", "urgency.name", "channel.name"})
"""Placeholders that stand for a name, or a phrase, in the reader's language and not for a value."""


@lru_cache(maxsize=1_024)
def placeholders(says: Text) -> tuple[str, ...]:
    """The paths that a sentence shows, names left out."""
    found = PLACEHOLDER.findall(says.zh) + PLACEHOLDER.findall(says.en)
    return tuple(dict.fromkeys(path for path in found if path not in SHOWN_NAMES))


def paths_outside_conditions(declared: PolicyDeclaration) -> Iterator[tuple[str, str]]:
    """(where it stands, path) for sentences, ``times``, ``var`` values, the floor and what-ifs."""
    yield from _paths_in_sentences(declared)
    for position, presumed in enumerate(declared.intents):
        if isinstance(presumed.intent, dict):
            yield f"intents[{position}].intent", presumed.intent.get("var", "")
    for position, rule in enumerate(declared.rules):
        if rule.times is not None:
            yield f"rules[{position}].times", rule.times
    for position, hint in enumerate(declared.hints):
        if isinstance(hint.language, dict):
            yield f"hints[{position}].language", hint.language.get("var", "")
    for position, trial in enumerate(declared.what_if):
        yield from ((f"what_if[{position}].set", path) for path in trial.set)
    for position, floor in enumerate(declared.floor):
        yield from ((f"floor[{position}].reads", path) for path in floor.reads)


def _paths_in_sentences(declared: PolicyDeclaration) -> Iterator[tuple[str, str]]:
    sentences = {f"texts.{name}": text for name, text in declared.texts.items()}
    sentences |= {f"intents[{at}].says": entry.says for at, entry in enumerate(declared.intents)}
    sentences |= {f"urgency.rules[{at}].says": entry.says for at, entry in enumerate(declared.urgency.rules)}
    sentences |= {f"rules[{at}].says": entry.says for at, entry in enumerate(declared.rules)}
    sentences |= {f"floor[{at}].says": entry.says for at, entry in enumerate(declared.floor)}
    sentences |= {f"what_if[{at}].if": entry.if_ for at, entry in enumerate(declared.what_if)}
    for place, says in sentences.items():
        yield from ((place, path) for path in placeholders(says))
