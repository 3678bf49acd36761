"""A profile as a purpose may use it: what is withheld is not in it, so nothing that is made of it can tell.

Reasons, the strictest first: ``restricted`` (the person had it so), ``under_14`` (a child is not profiled), ``purpose``
(not declared for it), ``consent`` (the person has not agreed), ``expired`` (older than it may become). The law is
answered in full, with all that is held.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from chalicelib.identity.blind_index import namespace_of
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.asked import Asked
from chalicelib.privacy.fields import FIELDS, NAMESPACES, STANDING
from chalicelib.privacy.uses import Declared, Use
from chalicelib.profiles.claims import is_child
from chalicelib.profiles.measures import MeasureSet
from chalicelib.profiles.model import IdentifierKey, Link, Profile
from chalicelib.profiles.pins import is_beside
from chalicelib.profiles.retention import expired, kept
from chalicelib.profiles.values import CASE_KINDS

LEGAL = "legal"
_WHOLE = ("traits", "measures", "tags", "segments", "scores", "quality", "first_seen", "last_seen")
_JUDGED = ("tags", "segments", "scores")
_NOT_FOR_CHILDREN = frozenset({"marketing", "analytics"})
_CHILD = "under_14"
_PERSON = "p"
_COUNTED = "ids"
_ANSWERS_KEPT = 256


class Withheld(msgspec.Struct, frozen=True, order=True):
    """A part of a profile that is withheld, and why."""

    path: str
    reason: str


class Permitted(msgspec.Struct, frozen=True):
    """What a purpose may use of a person.

    ``profile`` holds nothing else; its identifiers can be counted and not read. ``identifiers`` are those that may
    be shown. ``closed``: why nothing may be used at all; ``unjudged``: why no rule may judge; '' where it may.
    """

    profile: Profile
    identifiers: dict[IdentifierKey, Link]
    withheld: tuple[Withheld, ...] = ()
    closed: str = ""
    unjudged: str = ""


def used(profile: Profile, asked: Asked, now: Millis, measures: MeasureSet) -> Profile:
    """The profile as a purpose may use it, for those who show nothing of it: what is withheld is not listed."""
    if asked.purpose == LEGAL:
        return profile
    barred = _barred_of(profile, asked, measures)
    if _closed(profile, asked.purpose, barred):
        return _emptied(profile)
    fresh, child = kept(profile, now), is_child(profile.traits)
    # Most people, for service: nothing is barred, and nothing need be made anew.
    return _reduced(fresh, barred, is_child=child) if child or barred.anything else fresh


def permitted(profile: Profile, asked: Asked, now: Millis, measures: MeasureSet) -> Permitted:
    """What of a profile may be used for a purpose at a moment, and what is withheld."""
    if asked.purpose == LEGAL:
        return Permitted(profile, profile.links)
    barred = _barred_of(profile, asked, measures)
    closed, shown = _closed(profile, asked.purpose, barred), _shown(profile, barred, now)
    if closed:
        links = shown if closed == "restricted" else {}
        gone = (*_WHOLE, *(() if links else ("identifiers",)))
        return Permitted(
            profile=_emptied(profile),
            identifiers=links,
            withheld=tuple(Withheld(path, closed) for path in gone),
            closed=closed,
            unjudged=closed,
        )
    unjudged = _unjudged(profile)
    return Permitted(
        profile=_reduced(kept(profile, now), barred, is_child=unjudged == _CHILD),
        identifiers=shown,
        withheld=tuple(sorted(_told(profile, barred, unjudged, now))),
        unjudged=unjudged,
    )


def kept_since(past: Profile, asked: Asked, now: Millis) -> Profile:
    """A profile of the past without what is too old today: what ended since is not there to be looked back at."""
    if asked.purpose == LEGAL:
        return past
    links = {key: link for key, link in past.links.items() if not is_outlived(key, link, now)}
    return msgspec.structs.replace(kept(past, now), links=links)


class _Barred(msgspec.Struct, frozen=True):
    """What a purpose may not use of anybody who said the same: name → reason."""

    traits: Mapping[str, str]
    measures: Mapping[str, str]
    namespaces: Mapping[str, str]
    standing: Mapping[str, str]

    @property
    def anything(self) -> bool:
        """Whether there is anything that may not be used."""
        return bool(self.traits or self.measures or self.namespaces or self.standing)


def _barred_of(profile: Profile, asked: Asked, measures: MeasureSet) -> _Barred:
    return _barred(asked.purpose, frozenset(profile.said.items()), frozenset(asked.asked_first), measures)


@lru_cache(maxsize=_ANSWERS_KEPT)
def _barred(
    purpose: str, said: frozenset[tuple[str, bool]], asked_first: frozenset[str], measures: MeasureSet
) -> _Barred:
    answers = dict(said)

    def of(uses: Mapping[str, Use]) -> dict[str, str]:
        reasons = {name: use.withheld(purpose, answers, asked_first) for name, use in uses.items()}
        return {name: reason for name, reason in reasons.items() if reason}

    return _Barred(of(_uses(FIELDS)), of(measures.uses), of(_uses(NAMESPACES)), of(_uses(STANDING)))


def _uses(declared: Mapping[str, Declared]) -> dict[str, Use]:
    return {name: one.use for name, one in declared.items()}


def _closed(profile: Profile, purpose: str, barred: _Barred) -> str:
    """Why nothing may be used for the purpose; '' where something may."""
    if profile.state == "restricted":
        return "restricted"
    if purpose in _NOT_FOR_CHILDREN and is_child(profile.traits):
        return _CHILD
    return barred.standing.get(_PERSON, "")


def _unjudged(profile: Profile) -> str:
    if is_child(profile.traits):
        return _CHILD
    # Whoever refuses to be profiled has said so; the restricted are not asked about here.
    return "" if profile.is_profiled else "consent"


def _shown(profile: Profile, barred: _Barred, now: Millis) -> dict[IdentifierKey, Link]:
    return {
        key: link
        for key, link in profile.links.items()
        if namespace_of(key) not in barred.namespaces and not is_outlived(key, link, now)
    }


def is_outlived(key: IdentifierKey, link: Link, now: Millis) -> bool:
    """Whether an identifier is past its retention."""
    declared = NAMESPACES.get(namespace_of(key))
    return declared is not None and declared.use.is_expired(max(link.first_seen, link.last_seen), now)


def _reduced(profile: Profile, barred: _Barred, *, is_child: bool) -> Profile:
    """The profile without what is barred. What persons set and said stays: it is judged by the tags' own purposes."""
    cases = {kind for head, kind in CASE_KINDS.items() if head not in barred.standing}
    changed: dict[str, Any] = {
        "traits": _without(profile.traits, barred.traits),
        "claims": _without(profile.claims, barred.traits),
        "filled": _without(profile.filled, barred.traits),
        "series": {} if is_child else _without(profile.series, barred.measures),
        "steps": tuple(step for step in profile.steps if step.kind in cases),
        "links": {} if _COUNTED in barred.standing else {key: _unread(link) for key, link in profile.links.items()},
        "judged": b"" if is_child else profile.judged,
    }
    return msgspec.structs.replace(profile, **changed)


