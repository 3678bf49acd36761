"""A server that answers by a script, one action per request, and notes what it was sent."""

import json
import socket
import threading

import pytest

from chalicelib.aws.json_api import JsonApi
from chalicelib.aws.retrying import RetryPolicy
from chalicelib.aws.signer import AwsCredentials


def answer(body, status=200, *headers):
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(encoded)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + encoded


CLOSE, HANG = "close", "hang"


class ScriptedServer:
    """``script`` holds answers (bytes, cut where the server shall close after them), CLOSE or HANG."""

    def __init__(self, tls=None):
        self.script = []
        self._tls = tls
        self.requests = []
        self.connections = 0
        self.released = threading.Event()
        self._open = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def bodies(self):
        """The JSON bodies of the requests so far."""
        return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in self.requests]

    def stop(self):
        """Take no more connections and end the open ones."""
        self.released.set()
        self._listener.close()
        self.drop_all()

    def drop_all(self):
        """Close every connection from the server's side, as an idle timeout would."""
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._open.clear()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        if self._tls is not None:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:
                return
        with connection:
            while (request := self._request(connection)) is not None:
                self.requests.append(request)
                action = self.script.pop(0) if self.script else answer({})
                if action == HANG:
                    self.released.wait(5)
                    return
                if action == CLOSE:
                    return
                connection.sendall(action)
                if b"onnection: close" in action or not action.startswith(b"HTTP"):
                    return

    def _request(self, connection):
        received = b""
        while b"\r\n\r\n" not in received or len(received) < self._whole(received):
            try:
                part = connection.recv(65536)
            except OSError:
                return None
            if not part:
                return None
            received += part
        return received

    @staticmethod
    def _whole(received):
        head = received.partition(b"\r\n\r\n")[0]
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        return len(head) + 4 + length


@pytest.fixture
def server():
    scripted = ScriptedServer()
    yield scripted
    scripted.stop()


class Steps:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.at = 0.0
        self.pauses = []

    def sleep(self, seconds):
        """Move the clock."""
        self.pauses.append(seconds)
        self.at += seconds

    def clock(self):
        """Seconds slept so far."""
        return self.at


@pytest.fixture
def steps():
    return Steps()


@pytest.fixture
def open_to(steps):
    """A client of the scripted server, or of any endpoint, that retries without waiting."""
    opened = []

    def build(endpoint, **changes):
        retry = RetryPolicy(sleep=steps.sleep, clock=steps.clock, random=lambda: 1.0, attempts=4)
        api = JsonApi(
            **{
                "service": "dynamodb",
                "target_prefix": "DynamoDB_20120810",
                "json_version": "1.0",
                "region": "eu-west-1",
                "endpoint": endpoint,
                "credentials": lambda: AwsCredentials("AK", "SK"),
                "retry": retry,
                "read_timeout_seconds": 0.3,
                **changes,
            }
        )
        opened.append(api)
        return api

    yield build
    for api in opened:
        api.close()


@pytest.fixture
def api(server, open_to):
    return open_to(server.endpoint)
