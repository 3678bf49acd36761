"""Sends the shop's events as its systems would: each through the client library of its door.

Website, app and shop    segment-analytics-python, gzip, four threads
Call centre and WeChat   cloudevents, all three HTTP modes
Ticket desk              standardwebhooks signatures
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Self

import msgspec
import requests
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from segment.analytics.client import Client as SegmentClient
from standardwebhooks.webhooks import Webhook

from infra.demo.api import TIMEOUT_SECONDS, open_session, refusal_of
from infra.demo.sending import CLOUDEVENTS, SEGMENT, WEBHOOK, Millis, Sending

THREADS = 4
CHUNK = 400
BATCH = 100
SEGMENT_NAMES = {"order.paid": "Order Completed", "search.performed": "Products Searched"}


class Access(msgspec.Struct, frozen=True):
    """Where the tenant's doors are and what opens them. ``crm_write_key`` may set vip and levels."""

    base_url: str
    write_key: str
    crm_write_key: str
    webhook_secret: str
    source_id: str

    def __repr__(self) -> str:
        return f"<access to {self.base_url}>"


class Outcome:
    """What the doors answered, told from several threads. An event sent twice is one id accepted twice."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._lock = threading.Lock()

    def accept(self, ids: Iterable[str]) -> None:
        """Note the ids of events that a door took."""
        with self._lock:
            self.accepted.update(ids)

    def refuse(self, code: str, ids: Iterable[str]) -> None:
        """Note events that a door refused, with the code it gave."""
        with self._lock:
            self.refused[code] += len(list(ids))

    @property
    def distinct(self) -> int:
        """How many different events were accepted."""
        return len(self.accepted)


class Doors:
    """Open connections to the three doors. Use as a context manager: leaving it flushes and closes."""

    def __init__(self, access: Access) -> None:
        self.outcome = Outcome()
        self._failed: Counter[str] = Counter()
        self._access = access
        self._session = open_session()
        self._pool = ThreadPoolExecutor(THREADS)
        self._shop = self._segment(access.write_key)
        self._crm = self._segment(access.crm_write_key)
        self._signer = Webhook(access.webhook_secret)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._shop.shutdown()
        self._crm.shutdown()
        self._pool.shutdown()
        self._session.close()

    def send(self, sendings: Sequence[Sending], advance: Callable[[int], object] = lambda count: None) -> Outcome:
        """Send in the order given, chunk by chunk; ``advance`` hears how many were answered."""
        for start in range(0, len(sendings), CHUNK):
            chunk = sendings[start : start + CHUNK]
            by_door = {door: [one for one in chunk if one.door == door] for door in (SEGMENT, CLOUDEVENTS, WEBHOOK)}
            for sending in by_door[SEGMENT]:
                self._hand_to_segment(sending)
            jobs = [self._pool.submit(self._post, *shaped) for shaped in _cloud_requests(by_door[CLOUDEVENTS])]
            jobs += [self._pool.submit(self._post_webhook, sending) for sending in by_door[WEBHOOK]]
            for job in jobs:
                job.result()
            self._shop.flush()
            self._crm.flush()
            # The library tells failures only; what it told of this chunk has been noted by now.
            self.outcome.accept(sending.id for sending in by_door[SEGMENT])
            self.outcome.accepted -= self._failed
            self._failed.clear()
            advance(len(chunk))
        return self.outcome

    def _segment(self, write_key: str) -> Any:
        return SegmentClient(
            write_key,
            host=self._access.base_url,
            gzip=True,
            thread=THREADS,
            max_queue_size=10 * CHUNK,
            upload_interval=0.1,
            on_error=self._segment_refused,
        )

    def _segment_refused(self, error: Exception, batch: list[Any]) -> None:
        ids = [str(message["messageId"]) for message in batch]
        self._failed.update(ids)
        self.outcome.refuse(str(getattr(error, "code", "no_answer")), ids)

    def _hand_to_segment(self, sending: Sending) -> None:
        is_standing = sending.type == "profile.described" and sending.channel == "shop"
        segment_call(self._crm if is_standing else self._shop, sending)

    def _post(self, message: HTTPMessage, ids: list[str]) -> None:
        answer = self._session.post(
            f"{self._access.base_url}/v1/events",
            data=message.body,
            headers=message.headers,
            auth=(self._access.write_key, ""),
            timeout=TIMEOUT_SECONDS,
        )
        if not answer.ok:
            self.outcome.refuse(refusal_of(answer).code or str(answer.status_code), ids)
            return
        refused = {one["index"]: one["code"] for one in answer.json().get("refused", [])}
        self.outcome.accept(id_ for index, id_ in enumerate(ids) if index not in refused)
        for index, code in refused.items():
            self.outcome.refuse(code, [ids[index]])

    def _post_webhook(self, sending: Sending) -> None:
        answer = post_webhook(self._session, self._access, self._signer, sending)
        if answer.ok:
            self.outcome.accept([sending.id])
        else:
            self.outcome.refuse(refusal_of(answer).code or str(answer.status_code), [sending.id])


def segment_call(client: Any, sending: Sending) -> None:
    """Hand one event to a Segment client: identify, page, screen or track."""
    names = dict(sending.identifiers)
    common: dict[str, Any] = {
        "user_id": names.pop("user_id", None),
        "anonymous_id": names.pop("anonymous_id", None),
        "timestamp": _moment(sending.at),
        "message_id": sending.id,
        "context": {"channel": sending.channel},
    }
    if "device" in names:
        common["context"]["device"] = {"id": names.pop("device")}
    if names:
        common["context"]["traits"] = names
    if sending.type == "profile.described":
        client.identify(traits=dict(sending.data["traits"]), **common)
    elif sending.type == "page.viewed":
        show = client.screen if sending.channel == "app" else client.page
        show(name=sending.data["path"], properties=dict(sending.data), **common)
    else:
        name = SEGMENT_NAMES.get(sending.type) or sending.type.replace(".", " ").replace("_", " ").title()
        client.track(event=name, properties=_properties(sending), **common)


def _properties(sending: Sending) -> dict[str, Any]:
    """The data under the names of Segment's own specification where it has one."""
    renamed = {"amount": "total"} if sending.type in ("order.paid", "order.refunded") else {}
    return {renamed.get(name, name): value for name, value in sending.data.items()}


