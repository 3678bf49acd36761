"""The meters of service as they are told: counts in fives, shares and durations with their intervals."""

from __future__ import annotations

import msgspec

from chalicelib.insights.rates import Durations, Mean, Share


class ServiceCell(msgspec.Struct, frozen=True):
    """The meters of one queue, segment, channel, policy version or day; null where fewer than 5 contacts tell of it.

    ``contacts`` are decisions, in fives; ``n`` of each meter how many of them it is known of, in fives. ``human``: that they
    were sent to people. ``satisfied``: answers of 4 and 5.
    """

    value: str
    contacts: int
    human: Share | None
    resolved: Share | None
    first_contact_resolved: Share | None
    transferred: Share | None
    repeated: Share | None
    satisfied: Share | None
    csat: Mean | None
    first_response: Durations | None
    handling: Durations | None
    proposals_adopted: Share | None
    sla_kept: Share | None


class ServiceView(msgspec.Struct, frozen=True):
    """The meters of the contacts of some days. Cells of fewer than 5 contacts are left out; ``hidden`` says how many.

    Who comes back may still do so for seven days: ``first_contact_resolved`` and ``repeated`` are final up to ``settled_until``.
    """

    since: str
    until: str
    settled_until: str
    by: str | None
    all: ServiceCell | None
    cells: tuple[ServiceCell, ...]
    hidden: int
