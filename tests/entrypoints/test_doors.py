"""Events come in through every door that the contract names, and end in profiles."""

from __future__ import annotations

import base64
import gzip
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings import http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks.webhooks import Webhook

from chalicelib.entrypoints import compose
from tests.entrypoints.service import Answer, Lambdas, Shop, unique

SUCCESS = {"success": True}


def now() -> str:
    return datetime.now(UTC).isoformat()


def profile_of(shop: Shop, user_id: str) -> dict[str, Any]:
    """Ingest what waits, then look the person up."""
    assert shop.lambdas.ingest() == {"batchItemFailures": []}
    answer = shop.lookup("user_id", user_id)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


# -- the Segment family


@pytest.mark.parametrize(
    ("call", "extra"),
    [
        ("track", {"event": "Order Completed", "properties": {"order_id": "o1", "total": 12.5, "currency": "CNY"}}),
        ("identify", {"traits": {"name": "张三", "city": "上海"}}),
        ("page", {"name": "Home", "properties": {"path": "/"}}),
        ("screen", {"name": "Home"}),
        ("group", {"groupId": "g1", "traits": {"name": "一家公司"}}),
        ("alias", {"previousId": "browser-12345"}),
    ],
)
def test_segment_call__each_kind__succeeds_and_reaches_the_profile(shop: Shop, call: str, extra: Any) -> None:
    """Client libraries get exactly the answer they expect."""
    user = unique("u")
    answer = shop.send(f"/v1/{call}", {"messageId": unique("m"), "userId": user, "timestamp": now(), **extra})
    assert (answer.status, answer.json) == (200, SUCCESS)
    assert profile_of(shop, user)["profile_id"].startswith("p_")


def test_segment_batch__calls_of_all_kinds__one_queue_message(shop: Shop) -> None:
    """A batch is one message to the queue, however many calls it holds."""
    user = unique("u")
    calls = [
        {
            "type": "track",
            "event": "Order Completed",
            "userId": user,
            "properties": {"order_id": "o1", "total": "9.90"},
        },
        {"type": "identify", "userId": user, "traits": {"phone": "13907551234", "is_vip": True}},
        {"type": "nonsense", "userId": user},
        {"type": "track", "userId": user},
    ]
    answer = shop.send("/v1/batch", {"batch": calls, "sentAt": now()})
    assert (answer.status, answer.json) == (200, SUCCESS)
    waiting = shop.lambdas.queued()
    assert len(waiting) == 1
    assert b"13907551234" not in waiting[0]["body"].encode()
    before = shop.quarantined()
    assert shop.lambdas.ingest(waiting) == {"batchItemFailures": []}
    person = shop.lookup("user_id", user).json
    assert person["measures"]["orders_paid"]["sum"] == "9.90"
    assert person["traits"]["is_vip"]["value"] is True
    assert person["traits"]["phone"] == {**person["traits"]["phone"], "value": "139****1234", "masked": True}
    assert len(shop.quarantined()) == len(before) + 2


def test_segment__sent_as_text_plain__is_read_alike(shop: Shop) -> None:
    """Browsers send text/plain to avoid a preflight request."""
    user = unique("u")
    body = json.dumps({"userId": user, "event": "X"}).encode()
    answer = shop.send("/v1/track", body, {"content-type": "text/plain"})
    assert (answer.status, answer.json) == (200, SUCCESS)
    assert profile_of(shop, user)


