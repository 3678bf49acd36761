"""Calls to AWS's JSON services: sign, send on a kept connection, retry, read the answer or its error.

Safe to repeat are only calls that are conditional, idempotent or at-least-once by nature. All of
ours are, so every call is repeated after a network fault, although it may have been applied.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import msgspec

from chalicelib.aws.api_errors import THROTTLES, read_error
from chalicelib.aws.connection import NothingAnswered, Pool
from chalicelib.aws.http_answer import Answer
from chalicelib.aws.retrying import Again, RetryPolicy
from chalicelib.aws.signer import CredentialSource, Signer
from chalicelib.kernel.errors import Unavailable

type Hook = Callable[[str, bytes], None]
"""Called with operation and body. An OSError that it raises counts as one of the network."""


_ALL_PLAIN: Mapping[str, Any] = MappingProxyType({})
_SHORTEST_TIMEOUT_SECONDS = 0.05
_OK = 200
_SERVER_FAULT = 500


class JsonApi:
    """One service at one endpoint. May be shared between threads."""

    def __init__(
        self,
        *,
        service: str,
        target_prefix: str,
        json_version: str,
        region: str,
        endpoint: str,
        credentials: CredentialSource,
        retry: RetryPolicy | None = None,
        connect_timeout_seconds: float = 1.0,
        read_timeout_seconds: float = 3.0,
        now: Callable[[], float] = time.time,
        answers: Mapping[str, Any] = _ALL_PLAIN,
    ) -> None:
        """``now`` gives epoch seconds for signatures, ``answers`` the types of operations' answers; others are JSON.

        Raises ValueError for a malformed endpoint.
        """
        where = urlsplit(endpoint)
        if where.scheme not in ("http", "https") or not where.hostname or where.query:
            raise ValueError(f"Not an endpoint of {service}: it must be http(s)://host[:port][/path].")
        content_type = f"application/x-amz-json-{json_version}"
        path = where.path or "/"
        host = where.hostname if where.port is None else f"{where.hostname}:{where.port}"
        self.service = service
        self.retry = retry or RetryPolicy()
        self.on_request: list[Hook] = []
        self.on_answer: list[Hook] = []
        self._target_prefix = target_prefix
        self._credentials = credentials
        self._read_timeout_seconds = read_timeout_seconds
        self._now = now
        self._pool = Pool(
            where.hostname,
            where.port or (443 if where.scheme == "https" else 80),
            tls=where.scheme == "https",
            connect_timeout_seconds=connect_timeout_seconds,
        )
        self._head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\nUser-Agent: zhiyin\r\n"
        self._signer = Signer(service=service, region=region, host=host, path=path, content_type=content_type)
        self._decoder = msgspec.json.Decoder(dict[str, Any])
        self._decoders = {operation: msgspec.json.Decoder(type_) for operation, type_ in answers.items()}

    def __repr__(self) -> str:
        return f"<api {self.service}>"

    def call(
        self, operation: str, body: dict[str, Any], reads: msgspec.json.Decoder[dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        """The answer of one operation. ``reads``: where not all of an answer is to be made into values.

        Raises ApiError when the service refuses, Unavailable (``no_answer``, ``throttled``,
        ``service_failed``) when it could not be had within the retry policy.
        """
        call = _Call(operation, msgspec.json.encode(body), reads)
        return self.retry.run(lambda seconds_left: self._attempt(call, seconds_left))

    def close(self) -> None:
        """Close the connections that lie idle."""
        self._pool.close()

    def unavailable(self, code: str) -> Unavailable:
        """The error for when retrying did not help."""
        return Unavailable(code, f"The service {self.service} could not be used; try again.")

    def _attempt(self, call: _Call, seconds_left: float) -> dict[str, Any]:
        try:
            for hook in self.on_request:
                hook(call.operation, call.body)
            answer = self._exchange(call, seconds_left)
            for hook in self.on_answer:
                hook(call.operation, call.body)
            if answer.status == _OK:
                decoder = call.reads or self._decoders.get(call.operation, self._decoder)
                return decoder.decode(answer.body) if answer.body else {}
        except (OSError, msgspec.DecodeError) as error:
            call.sent_in_vain = True
            raise Again(self.unavailable("no_answer")) from error
        raise self._refusal(call, answer)

    def _exchange(self, call: _Call, seconds_left: float) -> Answer:
        request = self._request(call)
        timeout = self._read_timeout_seconds
        if seconds_left < timeout:
            timeout = max(seconds_left, _SHORTEST_TIMEOUT_SECONDS)
        try:
            answer = self._pool.exchange_on_kept(request, timeout)
        except NothingAnswered:
            call.sent_in_vain, answer = True, None
        return answer or self._pool.exchange(request, timeout)

    def _request(self, call: _Call) -> bytes:
        target = f"{self._target_prefix}.{call.operation}"
        signed = self._signer.headers(self._credentials(), target, call.body, self._now())
        return f"{self._head}{signed}Content-Length: {len(call.body)}\r\n\r\n".encode("latin-1") + call.body

    def _refusal(self, call: _Call, answer: Answer) -> Exception:
        error = read_error(answer)
        error.ambiguous = call.sent_in_vain
        throttled = any(reason.code in THROTTLES for reason in error.cancellation_reasons)
        if error.code in THROTTLES or (error.retryable and throttled):
            return Again(self.unavailable("throttled"))
        if answer.status >= _SERVER_FAULT:
            call.sent_in_vain = True
            return Again(self.unavailable("service_failed"))
        # Another transaction was under way on the same item: it ends soon, and what it left is then met.
        return Again(error) if error.retryable else error


class _Call:
    """One call and whether an attempt of it may have been applied without our knowing."""

    __slots__ = ("body", "operation", "reads", "sent_in_vain")

    def __init__(self, operation: str, body: bytes, reads: msgspec.json.Decoder[dict[str, Any]] | None) -> None:
        self.operation = operation
        self.body = body
        self.reads = reads
        self.sent_in_vain = False
