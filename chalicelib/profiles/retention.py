"""What is older than it may become is not there: for rules, views and policies alike, whatever still stands in the store.

A trait ends so many days after the event that told it, a measure so long after the last one that it counted. What
persons set (tags) and said (consents) does not end.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.privacy.fields import FIELDS
from chalicelib.profiles.model import Claim, Profile, Trait
from chalicelib.profiles.uses import MEASURES_KEPT_DAYS

_KEPT_MS = {name: field.retention_days * DAY_MS for name, field in FIELDS.items() if field.retention_days}
_MEASURES_MS = MEASURES_KEPT_DAYS * DAY_MS
_SHORTEST_MS = min(*_KEPT_MS.values(), _MEASURES_MS)


class Expired(msgspec.Struct, frozen=True):
    """The names of what is too old."""

    traits: frozenset[str] = frozenset()
    series: frozenset[str] = frozenset()


NOTHING = Expired()


def expired(profile: Profile, now: Millis) -> Expired:
    """What of a profile is too old at a moment."""
    if now - profile.first_seen < _SHORTEST_MS:
        # Most people: nothing can be older than they are.
        return NOTHING
    traits = frozenset(name for name, trait in profile.traits.items() if _is_old(name, trait, now))
    series = frozenset(name for name, one in profile.series.items() if now - one.last_at >= _MEASURES_MS)
    return Expired(traits, series) if traits or series else NOTHING


def kept(profile: Profile, now: Millis) -> Profile:
    """The profile without what is too old. Of a trait that several told, the others' word where that is not."""
    old = expired(profile, now)
    if old is NOTHING:
        return profile
    claims = {
        name: tuple(claim for claim in told if not _is_old(name, claim.trait, now))
        for name, told in profile.claims.items()
    }
    changed: dict[str, Any] = {
        "traits": _traits(profile, old.traits, claims),
        "claims": {name: told for name, told in claims.items() if told},
        "series": {name: one for name, one in profile.series.items() if name not in old.series},
        "filled": {name: source for name, source in profile.filled.items() if name not in old.traits},
    }
    return msgspec.structs.replace(profile, **changed)


def next_expiry(profile: Profile, stems: Collection[str], after: Millis) -> Millis | None:
    """The first instant after ``after`` at which one of these (``t.<trait>``, ``m.<measure>``) ends; None: none does."""
    ends = [one.last_at + _MEASURES_MS for name, one in profile.series.items() if f"m.{name}" in stems]
    for name, trait in profile.traits.items():
        if name in _KEPT_MS and f"t.{name}" in stems:
            told = [trait, *(claim.trait for claim in profile.claims.get(name, ()))]
            ends += [one.observed_at + _KEPT_MS[name] for one in told]
    return min((at for at in ends if at > after), default=None)


def _traits(profile: Profile, old: frozenset[str], claims: dict[str, tuple[Claim, ...]]) -> dict[str, Trait]:
    left = {name: trait for name, trait in profile.traits.items() if name not in old}
    return left | {name: claims[name][0].trait for name in old if claims.get(name)}


def _is_old(name: str, trait: Trait, now: Millis) -> bool:
    kept_ms = _KEPT_MS.get(name)
    return kept_ms is not None and now - trait.observed_at >= kept_ms
