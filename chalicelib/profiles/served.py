"""What the desk tells of a person by itself: events without a clear identifier, and who served the person last.

They name the person's facet, as corrections do. The desk is no source of a tenant's: no credential has these rights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.kernel.errors import BadInput
from chalicelib.privacy.fields import check_trait

DESK = "desk"
"""The source of what the desk tells."""
LAST_AGENT = "last_agent"
TOLD = frozenset(
    {
        *(
            f"ticket.{one}"
            for one in ["opened", "assigned", "replied", "resolved", "reopened", "closed", "escalated", "breached"]
        ),
        *(f"conversation.{one}" for one in ["opened", "closed", "transferred"]),
        "complaint.filed",
        "survey.answered",
    }
)
"""The types of events that the desk may tell."""
_SERVED = frozenset({"ticket.resolved", "conversation.closed"})
"""After these the person was served by the agent that they name."""
DONE_BY_THE_PERSON = frozenset(
    {"ticket.opened", "ticket.reopened", "complaint.filed", "survey.answered", "conversation.opened"}
)
"""Of what the desk tells, what is a sign of the person, who came: the rest says what was done for them."""


def served_by(event_type: str, said: Mapping[str, Any]) -> str:
    """The agent who served the person, by an event of the desk; '' where it does not say, or names no agent."""
    if event_type not in _SERVED:
        return ""
    try:
        return str(check_trait(LAST_AGENT, said.get("agent_id")))
    except BadInput:
        return ""
