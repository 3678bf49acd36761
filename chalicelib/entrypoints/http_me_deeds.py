"""What people change of what is held of them, each by their link: values, consents, use, and that it is held at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import json_answer, serves
from chalicelib.entrypoints.request import typed_body
from chalicelib.entrypoints.self_service import as_caller, by_link, private

if TYPE_CHECKING:
    from chalicelib.flows.link_services import Linked

blueprint = Blueprint(__name__)


class MyCorrection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is right, by field; null: it is not so, and nothing is to be held."""

    traits: Annotated[dict[str, Any], msgspec.Meta(min_length=1, max_length=20)]

    def __repr__(self) -> str:
        return f"<correction of {len(self.traits)}>"


class MyCorrectionView(msgspec.Struct, frozen=True):
    """A correction that was kept. It goes the way of every event and is in force within seconds."""

    correction_id: str
    fields: tuple[str, ...]
    state: str


@blueprint.route("/v1/me/corrections", methods=["POST"])
@private
@serves(blueprint)
@by_link("correct")
def correct(request: Request, person: Linked) -> Response:
    """Correct values by the person's own word, which wins over what any source says."""
    from chalicelib.entrypoints.self_service import correction_services
    from chalicelib.flows.correct_person import state_of
    from chalicelib.flows.correct_self import correct_self

    asked = typed_body(request, MyCorrection)
    correction_id = idempotency_key(request, as_caller(person))
    services = correction_services()
    kept = correct_self(person, correction_id, asked.traits, services, now())
    return json_answer(MyCorrectionView(kept.correction_id, kept.fields, state_of(kept, person.tenant, services)), 202)
