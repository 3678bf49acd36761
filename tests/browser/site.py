"""A shop with a page for its people, to be opened in a browser: this process over moto, or the local cloud."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, override

import msgspec

from tests.entrypoints.service import Answer, Lambdas

NICKNAME = "<img src=x onerror=\"document.title='owned'\">"
"""Bad input 33: whoever is called so stays called so, and nothing runs."""


class Site(msgspec.Struct, frozen=True):
    """Where people find their page, and what staff do: send events, look people up, make links.

    ``ask`` is (method, path, body) → the answer's JSON, as an admin; ``send`` the same as a source; ``settle`` waits
    until all that was sent is applied, ``erase`` until all erasures that were asked for are done.
    """

    name: str
    ask: Callable[[str, str, Any], Any]
    send: Callable[[str, Any], None]
    settle: Callable[[], None]
    erase: Callable[[], None]

    def register(self, user: str, **traits: Any) -> str:
        """Somebody who bought and complained; returns the profile id."""
        person = {"name": NICKNAME, "gender": "female", "birthday": "1999-03-02", "city": "上海", **traits}
        self.send("/v1/identify", {"messageId": f"{user}-1", "userId": user, "traits": person})
        order = {"order_id": f"{user}-A", "total": "399.00", "currency": "CNY"}
        paid = {"messageId": f"{user}-2", "userId": user, "event": "Order Completed", "properties": order}
        self.send("/v1/track", paid)
        complaint = {"ticket_id": f"{user}-T", "text": "口红断了，要求赔偿"}
        filed = {"messageId": f"{user}-3", "userId": user, "event": "Complaint Filed", "properties": complaint}
        self.send("/v1/track", filed)
        self.settle()
        found = self.find(user)
        assert found is not None
        asked = {"profile_id": found, "channel": "web", "purpose": "service", "message": "还没有人回复我"}
        self.ask("POST", "/v1/route", asked)
        return found

    def find(self, user: str) -> str | None:
        """The profile id of an account; None where nobody is known by it."""
        named = {"identifiers": [{"namespace": "user_id", "value": user}], "purpose": "service"}
        answer = self.ask("POST", "/v1/profiles/lookup", named)
        return str(answer["profile_id"]) if "profile_id" in answer else None

    def link(self, profile_id: str) -> str:
        """A new link to all that people may do."""
        return str(self.ask("POST", "/v1/privacy/links", {"profile_id": profile_id, "reason": "asked"})["url"])


class _Handler(BaseHTTPRequestHandler):
    server: InProcess

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        answer = self.server.answer(self.command, self.path, body, dict(self.headers.items()))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = serve  # noqa: N815 - the standard library looks handlers up by these names

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


class InProcess(ThreadingHTTPServer):
    """The app behind a socket, as the front has it; what a call queued is worked off before it is answered."""

    daemon_threads = True

    def __init__(self, lambdas: Lambdas, work: Callable[[], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._lambdas, self._work, self._alone = lambdas, work, threading.Lock()
        self.asked: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def answer(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """One request. Chalice's own client serves one at a time."""
        host = headers.pop("Host", "")
        with self._alone:
            self.asked.append(path)
            found = self._lambdas.http(method, path, body, {**headers, "X-Forwarded-Host": host})
            self._work()
        return found

    def close(self) -> None:
        """End it."""
        self.shutdown()
        self.server_close()


def opened(answer: Answer) -> Any:
    """An answer's JSON."""
    return json.loads(answer.body)
