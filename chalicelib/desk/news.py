"""What the profile of a person learns of their conversation at the desk: who took it on, and that it is over.

Each piece has an id that follows from the conversation's key and the offer that was answered, so that it may be told
more than once. Where nobody knows whose a conversation is, there is nobody to tell.
"""

from __future__ import annotations

from chalicelib.desk.model import Conversation, News
from chalicelib.kernel.moments import Millis


def taken_on(was: Conversation, now: Millis) -> tuple[News, ...]:
    """The news once the agent to whom it is offered has accepted it: the first one, or another one than before."""
    if was.answered_by == was.agent_id or not was.need.profile_id:
        return was.news
    id_, agent_id, profile_id = f"{was.key}:{was.attempt}", was.agent_id, was.need.profile_id
    if was.answered_by:
        one = News(f"transferred:{id_}", "conversation.transferred", now, agent_id, profile_id)
    else:
        waited = max(0, now - was.waits_since) // 1000
        one = News(f"opened:{id_}", "conversation.opened", now, agent_id, profile_id, waited)
    return (*was.news, one)


def closed(was: Conversation, now: Millis) -> tuple[News, ...]:
    """The news once it is over. That of one that nobody answered is no news; one that is written up was told as over."""
    if not was.answered_by or was.state in ("wrapping", "ended") or not was.need.profile_id:
        return was.news
    id_ = f"closed:{was.key}:{was.attempt}"
    return (*was.news, News(id_, "conversation.closed", now, was.answered_by, was.need.profile_id))
