"""The OpenAPI document is the contract: true of the routes, of the types, and of what the doors accept."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from app import app
from chalicelib.channels import cloudevents, segment, standard_webhooks
from chalicelib.channels.model import SourceProfile
from chalicelib.entrypoints.access import ROUTES
from chalicelib.entrypoints.http_profiles import Lookup
from chalicelib.imports.declaration import read_declaration
from chalicelib.imports.model import Declaration
from chalicelib.kernel.moments import parse_moment
from chalicelib.kernel.texts import Text
from chalicelib.privacy.credentials import SCOPES
from chalicelib.privacy.fields import SOURCE_TRAITS
from chalicelib.profiles.cases import Case
from chalicelib.routing.bot_context import bot_context
from chalicelib.routing.decide import decide
from chalicelib.routing.model import Caller, RouteRequest
from chalicelib.routing.policy import shipped_policy
from infra import openapi, openapi_operations
from infra.failures import Failure
from infra.openapi_bodies import BotContext, ImportRequest
from infra.openapi_operations import OPERATIONS
from infra.openapi_parameters import Operation

DOCUMENT: dict[str, Any] = json.loads(openapi.FILE.read_bytes())
EXAMPLES: dict[str, Any] = json.loads(openapi.EXAMPLES.read_bytes())
OPERATIONS_SHOWN = {
    operation["operationId"]: operation for methods in DOCUMENT["paths"].values() for operation in methods.values()
}
SOURCE = SourceProfile("t_1", "s_1", "web", 1, frozenset(SOURCE_TRAITS))
NOW = parse_moment("2026-11-22T12:00:00Z")


def holds(schema: dict[str, Any], value: object) -> None:
    """Check a value against a schema of the document."""
    registry = Registry().with_resource("urn:document", Resource.from_contents(DOCUMENT, DRAFT202012))
    pointed = json.loads(json.dumps(schema).replace('"#/components', '"urn:document#/components'))
    Draft202012Validator(pointed, registry=registry).validate(value)


def test_openapi__file__is_what_the_generator_writes():
    """A change of a route or a type without `python -m infra.openapi` fails here."""
    assert openapi.FILE.read_bytes() == openapi.written(), "stale: run `python -m infra.openapi`"


def test_openapi_check__stale_file__fails(tmp_path, monkeypatch, capsys):
    """The command's check says which file is stale, and its other form mends it."""
    stale = tmp_path / "openapi.json"
    stale.write_bytes(openapi.FILE.read_bytes().replace(b"3.1.0", b"3.0.0"))
    monkeypatch.setattr(openapi, "FILE", stale)
    monkeypatch.setattr(openapi, "ROOT", tmp_path)
    assert openapi.main(["--check"]) == 1
    assert "stale" in capsys.readouterr().err
    assert openapi.main([]) == 0
    assert openapi.main(["--check"]) == 0


def test_openapi__document__is_valid():
    """The document is OpenAPI 3.1."""
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_openapi__routes__are_those_of_the_app():
    """Every route is in the document, and the document promises no other."""
    shown = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert shown == {(method, path) for path, methods in app.routes.items() for method in methods}


def test_openapi__route_without_operation__stops_the_generator(monkeypatch):
    """A new route must be described before the document can be made."""
    fewer = {key: row for key, row in OPERATIONS.items() if key != ("POST", "/v1/route")}
    monkeypatch.setattr(openapi, "OPERATIONS", fewer)
    with pytest.raises(Failure, match="POST /v1/route"):
        openapi.document()


def test_openapi__operation_without_route__stops_the_generator(monkeypatch):
    """A route that is gone must leave the table too."""
    monkeypatch.setattr(openapi, "OPERATIONS", {**OPERATIONS, ("GET", "/v1/gone"): Operation("Gone.")})
    with pytest.raises(Failure, match="GET /v1/gone"):
        openapi.document()


def test_openapi__untold_answer__stops_the_generator(monkeypatch):
    """A view that answers a bare Response must be told of in the table."""
    monkeypatch.setattr(openapi, "OPERATIONS", {**OPERATIONS, ("POST", "/v1/route"): Operation(body=(RouteRequest,))})
    with pytest.raises(Failure, match="answers"):
        openapi.document()


@pytest.mark.parametrize("name", sorted(OPERATIONS_SHOWN))
def test_openapi__operation__says_what_a_caller_needs(name):
    """A summary of one line, the refusals, and for a guarded route the scope and the roles that have it."""
    operation = OPERATIONS_SHOWN[name]
    assert operation["summary"] and len(operation["summary"]) <= 100
    assert {"500", "503"} <= operation["responses"].keys()
    guarded = [scopes for one in operation["security"] for scopes in one.values() if scopes]
    if guarded:
        (scope,) = guarded[0]
        assert f"`{scope}`" in operation["description"]
        assert {"401", "403"} <= operation["responses"].keys()
        assert any(scope in scopes for scopes in SCOPES.values())


