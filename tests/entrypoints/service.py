"""The product as it is deployed, in this process: Chalice's own client in front, moto behind, a real queue between."""

from __future__ import annotations

import json
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, cast
from uuid import uuid4

import msgspec
from chalice.app import Chalice
from chalice.test import Client

from chalicelib import entrypoints
from chalicelib.entrypoints import compose, own_functions, queue_events
from chalicelib.entrypoints.access import OWN_FUNCTIONS
from infra import emulator
from infra.operator import Operator


class Invocation:
    """What Lambda hands to a function: how long it may go on, in milliseconds."""

    def __init__(self, left: int = 60_000) -> None:
        self.left = left

    def get_remaining_time_in_millis(self) -> int:
        return self.left


class Gateway:
    """The app as the gateway has it: a route with a function of its own is handed to that function."""

    def __init__(self, app: Chalice) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        return getattr(self._app, name)

    def __call__(self, event: dict[str, Any], context: Any) -> Any:
        asked = event["requestContext"]
        function = OWN_FUNCTIONS.get((asked["httpMethod"], asked["resourcePath"]))
        return getattr(own_functions, function)(event, context) if function else self._app(event, context)


class Answer(msgspec.Struct, frozen=True):
    """What a caller gets. ``by_gateway`` says that no function of ours wrote the body."""

    status: int
    headers: dict[str, Any]
    body: bytes
    by_gateway: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["code"])


class Lambdas:
    """The functions of the product, led to one moto."""

    def __init__(self, app: Chalice, environ: Mapping[str, str]) -> None:
        self.app = cast(Chalice, Gateway(app))
        self.client = Client(self.app)
        self.operator = Operator(dict(environ))
        self.queue_url = environ["QUEUE_EVENTS_URL"]

    def http(
        self,
        method: str,
        path: str,
        body: Any = b"",
        headers: Mapping[str, str] | None = None,
        *,
        key: str = "",
        token: str = "",
    ) -> Answer:
        """One request through the authorizers. A body that is no bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        sent = {"content-type": "application/json"} if content else {}
        if key:
            sent["authorization"] = basic(key)
        if token:
            sent["authorization"] = f"Bearer {token}"
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        try:
            answer = self.client.http.request(method, path, headers=sent, body=content)
        except Exception as error:
            # What API Gateway answers to an authorizer that raises this very word.
            if str(error) != "Unauthorized":
                raise
            return Answer(401, {}, b'{"message": "Unauthorized"}', by_gateway=True)
        by_gateway = answer.status_code in (401, 403) and b'"code"' not in answer.body
        return Answer(answer.status_code, dict(answer.headers), answer.body, by_gateway)

    def queued(self) -> list[dict[str, str]]:
        """What waits in the queue, taken out of it: message id and body."""
        sqs = self.operator.api("sqs")
        found: list[dict[str, str]] = []
        while True:
            answer = sqs.call("ReceiveMessage", {"QueueUrl": self.queue_url, "MaxNumberOfMessages": 10})
            messages = answer.get("Messages") or []
            if not messages:
                return found
            for one in messages:
                found.append({"messageId": one["MessageId"], "body": one["Body"]})
                sqs.call("DeleteMessage", {"QueueUrl": self.queue_url, "ReceiptHandle": one["ReceiptHandle"]})

    def ingest(self, records: list[dict[str, str]] | None = None) -> dict[str, Any]:
        """Invoke the queue's function with what waits."""
        records = self.queued() if records is None else records
        if not records:
            return {"batchItemFailures": []}
        answer: dict[str, Any] = queue_events.ingest_events({"Records": records}, Invocation())
        return answer


class Shop(msgspec.Struct, frozen=True):
    """One tenant with its credentials."""

    lambdas: Lambdas
    tenant_id: str
    admin_token: str
    source_id: str
    write_key: str
    webhook_secret: str

    def send(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """To a door, as the tenant's source."""
        return self.lambdas.http("POST", path, body, headers, key=self.write_key)

    def read(self, path: str) -> Answer:
        """As the tenant's admin."""
        return self.lambdas.http("GET", path, token=self.admin_token)

    def ask(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """As the tenant's admin."""
        return self.lambdas.http("POST", path, body, headers, token=self.admin_token)

    def lookup(self, namespace: str, value: str) -> Answer:
        identifiers = [{"namespace": namespace, "value": value}]
        return self.ask("/v1/profiles/lookup", {"identifiers": identifiers, "purpose": "service"})

    def role(self, role: str) -> str:
        """A new principal's token."""
        return self.lambdas.operator.create_token(self.tenant_id, role, f"{role}-1")

    def quarantined(self) -> list[str]:
        """Codes of what stands in the quarantine."""
        history = compose.history()
        return sorted(row.code for row in history.quarantined(self.tenant_id, limit=100))


def basic(key: str) -> str:
    return "Basic " + b64encode(f"{key}:".encode()).decode()


def open_shop(lambdas: Lambdas, name: str = "shop") -> Shop:
    """A new tenant, as the operator's command makes it."""
    return Shop(lambdas, **lambdas.operator.create_tenant(name, "Asia/Shanghai", "CN", 730))


def unique(word: str) -> str:
    return f"{word}-{uuid4().hex[:12]}"


def environment(endpoint: str, tables: Mapping[str, str], call: Callable[..., dict[str, Any]]) -> dict[str, str]:
    """The functions' environment: queue, bus and keys are made here."""
    queue, imports, jobs, privacy, learning, training = (
        call("sqs", "CreateQueue", QueueName=unique(name))["QueueUrl"]
        for name in ("events", "imports", "catalogue", "privacy", "learning", "training")
    )
    bucket = unique("uploads")
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{bucket}", method="PUT"))
    bus = unique("changes")
    call("events", "CreateEventBus", Name=bus)
    keys = {
        f"KEY_{name}_ID": str(call("kms", "CreateKey", Description=name)["KeyMetadata"]["KeyId"])
        for name in ("INDEX", "BRANCH", "INGEST", "RECEIPT")
    }
    return {
        **emulator.CREDENTIALS,
        **tables,
        **keys,
        "AWS_REGION": emulator.REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "QUEUE_EVENTS_URL": queue,
        "QUEUE_IMPORTS_URL": imports,
        "QUEUE_CATALOGUE_URL": jobs,
        "QUEUE_PRIVACY_URL": privacy,
        "QUEUE_LEARNING_URL": learning,
        "QUEUE_LEARNING_TRAINING_URL": training,
        "BUCKET_IMPORTS": bucket,
        "QUEUE_DEAD_LETTERS_URL": queue,
        "BUS_NAME": bus,
    }


def forget_composed() -> None:
    """Empty what ``compose`` and the modules beside it keep between calls."""
    beside = [module for name, module in sys.modules.items() if name.startswith(f"{entrypoints.__name__}.")]
    for module in beside:
        for one in vars(module).values():
            if hasattr(one, "cache_clear") and one.__module__ == module.__name__:
                one.cache_clear()
