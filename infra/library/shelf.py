"""The shipped library with what its examples come to, and how many tags each part must hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

import msgspec

from chalicelib.insights.groups import OF_MEASURES
from chalicelib.profiles.conditions import reads
from chalicelib.profiles.operators import expand
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.condition_check import outcome
from chalicelib.tags.confidence import reaches, weight_of
from chalicelib.tags.model import Dimension, TagClass, TagRule, Trade

CLASSES: tuple[str, ...] = get_args(TagClass)
DIMENSIONS: tuple[str, ...] = get_args(Dimension)
CORE = "core"
TRADES: tuple[str, ...] = (CORE, *get_args(Trade))

LEAST: Mapping[str, int] = {CORE: 130, "retail": 65, "finance": 50, "telecom": 50, "it_desk": 55}
"""Trade → how many person tags ship at least, if the trade ships at all."""
LEAST_PERSON_TAGS = 220
LEAST_GROUP_TAGS = 20


class Shelved(msgspec.Struct, frozen=True):
    """One tag with where it stands, how many of its examples are right, and the measures it reads."""

    rule: TagRule
    trades: tuple[str, ...]
    examples_right: int
    measures: frozenset[str]

    @property
    def is_group(self) -> bool:
        """Whether it is of a segment or the crowd rather than of a person."""
        return self.rule.granularity != "person"


class Sum(msgspec.Struct, frozen=True):
    """What some tags amount to. Each tag has two examples."""

    tags: int
    examples: int
    examples_right: int
    measures: int


def shelve(catalogue: Catalogue) -> tuple[Shelved, ...]:
    """Every tag of a catalogue, those of persons first."""
    return tuple(_shelved(rule) for rule in (*catalogue.rules.values(), *catalogue.group_rules))


def sum_of(tags: Iterable[Shelved]) -> Sum:
    """Counts over some tags; a measure that several read counts once."""
    chosen = tuple(tags)
    return Sum(
        tags=len(chosen),
        examples=2 * len(chosen),
        examples_right=sum(one.examples_right for one in chosen),
        measures=len(frozenset().union(*(one.measures for one in chosen))),
    )


def _shelved(rule: TagRule) -> Shelved:
    read = frozenset().union(*(reads(expand(signal.when)) for signal in rule.signals))
    examples = ((rule.examples.positive, True), (rule.examples.negative, False))
    right = 0
    for flat, wanted in examples:
        bits = sum(1 << place for place, one in enumerate(rule.signals) if outcome(one.when, flat))
        right += reaches(rule, weight_of(rule, bits)) is wanted
    return Shelved(
        rule=rule,
        trades=rule.trades or (CORE,),
        examples_right=right,
        measures=frozenset(name for name in map(_measure_at, read) if name),
    )


def _measure_at(path: str) -> str:
    """The measure that a path of a person or a group reads, or ''."""
    head, first, *rest = path.split(".", 2)
    if head == "g":
        return rest[0] if rest and first in OF_MEASURES else ""
    return first if head == "m" else ""
