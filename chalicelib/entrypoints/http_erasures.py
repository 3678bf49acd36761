"""Corrections and erasures by staff, and the receipts that tell how far they are and prove that they were done."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from chalice.app import Blueprint, Request, Response

from chalicelib.entrypoints.authorizers import principal_auth
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import tenant_of
from chalicelib.entrypoints.idempotency import idempotency_key
from chalicelib.entrypoints.problems import json_answer, serves
from chalicelib.entrypoints.request import Caller, typed_body
from chalicelib.events.model import Identifier

blueprint = Blueprint(__name__)

CORRECT, ERASE, RECEIPTS = "privacy:correct", "privacy:erase", "privacy:receipts"

type _Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An identifier as callers write it."""

    namespace: str
    value: str

    def __repr__(self) -> str:
        return f"<identifier {self.namespace}>"


class CorrectionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is right of a person, by trait; null says that what is held is not so. The reason is kept in the audit."""

    traits: dict[str, Any]
    reason: _Reason
    profile_id: str | None = None
    identifiers: tuple[Named, ...] = ()

    def __repr__(self) -> str:
        return "<correction request>"


class CorrectionOpened(msgspec.Struct, frozen=True):
    """A correction that was queued; how far it is stands at its receipt."""

    correction_id: str
    receipt_id: str


class ErasureRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to erase, with all who are one person with them, and why."""

    reason: _Reason
    profile_id: str | None = None
    identifiers: tuple[Named, ...] = ()

    def __repr__(self) -> str:
        return "<erasure request>"


@blueprint.route("/v1/privacy/corrections", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, CORRECT)
def correct(request: Request, caller: Caller) -> Response:
    """Correct what is held of a person: it wins over every source, and over what sources say later."""
    from chalicelib.entrypoints.erasing import correction_services, named
    from chalicelib.flows.correct_person import CORRECTION, CorrectionOrder, correct_person

    asked, tenant = typed_body(request, CorrectionRequest), tenant_of(caller)
    correction_id = "cor_" + idempotency_key(request, caller)
    profile_id = named(tenant, asked.profile_id, _identifiers(asked.identifiers), (CORRECTION, correction_id))
    order = CorrectionOrder(correction_id, profile_id, asked.traits, asked.reason, caller.principal)
    made = correct_person(order, tenant, correction_services(), now())
    return json_answer(CorrectionOpened(made.correction_id, made.correction_id), 202)


@blueprint.route("/v1/privacy/erasures", methods=["POST"], authorizer=principal_auth)
@serves(blueprint, ERASE)
def erase(request: Request, caller: Caller) -> Response:
    """Erase a person, with every id that was merged: keys, events, decisions, and all that leads to them."""
    from chalicelib.entrypoints.erasing import erasure_door, named
    from chalicelib.flows.erasure import ORDER, EraseOrder
    from chalicelib.flows.run_erasure import open_erasure

    asked, tenant = typed_body(request, ErasureRequest), tenant_of(caller)
    erasure_id = "era_" + idempotency_key(request, caller)
    profile_id = named(tenant, asked.profile_id, _identifiers(asked.identifiers), (ORDER, erasure_id))
    order = EraseOrder(erasure_id, profile_id, asked.reason, caller.principal)
    return json_answer(open_erasure(order, tenant.tenant_id, erasure_door(), now()), 202)


@blueprint.route("/v1/privacy/receipts/{receipt_id}", authorizer=principal_auth)
@serves(blueprint, RECEIPTS)
def receipt(request: Request, caller: Caller, receipt_id: str) -> Response:
    """How far a correction or an erasure is; of a complete erasure the signed receipt."""
    from chalicelib.entrypoints.erasing import correction_services
    from chalicelib.flows.run_erasure import read_receipt

    return json_answer(read_receipt(receipt_id, tenant_of(caller), correction_services(), now()))


def _identifiers(given: tuple[Named, ...]) -> tuple[Identifier, ...]:
    return tuple(Identifier(one.namespace, one.value) for one in given)
