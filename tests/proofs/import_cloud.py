"""S3 and SQS as far as imports need them, on this machine and in bounded memory: an object is a file, a message is handed on.

moto and the emulator hold a whole object, and every message, in memory; a file of 1 GB and its hundred thousand
messages would fill the machine instead of showing what the worker needs.
"""

from __future__ import annotations

import hashlib
import json
import queue
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

_PIECE = 1 << 20
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


class Cloud:
    """A bucket ``uploads`` and the queues ``events`` and ``imports``, at ``endpoint``."""

    def __init__(self, folder: Path, on_events: Callable[[list[str]], None]) -> None:
        """``on_events`` gets the messages of each call before it is answered; what it raises cuts the connection."""
        self.folder = folder
        self.on_events = on_events
        self.imports: queue.Queue[str] = queue.Queue()
        self.etags: dict[str, str] = {}
        self._server = _Quiet(("127.0.0.1", 0), _handler(self))
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

    def path(self, key: str) -> Path:
        """The file that holds an object."""
        return self.folder / key.replace("/", "_")

    def call(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        """One call of SQS."""
        if operation == "GetQueueAttributes":
            return {"Attributes": {"ApproximateNumberOfMessages": "0"}}
        assert operation == "SendMessageBatch", operation
        bodies = [one["MessageBody"] for one in body["Entries"]]
        if body["QueueUrl"].endswith("/imports"):
            for one in bodies:
                self.imports.put(one)
        else:
            self.on_events(bodies)
        return {"Successful": [{"Id": one["Id"]} for one in body["Entries"]], "Failed": []}

    def announce(self, bucket: str, key: str) -> None:
        """What S3 sends to the queue when an object is there."""
        told = {"key": key, "size": self.path(key).stat().st_size, "eTag": self.etags[key]}
        self.imports.put(json.dumps({"Records": [{"s3": {"bucket": {"name": bucket}, "object": told}}]}))


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A worker that is killed leaves its connections behind: that is the point."""


def _handler(cloud: Cloud) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one method for each verb
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            self._answer(200, json.dumps(cloud.call(operation, body)).encode())

        def do_PUT(self) -> None:
            bucket, key = self._key()
            left, digest = int(self.headers["Content-Length"]), hashlib.md5(usedforsecurity=False)
            with cloud.path(key).open("wb") as file:
                while left:
                    piece = self.rfile.read(min(left, _PIECE))
                    left -= len(piece)
                    digest.update(piece)
                    file.write(piece)
            cloud.etags[key] = digest.hexdigest()
            self._answer(200)
            cloud.announce(bucket, key)

        def do_GET(self) -> None:
            _, key = self._key()
            if not cloud.path(key).exists():
                return self._answer(404)
            if self.headers["If-Match"].strip('"') != cloud.etags[key]:
                return self._answer(412)
            first, last = map(int, _RANGE.fullmatch(self.headers["Range"]).groups())  # type: ignore[union-attr]
            with cloud.path(key).open("rb") as file:
                file.seek(first)
                return self._answer(206, file.read(last - first + 1))

        def do_DELETE(self) -> None:
            cloud.path(self._key()[1]).unlink(missing_ok=True)
            self._answer(204)

        def log_message(self, *_: Any) -> None:
            """The proof prints what it measures, and nothing else."""

        def _key(self) -> tuple[str, str]:
            _, bucket, key = urlsplit(self.path).path.split("/", 2)
            assert "X-Amz-Signature=" in self.path, "every call to the bucket is a signed URL"
            return bucket, key

        def _answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
