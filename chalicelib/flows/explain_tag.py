"""The answer to why, with times as people read them."""

from __future__ import annotations

from collections.abc import Collection

from chalicelib.flows.services import ReadServices
from chalicelib.flows.why_views import PinnedView, SignalView, WhyView
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.profiles.model import Profile
from chalicelib.tags.why import SignalWhy, why


def explain_tag(
    profile: Profile, tag_id: str, services: ReadServices, now: Millis, scenes: Collection[str] = ()
) -> WhyView:
    """Why a tag is set, or why it is not, in these scenes. Raises NotFound for an unknown tag."""
    found = why(services.catalogue, profile, tag_id, now, scenes)
    pinned = found.pinned
    return WhyView(
        tag=found.tag,
        name=found.name,
        meaning=found.meaning,
        set=found.set,
        signals=tuple(map(_signal, found.signals)),
        weights_sum=found.weights_sum,
        trust=found.trust,
        decay=found.decay,
        confidence=found.confidence,
        threshold=found.threshold,
        half_life_days=found.half_life_days,
        since=_written(found.since),
        expires_at=_written(found.expires_at),
        rule_version=found.rule_version,
        source=found.source,
        says=found.says,
        catalogue_version=found.catalogue_version,
        scene=found.scene,
        parent=found.parent,
        level=found.level,
        doubts=found.doubts,
        filled=found.filled,
        implied_by=found.implied_by,
        lost_to=found.lost_to,
        pinned=None if pinned is None else PinnedView(pinned.value, pinned.by, format_moment(pinned.since)),
        switched_off=found.switched_off,
        as_of=format_moment(now),
    )


def _signal(signal: SignalWhy) -> SignalView:
    return SignalView(
        id=signal.id,
        says=signal.says,
        weight=signal.weight,
        factor=signal.factor,
        true=signal.true,
        values=signal.values,
        first_event_at=_written(signal.first_event_at),
        last_event_at=_written(signal.last_event_at),
        error=signal.error,
    )


def _written(moment: Millis | None) -> str | None:
    return None if moment is None else format_moment(moment)
