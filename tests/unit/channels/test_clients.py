"""Real client libraries of other people, unchanged, speak to the doors."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.conversion import to_binary as old_to_binary
from cloudevents.v1.conversion import to_structured as old_to_structured
from cloudevents.v1.http import CloudEvent as OldCloudEvent
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from segment.analytics import request as segment_request
from segment.analytics.client import Client
from standardwebhooks.webhooks import Webhook

from chalicelib.channels import cloudevents, segment, standard_webhooks
from chalicelib.channels.model import SourceProfile
from chalicelib.events.model import Event
from chalicelib.kernel.gzip_body import open_body
from chalicelib.kernel.strict_json import parse

SOURCE = SourceProfile(tenant="t", source_id="s", channel="shop", traits=frozenset({"name", "phone"}))
LIMIT = 262_144


def now() -> int:
    """The clock, which the libraries read too."""
    return time.time_ns() // 1_000_000


class Recorder(BaseAdapter):
    """Stands where the network is and keeps what was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[PreparedRequest] = []

    def send(self, request: PreparedRequest, *_args: Any, **_options: Any) -> Response:
        """Keep the request and answer as the door does."""
        self.requests.append(request)
        response = Response()
        response.status_code = 200
        response._content = b'{"success": true}'
        return response

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[PreparedRequest]:
    """The requests that Segment's library sends."""
    recorder = Recorder()
    session = segment_request.sessions.Session()
    session.mount("http://", recorder)
    monkeypatch.setattr(segment_request, "_session", session)
    return recorder.requests


@pytest.mark.parametrize("gzip", [False, True])
def test_segment_python__every_call__accepted(sent: list[PreparedRequest], gzip: bool) -> None:
    """segment-analytics-python sends each of its calls, gzipped or not, and all are events."""
    client = Client("zk_key", host="http://door", gzip=gzip, sync_mode=True)
    client.identify("u-1", {"name": "李雷", "phone": "13912345670"})
    client.track(
        "u-1",
        "Order Completed",
        {"order_id": "1", "total": 0.1 + 0.2, "products": [{"quantity": 2}]},
    )
    client.track(anonymous_id="a-1", event="领取优惠券", timestamp=datetime(2026, 1, 1, tzinfo=UTC))
    client.page("u-1", "Docs", "Home", {"path": "/"})
    client.screen(user_id=7, name="Cart")
    client.group("u-1", "g-1", {"name": "知音"})
    client.alias("a-1", "u-1")
    events: list[Event] = []
    for request in sent:
        assert isinstance(request.body, str | bytes)
        body = open_body(request.body, request.headers.get("Content-Encoding"), limit_bytes=LIMIT)
        translated = segment.translate_batch(parse(body, limit_bytes=LIMIT), source=SOURCE, now=now())
        assert not translated.refused
        events += translated.events
    assert [event.type for event in events] == [
        "profile.described", "order.paid", "custom.领取优惠券", "page.viewed", "page.viewed", "profile.described", "profile.described",
    ]  # fmt: skip
    assert events[1].data["amount"] == "0.30"
    assert events[2].time == datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000
    assert len({event.id for event in events}) == 7
    assert abs(events[0].time - now()) < 60_000


def test_segment_python__tried_twice__same_event(sent: list[PreparedRequest]) -> None:
    """A retry has another sentAt and arrives later, and is the same event with the same time."""
    Client("zk_key", host="http://door", sync_mode=True).track("u-1", "X")
    assert isinstance(sent[0].body, str)
    payload = parse(sent[0].body.encode(), limit_bytes=LIMIT)
    at = now()
    first = segment.translate_batch(payload, source=SOURCE, now=at).events[0]
    retried = {**payload, "sentAt": datetime.fromtimestamp((at + 9_000) / 1000, UTC).isoformat()}
    again = segment.translate_batch(retried, source=SOURCE, now=at + 9_250).events[0]
    assert (again.id, again.time) == (first.id, first.time)


def core_event(**more: Any) -> CloudEvent:
    """An event of the current library."""
    attributes = {
        "type": "com.example.order.paid",
        "source": "https://shop.example/a b".replace(" ", "%20"),
        "subject": "member_id:李雷 €1",
        **more,
    }
    return CloudEvent(attributes=attributes, data={"order_id": "7", "amount": 12.5})


@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_cloudevents__current_library__accepted(mode: str) -> None:
    """The library cloudevents 2 speaks both modes, with percent-encoded attributes."""
    write = http.to_binary_event if mode == "binary" else http.to_structured_event
    message = write(core_event(id="7", datacontenttype="application/json"))
    (event,) = cloudevents.translate(message.headers, message.body, source=SOURCE, now=now(), limit_bytes=LIMIT).events
    assert (event.id, event.type) == ("https://shop.example/a%20b 7", "order.paid")
    assert event.identifiers[0].value == "李雷 €1"
    assert event.data == {"order_id": "7", "amount": "12.50"}
    assert abs(event.time - now()) < 60_000


def test_cloudevents__batch_of_the_library__accepted() -> None:
    """A batch is a list of structured events."""
    bodies = [json.loads(http.to_structured_event(core_event(id=str(index))).body) for index in range(3)]
    headers = {"content-type": "application/cloudevents-batch+json"}
    translated = cloudevents.translate(
        headers, json.dumps(bodies).encode(), source=SOURCE, now=now(), limit_bytes=LIMIT
    )
    assert len(translated.events) == 3


@pytest.mark.parametrize("write", [old_to_binary, old_to_structured])
def test_cloudevents__old_interface__accepted(write: Any) -> None:
    """The library's first interface, which most senders still use, is understood too."""
    old = OldCloudEvent({"type": "order.paid", "source": "/s", "userid": "u-1"}, {"order_id": "7"})
    headers, body = write(old)
    (event,) = cloudevents.translate(headers, body, source=SOURCE, now=now(), limit_bytes=LIMIT).events
    assert [(each.namespace, each.value) for each in event.identifiers] == [("user_id", "u-1")]


def test_standardwebhooks__signed_by_the_library__opens() -> None:
    """The library standardwebhooks signs with the secret as shown; the door opens and reads the event."""
    shown = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = '{"type": "order.paid", "data": {"phone": "13912345670", "amount": "9.90"}}'
    at = datetime.now(UTC).replace(microsecond=0)
    headers = {
        "Webhook-Id": "msg_2",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(shown).sign("msg_2", at, body),
    }
    message_id = standard_webhooks.verify(headers, body.encode(), [b"old", shown.encode()], now())
    payload = parse(body.encode(), limit_bytes=LIMIT)
    (event,) = standard_webhooks.translate(payload, message_id=message_id, source=SOURCE, now=now()).events
    assert (event.id, event.data) == ("msg_2", {"amount": "9.90"})
