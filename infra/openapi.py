"""The HTTP contract as OpenAPI 3.1, made from the app's own routes and the types that validate and encode.

python -m infra.openapi            write chalicelib/entrypoints/openapi.json
python -m infra.openapi --check    say whether that file is what would be written, and exit 1 if it is not
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
from chalice.app import Response, RouteEntry

from chalicelib.flows.catalogue_views import CatalogueView, DeclarationView, DraftView, PublishedView
from chalicelib.flows.data_map import DataMapView
from chalicelib.flows.decision_views import OutcomeView, ReplayView
from chalicelib.flows.describe_links import LinksView
from chalicelib.flows.desk_views import AgentsView, AgentView, DeskView, GoneAgentView, QueueView, ReservationView
from chalicelib.flows.forecast_views import VolumeForecastView
from chalicelib.flows.import_views import ImportView
from chalicelib.flows.insight_views import GroupsView, HotWordsView, TagCountsView, TagDistributionView
from chalicelib.flows.link_views import PersonLinkView, RevokedLinkView
from chalicelib.flows.matching_views import MergeCandidatesView, MergeCandidateView
from chalicelib.flows.outreach_views import EffectsView, SuggestionOutcomeView, SuggestionsView
from chalicelib.flows.pin_tag import Pin
from chalicelib.flows.preview_merge import PreviewView
from chalicelib.flows.read_audit import AuditView
from chalicelib.flows.read_consents import ConsentsView
from chalicelib.flows.read_exposure import ExposureView
from chalicelib.flows.read_quarantine import QuarantinedView, QuarantineView
from chalicelib.flows.record_consent import Consented
from chalicelib.flows.restrict_person import Restriction
from chalicelib.flows.service_views import ServiceView
from chalicelib.flows.source_views import QualityView
from chalicelib.flows.ticket_views import TicketsView, TicketView
from chalicelib.flows.views import Health, Problem, ProfileView, Success, TagsView, TimelineView
from chalicelib.flows.why_segment_views import SegmentWhyView
from chalicelib.flows.why_views import WhyView
from chalicelib.kernel.version import VERSION
from chalicelib.privacy.credentials import SCOPES
from infra import openapi_schemas as schemas
from infra.failures import Failure
from infra.front import HOST, PORT, STAGE
from infra.openapi_operations import OPERATIONS
from infra.openapi_parameters import Operation, Parameter
from infra.package import ROOT

FILE = ROOT / "chalicelib" / "entrypoints" / "openapi.json"
EXAMPLES = Path(__file__).with_name("openapi_examples.json")

VIEWS: Mapping[str, Any] = {
    one.__name__: one
    for one in (
        AgentView,
        AgentsView,
        AuditView,
        DeskView,
        ExposureView,
        GoneAgentView,
        CatalogueView,
        DataMapView,
        Consented,
        ConsentsView,
        DeclarationView,
        DraftView,
        EffectsView,
        GroupsView,
        Health,
        HotWordsView,
        ImportView,
        LinksView,
        MergeCandidateView,
        MergeCandidatesView,
        OutcomeView,
        PersonLinkView,
        Pin,
        PreviewView,
        ProfileView,
        ReplayView,
        Restriction,
        SuggestionOutcomeView,
        SuggestionsView,
        PublishedView,
        QualityView,
        QueueView,
        ReservationView,
        QuarantineView,
        QuarantinedView,
        Restriction,
        RevokedLinkView,
        SegmentWhyView,
        ServiceView,
        VolumeForecastView,
        Success,
        TagCountsView,
        TagDistributionView,
        TagsView,
        TimelineView,
        TicketView,
        TicketsView,
        WhyView,
    )
}
"""Answers that a module of routes does not load: who asks for one loads it with the first call."""

TAGS = {
    "events": "The doors for events: the Segment family and CloudEvents.",
    "webhooks": "The doors for webhooks, each with its channel's own signature.",
    "profiles": "Reading profiles, always masked, for a stated purpose.",
    "imports": "Files of customers, orders and tickets.",
    "matching": "Profiles that are probably one person, for review.",
    "routing": "Where a person should go, how to talk to them, and why.",
    "agents": "Who answers: what they can do, how much at once, and whether they are there.",
    "desk": "The desk now: queues, what they hold, and the answers to what is offered.",
    "decisions": "Looking back at decisions: made again, as of earlier, and what came of them.",
    "identity": "Who is one person: links, merges and splits by an operator's word.",
    "erasures": "Corrections and erasures, and the receipts that prove them.",
    "jobs": "Trying drafts on stored people, and what published versions have changed.",
    "exports": "Everything that is held of a person, for who may take it out.",
    "audit": "Who did what to whom, when and why.",
    "me": "The people's own side, each by their link: see, export, correct, consent, restrict, erase.",
    "links": "Links by which people see and change what is held of them.",
    "tickets": "Tickets: what was asked for, what to do next, by when, and what became of it.",
    "quarantine": "What could not be applied, and queueing it again.",
    "system": "Whether it runs, and what it offers.",
}
SECURITY = {
    "source_auth": {
        "type": "http",
        "scheme": "basic",
        "description": "A source: its write key as the user name, no password. It may only send events.",
    },
    "principal_auth": {
        "type": "http",
        "scheme": "bearer",
        "description": "A principal: its token. What it may do follows from its role.",
    },
    "person_link": {
        "type": "http",
        "scheme": "bearer",
        "description": "A person, by the secret of the link that they were handed: what stands behind its `#`.",
    },
    "webhook_signature": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks 1.0: a signature of the body under the source's secret.",
    },
}
STATUSES = {
    400: "What was sent cannot be accepted as it is.",
    401: "No valid credential; it is not said which of several causes.",
    403: "The credential is valid and may not do this.",
    404: "Nothing of that id exists for this tenant.",
    409: "The state is another than the request took for granted, which the code says.",
    413: "A limit on size is broken, which the message names.",
    415: "The content type is none that this path takes.",
    429: "More calls in a short time than are allowed.",
    500: "A fault of ours. Sending the same again is safe.",
    503: "A service that is needed did not answer. Send the same again later, with growing pauses.",
}
_HEADERS = {
    401: ("WWW-Authenticate", "How to authenticate."),
    429: ("Retry-After", "Seconds to wait."),
    503: ("Retry-After", "Seconds to wait."),
}


class Route(msgspec.Struct, frozen=True):
    """A route of the app with its row of the table."""

    entry: RouteEntry
    operation: Operation

    @property
    def id(self) -> str:
        """The operation's id, as the app names the view."""
        return str(self.entry.view_name)

    @property
    def scope(self) -> str | None:
        """The scope that a caller needs."""
        scope: str | None = self.entry.view_function.scope  # type: ignore[attr-defined]  # `serves` puts it there
        return scope

    @property
    def answer(self) -> Any:
        """The type of the answer. Raises Failure when neither view nor table tells it."""
        if self.operation.texts and self.operation.answer is None:
            return None
        told = self.operation.answer or get_type_hints(self.entry.view_function, localns=VIEWS)["return"]
        if told is Response:
            raise Failure(
                f"Say in infra/openapi_operations.py what {self.entry.method} {self.entry.uri_pattern} answers."
            )
        return told