@pytest.mark.parametrize("how", ["gzip", "said to be gzip and opened by the gateway", "plain"])
@pytest.mark.parametrize("as_base64", [False, True])
def test_gzip__however_the_gateway_passes_it_on__is_one_body(
    shop: Shop, how: str, as_base64: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raw, opened already, and in base64: all are accepted."""
    user = unique("u")
    body = json.dumps({"batch": [{"type": "track", "event": "X", "userId": user}]}).encode()
    sent = gzip.compress(body, mtime=0) if how == "gzip" else body
    headers = {} if how == "plain" else {"content-encoding": "gzip"}
    converter = shop.lambdas.client.http._local_gateway.event_converter
    monkeypatch.setattr(converter, "_binary_types", ["application/json"] if as_base64 else [])
    answer = shop.send("/v1/batch", sent, headers)
    assert (answer.status, answer.json) == (200, SUCCESS)
    assert profile_of(shop, user)


def test_queue_away__the_sender_is_asked_to_try_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that could not be queued are not accepted."""
    from chalicelib.entrypoints import http_events
    from chalicelib.kernel.errors import Unavailable

    def refuse(_bodies: object) -> None:
        raise Unavailable("throttled", "The service sqs could not be used; try again.")

    from msgspec.structs import replace

    broken = replace(compose.door_services(), send=refuse)
    monkeypatch.setattr(http_events, "door_services", lambda: broken)
    answer = shop.send("/v1/track", {"userId": "u", "event": "X"})
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "throttled", "1")


# -- CloudEvents


def cloud_event(user: str, **attributes: Any) -> CloudEvent:
    base = {
        "id": unique("ce"),
        "source": "/tests",
        "type": "order.paid",
        "specversion": "1.0",
        "time": datetime.now(UTC),
        "subject": f"user_id:{user}",
        "datacontenttype": "application/json",
    }
    return CloudEvent({**base, **attributes}, {"order_id": unique("o"), "amount": "3.50", "currency": "CNY"})


def sent_as(shop: Shop, message: Any) -> Answer:
    body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
    return shop.send("/v1/events", body, dict(message.headers))


@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_cloudevents__of_the_real_library__accepted_and_applied(shop: Shop, mode: str) -> None:
    """Both single modes, as the library writes them."""
    user = unique("u")
    write = http.to_binary_event if mode == "binary" else http.to_structured_event
    answer = sent_as(shop, write(cloud_event(user)))
    assert (answer.status, answer.json) == (202, {"accepted": 1, "refused": []})
    assert profile_of(shop, user)["measures"]["orders_paid"]["sum"] == "3.50"


def test_cloudevents__a_batch_with_a_bad_one__accepts_the_others_and_says_which(shop: Shop) -> None:
    """Who sends CloudEvents hears at once what was refused, so it is not quarantined."""
    user = unique("u")
    events = [json.loads(JSONFormat().write(cloud_event(user))) for _ in range(3)]
    events[1]["time"] = "yesterday"
    before = shop.quarantined()
    body = json.dumps(events).encode()
    answer = shop.send("/v1/events", body, {"content-type": "application/cloudevents-batch+json"})
    assert answer.status == 202
    assert answer.json["accepted"] == 2
    assert [(one["index"], one["code"]) for one in answer.json["refused"]] == [(1, "bad_time")]
    assert "yesterday" not in answer.body.decode()
    assert profile_of(shop, user)["measures"]["orders_paid"]["count"] == 2
    assert shop.quarantined() == before


def test_cloudevents__sent_twice__counts_once(shop: Shop) -> None:
    """Source and id together are the idempotency key."""
    user = unique("u")
    message = http.to_structured_event(cloud_event(user))
    assert sent_as(shop, message).json == sent_as(shop, message).json
    assert profile_of(shop, user)["measures"]["orders_paid"]["count"] == 1


# -- Standard Webhooks


def webhook(shop: Shop, secret: str, *, message_id: str = "", at: datetime | None = None, **data: Any) -> Answer:
    message_id, at = message_id or unique("msg"), at or datetime.now(UTC)
    data = {"score": 5, **data}
    body = json.dumps({"type": "survey.answered", "timestamp": at.isoformat(), "data": data})
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, at, body),
    }
    return shop.lambdas.http("POST", f"/v1/webhooks/standard/{shop.source_id}", body.encode(), headers)


def test_webhook__signed_by_the_real_library__accepted_and_applied(shop: Shop) -> None:
    """The signature is the credential; no other is needed."""
    user = unique("u")
    answer = webhook(shop, shop.webhook_secret, user_id=user)
    assert (answer.status, answer.json) == (202, {"accepted": 1, "refused": []})
    assert profile_of(shop, user)


