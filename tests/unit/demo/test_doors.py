"""What the client libraries make of the shop's events."""

from __future__ import annotations

import json
from typing import Any

from segment.analytics.client import Client

from infra.demo.doors import cloud_batch, cloud_event, segment_call, webhook_body
from infra.demo.sending import CLOUDEVENTS, SEGMENT, WEBHOOK, Sending

AT = 1_795_319_605_123


def _sending(**changes: Any) -> Sending:
    fields: dict[str, Any] = {
        "door": SEGMENT,
        "id": "e-1",
        "type": "order.paid",
        "at": AT,
        "arrives": AT,
        "channel": "shop",
        "identifiers": (("user_id", "u1"), ("device", "d1"), ("phone", "+8613800130001")),
        "data": {"order_id": "o1", "amount": "12.50"},
    }
    return Sending(**(fields | changes))


def _segment_message(sending: Sending) -> dict[str, Any]:
    messages: list[dict[str, Any]] = []
    client = Client("zk_key", send=False)
    client._enqueue = messages.append
    segment_call(client, sending)
    return messages[0]


def test_segment__order_paid__is_order_completed_with_segments_names() -> None:
    """A payment is Segment's Order Completed: total, messageId, device and traits in the context."""
    message = _segment_message(_sending())
    assert (message["event"], message["messageId"], message["userId"]) == ("Order Completed", "e-1", "u1")
    assert message["properties"] == {"order_id": "o1", "total": "12.50"}
    assert message["context"]["device"] == {"id": "d1"}
    assert message["context"]["traits"] == {"phone": "+8613800130001"}
    assert message["timestamp"].timestamp() * 1000 == AT


def test_segment__page_in_the_app__is_a_screen() -> None:
    """Pages of the app are screens, those of the website pages."""
    names = (("anonymous_id", "a1"),)
    for channel, kind in (("app", "screen"), ("web", "page")):
        message = _segment_message(
            _sending(type="page.viewed", channel=channel, identifiers=names, data={"path": "/goods/1"})
        )
        assert (message["type"], message["name"], message["userId"]) == (kind, "/goods/1", None)


def test_cloudevents__batch__holds_whole_events() -> None:
    """A batch is a JSON list of structured events with type, time, subject, channel and identifiers."""
    sending = _sending(
        door=CLOUDEVENTS, type="call.ended", channel="phone", identifiers=(("phone", "+8613800130001"),), data={}
    )
    message = cloud_batch([cloud_event(sending), cloud_event(sending, "com.example.")])
    first, second = json.loads(message.body)
    assert (first["type"], second["type"]) == ("call.ended", "com.example.call.ended")
    assert first["subject"] == "phone:+8613800130001"
    assert first["data"]["identifiers"] == [{"namespace": "phone", "value": "+8613800130001"}]
    assert first["time"].endswith(("Z", "+00:00"))


def test_webhook__broken_time__is_sent_as_it_is() -> None:
    """What a broken sender writes for a time reaches the door unmended."""
    body = json.loads(webhook_body(_sending(door=WEBHOOK, type="survey.answered", time_text="昨天")))
    assert body["timestamp"] == "昨天"
    assert body["data"]["channel"] == "shop"
