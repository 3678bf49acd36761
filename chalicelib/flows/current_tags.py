"""A person's tags now, with an alarm for each rule that could not be evaluated."""

from __future__ import annotations

from collections.abc import Collection

from chalicelib.flows.services import ReadServices
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Profile
from chalicelib.tags.engine import assess
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