def test_webhook__replayed_within_its_five_minutes__counts_once(shop: Shop) -> None:
    """27: a replay is well signed; the event's marker stops it."""
    user, message_id, at = unique("u"), unique("msg"), datetime.now(UTC)
    for _ in range(2):
        assert webhook(shop, shop.webhook_secret, message_id=message_id, at=at, user_id=user).status == 202
    found = profile_of(shop, user)
    assert {one["count"] for name, one in found["measures"].items() if name.startswith("survey")} == {1}


def test_webhook__secret_rotated__both_secrets_hold_until_the_old_one_goes(shop: Shop, lambdas: Lambdas) -> None:
    """A source has a list of secrets, so that its sender can change over."""
    from msgspec.structs import replace

    from chalicelib.aws.key_ring import context
    from chalicelib.aws.kms import Kms

    new = "whsec_" + base64.b64encode(b"another secret of 24 byt").decode()
    operator = lambdas.operator
    record = operator.catalogue.source(shop.source_id)
    assert record is not None
    wrapped = Kms(operator.api("kms")).encrypt(
        operator.settings.key_index_id, new.encode(), context(shop.tenant_id, "webhook")
    )
    for kept, expected in (((*record.webhook_secrets, wrapped), (202, 202)), ((wrapped,), (401, 202))):
        operator.catalogue.keep(replace(record, webhook_secrets=kept))
        compose._sources.cache_clear()
        compose.door_services.cache_clear()
        statuses = tuple(webhook(shop, secret, user_id="u").status for secret in (shop.webhook_secret, new))
        assert statuses == expected
    operator.catalogue.keep(record)
    compose._sources.cache_clear()
    compose.door_services.cache_clear()


def test_webhook__all_that_is_wrong__one_answer(shop: Shop) -> None:
    """28–30: no cause can be told from another, an unknown source included."""
    path = f"/v1/webhooks/standard/{shop.source_id}"
    at = datetime.now(UTC)
    body = json.dumps({"type": "survey.answered", "data": {"user_id": "u", "score": 5}})
    signature = Webhook(shop.webhook_secret).sign("m1", at, body)
    good = {"webhook-id": "m1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    late = datetime.fromtimestamp(time.time() - 301, UTC)
    wrong: list[dict[str, str]] = [
        {},
        {**good, "webhook-signature": ""},
        {**good, "webhook-signature": "v1"},
        {**good, "webhook-signature": "v1,%%%"},
        {**good, "webhook-signature": "v2," + signature.partition(",")[2]},
        {**good, "webhook-signature": "v1,ÿé"},
        {**good, "webhook-id": "m2"},
        {**good, "webhook-id": ""},
        {**good, "webhook-timestamp": good["webhook-timestamp"] + ".9"},
        {**good, "webhook-timestamp": " 1700_000 "},
        {**good, "webhook-timestamp": "１７００"},
        {
            **good,
            "webhook-timestamp": str(int(late.timestamp())),
            "webhook-signature": Webhook(shop.webhook_secret).sign("m1", late, body),
        },
    ]
    answers = [shop.lambdas.http("POST", path, body.encode(), headers) for headers in wrong]
    answers.append(shop.lambdas.http("POST", "/v1/webhooks/standard/s_none", body.encode(), good))
    answers.append(shop.lambdas.http("POST", path, body.encode() + b" ", good))
    assert {(one.status, one.code, one.json["message"]) for one in answers} == {
        (401, "not_authorised", "A valid credential is needed.")
    }
    assert shop.lambdas.http("POST", path, body.encode(), good).status == 202


def test_webhook__well_signed_and_no_event__refused_and_quarantined(shop: Shop) -> None:
    """The sender hears it, and what it sent can be replayed once mended."""
    before = len(shop.quarantined())
    answer = webhook(shop, shop.webhook_secret, score=9, user_id="u")
    assert (answer.status, answer.json["accepted"], answer.json["refused"][0]["code"]) == (202, 0, "bad_score")
    shop.lambdas.ingest()
    assert len(shop.quarantined()) == before + 1
