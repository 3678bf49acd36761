"""A person's tags now, with an alarm for each rule that could not be evaluated."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from chalicelib.flows.services import ReadServices
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Profile
from chalicelib.tags.engine import assess, confidences
from chalicelib.tags.model import Tag
from chalicelib.tags.scenes import Situation


def current_tags(
    profile: Profile,
    services: ReadServices,
    now: Millis,
    among: Collection[str] | None = None,
    scenes: Collection[str] | Situation = (),
) -> tuple[Tag, ...]:
    """The tags that are set, in these scenes; with ``among``, just those of these ids.

    A broken rule sets nothing, harms no other, and is reported.
    """
    assessed = assess(services.catalogue, profile, now, among=among, scenes=scenes)
    if assessed.failed:
        services.alarm(assessed.failed)
    return assessed.tags


def policy_tags(
    profile: Profile, services: ReadServices, now: Millis, scenes: Situation, purpose: str = "service"
) -> dict[str, float]:
    """Tag → confidence, of the tags that the policy reads and that may be used for a purpose: a route asks no more."""
    held, failed = confidences(services.catalogue, profile, now, purpose, services.policy.tag_ids, scenes)
    if failed:
        services.alarm(failed)
    return held


def confidences_of(tags: Iterable[Tag], purpose: str = "service") -> dict[str, float]:
    """The same of tags that are known already."""
    return {tag.id: tag.confidence for tag in tags if purpose in tag.purposes}
