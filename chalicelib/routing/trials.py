"""The what-ifs of a policy, compiled: what each gives, what it states, and whether it can bear on what is presumed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from chalicelib.routing.conditions import Conditions
from chalicelib.routing.declaration import PolicyDeclaration, WhatIf
from chalicelib.routing.given import bears_on
from chalicelib.routing.sentences import Sentence

_STATES = ("stated.intent", "stated.confidence", "stated.source")


class Trial(msgspec.Struct, frozen=True):
    """One what-if. ``states`` is the fact ``intent`` that it makes; ``presumes``: another intent may be presumed.

    Not ``plain``: what it comes to is only found by judging the changed facts anew.
    """

    says: Sentence
    given: dict[str, Any]
    states: dict[str, Any] | None
    presumes: bool
    plain: bool


def trials_of(declared: PolicyDeclaration, intents: Conditions) -> tuple[Trial, ...]:
    """The what-ifs in their order."""
    named = [rule.intent["var"] for rule in declared.intents if not isinstance(rule.intent, str)]
    looked_up = {*named, *(rule.times for rule in declared.rules if rule.times is not None)}
    return tuple(_trial(trial, intents, looked_up) for trial in declared.what_if)


def _trial(trial: WhatIf, intents: Conditions, looked_up: Iterable[str]) -> Trial:
    given = trial.set
    id_, confidence, source = (given.get(path) for path in _STATES)
    is_stated = all(path in given for path in _STATES) and bool(id_) and source != "message"
    in_part = not is_stated and bears_on(given, "stated")
    around = any(bears_on(given, path) and path not in given for path in looked_up)
    return Trial(
        says=Sentence(trial.if_),
        given=given,
        states={"id": id_, "confidence": confidence, "source": source} if is_stated else None,
        presumes=intents.depend_on(tuple(given)),
        plain=not (in_part or around),
    )