def routes() -> tuple[Route, ...]:
    """Every route of the app. Raises Failure for one that the table lacks, and for a row without a route."""
    from app import app

    entries = {(method, path): entry for path, methods in app.routes.items() for method, entry in methods.items()}
    unlike = sorted(f"{method} {path}" for method, path in entries.keys() ^ OPERATIONS.keys())
    if unlike:
        raise Failure(f"infra/openapi_operations.py and the app's routes differ in: {', '.join(unlike)}.")
    return tuple(Route(entry, OPERATIONS[key]) for key, entry in entries.items())


def document() -> dict[str, Any]:
    """The whole document. Raises Failure when routes and table differ."""
    found = routes()
    examples: Mapping[str, Any] = json.loads(EXAMPLES.read_text())
    answers = [*dict.fromkeys(route.answer for route in found if route.answer is not None), Problem]
    bodies = list(dict.fromkeys(body for route in found for body in _bodies(route.operation)))
    by_type, named = schemas.components(bodies, answers)
    paths: dict[str, dict[str, Any]] = {}
    for route in found:
        path = paths.setdefault(route.entry.uri_pattern, {})
        path[route.entry.method.lower()] = _operation(route, by_type, examples.get(route.id, {}))
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": _servers(),
        "tags": [{"name": name, "description": says} for name, says in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": named,
            "securitySchemes": SECURITY,
            "responses": {str(status): _refusal(status) for status in STATUSES},
        },
    }


def _info() -> dict[str, Any]:
    return {
        "title": "Zhiyin 知音",
        "version": VERSION,
        "summary": "Events in; explained profiles and routes out.",
        "description": "Times are RFC 3339 with zone. Ids are URL-safe. Money is a decimal string. Bodies are JSON and "
        "may be gzip. Fields may be added to answers. Every error has a `code` that callers may rely on.",
        "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
    }


def _servers() -> list[dict[str, Any]]:
    return [
        {"url": f"http://{HOST}:{PORT}", "description": "The local cloud (`make url` prints it)."},
        {
            "url": f"https://{{api_id}}.execute-api.{{region}}.amazonaws.com/{STAGE}",
            "description": "A stack in AWS: its output `ApiUrl`.",
            "variables": {"api_id": {"default": "abcdefghij"}, "region": {"default": "cn-north-1"}},
        },
    ]


