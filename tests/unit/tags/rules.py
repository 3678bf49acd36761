"""Builds rules and declarations that are right but for what a test changes."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.profiles.measures import load_measures
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.model import TagRule
from chalicelib.tags.scenes import load_scenes
from chalicelib.tags.vocabulary import Vocabulary


def vocabulary() -> Vocabulary:
    """The shipped measures and the traits of the data map."""
    return Vocabulary(load_measures().measures, scenes=[one.id for one in load_scenes()])


def declaration(**changed: Any) -> dict[str, Any]:
    """A declaration without mistakes, but for the fields given."""
    text = {"zh": "文", "en": "text"}
    sound: dict[str, Any] = {
        "id": "sample",
        "version": 1,
        "name": text,
        "meaning": text,
        "class": "customer_group",
        "dimension": "needs",
        "owner": "tests",
        "purposes": ["service"],
        "signals": [signal("often", 1, {">=": [{"var": "m.contacts.count_30d"}, 2]})],
        "threshold": 0.6,
        "half_life_days": None,
        "expires_days": None,
        "examples": {
            "positive": {"m.contacts.count_30d": 3},
            "negative": {"m.contacts.count_30d": 1},
        },
    }
    return {**sound, **changed}


def signal(id_: str, weight: float, when: Any) -> dict[str, Any]:
    """One declared signal."""
    return {"id": id_, "weight": weight, "when": when, "says": {"zh": id_, "en": id_}}


def rule(**changed: Any) -> TagRule:
    """A rule, unchecked."""
    return msgspec.convert(declaration(**changed), TagRule)


def catalogue(*rules: TagRule) -> Catalogue:
    """A catalogue of just these rules over the shipped measures."""
    return Catalogue(rules, load_measures())