def cloud_event(sending: Sending, prefix: str = "") -> CloudEvent:
    """A CloudEvent of one sending; ``prefix`` is a reverse-DNS one such as ``com.example.``."""
    first = sending.identifiers[0]
    attributes: dict[str, Any] = {
        "id": sending.id,
        "type": prefix + sending.type,
        "source": "/call-centre" if sending.channel == "phone" else f"/{sending.channel}",
        "time": _moment(sending.at),
        "subject": f"{first[0]}:{first[1]}",
        "datacontenttype": "application/json",
        "channel": sending.channel,
    }
    named = [{"namespace": namespace, "value": value} for namespace, value in sending.identifiers]
    return CloudEvent(attributes, {**sending.data, "identifiers": named})


def cloud_batch(events: Iterable[CloudEvent]) -> HTTPMessage:
    """Events in the batched mode, which the library's bindings leave to the caller."""
    body = b"[" + b",".join(JSONFormat().write(event) for event in events) + b"]"
    return HTTPMessage(headers={"content-type": "application/cloudevents-batch+json"}, body=body)


def _cloud_requests(sendings: Sequence[Sending]) -> list[tuple[HTTPMessage, list[str]]]:
    """Each request with the ids in it: of every forty events one binary, one structured; the rest in batches."""
    messages: list[tuple[HTTPMessage, list[str]]] = []
    batched = []
    for index, sending in enumerate(sendings):
        if index % 40 == 0:
            messages.append((to_binary_event(cloud_event(sending)), [sending.id]))
        elif index % 40 == 1:
            messages.append((to_structured_event(cloud_event(sending, "com.example.")), [sending.id]))
        else:
            batched.append(sending)
    for start in range(0, len(batched), BATCH):
        part = batched[start : start + BATCH]
        messages.append((cloud_batch(cloud_event(sending) for sending in part), [sending.id for sending in part]))
    return messages


def webhook_body(sending: Sending) -> str:
    """The body of a Standard Webhook: type, timestamp, data."""
    named = [{"namespace": namespace, "value": value} for namespace, value in sending.identifiers]
    timestamp = sending.time_text or _moment(sending.at).isoformat(timespec="milliseconds")
    body = {
        "type": sending.type,
        "timestamp": timestamp,
        "data": {**sending.data, "identifiers": named, "channel": sending.channel},
    }
    return msgspec.json.encode(body).decode()


def post_webhook(session: requests.Session, access: Access, signer: Webhook, sending: Sending) -> requests.Response:
    """Sign and post one event as the ticket desk does."""
    signed_at = datetime.now(UTC)
    body = webhook_body(sending)
    headers = {
        "content-type": "application/json",
        "webhook-id": sending.id,
        "webhook-timestamp": str(int(signed_at.timestamp())),
        "webhook-signature": signer.sign(sending.id, signed_at, body),
    }
    url = f"{access.base_url}/v1/webhooks/standard/{access.source_id}"
    return session.post(url, data=body.encode(), headers=headers, timeout=TIMEOUT_SECONDS)


def _moment(at: Millis) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
