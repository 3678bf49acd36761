"""The values of probable matches.

Person      what a run is told of one profile
Schema      which fields are compared, how, and which keys bring two rows together at all
Row         one profile's normalised values, in memory only
Match       a pair with its score, its weight and the part of every field: no value of a person in it
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from chalicelib.kernel.moments import Millis

type Kind = Literal["name", "date", "digits", "code", "email", "text", "set"]
"""How two values of a field are compared: each kind has its levels in ``matching.levels``."""

type Cut = Literal["whole", "sound", "year", "month_day", "start", "local"]
"""Which part of a value goes into a blocking key."""


class Field(msgspec.Struct, frozen=True):
    """One field that is compared. ``shared``: people who live or work together have it in common."""

    name: str
    kind: Kind
    shared: bool = False


class Rule(msgspec.Struct, frozen=True):
    """Rows that share these cuts of these fields become a candidate pair. ``any_order`` sorts the cuts first."""

    cuts: tuple[tuple[str, Cut], ...]
    any_order: bool = False


class Schema(msgspec.Struct, frozen=True):
    """What a matching run compares. ``crossings`` are pairs of fields whose values people swap."""

    fields: tuple[Field, ...]
    crossings: tuple[tuple[str, str], ...]
    rules: tuple[Rule, ...]

    def only(self, names: frozenset[str]) -> Schema:
        """The same, with the other fields and all that needs them left out."""
        return Schema(
            fields=tuple(field for field in self.fields if field.name in names),
            crossings=tuple(pair for pair in self.crossings if names.issuperset(pair)),
            rules=tuple(rule for rule in self.rules if names.issuperset(field for field, _ in rule.cuts)),
        )


class Person(msgspec.Struct, frozen=True):
    """What a run is told of one profile, opened in memory only: clear traits, habits, and days of activity.

    ``seen_at`` is when it was last heard of.
    """

    profile_id: str
    traits: dict[str, str]
    habits: tuple[str, ...] = ()
    days: tuple[int, ...] = ()
    seen_at: Millis = 0

    def __repr__(self) -> str:
        return f"<person {self.profile_id}>"


class Row(msgspec.Struct, frozen=True):
    """One profile's normalised values by field; a field that is missing is no evidence either way."""

    row_id: str
    values: dict[str, str]

    def __repr__(self) -> str:
        return f"<row of {len(self.values)} values>"


class FieldPart(msgspec.Struct, frozen=True):
    """What one field adds to a pair's weight, in bits. ``level`` is one of ``matching.levels``, or ``missing``."""

    field: str
    level: str
    weight: float


class Match(msgspec.Struct, frozen=True):
    """Two rows that are probably one person. ``weight`` is ``prior`` plus the weights of the parts."""

    left: str
    right: str
    score: float
    weight: float
    prior: float
    parts: tuple[FieldPart, ...]

    @property
    def pair_id(self) -> str:
        """The id of the pair, whichever side comes first."""
        return pair_id(self.left, self.right)


class Found(msgspec.Struct, frozen=True):
    """What one run found, most probable first, among how many pairs that were compared."""

    matches: tuple[Match, ...]
    compared: int


def pair_id(left: str, right: str) -> str:
    """The id of a pair of profiles: the same for both orders, and the same at every run."""
    pair = "\n".join(sorted((left, right)))
    return "pm_" + hashlib.sha256(pair.encode()).hexdigest()[:32]


LIKELY = 0.5
"""From this score on a pair is proposed: it is more likely one person than two."""