def _emptied(profile: Profile) -> Profile:
    """Somebody of whom nothing is known but that they exist."""
    return Profile(
        profile_id=profile.profile_id,
        version=profile.version,
        state=profile.state,
        generation=profile.generation,
        first_seen=0,
        last_seen=0,
        links={},
        traits={},
        series={},
        steps=(),
        channels={},
        said=profile.said,
        is_profiled=False,
    )


def _told(profile: Profile, barred: _Barred, unjudged: str, now: Millis) -> set[Withheld]:
    """What is withheld. Of measures and tags it is not said which: that there is one would tell what it counts."""
    old = expired(profile, now)
    told = {
        Withheld(f"traits.{name}", barred.traits.get(name, "expired"))
        for name in profile.traits
        if not is_beside(name) and (name in barred.traits or name in old.traits)
    }
    told |= {
        Withheld(f"identifiers.{one}", barred.namespaces[one])
        for one in map(namespace_of, profile.links)
        if one in barred.namespaces
    }
    told |= {
        Withheld(f"identifiers.{namespace_of(key)}", "expired")
        for key, link in profile.links.items()
        if namespace_of(key) not in barred.namespaces and is_outlived(key, link, now)
    }
    if unjudged == _CHILD:
        told.add(Withheld("measures", _CHILD))
    else:
        told |= {Withheld("measures", reason) for reason in barred.measures.values()}
        told |= {Withheld(f"measures.{name}", "expired") for name in old.series if name not in barred.measures}
    return told | {Withheld(path, unjudged) for path in _JUDGED if unjudged}


def _without[T](whole: Mapping[str, T], names: Collection[str]) -> dict[str, T]:
    return {name: one for name, one in whole.items() if name not in names}


def _unread(link: Link) -> Link:
    return msgspec.structs.replace(link, masked="")
