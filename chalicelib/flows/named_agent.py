"""Who a caller says served, or is to serve: an id of the staff, which stands in keys, and not somebody's number."""

from __future__ import annotations

from chalicelib.kernel.errors import BadInput
from chalicelib.privacy.plain import is_plain_id


def check_named_agent(agent_id: str | None) -> None:
    """Raises BadInput ``bad_agent_id`` for what reads like a telephone or identity card number: it would stand in a key."""
    if agent_id and not is_plain_id(agent_id):
        raise BadInput("bad_agent_id", "An agent's id is no telephone and no identity card number.", "agent_id")
