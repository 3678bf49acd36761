"""The what-ifs of a policy, compiled: what each gives, what it states, and whether it can bear on what is presumed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from chalicelib.routing.conditions import Conditions
from chalicelib.routing.declaration import PolicyDeclaration, WhatIf
from chalicelib.routing.given import bears_on
from chalicelib.routing.sentences import Sentence

_STATES = ("stated.intent", "stated.confidence", "stated.source")


class Trial(msgspec.Struct, frozen=True):
    """One what-if. ``states`` is the fact ``intent`` that it makes, ``stating`` all that is then given.

    ``presumes``: another intent may be presumed. ``scales``: it sets a number that scales points.
    Not ``plain``: what it comes to is only found by judging the changed facts anew.
    """

    says: Sentence
    given: dict[str, Any]
    states: dict[str, Any] | None
    stating: dict[str, Any]
    presumes: bool
    scales: bool
    plain: bool


def trials_of(declared: PolicyDeclaration, intents: Conditions, times: Collection[str]) -> tuple[Trial, ...]:
    """The what-ifs in their order. ``times``: the paths whose numbers scale points."""
    named = [rule.intent["var"] for rule in declared.intents if not isinstance(rule.intent, str)]
    return tuple(_trial(trial, intents, named, times) for trial in declared.what_if)


def _trial(trial: WhatIf, intents: Conditions, named: Iterable[str], times: Collection[str]) -> Trial:
    given = trial.set
    id_, confidence, source = (given.get(path) for path in _STATES)
    is_stated = all(path in given for path in _STATES) and bool(id_) and source != "message"
    in_part = not is_stated and bears_on(given, "stated")
    around = any(bears_on(given, path) and path not in given for path in (*named, *times))
    states = {"id": id_, "confidence": confidence, "source": source} if is_stated else None
    return Trial(
        says=Sentence(trial.if_),
        given=given,
        states=states,
        stating={**given, **given_of(states or {})},
        presumes=intents.depend_on(given),
        scales=any(path in given for path in times),
        plain=not (in_part or around),
    )


def given_of(intent: Mapping[str, Any]) -> dict[str, Any]:
    """The fact ``intent`` by the paths that conditions read; words are there of one read from a message only."""
    return {f"intent.{name}": intent.get(name) for name in ("id", "confidence", "source", "evidence")}
