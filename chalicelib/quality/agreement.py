"""Whether the sources of a trait agree: what a profile's accuracy can honestly be said to be.

``agreed``     every other source that can be compared says what the winner says
``corrected``  one says otherwise, and the winner is of a source that ranks higher: it corrected that one
``conflict``   one says otherwise that ranks as high
``unknown``    nothing can be compared

    accuracy = traits agreed ÷ traits compared;  null where none can be compared

Clear values are compared without width, case, spaces and the endings of places. Sealed ones are not opened: within one
facet equal values have equal seals (the nonce is derived), so equal bytes agree and others differ; a phone and an
e-mail have several spellings, so those differ only where their masked forms do as well. Across facets the keys
differ, and nothing can be said.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.privacy.derive import region
from chalicelib.privacy.fields import FIELDS
from chalicelib.profiles.model import Claim, Profile

type State = Literal["agreed", "corrected", "conflict", "unknown"]

_MANY_SPELLINGS = frozenset({"phone", "email", "address"})
"""Sealed traits that one value has several spellings of."""


class Said(msgspec.Struct, frozen=True):
    """One source's last word. ``agrees`` with the winner; None where that cannot be said."""

    source: str
    observed_at: Millis
    agrees: bool | None


class TraitAgreement(msgspec.Struct, frozen=True):
    """What the sources of one trait come to, the winner's first."""

    state: State
    said: tuple[Said, ...]


class Agreement(msgspec.Struct, frozen=True):
    """What all traits come to that several sources told."""

    traits: dict[str, TraitAgreement]

    def how_many(self, *states: State) -> int:
        """How many traits are in one of these states."""
        return sum(one.state in states for one in self.traits.values())

    @property
    def accuracy(self) -> float | None:
        """The share of compared traits whose sources agree; None where nothing can be compared."""
        compared = self.how_many("agreed", "corrected", "conflict")
        return round(self.how_many("agreed") / compared, 4) if compared else None


def agreement(profile: Profile) -> Agreement:
    """Compare what the sources of a profile say. Derived traits follow others and are left out."""
    return Agreement(
        {
            name: _of_trait(name, claims)
            for name, claims in sorted(profile.claims.items())
            if not _follows(name, claims, profile.claims)
        }
    )


def _follows(name: str, claims: tuple[Claim, ...], of: Mapping[str, tuple[Claim, ...]]) -> bool:
    """Whether a trait was derived from others, which are compared themselves."""
    if name == "region":
        places = {one.trait.event_key for place in ("city", "address") for one in of.get(place, ())}
        return all(one.trait.event_key in places for one in claims)
    return name in FIELDS and FIELDS[name].writable_by in ("derived", "desk")


def _of_trait(name: str, claims: tuple[Claim, ...]) -> TraitAgreement:
    winner, *others = claims
    agrees = [agree(name, winner, one) for one in others]
    said = (None if all(one is None for one in agrees) else True, *agrees)
    return TraitAgreement(
        _state(winner, [one for one, same in zip(others, agrees, strict=True) if same is False], agrees),
        tuple(Said(one.trait.source, one.trait.observed_at, same) for one, same in zip(claims, said, strict=True)),
    )


def _state(winner: Claim, differing: list[Claim], agrees: list[bool | None]) -> State:
    if any(one.trait.source_rank >= winner.trait.source_rank for one in differing):
        return "conflict"
    if differing:
        return "corrected"
    return "agreed" if True in agrees else "unknown"


def agree(name: str, one: Claim, other: Claim) -> bool | None:
    """Whether two sources say the same of a trait; None where that cannot be said."""
    left, right = one.trait, other.trait
    if left.value is None or right.value is None:
        return None
    if left.masked is None and right.masked is None:
        return bool(_normal(name, left.value) == _normal(name, right.value))
    if one.facet != other.facet or left.masked is None or right.masked is None:
        return None
    if left.value == right.value:
        return True
    return None if name in _MANY_SPELLINGS and left.masked == right.masked else False


def _normal(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = "".join(unicodedata.normalize("NFKC", value).casefold().split())
    return _NORMAL.get(name, str)(text)


def _region(text: str) -> str:
    return region(text) or text


def _city(text: str) -> str:
    return text.removesuffix("市")


_NORMAL: Mapping[str, Callable[[str], str]] = {"region": _region, "city": _city}
