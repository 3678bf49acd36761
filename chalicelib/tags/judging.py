"""What may be judged of a person, and for what its outcome may be used: the one place that all judging goes through.

Who is not profiled is not judged at all. What rests on consent to service that was taken back is not read. And a tag is
set for the purposes that the person agrees to, which may be none of those that it was declared for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from chalicelib.privacy.fields import FIELDS
from chalicelib.privacy.permission import PURPOSES, withholding
from chalicelib.profiles.claims import usable
from chalicelib.profiles.model import Profile
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.model import Tag

_BY_CONSENT = frozenset(name for name, field in FIELDS.items() if field.legal_basis == "consent")
_MOST_KEPT = 1_024


class _Said(msgspec.Struct, frozen=True):
    """What somebody's words come to: the purposes that are closed, and whether what rests on consent may serve."""

    closed: frozenset[str]
    serves_consented: bool


def judged(profile: Profile, catalogue: Catalogue) -> Profile:
    """The profile as rules, routes, contexts and counts may read it. Doing it twice changes nothing more."""
    if not _said(profile.said, catalogue.asked_first).serves_consented and _BY_CONSENT & profile.traits.keys():
        profile = msgspec.structs.replace(
            profile,
            traits={name: one for name, one in profile.traits.items() if name not in _BY_CONSENT},
            claims={name: one for name, one in profile.claims.items() if name not in _BY_CONSENT},
        )
    return usable(profile, catalogue.health.weights)


def is_readable(name: str, profile: Profile, asked_first: tuple[str, ...]) -> bool:
    """Whether a trait of this person may be read by what serves them."""
    return name not in _BY_CONSENT or _said(profile.said, asked_first).serves_consented


def may_serve(profile: Profile, purpose: str, catalogue: Catalogue) -> bool:
    """Whether a person may be judged for a purpose at all."""
    return profile.is_profiled and purpose not in _said(profile.said, catalogue.asked_first).closed


def open_to(profile: Profile, catalogue: Catalogue) -> frozenset[str]:
    """The purposes that what is judged of a person may be used for."""
    if not profile.is_profiled:
        return frozenset()
    return frozenset(PURPOSES) - _said(profile.said, catalogue.asked_first).closed


def permitted(tag: Tag, profile: Profile, catalogue: Catalogue) -> Tag:
    """The tag with those of its purposes that it may be used for."""
    if not profile.is_profiled:
        return msgspec.structs.replace(tag, purposes=())
    # A rule of before the data map was narrowed may say more of itself than what it reads allows.
    left = left_of(tag.purposes, closed_to(profile, catalogue) | catalogue.beyond(tag.id))
    return tag if left is tag.purposes else msgspec.structs.replace(tag, purposes=left)


def closed_to(profile: Profile, catalogue: Catalogue) -> frozenset[str]:
    """The purposes that what is judged of a person may not be used for."""
    return _said(profile.said, catalogue.asked_first).closed


@lru_cache(maxsize=_MOST_KEPT)
def left_of(purposes: tuple[str, ...], closed: frozenset[str]) -> tuple[str, ...]:
    """What is left of some purposes: the very same where none is closed."""
    return purposes if closed.isdisjoint(purposes) else tuple(one for one in purposes if one not in closed)


def _said(said: Mapping[str, bool], asked_first: tuple[str, ...]) -> _Said:
    return _heard(tuple(sorted(said.items())) if said else (), asked_first)


@lru_cache(maxsize=_MOST_KEPT)
def _heard(said: tuple[tuple[str, bool], ...], asked_first: tuple[str, ...]) -> _Said:
    words = dict(said)
    closed = frozenset(one for one in PURPOSES if withholding((one,), "", one, words, asked_first))
    return _Said(closed, not withholding(("service",), "consent", "service", words, asked_first))
