"""Rules that ran over their budget are switched off for their tenant: one costly rule slows everybody's events.

Whoever sees it says so; all functions of the tenant go by it with the next look at the head. It is lifted
when another rule is published or rolled back to under that id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec

from chalicelib.flows.effective import InForce
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.kernel.moments import Millis
from chalicelib.store.declarations import DeclarationStore
from chalicelib.store.rows import HistoryStore


class SwitchServices(msgspec.Struct, frozen=True):
    """What switching off needs: ``in_force`` is what the failed evaluation went by."""

    declarations: DeclarationStore
    history: HistoryStore
    in_force: Callable[[str], InForce]
    forget: Callable[[str], None]


def switch_off(tenant_id: str, tag_ids: Collection[str], services: SwitchServices, now: Millis) -> tuple[str, ...]:
    """Switch off the rules of these tags as they are now; returns those that were not yet. Raises Unavailable."""
    in_force = services.in_force(tenant_id)
    off, rules = in_force.off(), in_force.rules()
    marks = {one: in_force.mark(one) for one in sorted(tag_ids) if one in rules and one not in off}
    if not marks:
        return ()
    services.declarations.switch_off(tenant_id, marks)
    services.forget(tenant_id)
    for tag_id, mark in marks.items():
        audited = Audited("catalogue.switch_off", "zhiyin", (f"tags/{tag_id}",), "It ran over its budget.", mark)
        # Under one id, so that of many functions that see it at once only one row is kept.
        audit_id = f"off_{tag_id}_{mark.replace(' ', '_')}"
        services.history.keep(audit_record(tenant_id, audit_id, now, audited))
    return tuple(marks)