def test_openapi__scope__opens_its_route_at_the_gateway():
    """What the authorizers let through is what the document says a scope is for."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            for scope in (scope for one in operation["security"] for scopes in one.values() for scope in scopes):
                opened = [(verb, pattern.split("*")[0]) for verb, pattern in ROUTES[scope]]
                assert any(verb == method.upper() and path.startswith(start) for verb, start in opened), (scope, path)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_openapi__example__fits_its_schema(name):
    """Examples are checked like everything else that is said."""
    operation, example = OPERATIONS_SHOWN[name], EXAMPLES[name]
    if "request" in example:
        for media, content in operation["requestBody"]["content"].items():
            if media != "text/plain":
                holds(content["schema"], content["example"])
    good = next(iter(operation["responses"].values()))
    holds(good["content"]["application/json"]["schema"], example["answer"])


def test_openapi__operation_with_body_or_answer__has_an_example():
    """Nobody should have to guess what a call looks like."""
    without = {"system_openapi", "me_script", "me_style"}
    assert OPERATIONS_SHOWN.keys() - without == EXAMPLES.keys()


def test_openapi__import_example__is_well_declared():
    """The import that the document shows is one that is taken."""
    read_declaration(EXAMPLES["imports_open"]["request"], lambda _: SOURCE_TRAITS)
    assert set(ImportRequest.__struct_fields__) == set(Declaration.__struct_fields__)


@pytest.mark.parametrize("kind", ["track", "identify", "page", "screen", "group", "alias"])
def test_openapi__segment_example__is_accepted_by_the_door(kind):
    """The Segment types describe what the channel really takes."""
    translated = segment.translate_call(kind, EXAMPLES[f"events_{kind}"]["request"], source=SOURCE, now=NOW)
    assert len(translated.events) == 1 and not translated.refused


def test_openapi__batch_example__is_accepted_by_the_door():
    """The batch type describes what the channel really takes."""
    translated = segment.translate_batch(EXAMPLES["events_batch"]["request"], source=SOURCE, now=NOW)
    assert len(translated.events) == 2 and not translated.refused


def test_openapi__cloudevent_examples__are_accepted_by_the_door():
    """Structured and batched mode as the document shows them."""
    for media, shown in (("cloudevents+json", "request"), ("cloudevents-batch+json", "batch")):
        translated = cloudevents.translate(
            {"Content-Type": f"application/{media}"},
            json.dumps(EXAMPLES["events_events"][shown]).encode(),
            source=SOURCE,
            now=NOW,
            limit_bytes=10_000,
        )
        assert len(translated.events) == 1 and not translated.refused


def test_openapi__webhook_example__is_accepted_by_the_door():
    """The webhook's body as the document shows it."""
    translated = standard_webhooks.translate(
        EXAMPLES["webhooks_standard"]["request"], message_id="msg_1", source=SOURCE, now=NOW
    )
    assert len(translated.events) == 1 and not translated.refused


def test_openapi__request_examples__are_accepted_by_their_types():
    """What is shown for lookup and route is what the views decode."""
    msgspec.convert(EXAMPLES["profiles_lookup"]["request"], Lookup)
    msgspec.convert(EXAMPLES["routing_route"]["request"], RouteRequest)


def test_openapi__bot_context__is_what_the_domain_writes():
    """The context is a plain mapping in the domain; the document's type names every member of it and no other."""
    policy = shipped_policy()
    request = RouteRequest(channel="wechat", purpose="service", profile_id="p_1")
    case = Case("order", "A1", "paid", NOW, NOW, True, 1_000_000, "logistics")
    decision = decide(policy, request, Caller("p_1", cases=(case,)), decision_id="d_1", now=NOW)
    told = bot_context(policy, decision, summary=Text("某人", "somebody"), cases=(case,))
    assert told.keys() == set(BotContext.__struct_fields__)
    msgspec.convert(told, BotContext, strict=True)
    holds({"$ref": "#/components/schemas/BotContext"}, told)


def test_openapi__parameters__are_those_of_the_table():
    """No parameter is invented by the generator."""
    named = {one.name for row in OPERATIONS.values() for one in row.parameters}
    shown = {one["name"] for operation in OPERATIONS_SHOWN.values() for one in operation["parameters"]}
    in_paths = {name for methods in app.routes.values() for entry in methods.values() for name in entry.view_args}
    assert shown == named | in_paths
    assert openapi_operations.PURPOSE.name in shown
