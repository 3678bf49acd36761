"""Every route of the product, its scope, and a call of it that would succeed: what the walks have in common."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from app import app
from infra import openapi
from infra.openapi import ROOT

EXAMPLES: dict[str, dict[str, Any]] = json.loads((ROOT / "infra" / "openapi_examples.json").read_bytes())
DOCUMENT: dict[str, Any] = json.loads(openapi.FILE.read_bytes())
UNKNOWN = "none-of-this-name"


class Way(msgspec.Struct, frozen=True):
    """One route: ``scope`` is None where it has no authorizer."""

    method: str
    path: str
    scope: str | None
    name: str

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"\{([^}]*)\}", self.path)

    @property
    def starred(self) -> str:
        return re.sub(r"\{[^}]*\}", "*", self.path)

    def concrete(self, known: Mapping[str, str]) -> str:
        """The path with ids in it; ``known`` by the names of its parameters."""
        path = re.sub(r"\{([^}]*)\}", lambda one: known.get(one[1], UNKNOWN), self.path)
        return path + ("?purpose=service" if self.method in ("GET", "DELETE") else "")

    def body(self, known: Mapping[str, Any]) -> Any:
        """The example of the document, with ids in it by the names of its members; b'' where there is no body."""
        example = EXAMPLES.get(self.name, {}).get("request", b"" if self.method in ("GET", "DELETE") else {})
        return _placed(example, known)


def ways() -> Iterator[Way]:
    for path, methods in app.routes.items():
        for method, entry in methods.items():
            yield Way(method, path, entry.view_function.scope, entry.view_name)


WAYS = list(ways())
GUARDED = [one for one in WAYS if one.scope is not None]


def named(way: Way) -> str:
    """What a test is called by."""
    return f"{way.method} {way.path}"


def event_of(way: Way, authorizer: Any, body: Any = None) -> dict[str, Any]:
    """What the gateway hands to the function for a caller whom its authorizer let in."""
    return {
        "requestContext": {
            "httpMethod": way.method,
            "resourcePath": way.path,
            "requestId": "r-1",
            **({} if authorizer is None else {"authorizer": authorizer}),
        },
        "headers": {"content-type": "application/json"},
        "pathParameters": dict.fromkeys(way.parameters, UNKNOWN),
        "multiValueQueryStringParameters": None,
        "stageVariables": {},
        "body": json.dumps({} if body is None else body),
        "isBase64Encoded": False,
    }


def _placed(value: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return {name: known[name] if name in known else _placed(inner, known) for name, inner in value.items()}
    return [_placed(inner, known) for inner in value] if isinstance(value, list) else value
