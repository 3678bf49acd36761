"""How good a profile is: complete, fresh, and agreed upon by its sources, in all and trait by trait."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.flows.views import ClaimView, Quality, SourceQuality, TraitQuality
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.profiles.model import Profile
from chalicelib.quality.agreement import Agreement, TraitAgreement, agreement
from chalicelib.tags.health import Health

CORE_TRAITS = ("name", "gender", "age_band", "region", "member_level", "phone", "email", "notify_channel")
"""What a complete profile knows; ``quality.completeness`` is the share that is there."""
_WELL = ("healthy", 1.0)


def describe_quality(profile: Profile, health: Health, now: Millis) -> Quality:
    """The quality of a profile as api.md writes it, and where it comes from."""
    agreed = agreement(profile)
    known = sum(name in profile.traits for name in CORE_TRAITS)
    return Quality(
        completeness=round(known / len(CORE_TRAITS), 2),
        freshness_seconds=_age(profile.last_seen, now),
        accuracy=agreed.accuracy,
        compared=agreed.how_many("agreed", "corrected", "conflict"),
        conflicts=agreed.how_many("conflict"),
        corrections=agreed.how_many("corrected"),
        filled=len(profile.filled),
        traits={name: _trait(one, now) for name, one in agreed.traits.items()},
        sources=_sources(profile, agreed, health, now),
    )


def _trait(one: TraitAgreement, now: Millis) -> TraitQuality:
    said = (
        ClaimView(each.source, format_moment(each.observed_at), _age(each.observed_at, now), each.agrees)
        for each in one.said
    )
    return TraitQuality(one.state, tuple(said))


def _sources(profile: Profile, agreed: Agreement, health: Health, now: Millis) -> dict[str, SourceQuality]:
    """Each source that says something of this person, with what it last said and how often others agree."""
    last = _last_words(profile)
    said = [each for one in agreed.traits.values() for each in one.said[1:]]
    return {
        source: SourceQuality(
            traits=len(times),
            agrees=sum(each.source == source and each.agrees is True for each in said),
            differs=sum(each.source == source and each.agrees is False for each in said),
            freshness_seconds=_age(max(times), now),
            state=_state(health, source)[0],
            weight=_state(health, source)[1],
        )
        for source, times in sorted(last.items())
    }


def _last_words(profile: Profile) -> Mapping[str, list[Millis]]:
    """Source → when it last spoke of each trait that it speaks of."""
    times: dict[str, list[Millis]] = {}
    for name, trait in profile.traits.items():
        claims = profile.claims.get(name)
        for one in [claim.trait for claim in claims] if claims else [trait]:
            times.setdefault(one.source, []).append(one.observed_at)
    return times


def _state(health: Health, source: str) -> tuple[str, float]:
    found = health.sources.get(source)
    return _WELL if found is None else (found.state, found.weight)


def _age(at: Millis, now: Millis) -> int:
    return max(0, now - at) // 1000
