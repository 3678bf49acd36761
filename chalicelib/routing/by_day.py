"""What supervisors changed of queues by day, laid over the policy."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from chalicelib.desk.queues import QueueSettings
from chalicelib.routing.declaration import PolicyDeclaration, Queue
from chalicelib.routing.model import Sla


def laid_over(declared: PolicyDeclaration, settings: Mapping[str, QueueSettings]) -> PolicyDeclaration:
    """The policy as the desk goes by it now. Settings of queues that it has no more say nothing."""
    changed = {name: _queue(declared.queues[name], one) for name, one in settings.items() if name in declared.queues}
    return replace(declared, queues={**declared.queues, **changed}) if changed else declared


def _queue(queue: Queue, settings: QueueSettings) -> Queue:
    return replace(
        queue,
        sla=sla_of_day(queue.sla, settings),
        overflow=queue.overflow if settings.overflow is None else settings.overflow,
        relaxing=queue.relaxing if settings.relaxing is None else settings.relaxing,
    )


def sla_of_day(sla: Sla, settings: QueueSettings) -> Sla:
    """Limits of time as they are by day, where a supervisor set any."""
    first, whole = settings.first_response_seconds, settings.resolve_seconds
    if first is None and whole is None:
        return sla
    first = sla.first_response_seconds if first is None else first
    # Were one alone set, the other must not contradict it.
    return Sla(first, max(first, sla.resolve_seconds if whole is None else whole))
