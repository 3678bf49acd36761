"""What a supervisor changes of a queue by day, without publishing a policy."""

from __future__ import annotations

import msgspec

from chalicelib.desk.queues import AS_DECLARED, QueueSettings, mistakes_of_settings
from chalicelib.flows.declare_agent import DeskOrder
from chalicelib.flows.desk_door import DeskDoor
from chalicelib.flows.desk_views import QueueView
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.show_desk import queue_view
from chalicelib.kernel.errors import ManyMistakes, NotFound
from chalicelib.kernel.moments import Millis
from chalicelib.store.queue_settings import SetQueue


def set_queue(order: DeskOrder, settings: QueueSettings, door: DeskDoor, now: Millis) -> QueueView:
    """Put settings in place of those there were; ``{}`` is the policy's own again.

    Raises NotFound ``no_such_queue``, ManyMistakes ``bad_queue``.
    """
    queues = door.policy.declared.queues
    if order.subject not in queues:
        raise NotFound("no_such_queue", "The policy has no such queue.")
    found = tuple(mistakes_of_settings(order.subject, settings, queues))
    if found:
        raise ManyMistakes("bad_queue", f"Mistakes in the queue's settings: {len(found)}.", found)
    before = door.queues.queues(order.tenant_id).get(order.subject)
    if before is None or before.settings != settings:
        door.queues.put_queue(order.tenant_id, order.subject, SetQueue(settings, now, order.principal))
        audited = Audited("queues.put", order.principal, (f"queues/{order.subject}",), "", _said(settings))
        door.history.keep(audit_record(order.tenant_id, order.order_id, now, audited))
    return queue_view(order.tenant_id, order.subject, door.queues.queues(order.tenant_id), door, now)


def _said(settings: QueueSettings) -> str:
    """Which of its settings differ from the policy, for the audit."""
    usual = msgspec.structs.asdict(AS_DECLARED)
    return ", ".join(name for name in usual if getattr(settings, name) != usual[name]) or "as declared"
