"""What people change of what is held of them, each by their link: values, consents, use, and that it is held at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import identity_services
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import json_answer, serves
from chalicelib.entrypoints.request import typed_body
from chalicelib.entrypoints.self_service import as_caller, by_link, private
from chalicelib.kernel.moments import format_moment

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
    from chalicelib.entrypoints.erasing import correction_services
    from chalicelib.flows.correct_person import state_of
    from chalicelib.flows.correct_self import correct_self

    asked = typed_body(request, MyCorrection)
    correction_id = idempotency_key(request, as_caller(person))
    services = correction_services()
    kept = correct_self(person, correction_id, asked.traits, services, now())
    return json_answer(MyCorrectionView(kept.correction_id, kept.fields, state_of(kept, person.tenant, services)), 202)


class MyErasure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Asks to be erased; with the ``confirmation`` that the first answer gave, it is done."""

    confirmation: str | None = None

    def __repr__(self) -> str:
        return "<erasure>"


class MyErasureView(msgspec.Struct, frozen=True, omit_defaults=True):
    """To be confirmed within ten minutes by sending ``confirmation`` back; or confirmed, with the id of its receipt."""

    state: Literal["to_confirm", "waiting"]
    confirmation: str = ""
    expires_at: str = ""
    erasure_id: str = ""

    def __repr__(self) -> str:
        return f"<erasure {self.state}>"


@blueprint.route("/v1/me/erasure", methods=["POST"])
@private
@serves(blueprint)
@by_link("erase")
def erase(request: Request, person: Linked) -> Response:
    """Erase all that is held of the person, who is asked once more before it is done."""
    from chalicelib.entrypoints.erasing import erasure_door
    from chalicelib.flows.erase_self import confirm_first, erase_self

    asked = typed_body(request, MyErasure)
    if asked.confirmation is None:
        made = confirm_first(person, now())
        return json_answer(MyErasureView("to_confirm", made.confirmation, format_moment(made.expires_at)))
    erasure_id = "era_" + idempotency_key(request, as_caller(person))
    erase_self(person, erasure_id, asked.confirmation, erasure_door(), now())
    return json_answer(MyErasureView("waiting", erasure_id=erasure_id), 202)


class MyConsentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A yes or a no to a purpose."""

    purpose: Literal["service", "marketing", "analytics", "profiling"]
    granted: bool


class MyConsentView(msgspec.Struct, frozen=True):
    """The person's word as it was kept. It is in force."""

    purpose: str
    granted: bool
    at: str


@blueprint.route("/v1/me/consents", methods=["POST"])
@private
@serves(blueprint)
@by_link("consents")
def consent(request: Request, person: Linked) -> Response:
    """Say yes or no to a purpose; it counts at once, everywhere."""
    from chalicelib.flows.link_services import OWN_WORD, PERSON
    from chalicelib.flows.record_consent import ConsentOrder, record_consent

    asked = typed_body(request, MyConsentRequest)
    word_id = idempotency_key(request, as_caller(person))
    order = ConsentOrder(word_id, person.row.profile_id, (asked.purpose,), asked.granted, OWN_WORD, PERSON, "web")
    tenant = person.tenant
    kept = record_consent(order, tenant, identity_services(tenant.tenant_id), now())
    return json_answer(
        next(MyConsentView(one.purpose, one.granted, one.time) for one in kept.consents if one.purpose == asked.purpose)
    )


class MyRestrictionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether what is held may be stored only, and not used."""

    restricted: bool


class MyRestrictionView(msgspec.Struct, frozen=True):
    """How the person's data stand now."""

    state: str


@blueprint.route("/v1/me/restriction", methods=["POST"])
@private
@serves(blueprint)
@by_link("restrict")
def restrict(request: Request, person: Linked) -> Response:
    """Have what is held stored and not used, or lift that; it counts at once, everywhere."""
    from chalicelib.flows.link_services import OWN_WORD, PERSON
    from chalicelib.flows.restrict_person import RestrictOrder, restrict_person

    asked = typed_body(request, MyRestrictionRequest)
    named = idempotency_key(request, as_caller(person))
    order = RestrictOrder(named, person.row.profile_id, OWN_WORD, PERSON, lift=not asked.restricted)
    done = restrict_person(order, person.tenant, identity_services(person.tenant.tenant_id), now())
    return json_answer(MyRestrictionView(done.state))
