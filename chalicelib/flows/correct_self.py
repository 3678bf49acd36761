"""Corrects what is held of who holds a link: what people may say of themselves, and not what the company judges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.flows.correct_person import Correction, CorrectionOrder, CorrectionServices, correct_person
from chalicelib.flows.link_services import OWN_WORD, Linked
from chalicelib.kernel.errors import Forbidden
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.fields import FIELDS


def correct_self(
    linked: Linked, correction_id: str, traits: Mapping[str, Any], services: CorrectionServices, now: Millis
) -> Correction:
    """A correction by the person's own word.

    Raises Forbidden ``not_yours_to_set`` for what trusted sources alone may write, such as a credit band: nobody gives
    himself one. Staff may correct it. Raises what ``correct_person`` raises.
    """
    for name in sorted(traits):
        if name in FIELDS and FIELDS[name].writable_by == "trusted":
            raise Forbidden(
                "not_yours_to_set", f"Ask the service to correct {name}: it is set by them.", f"traits.{name}"
            )
    order = CorrectionOrder(correction_id, linked.row.profile_id, traits, OWN_WORD)
    return correct_person(order, linked.tenant, services, now)
