"""Keep-alive connections to one host: opened when needed, kept, and replaced when they went stale."""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from select import select

from chalicelib.aws.http_answer import Answer, read_answer

_RECV_BYTES = 65_536
_LONGEST_IDLE_SECONDS = 50.0
_FRESH_SECONDS = 1.0
"""A connection that answered so lately is not asked whether it is still there."""
_MOST_IDLE = 16


class NothingAnswered(ConnectionError):
    """The peer closed before the first byte of an answer, as an idle connection's peer may."""


class Connection:
    """A socket, opened at once. Not to be shared between threads while in use."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, timeout_seconds: float) -> None:
        """Raises OSError when the peer is not reached in time or its certificate is wrong."""
        plain = socket.create_connection((host, port), timeout_seconds)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = plain if tls is None else tls.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise
        self._timeout_seconds = timeout_seconds

    def exchange(self, request: bytes, timeout_seconds: float) -> Answer:
        """Send one request and read its answer. ``timeout_seconds`` bounds each wait for bytes.

        Raises NothingAnswered, BrokenAnswer, TimeoutError or another OSError; the connection is
        then closed.
        """
        try:
            if timeout_seconds != self._timeout_seconds:
                self._socket.settimeout(timeout_seconds)
                self._timeout_seconds = timeout_seconds
            return read_answer(self._first(request), self._more)
        except BaseException:
            self.close()
            raise

    def is_stale(self) -> bool:
        """Whether the peer has closed it or said something unasked while it lay idle."""
        return bool(select((self._socket,), (), (), 0)[0])

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _first(self, request: bytes) -> bytes:
        try:
            self._socket.sendall(request)
            first = self._socket.recv(_RECV_BYTES)
        except (ConnectionError, ssl.SSLEOFError) as error:
            raise NothingAnswered("The peer closed the connection.") from error
        if not first:
            raise NothingAnswered("The peer closed the connection.")
        return first

    def _more(self) -> bytes:
        return self._socket.recv(_RECV_BYTES)


class Pool:
    """Connections to one host. May be shared between threads: a deque's ends are thread-safe."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: bool,
        connect_timeout_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._context: ssl.SSLContext | None = None
        self._connect_timeout_seconds = connect_timeout_seconds
        self._clock = clock
        self._idle: deque[tuple[Connection, float]] = deque()

    def exchange_on_kept(self, request: bytes, timeout_seconds: float) -> Answer | None:
        """The answer on a connection that lay idle, or None when there is none.

        Raises NothingAnswered when the peer gave the connection up, which says nothing about the
        service, and OSError for other faults. The request may have been sent.
        """
        kept = self._kept()
        return None if kept is None else self._on(kept, request, timeout_seconds)

    def exchange(self, request: bytes, timeout_seconds: float) -> Answer:
        """The answer on a new connection. Raises OSError."""
        return self._on(self._connect(timeout_seconds), request, timeout_seconds)

    def close(self) -> None:
        """Close the connections that lie idle."""
        while self._idle:
            self._idle.pop()[0].close()

    def _on(self, connection: Connection, request: bytes, timeout_seconds: float) -> Answer:
        answer = connection.exchange(request, timeout_seconds)
        if answer.last or len(self._idle) >= _MOST_IDLE:
            connection.close()
        else:
            self._idle.append((connection, self._clock()))
        return answer

    def _kept(self) -> Connection | None:
        while True:
            try:
                connection, since = self._idle.pop()
            except IndexError:
                return None
            idle_seconds = self._clock() - since
            # A frozen Lambda wakes with connections that died in its sleep.
            if idle_seconds < _LONGEST_IDLE_SECONDS and (idle_seconds < _FRESH_SECONDS or not connection.is_stale()):
                return connection
            connection.close()

    def _connect(self, timeout_seconds: float) -> Connection:
        if self._tls and self._context is None:
            self._context = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
        bound = min(timeout_seconds, self._connect_timeout_seconds)
        return Connection(self._host, self._port, self._context, bound)
