"""Puts together what looks after the desk as time goes by: no other function needs it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from chalicelib.aws.retrying import wait
from chalicelib.desk.model import Conversation
from chalicelib.entrypoints.at_desk import desk_services
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import journal, patience, tenant
from chalicelib.entrypoints.tickets import call_back as open_callback
from chalicelib.entrypoints.tickets import look_at_ticket, tell_services
from chalicelib.flows.desk_services import DeskServices
from chalicelib.flows.look_after_desk import Watch
from chalicelib.flows.tell_conversation import tell_conversation
from chalicelib.kernel.moments import Millis


def desk_in_time(context: Any) -> tuple[DeskServices, Watch]:
    """What a run needs, within the time that the invocation has left."""
    desk = replace(
        desk_services(), call_back=_call_back, look_at_ticket=look_at_ticket, tell=_tell, patience=patience(context)
    )
    return desk, Watch(now, wait, lambda: context.get_remaining_time_in_millis() / 1000)


def _tell(tenant_id: str, one: Conversation, at: Millis) -> None:
    """What was served at the desk is learned by the person's profile."""
    tell_conversation(one, tenant(tenant_id), tell_services(), at)


def _call_back(tenant_id: str, one: Conversation, at: Millis) -> None:
    """Somebody is owed a call: a ticket says so, and a metric that somebody must make one."""
    open_callback(tenant_id, one, at)
    journal().count("DeskCallBacks")
    journal().warn("desk_call_back", tenant=tenant_id, decision_id=one.decision_id)
