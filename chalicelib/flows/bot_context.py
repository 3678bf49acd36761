"""What a bot should know before it speaks: the summary, how to talk, what not to ask again."""

from __future__ import annotations

from typing import Any

from chalicelib.flows.answer_route import caller_of, situation_of
from chalicelib.flows.current_tags import confidences_of, current_tags
from chalicelib.flows.services import ReadServices
from chalicelib.flows.serving import serving
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.asked import FOR_SERVICE, Asked
from chalicelib.profiles.cases import cases
from chalicelib.profiles.model import Profile
from chalicelib.routing.bot_context import bot_context
from chalicelib.routing.decide import decide
from chalicelib.routing.model import RouteRequest
from chalicelib.tags.judging import judged
from chalicelib.tags.summary import summary

_TRIAL = "context"
"""The id of the decision that gives the hints. It is not recorded: nobody was routed."""


def context_for_bot(
    profile: Profile,
    channel: str,
    services: ReadServices,
    now: Millis,
    timezone: str | None = None,
    asked: Asked = FOR_SERVICE,
) -> dict[str, Any]:
    """At most 4 KB as JSON; what had to be left out is named in ``trimmed``."""
    profile, services = serving(profile, asked, services, now)
    request = RouteRequest(channel=channel, purpose="service", profile_id=profile.profile_id)
    tags = current_tags(profile, services, now, scenes=situation_of(request, now, timezone))
    caller = caller_of(profile, confidences_of(tags), services, now)
    decision = decide(services.policy, request, caller, decision_id=_TRIAL, now=now, timezone=timezone)
    known = judged(profile, services.catalogue)
    suggestions: list[dict[str, Any]] = []
    if profile.outreach:
        # Few have had a risk raised; nobody else's answer waits for what decides on it.
        from chalicelib.flows.show_outreach import suggestions_of

        suggestions = suggestions_of(profile, asked.purpose, services.outreach(), services.catalogue, now)
    return bot_context(
        services.policy,
        decision,
        summary=summary(known, tags, services.catalogue.families),
        tags=sorted((tag for tag in tags if "service" in tag.purposes), key=lambda tag: (-tag.confidence, tag.id)),
        cases=cases(profile.steps),
        suggestions=suggestions,
    )
