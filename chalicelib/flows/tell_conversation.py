"""Tells people's profiles the news of a conversation at the desk: who took it on, and that it is over."""

from __future__ import annotations

from collections import defaultdict

from chalicelib.desk.model import Conversation, News
from chalicelib.flows.tell_desk import Telling, TellServices, tell
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.tenants import Tenant


def tell_conversation(one: Conversation, tenant: Tenant, services: TellServices, now: Millis) -> None:
    """Tell all of it, to whom it was with; who is erased is told nothing. Raises Unavailable, and then it stays news."""
    of: dict[str, list[Telling]] = defaultdict(list)
    for news in one.news:
        of[news.profile_id].append(_telling(one, news))
    for profile_id, tellings in of.items():
        tell(tenant, profile_id, tellings, services, now)


def _telling(one: Conversation, news: News) -> Telling:
    # The desk knows a conversation by the hash of its caller's id.
    says = {"conversation_id": one.key, "agent_id": news.agent_id, "waited_seconds": news.waited_seconds}
    told = {name: value for name, value in says.items() if value is not None}
    return Telling(news.id, news.type, news.at, told, one.need.channel)
