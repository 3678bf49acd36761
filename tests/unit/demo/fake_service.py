"""A stand-in for the service: the doors and reads of the contract, kept in memory, for tests of the demo alone."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook

SECRET = "whsec_" + base64.b64encode(b"fake secret of twenty-four").decode()
SAYS = {"zh": "示例", "en": "An example"}


class FakeService:
    """Remembers what came through which door; ids seen before count as duplicates."""

    def __init__(self) -> None:
        self.seen: dict[str, dict[str, Any]] = {}
        self.applied = 0
        self.duplicate = 0
        self.modes: set[str] = set()
        self.traits: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def take(self, event_id: str, event: dict[str, Any]) -> None:
        """Count one event."""
        with self._lock:
            if event_id in self.seen:
                self.duplicate += 1
            else:
                self.applied += 1
            self.seen[event_id] = event
            if event.get("type") == "identify":
                self.traits.setdefault(event["userId"], {}).update(event["traits"])

    def profile(self, value: str) -> dict[str, Any]:
        """A profile with the declared traits and one tag."""
        traits = {name: {"value": trait} for name, trait in self.traits.get(value, {}).items()}
        tag = {"id": "vip", "name": SAYS, "class": "customer_group", "confidence": 0.9}
        return {"profile_id": "p_" + value, "summary": SAYS, "traits": traits, "tags": [tag]}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: FakeService

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            self.service.modes.add("gzip")
            raw = gzip.decompress(raw)
        body = json.loads(raw)
        if self.path == "/v1/batch":
            for call in body["batch"]:
                self.service.take(call["messageId"], call)
            self._answer(200, {"success": True})
        elif self.path == "/v1/events":
            self._take_cloud_events(body)
        elif self.path.startswith("/v1/webhooks/standard/"):
            Webhook(SECRET).verify(raw, dict(self.headers))
            broken = not body["data"]["identifiers"]
            if not broken:
                self.service.take(self.headers["webhook-id"], body)
            self._answer(400 if broken else 202, {"code": "no_identifier", "message": "No.", "request_id": "r"})
        elif self.path == "/v1/profiles/lookup":
            self._answer(200, self.service.profile(body["identifiers"][0]["value"]))
        else:
            self._answer(200, _decision())

    def do_GET(self) -> None:
        signal = {"id": "s", "says": SAYS, "weight": 1.0, "true": True, "values": {"t.is_vip": True}}
        self._answer(200, {"tag": "vip", "signals": [signal], "confidence": 0.9})

    def _take_cloud_events(self, body: Any) -> None:
        binary = self.headers.get("ce-id")
        self.service.modes.add("binary" if binary else "batched" if isinstance(body, list) else "structured")
        if binary:
            self.service.take(binary, body)
        for event in [] if binary else body if isinstance(body, list) else [body]:
            self.service.take(event["id"], event)
        self._answer(202, {"accepted": 1, "refused": []})

    def _answer(self, status: int, body: Any) -> None:
        encoded = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output to the tests."""


def _decision() -> dict[str, Any]:
    return {
        "mode": "human",
        "queue": "vip",
        "skill": "complaints",
        "priority": 90,
        "intent": {"id": "complaint", "confidence": 0.8, "source": "message"},
        "urgency": {"level": "high", "score": 80},
        "sla": {"first_response_seconds": 30, "resolve_seconds": 3600},
        "hints": {"tone": "calm"},
        "reasons": [{"id": "r1", "says": SAYS, "weight": 0.5, "evidence": {"tags.vip": 0.9}}],
        "would_change": [{"if": SAYS, "then": {"queue": "general"}}],
    }


@contextmanager
def fake_service() -> Iterator[tuple[FakeService, str]]:
    """A running stand-in and its URL."""
    service = FakeService()
    handler = type("Handler", (_Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
