"""Thirty kinds of personal value by every door and route, through every fault: in no sink in clear; what is planted is found."""

from __future__ import annotations

import json
import sys
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import wraps
from inspect import isfunction
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.aws.json_api import JsonApi
from chalicelib.entrypoints import (
    compose,
    http_profiles,
    importing,
    problems,
    queue_catalogue,
    queue_imports,
    queue_training,
    schedule_counts,
    schedule_quality,
)
from chalicelib.flows.services import Change
from chalicelib.kernel.errors import BadInput
from infra.dead_letters import Queue, summary
from tests.canaries import CANARIES, Canary, exemptions, kinds_in, told
from tests.entrypoints import canary_calls
from tests.entrypoints.service import Invocation, Shop, forget_composed, unique
from tests.entrypoints.sinks import Sinks
from tests.entrypoints.test_imports import announced, etag_of, invoke, upload


@pytest.fixture
def sinks(
    shop: Shop, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Sinks:
    return Sinks(shop.lambdas, monkeypatch, log, caplog)


def somebody(shop: Shop) -> str:
    """A profile that is there."""
    user = unique("u")
    shop.send("/v1/identify", {"userId": user, "traits": {"city": "上海"}})
    shop.lambdas.ingest()
    return str(shop.lookup("user_id", user).json["profile_id"])


def test_canary__by_every_door_and_route__is_in_no_sink(shop: Shop, sinks: Sinks) -> None:
    """Answers and their headers, log, metrics, queue, bus, KMS, bucket and tables."""
    there, statuses = somebody(shop), set[int]()
    for turn, canary in enumerate(CANARIES):
        assert {200, 202, 400, 401} <= {answer.status for answer in canary_calls.by_every_door(shop, canary)}
        shop.lambdas.ingest()
        statuses |= {answer.status for answer in canary_calls.by_every_route(shop, canary, there, turn)}
        shop.lambdas.ingest()
    assert {200, 400, 401, 404} <= statuses
    # Nothing of it goes wrong, so that no function has anything to log; that a line of theirs is heard is seen by this one.
    compose.journal().note("counts_told")
    found = sinks.all()
    assert {"answer", "header", "log", "metric", "queue", "bus", "kms"} <= found.keys()
    nowhere(sinks)


def mixed(shop: Shop) -> None:
    """Of each kind sound events and broken ones, into the queue."""
    for canary in CANARIES:
        value, whole = canary.value, {"text": canary.value, "note": canary.value, canary.value: canary.value}
        who = {"userId": unique("u"), "context": {"identifiers": [{"namespace": canary.namespace, "value": value}]}}
        calls = [
            {**who, "type": "identify", "traits": canary_calls.traits(canary)},
            {**who, "type": "track", "event": "Message Received", "properties": whole},
            {**who, "type": "track", "event": "Message Received", "properties": whole, "timestamp": value},
            {
                **who,
                "type": "track",
                "event": "Ticket Opened",
                "properties": whole,
                "timestamp": "2099-01-01T00:00:00Z",
            },
        ]
        assert shop.send("/v1/batch", {"batch": calls}).status == 200


def ingested(shop: Shop, sinks: Sinks, records: list[dict[str, str]]) -> set[str]:
    """Deliver ten messages at a time; the ids of those that are to be delivered again."""
    failed = set[str]()
    for at in range(0, len(records), 10):
        batch = records[at : at + 10]
        answer = sinks.invoke(lambda batch=batch: shop.lambdas.ingest(batch))
        left = {one["messageId"] for one in batch}
        failed |= left if answer is None else {one["itemIdentifier"] for one in answer["batchItemFailures"]}
    return failed


def refusing(service: str, code: str, operations: frozenset[str] = frozenset()) -> Callable[..., Any]:
    """A service that cannot be used, or not for some operations."""
    real = JsonApi._attempt

    def attempt(api: JsonApi, call: Any, seconds_left: float) -> Any:
        if api.service == service and (not operations or call.operation in operations):
            raise api.unavailable(code)
        return real(api, call, seconds_left)

    return attempt


FAULTS = {
    "throttled": ("dynamodb", "throttled", frozenset({"TransactWriteItems", "PutItem", "UpdateItem"})),
    "reads time out": ("dynamodb", "no_answer", frozenset({"BatchGetItem", "GetItem", "Query"})),
    "KMS fails": ("kms", "service_failed", frozenset[str]()),
    "bus fails": ("events", "no_answer", frozenset[str]()),
    "queue fails": ("sqs", "throttled", frozenset({"SendMessage", "SendMessageBatch"})),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_canary__while_a_service_fails_and_after_it__is_in_no_sink(
    shop: Shop, sinks: Sinks, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Messages wait, are delivered again and applied; what could not be goes to the quarantine, from which it is replayed."""
    mixed(shop)
    records = shop.lambdas.queued()
    with monkeypatch.context() as patch:
        patch.setattr(JsonApi, "_attempt", refusing(*FAULTS[fault]))
        forget_composed()
        failed = ingested(shop, sinks, records)
        for canary in CANARIES[::5]:
            named = [{"namespace": canary.namespace, "value": canary.value}]
            asked = {"identifiers": named, "purpose": "service", "channel": "web_chat", "message": canary.value}
            event = {"userId": canary.value, "event": "X", "properties": {"text": canary.value}}
            sinks.invoke(lambda asked=asked: shop.ask("/v1/route", asked))
            sinks.invoke(lambda event=event: shop.send("/v1/track", event))
    forget_composed()
    assert failed or fault == "queue fails", "the fault was met"
    again = ingested(shop, sinks, [one for one in records if one["messageId"] in failed])
    assert again == set()
    for one in shop.read("/v1/quarantine?limit=8").json["quarantined"]:
        shop.lambdas.http("POST", f"/v1/quarantine/{one['id']}/replay", {}, token=shop.admin_token)
    ingested(shop, sinks, shop.lambdas.queued())
    nowhere(sinks)


def nowhere(sinks: Sinks, *, at_rest: bool = True) -> None:
    leaks = sorted(set(told(sinks.all(at_rest=at_rest))))
    assert not leaks, "\n".join(leaks)


def test_canary__in_messages_that_are_none_of_ours__is_in_no_sink(shop: Shop, sinks: Sinks) -> None:
    """Poison, again and again until it is dead; what the operator is told of dead letters."""
    for canary in CANARIES:
        value = canary.value
        bodies = [value, json.dumps({"tenant": value, "sealed": value}), json.dumps({value: value})]
        bodies += [json.dumps({"tenant": shop.tenant_id, "sealed": b64encode(value.encode()).decode()})]
        bodies += [
            json.dumps({"tenant": value, "import_id": value, "job_id": value}),
            json.dumps({"Records": [{"s3": value}]}),
        ]
        records = [{"messageId": f"m{place}", "body": body} for place, body in enumerate(bodies)]
        assert len(ingested(shop, sinks, records)) == len(bodies)
        for record in records:
            for function in (queue_imports.import_ranges, queue_catalogue.catalogue_jobs, queue_training.train_models):
                sinks.invoke(lambda function=function, record=record: function({"Records": [record]}, Invocation()))
        letters = dict(enumerate(bodies))
        told_of = summary(
            Queue("events", "q", "d"), lambda operation, body, letters=letters: dead(operation, letters), lambda _: {}
        )
        sinks.hear("operator", repr(told_of).encode() + str(told_of).encode())
    nowhere(sinks, at_rest=False)


def dead(operation: str, letters: dict[int, str]) -> dict[str, Any]:
    """A dead-letter queue that hands these out once."""
    if operation == "GetQueueAttributes":
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(letters)), "QueueArn": "arn"}}
    messages = [
        {"MessageId": f"m{place}", "ReceiptHandle": str(place), "Body": body, "Attributes": {"SentTimestamp": "1"}}
        for place, body in letters.items()
    ]
    if operation == "ReceiveMessage":
        letters.clear()
    return {"Messages": messages}


def test_canary__in_files_that_are_imported__is_in_no_sink(shop: Shop, sinks: Sinks) -> None:
    """Lines that are read and lines that are refused, of CSV; the file is gone when the import is over."""
    mapping = {"identifiers.phone": "a", "data.ticket_id": "b", "data.text": "c", "time": "d", "extra.mail": "e"}
    declared = {
        "source_id": shop.source_id,
        "kind": "tickets",
        "format": "csv",
        "mapping": mapping,
        "constants": {"status": "opened"},
    }
    lines = ["a,b,c,d,e"]
    for canary in CANARIES:
        value = '"' + canary.value + '"'
        lines += [
            f"13907550001,t1,{value},2026-10-01T10:00:00Z,{value}",
            f"{value},{value},{value},{value},{value}",
            f'"{canary.value},{value}',
            value,
        ]
    opened = shop.ask("/v1/imports", declared).json
    upload(opened["upload"]["url"], "\n".join(lines).encode())
    announcement = announced(shop, opened["import_id"], *etag_of(shop, opened["import_id"]))
    assert sinks.invoke(lambda: invoke(announcement)) == {"batchItemFailures": []}
    ingested(shop, sinks, shop.lambdas.queued())
    view = shop.read(f"/v1/imports/{opened['import_id']}").json
    assert view["state"] == "finished" and view["accepted"] >= len(CANARIES) and view["refused"] >= len(CANARIES)
    nowhere(sinks)


def reached_by(calls: dict[str, Callable[[], Any]]) -> dict[tuple[Any, str], str]:
    """Every function of flows, stores and AWS clients that some call comes to, with the first such call."""
    found: dict[tuple[Any, str], str] = {}
    with pytest.MonkeyPatch.context() as patch:
        now = [""]
        for holder, name, function in own_functions():

            def counting(*arguments: Any, function: Any = function, place: Any = (holder, name), **more: Any) -> Any:
                found.setdefault(place, now[0])
                return function(*arguments, **more)

            put(patch, holder, name, function, wraps(function)(counting))
        for name, call in calls.items():
            now[0] = name
            call()
    return found


def own_functions() -> Iterator[tuple[Any, str, Any]]:
    """(module or class, name, function) of the layers below the entry points."""
    for name, module in sorted(sys.modules.items()):
        # What writes the log is no place that values come from.
        if (
            not name.startswith(("chalicelib.flows.", "chalicelib.store.", "chalicelib.aws."))
            or "observability" in name
        ):
            continue
        for holder in (
            module,
            *(one for one in vars(module).values() if isinstance(one, type) and one.__module__ == name),
        ):
            for attribute, function in list(vars(holder).items()):
                if isfunction(function) and function.__module__ == name and not attribute.startswith("__"):
                    yield holder, attribute, function


def put(patch: pytest.MonkeyPatch, holder: Any, name: str, function: Any, instead: Any) -> None:
    """Put another function in the place of one, wherever it was imported to."""
    patch.setattr(holder, name, instead)
    if isinstance(holder, type):
        return
    for module in [one for known, one in sys.modules.items() if known.startswith("chalicelib.")]:
        for attribute, value in list(vars(module).items()):
            if value is function:
                patch.setattr(module, attribute, instead)


def quoting(canary: Canary) -> Callable[..., Any]:
    """A function that fails and quotes a value, in the text of what it raises and of what that came from."""

    def fail(*_: Any, **__: Any) -> Any:
        try:
            raise ValueError(canary.value)
        except ValueError as error:
            raise KeyError(f"{canary.value} is not here") from error

    return fail


def everyday(shop: Shop, sinks: Sinks) -> dict[str, Callable[[], Any]]:
    """Calls that together come to what the product does."""
    user = unique("u")
    shop.send("/v1/identify", {"userId": user, "traits": {"name": "王小明", "phone": "13907550002"}})
    shop.lambdas.ingest()
    there = shop.lookup("user_id", user).json["profile_id"]
    other = somebody(shop)
    asked = {"profile_id": there, "purpose": "service", "channel": "web_chat", "message": "退款"}
    declared = {
        "source_id": shop.source_id,
        "kind": "orders",
        "format": "csv",
        "mapping": {"identifiers.user_id": "a", "data.order_id": "b", "time": "c"},
        "constants": {"status": "paid"},
    }

    def sent() -> None:
        shop.send("/v1/track", {"userId": user, "event": "Message Received", "properties": {"text": "在吗"}})
        shop.send("/v1/track", {"userId": user, "event": "X", "timestamp": "2099-01-01T00:00:00Z"})
        ingested(shop, sinks, shop.lambdas.queued())

    def imported() -> None:
        opened = shop.ask("/v1/imports", declared)
        if opened.status == 202:
            upload(opened.json["upload"]["url"], f"a,b,c\n{user},o1,2026-10-01T10:00:00Z\nx".encode())
            announcement = announced(shop, opened.json["import_id"], *etag_of(shop, opened.json["import_id"]))
            sinks.invoke(lambda: invoke(announcement))
        ingested(shop, sinks, shop.lambdas.queued())

    calls: dict[str, Callable[[], Any]] = {"ingest": sent, "import": imported}
    for path in ("", "/tags", "/tags/vip/why", "/segments/stages/why", "/timeline", "/context", "/links"):
        calls[path or "profile"] = lambda path=path: shop.read(f"/v1/profiles/{there}{path}?purpose=service")
    calls["as of"] = lambda: shop.read(f"/v1/profiles/{there}?purpose=service&as_of=2026-11-22T00:00:00Z")
    for path in (
        "quarantine",
        "audit",
        "quality",
        "catalogue/tags",
        "catalogue/tags/vip",
        "insights/tags",
        "insights/groups",
        "insights/hot-words",
        "merge-candidates",
        "segments",
        "segments/customers.value/members?purpose=service",
        "models",
        "catalogue/jobs",
    ):
        calls[path] = lambda path=path: shop.read(f"/v1/{path}")
    calls["lookup"] = lambda: shop.lookup("user_id", user)
    calls["route"] = lambda: shop.ask("/v1/route", asked)
    calls["preview"] = lambda: shop.ask("/v1/merges/preview", {"profile_ids": [there, other], "purpose": "service"})
    calls["pin"] = lambda: shop.lambdas.http(
        "PUT", f"/v1/profiles/{there}/tags/vip", {"value": True, "reason": "key account"}, token=shop.admin_token
    )
    calls["merge"] = lambda: shop.ask("/v1/merges", {"profile_ids": [there, other], "reason": "one person"})
    for one in (schedule_counts.schedule_counts, schedule_quality.schedule_quality):
        calls[one.func.__name__] = lambda one=one: sinks.invoke(lambda: one({}, Invocation(1)))
    return calls


def test_canary__quoted_by_an_error_of_any_function__is_in_no_sink(shop: Shop, sinks: Sinks) -> None:
    """Each function of flows, stores and AWS clients fails in its turn; whoever called it says nothing of the value."""
    calls = everyday(shop, sinks)
    reached = reached_by(calls)
    assert len(reached) > 150, "the calls come to most of the product"
    originals = {(holder, name): function for holder, name, function in own_functions()}
    for turn, ((holder, name), call) in enumerate(reached.items()):
        with pytest.MonkeyPatch.context() as patch:
            fail = quoting(CANARIES[turn % len(CANARIES)])
            put(patch, holder, name, originals[holder, name], wraps(originals[holder, name])(fail))
            sinks.invoke(calls[call])
    forget_composed()
    found = sinks.all(at_rest=False)
    assert found["log"].count(b"unexpected_error") > 100, "the errors were met"
    nowhere(sinks, at_rest=False)


PLANTED = CANARIES[0]


def logged(shop: Shop, sinks: Sinks, value: str) -> None:
    compose.journal()._logger.info("told", extra={"note": value})


def in_an_error(shop: Shop, sinks: Sinks, value: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_profiles, "read_services", lambda _: fail_with(value))
        shop.read("/v1/profiles/p_1?purpose=service")


def fail_with(value: str) -> None:
    raise BadInput("bad_request", f"{value} is not understood.", value)


def in_a_header(shop: Shop, sinks: Sinks, value: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(problems._JSON, "X-About", value)
        shop.read("/v1/profiles/p_1?purpose=nothing")


def as_a_metric(shop: Shop, sinks: Sinks, value: str) -> None:
    compose.journal().count(f"Seen{value}")
    compose.journal().flush()


def on_the_bus(shop: Shop, sinks: Sinks, value: str) -> None:
    compose.publish([Change("profile.updated", {"text": b64encode(f"..{value}".encode()).decode()})])


def in_a_table(shop: Shop, sinks: Sinks, value: str) -> Callable[[], Any]:
    operator = shop.lambdas.operator
    note = {"B": b64encode(b"\1" + zlib.compress(value.encode())).decode()}
    table = {"TableName": operator.settings.table_history}
    call = operator.api("dynamodb").call
    keys = {one["AttributeName"]: {"S": unique("x")} for one in call("DescribeTable", table)["Table"]["KeySchema"]}
    call("PutItem", {**table, "Item": keys | {"note": note}})
    return lambda: call("DeleteItem", {**table, "Key": keys})


def as_an_object_key(shop: Shop, sinks: Sinks, value: str) -> Callable[[], Any]:
    objects = importing.import_services().objects
    upload(objects.upload_url(f"uploads/{value}", seconds=60), b"x")
    return lambda: objects.remove(f"uploads/{value}")


def as_a_queue_attribute(shop: Shop, sinks: Sinks, value: str) -> None:
    attributes = {"about": {"DataType": "String", "StringValue": value[::-1]}}
    body = {"QueueUrl": shop.lambdas.queue_url, "MessageBody": "{}", "MessageAttributes": attributes}
    compose.api("sqs").call("SendMessage", body)


def in_the_context_of_a_key(shop: Shop, sinks: Sinks, value: str) -> None:
    key = shop.lambdas.operator.settings.key_index_id
    compose.api("kms").call("Encrypt", {"KeyId": key, "Plaintext": "eA==", "EncryptionContext": {"who": value}})


def out_of_a_function(shop: Shop, sinks: Sinks, value: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        undecorated = schedule_quality.schedule_quality.func.__wrapped__
        patch.setattr(schedule_quality, "now", quoting(PLANTED))
        sinks.invoke(lambda: undecorated(SimpleNamespace(context=Invocation())))


@pytest.mark.parametrize(
    ("leak", "sink"),
    [
        (logged, "log"),
        (in_an_error, "answer"),
        (in_a_header, "header"),
        (as_a_metric, "metric"),
        (on_the_bus, "bus"),
        (in_a_table, "table"),
        (as_an_object_key, "bucket"),
        (as_a_queue_attribute, "queue"),
        (in_the_context_of_a_key, "kms"),
        (out_of_a_function, "runtime's log"),
    ],
)
def test_planted_leak__of_each_sink__is_caught(
    shop: Shop, sinks: Sinks, leak: Callable[[Shop, Sinks, str], Any], sink: str
) -> None:
    """Negative controls: what a careless change would write somewhere is found there."""
    undo = leak(shop, sinks, PLANTED.value)
    found = set(told(sinks.all(), [PLANTED]))
    if undo is not None:
        # What is at rest would be found by every later test.
        undo()
    assert any(line.startswith(sink) for line in found)


def test_canary__in_what_staff_write__is_masked_where_it_has_a_form(shop: Shop, sinks: Sinks) -> None:
    """Reasons of pins, merges, splits, rejections and publications; ids and texts of the catalogue that are refused."""
    there, other = somebody(shop), somebody(shop)
    for canary in CANARIES:
        said = f"客户来电 {canary.value} 请处理"
        path = f"/v1/profiles/{there}/tags/vip"
        assert shop.lambdas.http("PUT", path, {"value": True, "reason": said}, token=shop.admin_token).status == 200
        shop.lambdas.http("DELETE", f"{path}?reason={quote(said)}", token=shop.admin_token)
        merged = shop.ask("/v1/merges", {"profile_ids": [there, other], "reason": said, "force": True}).json
        shop.ask("/v1/splits", {"merge_id": merged.get("merge_id"), "reason": said})
        shop.ask("/v1/merge-candidates/mc_1/reject", {"reason": said})
        for action in ("publish", "rollback"):
            shop.ask(f"/v1/catalogue/tags/vip/{action}", {"reason": said})
        shop.lambdas.http(
            "PUT", f"/v1/catalogue/words/{quote(canary.value)}", {"words": [canary.value]}, token=shop.admin_token
        )
        shop.read("/v1/audit?limit=5")
    found = sinks.all()
    assert b"vip" in found["table history"] and b"reason" in found["answer"]
    kinds = kinds_in(b"\n".join(found.values()))
    (exempt,) = exemptions("staff's reason")
    assert kinds == exempt.kinds
