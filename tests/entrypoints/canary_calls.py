"""Calls that hold a personal value wherever one can stand: every door, well and badly, and every other route."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from standardwebhooks.webhooks import Webhook

from app import app
from tests.canaries import Canary
from tests.entrypoints.service import Answer, Shop, unique

DOORS = frozenset({"batch", "track", "identify", "page", "screen", "group", "alias", "events"})
STAFF = frozenset({"reason"})
"""Members that staff write: what they hold is told apart."""


def traits(canary: Canary) -> dict[str, Any]:
    value = canary.value
    return {canary.trait: value, "name": value, "address": value, "company": value, "occupation": value, value: value}


def by_segment(shop: Shop, canary: Canary) -> Iterator[Answer]:
    """Each call of the family, a batch, and what no door reads. Places that are declared to be clear are left out."""
    value, at = canary.value, datetime.now(UTC).isoformat()
    who = {"userId": unique("u"), "timestamp": at, "messageId": unique(value)[:200]}
    whole = {"text": value, "query": value, "note": value, "own": {value: [value]}, value: value}
    yield shop.send("/v1/identify", {**who, "traits": traits(canary)})
    yield shop.send("/v1/identify", {"userId": value, "timestamp": at, "traits": {"phone": value, "email": value}})
    listed = [{"namespace": canary.namespace, "value": value}]
    yield shop.send(
        "/v1/track", {**who, "event": "Message Received", "properties": whole, "context": {"identifiers": listed}}
    )
    yield shop.send("/v1/track", {"anonymousId": value, "event": "Search Performed", "properties": whole})
    yield shop.send(
        "/v1/page", {**who, "name": value, "properties": {"path": f"/u/{value}", "url": value, "title": value}}
    )
    yield shop.send("/v1/screen", {**who, "name": value, "context": {"ip": value, "traits": {"phone": value}}})
    yield shop.send("/v1/group", {**who, "groupId": value, "traits": {"name": value}})
    yield shop.send("/v1/alias", {"userId": unique("u"), "previousId": value})
    calls = [{**who, "type": "track", "event": "Complaint Filed", "properties": whole}, {"type": value}, value]
    yield shop.send(
        "/v1/batch", gzip.compress(json.dumps({"batch": calls}).encode(), mtime=0), {"content-encoding": "gzip"}
    )
    yield shop.send("/v1/batch", f'{{"batch": ["{value}'.encode())
    yield shop.send("/v1/track", {**who, "event": "X", "timestamp": value})
    yield shop.send("/v1/track", {**who, "event": "X", "tenant": value})
    yield shop.send(
        "/v1/track", {**who, "event": "Message Received", "timestamp": "2099-01-01T00:00:00Z", "properties": whole}
    )
    yield shop.lambdas.http("POST", "/v1/track", {"userId": value}, key=value)
    yield shop.lambdas.http(
        "POST", "/v1/track", {"userId": value}, {"content-type": f"text/{quote(value)}"}, key=shop.write_key
    )


def cloud(shop: Shop, canary: Canary, **changes: Any) -> dict[str, Any]:
    base = {
        "specversion": "1.0",
        "id": unique("ce"),
        "source": "/canary",
        "type": "message.received",
        "subject": f"{canary.namespace}:{canary.value}",
    }
    return {
        **base,
        "time": datetime.now(UTC).isoformat(),
        "data": {"text": canary.value, "note": canary.value},
        **changes,
    }


def by_cloudevents(shop: Shop, canary: Canary) -> Iterator[Answer]:
    """Structured, batched and binary mode, sound and broken."""
    value, structured = canary.value, {"content-type": "application/cloudevents+json"}
    yield shop.send("/v1/events", cloud(shop, canary), structured)
    yield shop.send("/v1/events", cloud(shop, canary, id=value, source=value.replace(" ", "")), structured)
    batched = [
        cloud(shop, canary),
        cloud(shop, canary, time=value),
        cloud(shop, canary, specversion=value),
        {value: value},
    ]
    yield shop.send("/v1/events", batched, {"content-type": "application/cloudevents-batch+json"})
    headers = {f"ce-{name}": quote(str(one)) for name, one in cloud(shop, canary).items() if name != "data"}
    yield shop.send("/v1/events", {"text": value}, {**headers, "content-type": "application/json"})
    yield shop.send(
        "/v1/events", {"text": value}, {**headers, "ce-specversion": quote(value), "content-type": "application/json"}
    )
    yield shop.send("/v1/events", value.encode(), structured)


def by_webhook(shop: Shop, canary: Canary) -> Iterator[Answer]:
    """Well signed and badly, sound and broken."""
    value, at = canary.value, datetime.now(UTC)
    path = f"/v1/webhooks/standard/{shop.source_id}"
    for data in ({"user_id": unique("u"), "score": 3, "text": value}, {"phone": value, "score": value, value: value}):
        body = json.dumps({"type": "survey.answered", "timestamp": at.isoformat(), "data": data})
        id_ = unique("m")
        headers = {
            "webhook-id": id_,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(shop.webhook_secret).sign(id_, at, body),
        }
        yield shop.lambdas.http("POST", path, body.encode(), headers)
        yield shop.lambdas.http("POST", path, body.encode(), headers | {"webhook-signature": quote(value)})
        yield shop.lambdas.http("POST", f"/v1/webhooks/standard/{quote(value)}", body.encode(), headers)


def by_import(shop: Shop, canary: Canary) -> Iterator[Answer]:
    """Declarations that are refused; files are brought by the test of imports."""
    value = canary.value
    declared = {
        "source_id": value,
        "kind": value,
        "format": value,
        "mapping": {value: value},
        "values": {value: {value: value}},
        "constants": {value: value},
        value: value,
    }
    yield shop.ask("/v1/imports", declared)
    yield shop.ask("/v1/imports", declared, {"idempotency-key": quote(value)[:200]})


def by_every_route(shop: Shop, canary: Canary, profile_id: str, turn: int) -> Iterator[Answer]:
    """Routes that are no doors, with the value in path, query, headers and body, and with the profile sound.

    An eighth of them at each ``turn``: eight kinds in a row ask all.
    """
    turns = itertools.count(turn)
    value = canary.value
    named = [{"namespace": canary.namespace, "value": value}]
    sound = {"identifiers": named, "purpose": "service", "channel": "web_chat", "message": value}
    body = dict.fromkeys(
        ("purpose", "channel", "profile_id", "ticket", "id", "digest", "merge_id", "link_id", value), value
    )
    for path, methods in app.routes.items():
        if path.split("/")[-1] in DOORS or path.startswith(("/v1/webhooks", "/v1/openapi", "/v1/health")):
            continue
        for method, entry in methods.items():
            for placed in (profile_id, value):
                if next(turns) % 8:
                    continue
                where = path
                for name in entry.view_args:
                    where = where.replace(f"{{{name}}}", quote(placed if name == "profile_id" else value, safe=""))
                asked = "purpose=service&" if placed == profile_id else f"purpose={quote(value)}&"
                rest = "&".join(
                    f"{name}={quote(value)}"
                    for name in (
                        "cursor",
                        "limit",
                        "channel",
                        "as_of",
                        "scene",
                        "code",
                        "principal",
                        "profile",
                        "window",
                        "from",
                    )
                )
                content: Any = {**body, **(sound if placed == profile_id else {})}
                sent = b"" if method in ("GET", "DELETE") else content
                headers = {"idempotency-key": quote(unique(value))[:200]}
                yield shop.lambdas.http(method, f"{where}?{asked}", sent, headers, token=shop.admin_token)
                yield shop.lambdas.http(method, f"{where}?{asked}{rest}", sent, headers, token=shop.admin_token)
    yield shop.ask("/v1/profiles/lookup", {"identifiers": named, "purpose": "service"})
    yield shop.ask("/v1/route", sound)
    yield shop.lambdas.http("GET", f"/v1/profiles/{profile_id}", token=value.encode("ascii", "ignore").decode())


def by_every_door(shop: Shop, canary: Canary) -> Iterator[Answer]:
    """All doors for events."""
    yield from by_segment(shop, canary)
    yield from by_cloudevents(shop, canary)
    yield from by_webhook(shop, canary)
    yield from by_import(shop, canary)
