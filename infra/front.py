"""What the API gateway does for clients and the emulator does not: a plain URL, opened gzip bodies, a size limit.

    python -m infra.front --port 4570 --emulator 4571 --api <api id>

Requests to `/v1/…` go to the deployed API with everything else untouched. One thread serves one client connection
and keeps one connection to the emulator open for it.
"""

import argparse
import http.client
import json
import uuid
import zlib
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import override

from infra.failures import Failure

HOST = "127.0.0.1"
PORT = 4570
STAGE = "api"
#: The gateway's own limit on a request's body, in bytes, before and after it is opened.
LIMIT_BYTES = 10 * 1024 * 1024
PIECE_BYTES = 64 * 1024
#: Longer than the longest integration the gateway allows (29 s).
PATIENCE_SECONDS = 40
#: Headers that belong to one connection and not to the message.
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)


class Refused(Exception):
    """A request that the front answers itself: the status, a stable code, and a sentence."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


TOO_LARGE = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"a request may have {LIMIT_BYTES} bytes at most")
BAD_REQUEST = (HTTPStatus.BAD_REQUEST, "bad_request", "the request's body does not have the announced length")
BAD_GZIP = (HTTPStatus.BAD_REQUEST, "bad_gzip", "the body is not the gzip that Content-Encoding announces")
BAD_UTF8 = (HTTPStatus.BAD_REQUEST, "bad_utf8", "the body is not UTF-8")
NO_ANSWER = (HTTPStatus.BAD_GATEWAY, "no_answer", "the local cloud does not answer: run `make status`")


#: What infra/templates/gateway.yaml makes the real gateway say, by what the emulator says in its place.
GATEWAY_SAYS = (
    ("Missing Authentication Token", HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this path."),
    ("Unauthorized", HTTPStatus.UNAUTHORIZED, "not_authorised", "A valid credential is needed."),
    ("not authorized to access", HTTPStatus.FORBIDDEN, "forbidden", "This credential may not do this."),
    ("Internal server error", HTTPStatus.INTERNAL_SERVER_ERROR, "unavailable", "The service failed; try again later."),
)


def problem(code: str, message: str) -> bytes:
    """The body of every refusal."""
    return json.dumps({"code": code, "message": message, "request_id": str(uuid.uuid4()), "errors": []}).encode()


def as_the_gateway_says(status: int, answer: bytes) -> tuple[int, bytes]:
    """Status and body of an answer; one the emulator wrote itself, without a code, as the real gateway would."""
    if status >= HTTPStatus.BAD_REQUEST and b'"code"' not in answer:
        for said, shown, code, message in GATEWAY_SAYS:
            if said.encode() in answer:
                return shown, problem(code, message)
    return status, answer


def limited(pieces: Iterator[bytes]) -> bytes:
    """All pieces as one body. Raises Refused as soon as they pass the limit."""
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > LIMIT_BYTES:
            raise Refused(*TOO_LARGE)
    return bytes(body)


def gunzip(body: bytes) -> Iterator[bytes]:
    """The opened body piece by piece, so that whoever reads can stop. Raises Refused for what is not gzip."""
    opener = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    rest = body
    try:
        while rest and not opener.eof:
            yield opener.decompress(rest, PIECE_BYTES)
            rest = opener.unconsumed_tail
    except zlib.error as error:
        raise Refused(*BAD_GZIP) from error
    if not opener.eof:
        raise Refused(*BAD_GZIP)


def announced(stream: BufferedIOBase, length: int) -> Iterator[bytes]:
    """A body of a known length, in pieces."""
    if length > LIMIT_BYTES:
        raise Refused(*TOO_LARGE)
    while length > 0:
        piece = stream.read(min(length, PIECE_BYTES))
        if not piece:
            raise Refused(*BAD_REQUEST)
        length -= len(piece)
        yield piece


def chunked(stream: BufferedIOBase) -> Iterator[bytes]:
    """A body in chunks (RFC 9112), without its trailers. Raises Refused for malformed chunks."""
    while size := _chunk_size(stream.readline(64)):
        yield from announced(stream, size)
        if stream.readline(3) != b"\r\n":
            raise Refused(*BAD_REQUEST)
    while stream.readline(1024) not in {b"\r\n", b"\n", b""}:
        pass


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not digits or digits.strip(b"0123456789abcdefABCDEF"):
        raise Refused(*BAD_REQUEST)
    return int(digits, 16)


class Front(BaseHTTPRequestHandler):
    """One client connection; `server` is the `Server` below."""

    protocol_version = "HTTP/1.1"
    server_version = "zhiyin-local"
    disable_nagle_algorithm = True
    #: The answer's head and body leave in one packet.
    wbufsize = -1
    timeout = 75
    server: "Server"
    _emulator: http.client.HTTPConnection | None = None

    def serve(self) -> None:
        """Answer one request: the API's answer, or a refusal of the front's own."""
        try:
            body = self._body()
            status, reason, headers, answer = self._forward(body)
        except Refused as refused:
            status, reason, answer = refused.status, refused.status.phrase, problem(refused.code, refused.message)
            headers = [("Content-Type", "application/json")]
            # What is left of the body was not read, so the connection cannot serve another request.
            self.close_connection = True
        self.send_response_only(status, reason)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    def _body(self) -> bytes:
        encodings = self.headers.get("Transfer-Encoding", "").lower()
        length = self.headers.get("Content-Length", "0")
        if encodings not in {"", "chunked"} or not (length.isascii() and length.isdigit()):
            raise Refused(*BAD_REQUEST)
        pieces = chunked(self.rfile) if encodings else announced(self.rfile, int(length))
        body = limited(pieces)
        if self.headers.get("Content-Encoding", "").strip().lower() == "gzip":
            body = limited(gunzip(body))
        try:
            # The emulator hands bodies on as text and would mend broken bytes in silence.
            body.decode()
        except UnicodeDecodeError as error:
            raise Refused(*BAD_UTF8) from error
        return body

    def _sent_headers(self, body: bytes) -> dict[str, str]:
        opened = self.headers.get("Content-Encoding", "").strip().lower() == "gzip"
        dropped = (
            HOP_BY_HOP
            | {"host", "x-forwarded-host", "content-length", "expect"}
            | ({"content-encoding"} if opened else frozenset())
        )
        kept = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
        told = {"Host": self.server.api_host, "X-Forwarded-Host": self.headers.get("Host", "")}
        return kept | told | {"Content-Length": str(len(body))}

    def _forward(self, body: bytes) -> tuple[int, str, list[tuple[str, str]], bytes]:
        headers = self._sent_headers(body)
        try:
            for connection in self._connections():
                try:
                    connection.request(self.command, f"/{STAGE}{self.path}", body, headers)
                    answer = connection.getresponse()
                except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                    # The emulator closed an idle connection as we used it: once more on a new one.
                    connection.close()
                    continue
                status, content = as_the_gateway_says(answer.status, answer.read())
                return status, http.client.responses.get(status, ""), answer.getheaders(), content
        except (OSError, http.client.HTTPException) as error:
            self._emulator = None
            raise Refused(*NO_ANSWER) from error
        raise Refused(*NO_ANSWER)

    def _connections(self) -> Iterator[http.client.HTTPConnection]:
        """The kept connection, if there is one, and a new one."""
        if self._emulator is not None:
            yield self._emulator
        self._emulator = http.client.HTTPConnection(HOST, self.server.emulator_port, timeout=PATIENCE_SECONDS)
        yield self._emulator

    @override
    def finish(self) -> None:
        if self._emulator is not None:
            self._emulator.close()
        super().finish()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: paths and queries may carry ids, and the API logs its own requests."""


for verb in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
    # The standard library looks handlers up by these names.
    setattr(Front, f"do_{verb}", Front.serve)


class Server(ThreadingHTTPServer):
    """Listens on this machine only and knows which API it stands for."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, emulator_port: int, api_id: str) -> None:
        self.emulator_port = emulator_port
        self.api_host = f"{api_id}.execute-api.localhost:{emulator_port}"
        try:
            super().__init__((HOST, port), Front)
        except OSError as error:
            raise Failure(f"The front cannot listen on port {port}: {error.strerror}.") from error


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m infra.front")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--emulator", type=int, required=True)
    parser.add_argument("--api", required=True)
    chosen = parser.parse_args()
    Server(chosen.port, chosen.emulator, chosen.api).serve_forever()


if __name__ == "__main__":
    main()
