"""The local cloud's front does for clients what the gateway does, and nothing else."""

import gzip
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest

from infra import front


class Api(BaseHTTPRequestHandler):
    """Stands for the emulator: answers with what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer with what was asked."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = {"path": self.path, "headers": {name.lower(): value for name, value in self.headers.items()}}
        self.reply(200, json.dumps(asked | {"body": body.decode(errors="replace"), "size": len(body)}).encode())

    def do_GET(self) -> None:
        """Answer with the status that the path names."""
        status = int(self.path.rpartition("/")[2])
        self.reply(status, {401: b'{"message":"Unauthorized"}', 404: b'{"code":"not_found"}'}.get(status, b"{}"))

    def reply(self, status: int, body: bytes) -> None:
        """Send an answer of known length."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture(scope="module")
def door() -> Iterator[front.Server]:
    api = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    served = front.Server(0, api.server_port, "abcd1234")
    for server in (api, served):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield served
    for server in (served, api):
        server.shutdown()
        server.server_close()


def ask(
    door: front.Server, method: str, path: str, body: bytes | Iterator[bytes] = b"", **headers: str
) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", door.server_port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body or None, named, encode_chunked=not isinstance(body, bytes))
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def test_front__plain_request__passes_with_the_apis_host_and_stage(door: front.Server) -> None:
    """Path, query, headers and body arrive untouched; only host and stage are the API's."""
    status, asked = ask(door, "POST", "/v1/x?a=%E4%BA%BA", b'{"a": 1}', Authorization="Bearer t", X_Own="1")
    headers = asked["headers"]
    assert (status, asked["path"], asked["body"]) == (200, "/api/v1/x?a=%E4%BA%BA", '{"a": 1}')
    assert isinstance(headers, dict)
    assert headers["host"].startswith("abcd1234.execute-api.localhost:")
    assert (headers["authorization"], headers["x-own"]) == ("Bearer t", "1")


def test_front__gzip_body__arrives_opened(door: front.Server) -> None:
    """A gzip body is opened and no longer announced as one."""
    status, asked = ask(door, "POST", "/v1/x", gzip.compress("好".encode(), mtime=0), Content_Encoding="gzip")
    assert (status, asked["body"], asked["size"]) == (200, "好", 3)
    assert "content-encoding" not in str(asked["headers"])


def test_front__chunked_body__arrives_whole(door: front.Server) -> None:
    """A body sent in chunks arrives as one of known length."""
    status, asked = ask(door, "POST", "/v1/x", iter([b"one ", b"two"]), Transfer_Encoding="chunked")
    assert (status, asked["body"]) == (200, "one two")


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (gzip.compress(bytes(front.LIMIT_BYTES + 1), mtime=0), {"Content_Encoding": "gzip"}, 413, "too_large"),
        (b"not gzip", {"Content_Encoding": "gzip"}, 400, "bad_gzip"),
        (gzip.compress(b"cut off", mtime=0)[:-4], {"Content_Encoding": "gzip"}, 400, "bad_gzip"),
        (b"", {"Content_Length": "-1"}, 400, "bad_request"),
        (b"", {"Content_Length": str(front.LIMIT_BYTES + 1)}, 413, "too_large"),
        (b"", {"Transfer_Encoding": "br"}, 400, "bad_request"),
    ],
)
def test_front__bad_body__refused_with_a_code(
    door: front.Server, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    """What opens to more than 10 MB, or is not what it says, is refused before the API sees it."""
    assert ask(door, "POST", "/v1/x", body, **headers)[0] == status
    assert ask(door, "POST", "/v1/x", body, **headers)[1]["code"] == code


def test_gunzip__bomb__stops_at_the_limit() -> None:
    """100 MB of zeros are opened no further than one piece past the limit."""
    opened = 0

    def counted() -> Iterator[bytes]:
        nonlocal opened
        for piece in front.gunzip(gzip.compress(bytes(100_000_000), mtime=0)):
            opened += len(piece)
            yield piece

    with pytest.raises(front.Refused, match="at most"):
        front.limited(counted())
    assert opened <= front.LIMIT_BYTES + front.PIECE_BYTES


def test_chunked__malformed_size__refused() -> None:
    """A chunk size that is no hexadecimal number is refused."""
    with pytest.raises(front.Refused):
        list(front.chunked(BytesIO(b"0x5\r\nhello\r\n0\r\n\r\n")))


def test_front__gateways_own_refusal__carries_a_code(door: front.Server) -> None:
    """What the emulator refuses in its own words has a code; the API's refusals stay as they are."""
    assert ask(door, "GET", "/v1/401")[1]["code"] == "not_authorised"
    assert ask(door, "GET", "/v1/404") == (404, {"code": "not_found"})


def test_front__emulator_gone__says_so() -> None:
    """Without an emulator the answer is 502 with a code, not a closed connection."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        served = front.Server(0, nobody.getsockname()[1], "abcd1234")
        threading.Thread(target=served.serve_forever, daemon=True).start()
        status, content = ask(served, "GET", "/v1/200")
        served.shutdown()
        served.server_close()
    assert (status, content["code"]) == (502, "no_answer")