def _bodies(operation: Operation) -> Iterator[Any]:
    yield from operation.body
    for types in operation.media.values():
        yield from types


def _operation(route: Route, by_type: Mapping[Any, Any], example: Mapping[str, Any]) -> dict[str, Any]:
    operation = route.operation
    first, _, rest = schemas.markdown(operation.summary or route.entry.view_function.__doc__ or "").partition(". ")
    told: dict[str, Any] = {
        "operationId": route.id,
        "tags": [route.id.partition("_")[0]],
        "summary": first.removesuffix("."),
        "description": " ".join(filter(None, [rest, operation.details, _who(route)])),
        "security": _security(route),
        "parameters": [*map(_path_parameter, route.entry.view_args), *map(_parameter, operation.parameters)],
    }
    if operation.body:
        told["requestBody"] = {"required": True, "content": _content(route, by_type, example)}
    told["responses"] = {
        str(operation.status): {"description": _answered(operation), "content": _answers(route, by_type, example)},
        **{str(status): {"$ref": f"#/components/responses/{status}"} for status in _refused(route)},
    }
    return told


def _answers(route: Route, by_type: Mapping[Any, Any], example: Mapping[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {media: {"schema": {"type": "string"}} for media in route.operation.texts}
    if route.answer is not None:
        content["application/json"] = {"schema": by_type[route.answer]}
        if "answer" in example:
            content["application/json"]["example"] = example["answer"]
    return content


def _answered(operation: Operation) -> str:
    return "Queued." if operation.status == 202 else "Done."


def _who(route: Route) -> str:
    if route.scope is None:
        return ""
    roles = ", ".join(f"`{role}`" for role, scopes in sorted(SCOPES.items()) if route.scope in scopes)
    return f"Needs the scope `{route.scope}`, which these roles have: {roles}."


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.entry.authorizer is not None:
        return [{str(route.entry.authorizer.name): [route.scope] if route.scope else []}]
    if hasattr(route.entry.view_function, "action"):
        return [{"person_link": []}]
    return [{"webhook_signature": []}] if route.id.startswith("webhooks_") else []


def _content(route: Route, by_type: Mapping[Any, Any], example: Mapping[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for media in route.entry.content_types:
        schema = _any_of([by_type[type_] for type_ in route.operation.media.get(media, route.operation.body)])
        if media == "text/plain":
            # Browsers send JSON under this name to avoid a preflight request.
            content[media] = {
                "schema": {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
            }
        else:
            content[media] = {"schema": schema}
            shown = "batch" if media.endswith("batch+json") else "request"
            if shown in example:
                content[media]["example"] = example[shown]
    return content


def _any_of(choices: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return choices[0] if len(choices) == 1 else {"anyOf": list(choices)}


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _parameter(one: Parameter) -> dict[str, Any]:
    told: dict[str, Any] = {"name": one.name, "in": one.where, "description": one.says, "schema": dict(one.schema)}
    if one.required:
        told["required"] = True
    if one.example is not None:
        told["example"] = one.example
    return told


def _refused(route: Route) -> list[int]:
    statuses = {500, 503, *route.operation.refuses}
    if route.scope is not None:
        statuses |= {401, 403}
    if route.operation.body:
        statuses |= {400, 413, 415}
    if route.operation.parameters:
        statuses.add(400)
    if route.entry.view_args and not route.id.startswith("webhooks_"):
        # A webhook of an unknown source fails like one with a wrong signature.
        statuses.add(404)
    return sorted(statuses)


def _refusal(status: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": STATUSES[status],
        "content": {"application/json": {"schema": {"$ref": schemas.REF.format(name="Problem")}}},
    }
    if status in _HEADERS:
        name, says = _HEADERS[status]
        told["headers"] = {name: {"description": says, "schema": {"type": "string"}}}
    return told


def written() -> bytes:
    """The document as it stands in the file."""
    return json.dumps(document(), ensure_ascii=False, indent=1).encode() + b"\n"


def main(given: list[str] | None = None) -> int:
    """The command; 1 and one sentence when it cannot be done or the file is stale."""
    parser = argparse.ArgumentParser(prog="python -m infra.openapi", description="Write the OpenAPI document.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is stale")
    chosen = parser.parse_args(given)
    try:
        wanted = written()
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    if not chosen.check:
        FILE.write_bytes(wanted)
    elif FILE.read_bytes() != wanted:
        print(f"{FILE.relative_to(ROOT)} is stale: run `python -m infra.openapi`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
