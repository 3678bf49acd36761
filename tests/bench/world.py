"""Our handlers, composed as in a Lambda, against DynamoDB Local and a stub of the other services."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import msgspec

from infra import dynamodb_local, emulator
from tests.bench.measure import ROOT

TENANT, SOURCE = "t_bench", "s_bench"
PHONE = "13800138{:03d}"
DAY_MS = 86_400_000
AGENTS = 60
PEOPLE = range(100, 120)
"""Who is asked about in turn: a bot talks to one after the other."""
_AT_ONCE = 10
#: What a customer service sees of a person: type, channel, data. ``{n}`` is the event's number.
KINDS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("page.viewed", "web", {"path": "/goods/48213", "category": "beauty"}),
    ("message.received", "wechat", {"text": "我的退款怎么还没到账，已经等了三天了", "conversation_id": "c-{n}"}),
    ("order.paid", "app", {"order_id": "o-{n}", "amount": "{n}8.50", "currency": "CNY", "items": 2}),
    ("conversation.opened", "web_chat", {"conversation_id": "c-{n}", "topic": "after_sales"}),
    ("survey.answered", "sms", {"score": 4, "ticket_id": "k-{n}"}),
    ("order.delivered", "app", {"order_id": "o-{n}"}),
    ("session.started", "app", {}),
    ("call.started", "phone", {"call_id": "l-{n}", "topic": "logistics"}),
    ("search.performed", "web", {"query": "保湿面霜"}),
    ("ticket.opened", "phone", {"ticket_id": "k-{n}", "topic": "refund", "priority": "high"}),
)
#: Days before now on which a person was seen, each with so many events.
HISTORY_DAYS, EVENTS_A_DAY = range(118, 0, -4), 2


class World(msgspec.Struct, frozen=True):
    """The handlers, boto3's client as the yardstick, and numbers that make each event a new one."""

    app: Any
    ingest: Callable[[dict[str, Any], Any], Any]
    dynamodb: Any
    numbers: Iterator[int]
    nowhere: TextIO

    def events(self, people: Sequence[int], *, at_ms: int | None = None) -> tuple[Any, ...]:
        """One new event for each person named, of rotating kinds."""
        from chalicelib.events.model import Event, Identifier

        now = time.time_ns() // 1_000_000
        made = []
        for person in people:
            number = next(self.numbers)
            kind, channel, data = KINDS[number % len(KINDS)]
            told = {name: value.format(n=number) if isinstance(value, str) else value for name, value in data.items()}
            made.append(
                Event(
                    id=f"e-{number}",
                    type=kind,
                    time=now if at_ms is None else at_ms,
                    received_at=now,
                    tenant=TENANT,
                    source=SOURCE,
                    channel=channel,
                    identifiers=(Identifier("phone", PHONE.format(person)),),
                    data=told,
                )
            )
        return tuple(made)

    def batch(self, messages: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """What SQS hands to the function for these messages, sealed by a door."""
        records = [
            _record(place, body) for place, events in enumerate(messages) for body in self._sealed(tuple(events))
        ]
        return {"Records": records}

    def applied(self, batch: dict[str, Any]) -> None:
        """Ingest a batch, its log lines to nowhere. Raises RuntimeError when a message of it failed."""
        kept, sys.stdout = sys.stdout, self.nowhere
        try:
            answer = self.ingest(batch, _Context())
        finally:
            sys.stdout = kept
        if answer["batchItemFailures"]:
            raise RuntimeError(f"Ingestion failed {len(answer['batchItemFailures'])} messages of the bench.")

    def _sealed(self, events: tuple[Any, ...]) -> list[str]:
        from chalicelib.entrypoints import compose
        from chalicelib.flows.accept_events import accept_events
        from chalicelib.flows.services import DoorServices

        bodies: list[str] = []
        source = compose.catalogue_store().source(SOURCE)
        services = DoorServices(compose.tenant, lambda _: source, lambda _: [], bodies.extend, 262_144)
        accept_events(events, (), source, services, time.time_ns() // 1_000_000)
        return bodies


class _Context:
    """What Lambda tells a handler of its invocation."""

    aws_request_id = "bench"
    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:bench"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 30_000


@contextlib.contextmanager
def opened() -> Iterator[World]:
    """A composed world. Raises Failure when DynamoDB Local cannot be had."""
    with dynamodb_local.running() as database, _stub() as endpoint:
        os.environ.pop("AWS_SESSION_TOKEN", None)
        os.environ.update(database.environment | _names(endpoint) | dynamodb_local.create_tables(database, "bench"))
        with Path(os.devnull).open("w") as nowhere:
            yield _composed(nowhere)


def reserving_event(number: int) -> dict[str, Any]:
    """A call that reserves an agent for a conversation of its own."""
    return route_event(message="转人工，我的退款怎么还没到账", reserve=True, conversation_id=f"chat-{number}")


def open_desk() -> None:
    """Sixty agents who are there, with room for all conversations of a run."""
    from chalicelib.desk.model import Agent
    from chalicelib.entrypoints.at_desk import desk_store
    from chalicelib.routing.policy import shipped_policy

    now = time.time_ns() // 1_000_000
    skills = sorted({one.skill for one in shipped_policy().declared.queues.values()})
    for number in range(AGENTS):
        agent_id = f"a_{number:02}"
        levels = {skill: 1 + (number + place) % 5 for place, skill in enumerate(skills)}
        desk_store().put_agent(TENANT, Agent(agent_id, levels, units=10_000_000, version=1))
        desk_store().set_presence(TENANT, agent_id, "available", now + DAY_MS, now)


def route_event(person: int = 1, **more: Any) -> dict[str, Any]:
    """A call of ``POST /v1/route`` as a REST API's proxy integration hands it on."""
    asked = {
        "channel": "wechat",
        "purpose": "service",
        "identifiers": [
            {"namespace": "phone", "value": PHONE.format(person)},
            {"namespace": "email", "value": "lin@example.com"},
        ],
        "message": "我的退款怎么还没到账",
        **more,
    }
    headers = {
        "Accept": "application/json",
        "Authorization": "Bearer zt_0123456789abcdef",
        "Content-Type": "application/json",
        "Host": "abc123.execute-api.us-east-1.amazonaws.com",
        "User-Agent": "bot/1.0",
        "X-Amzn-Trace-Id": "Root=1-67000000-0123456789abcdef01234567",
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    return {
        "resource": "/v1/route",
        "path": "/v1/route",
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": _request_context(),
        "body": json.dumps(asked, ensure_ascii=False),
        "isBase64Encoded": False,
    }


def _request_context() -> dict[str, Any]:
    return {
        "resourceId": "abc123",
        "resourcePath": "/v1/route",
        "httpMethod": "POST",
        "path": "/main/v1/route",
        "accountId": "123456789012",
        "protocol": "HTTP/1.1",
        "stage": "main",
        "requestId": "0e2e1d4f-0000-4000-8000-000000000000",
        "identity": {"sourceIp": "203.0.113.7", "userAgent": "bot/1.0"},
        "apiId": "abc123",
        "authorizer": {
            "tenant": TENANT,
            "principal": "chatbot",
            "role": "bot",
            "scopes": "context:read profiles:read purpose:service route",
            "source_id": "",
            "principalId": "chatbot",
            "integrationLatency": 3,
        },
    }


def wide_item(key: str) -> dict[str, Any]:
    """The yardstick's item: 40 attributes, 3.7 KB, in DynamoDB's form."""
    item: dict[str, Any] = {"pk": {"S": key}}
    for place in range(39):
        number = place % 3 == 0
        text = (f"value {place:02d} " * 14)[:122]
        item[f"attribute_{place:02d}"] = {"N": str(1_000_000 + place)} if number else {"S": text}
    return item


def _composed(nowhere: TextIO) -> World:
    import boto3

    import app
    from chalicelib.entrypoints import queue_events

    _make_tenant()
    world = World(app.app, queue_events.ingest_events, boto3.client("dynamodb"), itertools.count(), nowhere)
    _grow(world)
    return world


def _make_tenant() -> None:
    from chalicelib.aws.key_ring import new_tenant
    from chalicelib.aws.kms import Kms
    from chalicelib.entrypoints import compose
    from chalicelib.privacy.fields import FIELDS
    from chalicelib.store.catalogue import SourceRecord

    names = compose.settings()
    made = new_tenant(
        Kms(compose.api("kms")), names, os.urandom, tenant_id=TENANT, name="bench", timezone="Asia/Shanghai"
    )
    compose.catalogue_store().keep(made)
    traits = tuple(sorted(FIELDS))
    compose.catalogue_store().keep(SourceRecord(TENANT, SOURCE, "bench", "web", 1, traits))


def _grow(world: World) -> None:
    """Give people a history of four months, so that a profile has its typical size."""
    from chalicelib.events.model import Identifier

    now = time.time_ns() // 1_000_000
    for person in (1, 2, 3, *PEOPLE):
        described = msgspec.structs.replace(
            world.events([person], at_ms=now - 120 * DAY_MS)[0],
            type="profile.described",
            identifiers=(Identifier("phone", PHONE.format(person)), Identifier("user_id", f"u-{person}")),
            data={"traits": {"name": "林小满", "gender": "female", "birth_date": "1999-05-04", "city": "杭州"}},
        )
        world.applied(world.batch([[described]]))
    for days in HISTORY_DAYS:
        for person in (1, 2, 3):
            world.applied(world.batch([world.events([person] * EVENTS_A_DAY, at_ms=now - days * DAY_MS)]))
        for first in PEOPLE[::_AT_ONCE]:
            many = range(first, first + _AT_ONCE)
            sent = [world.events([one] * EVENTS_A_DAY, at_ms=now - days * DAY_MS) for one in many]
            world.applied(world.batch(sent))


def _record(place: int, body: str) -> dict[str, Any]:
    return {
        "messageId": f"00000000-0000-4000-8000-{place:012d}",
        "receiptHandle": "AQEB" * 30,
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"},
        "messageAttributes": {},
        "md5OfBody": "0" * 32,
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:events",
        "awsRegion": "us-east-1",
    }


def _names(endpoint: str) -> dict[str, str]:
    keys = {f"KEY_{name}_ID": f"alias/{name.lower()}" for name in ("INDEX", "BRANCH", "INGEST", "RECEIPT")}
    services = {f"AWS_ENDPOINT_URL_{name}": endpoint for name in ("KMS", "SQS", "EVENTBRIDGE")}
    return (
        keys
        | services
        | {
            "QUEUE_EVENTS_URL": f"{endpoint}/queue/events",
            "QUEUE_IMPORTS_URL": f"{endpoint}/queue/imports",
            "QUEUE_CATALOGUE_URL": f"{endpoint}/queue/catalogue",
            "QUEUE_PRIVACY_URL": f"{endpoint}/queue/privacy",
            "QUEUE_LEARNING_URL": f"{endpoint}/queue/learning",
            "QUEUE_LEARNING_TRAINING_URL": f"{endpoint}/queue/training",
            "BUCKET_IMPORTS": "uploads",
            "BUS_NAME": "changes",
        }
    )


@contextlib.contextmanager
def _stub() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bench.stub_server"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def settings_of_nothing() -> dict[str, str]:
    """The settings of a function whose services are nowhere: enough to start it, not to serve."""
    tables = {f"TABLE_{name}": name.lower() for name in ("PROFILES", "HISTORY", "KEYS", "CATALOGUE", "DESK")}
    told = {"AWS_REGION": emulator.REGION, "AWS_LAMBDA_FUNCTION_NAME": "bench"}
    return emulator.CREDENTIALS | told | tables | _names("http://127.0.0.1:1")
