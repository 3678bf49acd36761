"""Reveal and export on the deployed template: the gateway leads them to functions of their own, which may open."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from chalicelib.entrypoints.access import OWN_FUNCTIONS
from infra import emulator, state
from infra.demo.api import ApiRefusal
from infra.split import resource_name
from infra.stack import NAME as STACK
from tests.journeys.live import Live, sending, unique

pytestmark = pytest.mark.deployed

NAME, PHONE, TEXT = "赵金丝雀", "+8613905559911", "金丝雀里九号的快递还没到"


def person(live: Live) -> str:
    user = unique("u")
    who = (("user_id", user), ("phone", PHONE))
    live.send(
        [
            sending("profile.described", user, identifiers=who, channel="shop", data={"traits": {"name": NAME}}),
            sending("message.received", user, identifiers=who, data={"text": TEXT}),
        ]
    )
    return str(live.api.find([("user_id", user)])["profile_id"])


def physical(live: Live, resource: str) -> str:
    stack = live.aws("cloudformation")
    detail = stack.describe_stack_resource(StackName=STACK, LogicalResourceId=resource)["StackResourceDetail"]
    return str(detail["PhysicalResourceId"])


def test_reveal__on_the_local_cloud__is_answered_by_its_own_function(live: Live) -> None:
    """Clear values over HTTP, from the authorizer to the opened seal, and a row in the audit."""
    profile_id = person(live)
    body = {"fields": ["traits.name", "identifiers.phone"], "purpose": "service", "ticket": "case-1"}
    answer = live.api.call("POST", f"/v1/profiles/{profile_id}/reveal", body=body)
    assert {one["path"]: one["values"][0]["value"] for one in answer["fields"]} == {
        "traits.name": NAME,
        "identifiers.phone": PHONE,
    }
    done = live.api.call("GET", "/v1/audit", query={"profile": profile_id})["audited"]
    assert (done[0]["action"], done[0]["id"]) == ("fields.reveal", answer["reveal_id"])
    with pytest.raises(ApiRefusal) as refused:
        live.api.call("POST", "/v1/profiles/p_nobody/reveal", body=body)
    assert (refused.value.status, refused.value.code) == (404, "no_such_profile")


def test_export__on_the_local_cloud__in_every_format(live: Live) -> None:
    """A job, and its parts as data, as a page and as a table, with the headers that they need."""
    profile_id = person(live)
    job = live.api.call("POST", "/v1/privacy/exports", body={"profile_id": profile_id, "reason": "a letter"})
    assert (job["parts"], job["events"]) == (2, 2)

    def part(number: int, format_: str) -> requests.Response:
        return requests.get(
            f"{live.cloud.url}/v1/privacy/exports/{job['export_id']}",
            params={"part": str(number), "format": format_, "language": "zh"},
            headers={"Authorization": f"Bearer {live.tenant.admin_token}"},
            timeout=30,
        )

    traits = {one["name"]: one["in_force"]["value"] for one in part(1, "json").json()["person"]["traits"]}
    assert traits["name"] == NAME
    assert TEXT in {one["data"].get("text") for one in part(2, "json").json()["events"]}
    page, table = part(1, "html"), part(2, "csv")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8" and page.headers["Cache-Control"] == "no-store"
    assert NAME in page.content.decode() and "<script" not in page.content.decode()
    assert table.headers["Content-Type"].startswith("text/csv") and TEXT in table.content.decode()


def invoked(live: Live, resource: str, method: str, path: str) -> dict[str, Any]:
    """The answer of a function to a request that the gateway would not have handed to it."""
    event = {
        "requestContext": {"resourcePath": path, "httpMethod": method, "requestId": "r-1"},
        "headers": {"content-type": "application/json"},
        "pathParameters": {},
        "multiValueQueryStringParameters": None,
        "stageVariables": {},
        "body": "{}",
        "isBase64Encoded": False,
    }
    answer = live.aws("lambda").invoke(FunctionName=physical(live, resource), Payload=json.dumps(event))
    found: dict[str, Any] = json.loads(json.loads(answer["Payload"].read())["body"])
    return found


def test_misrouted__on_the_local_cloud__each_function_refuses_what_is_not_its_own(live: Live) -> None:
    """The HTTP function refuses the routes of others, and they refuse its and each other's."""
    for (method, path), function in OWN_FUNCTIONS.items():
        assert invoked(live, "APIHandler", method, path)["code"] == "not_served_here"
        for other in {resource_name(one) for one in OWN_FUNCTIONS.values()} - {resource_name(function)}:
            assert invoked(live, other, method, path)["code"] == "not_served_here"
    assert invoked(live, "RevealFields", "GET", "/v1/health")["code"] == "not_served_here"


def test_gateway__on_the_local_cloud__leads_as_the_table_says(live: Live) -> None:
    """What the deployed API calls for each route is the function of the table, and HTTP's for all others."""
    known = state.load()
    api = emulator.client("apigateway", known.emulator_port)
    pages = api.get_paginator("get_resources").paginate(restApiId=known.api_id)
    led = {}
    for resource in (one for page in pages for one in page["items"]):
        for method in resource.get("resourceMethods", {}):
            if method != "OPTIONS":
                place = {"restApiId": known.api_id, "resourceId": resource["id"], "httpMethod": method}
                led[method, resource["path"]] = api.get_integration(**place)["uri"]
    own = {route: physical(live, resource_name(function)) for route, function in OWN_FUNCTIONS.items()}
    http = physical(live, "APIHandler")
    assert len(led) > len(own)
    for route, uri in led.items():
        assert f":function:{own.get(route, http)}/" in uri, route
