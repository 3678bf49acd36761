"""Segmentations as declared: ways to group everybody, each into kinds that have names and a meaning.

What ships (``segmentations.json``) answers to the requirements
  customers  D4, and with it D1 (value: frequent, dear, few complaints) and D2 (potential: asks and looks, no deal)
  shoppers   D5: style follower, rational consumer, impulse buyer
  stages     D3 and C29: where somebody stands in the life of a customer, told by rules
and the six classes of tags (D6) meet in them: their features read channels, service, attributes, volume, complaints
and groups alike. A tenant may declare its own in their place or beside them, checked by ``declared``.

A kind's ``signs`` are its meaning: by which features people of it stand out, upwards (> 0) or downwards (< 0), and how
much that counts. The kinds of a segmentation ``by`` rule have conditions instead (``rules``), and need no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec

from chalicelib.kernel.texts import Text
from chalicelib.privacy.permission import Purpose

MOST_KINDS = 12
_SHIPPED = Path(__file__).with_name("segmentations.json")


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A feature against a number, or against a number ``times`` another feature. False where either is unknown."""

    feature: str
    op: Literal["<", "<=", ">", ">="]
    value: float
    times: str = ""


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One group of a segmentation. ``when``: conditions, of which all of one row must hold."""

    id: str
    names: Text
    says: Text
    signs: dict[str, float] = {}
    when: tuple[tuple[Condition, ...], ...] = ()


class Segmentation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to group everybody, or only those of whom all conditions of a row of ``whom`` hold.

    ``k``: fewest and most groups; no more than there are kinds to name them. ``least_share``: what part of people the
    smallest group must hold. ``most_renamed``: what part may get another name before a run is held for review.
    ``least_stability``: the adjusted Rand index that fits of resampled people must have with each other. ``hysteresis``:
    how far past the middle between two centroids somebody must be, as a part of the way between them, before they leave
    the segment they are in (``assign``). ``purposes``: what it may be used for, as far as each person agrees to it.
    """

    id: str
    version: int
    names: Text
    says: Text
    kinds: tuple[Kind, ...]
    by: Literal["model", "rule"] = "model"
    k: tuple[int, int] = (2, MOST_KINDS)
    whom: tuple[tuple[Condition, ...], ...] = ()
    features: tuple[str, ...] = ()
    least_share: float = 0.02
    most_renamed: float = 0.15
    least_stability: float = 0.7
    hysteresis: float = 0.0
    purposes: tuple[Purpose, ...] = ("service",)

    def kind(self, kind_id: str) -> Kind | None:
        """The kind of an id, or None for one that is no longer declared."""
        return next((one for one in self.kinds if one.id == kind_id), None)


type Segmentations = Mapping[str, Segmentation]
"""All that are in force for a tenant, by id."""


@cache
def load_segmentations() -> tuple[Segmentation, ...]:
    """The segmentations that ship."""
    return msgspec.json.decode(_SHIPPED.read_bytes(), type=tuple[Segmentation, ...])


@cache
def shipped_segmentations() -> Segmentations:
    """The same by id."""
    return {one.id: one for one in load_segmentations()}


def meaning_of(spec: Segmentation) -> str:
    """A mark of all that a model depends on: how many groups, of whom, by which features, with which kinds and signs.

    Another name, text, purpose or bound of a contest leaves it as it is. So do other orders of features and of kinds.
    """
    kinds = sorted((one.id, sorted(one.signs.items()), one.when) for one in spec.kinds)
    said = (spec.by, spec.k, spec.whom, sorted(spec.features), kinds)
    return sha256(msgspec.json.encode(said)).hexdigest()[:16]
