"""Objects of one S3 bucket: signed URLs to put one, reads of ranges, small ones written whole, removal. No SDK: every call is
a signed URL.

Signature Version 4 in the query (a test holds it to botocore's). The body of an upload is never held whole.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import msgspec

from chalicelib.aws.connection import NothingAnswered, Pool
from chalicelib.aws.http_answer import Answer
from chalicelib.aws.retrying import Again, RetryPolicy
from chalicelib.aws.signer import AwsCredentials, CredentialSource
from chalicelib.kernel.errors import ServiceRefused, Unavailable

_ALGORITHM = "AWS4-HMAC-SHA256"
_OWN_CALL_SECONDS = 300
_READ_TIMEOUT_SECONDS = 20.0
_OK = range(200, 300)
_REFUSALS = {
    403: ("object_forbidden", "The bucket refused a call."),
    404: ("object_gone", "The object is not there."),
    412: ("object_changed", "The object is not the one that was there."),
}


class Bucket(msgspec.Struct, frozen=True):
    """Where a bucket answers. Path style is for endpoints that are not AWS's own."""

    host: str
    base_path: str
    tls: bool

    @classmethod
    def at(cls, endpoint: str, name: str) -> Bucket:
        """A bucket behind an endpoint such as ``https://s3.eu-west-1.amazonaws.com/``."""
        where = urlsplit(endpoint)
        host = where.netloc
        if (where.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
            return cls(f"{name}.{host}", "", where.scheme == "https")
        return cls(host, f"{where.path.rstrip('/')}/{name}", where.scheme == "https")


def presign(
    bucket: Bucket, region: str, credentials: AwsCredentials, method: str, key: str, *, seconds: int, at: float
) -> str:
    """A URL that allows one method on one key for some seconds from epoch seconds ``at``."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    query = {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.session_token:
        query["X-Amz-Security-Token"] = credentials.session_token
    told = "&".join(f"{name}={quote(query[name], safe='')}" for name in sorted(query))
    path = quote(f"{bucket.base_path}/{key}", safe="/-_.~")
    canonical = f"{method}\n{path}\n{told}\nhost:{bucket.host}\n\nhost\nUNSIGNED-PAYLOAD"
    to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signing = ("AWS4" + credentials.secret_key).encode()
    for part in (stamp[:8], region, "s3", "aws4_request"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    signature = hmac.digest(signing, to_sign.encode(), "sha256").hex()
    scheme = "https" if bucket.tls else "http"
    return f"{scheme}://{bucket.host}{path}?{told}&X-Amz-Signature={signature}"


class Objects:
    """One bucket, as far as this function's role may use it."""

    def __init__(
        self,
        bucket: Bucket,
        *,
        region: str,
        credentials: CredentialSource,
        retry: RetryPolicy | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        where = urlsplit(f"//{bucket.host}")
        self._bucket = bucket
        self._region = region
        self._credentials = credentials
        self._retry = retry or RetryPolicy(deadline_seconds=2 * _READ_TIMEOUT_SECONDS)
        self._now = now
        self._pool = Pool(
            where.hostname or "",
            where.port or (443 if bucket.tls else 80),
            tls=bucket.tls,
            connect_timeout_seconds=1.0,
        )

    def upload_url(self, key: str, *, seconds: int) -> str:
        """A URL that takes one PUT of the object for some seconds, as far as the credentials live that long."""
        return self._url("PUT", key, seconds)

    def read(self, key: str, start: int, length: int, *, etag: str) -> bytes:
        """Exactly these bytes of an object.

        Raises ServiceRefused ``object_changed`` when it is not the one of that ETag any more,
        ``object_gone`` and ``object_forbidden``, and Unavailable.
        """
        headers = f'Range: bytes={start}-{start + length - 1}\r\nIf-Match: "{etag}"\r\n'
        body = self._call("GET", key, headers).body
        if len(body) != length:
            raise _unavailable("no_answer")
        return body

    def whole(self, key: str) -> bytes:
        """All bytes of an object. Raises ServiceRefused ``object_gone`` and ``object_forbidden``, and Unavailable."""
        return self._call("GET", key, "").body

    def write(self, key: str, content: bytes) -> None:
        """Write an object in place of what there was. Raises ServiceRefused and Unavailable."""
        self._call("PUT", key, "", content)

    def remove(self, key: str) -> None:
        """Delete an object; one that is gone already is fine. Raises ServiceRefused and Unavailable."""
        self._call("DELETE", key, "")

    def _url(self, method: str, key: str, seconds: int) -> str:
        return presign(self._bucket, self._region, self._credentials(), method, key, seconds=seconds, at=self._now())

    def _call(self, method: str, key: str, headers: str, content: bytes = b"") -> Answer:
        return self._retry.run(lambda seconds_left: self._attempt(method, key, headers, content, seconds_left))

    def _attempt(self, method: str, key: str, headers: str, content: bytes, seconds_left: float) -> Answer:
        target = self._url(method, key, _OWN_CALL_SECONDS).partition(self._bucket.host)[2]
        request = (
            f"{method} {target} HTTP/1.1\r\nHost: {self._bucket.host}\r\nUser-Agent: zhiyin\r\n"
            f"{headers}Content-Length: {len(content)}\r\n\r\n"
        ).encode("latin-1") + content
        timeout = max(min(_READ_TIMEOUT_SECONDS, seconds_left), 0.05)
        try:
            answer = self._exchange(request, timeout)
        except OSError as error:
            raise Again(_unavailable("no_answer")) from error
        if answer.status in _OK:
            return answer
        if answer.status in _REFUSALS:
            raise ServiceRefused(*_REFUSALS[answer.status])
        if answer.status == 503:
            raise Again(_unavailable("throttled"))
        if answer.status >= 500:
            raise Again(_unavailable("service_failed"))
        raise ServiceRefused("object_refused", "The bucket refused a call.")

    def _exchange(self, request: bytes, timeout: float) -> Answer:
        try:
            kept = self._pool.exchange_on_kept(request, timeout)
        except NothingAnswered:
            kept = None
        return kept or self._pool.exchange(request, timeout)


def _unavailable(code: str) -> Unavailable:
    return Unavailable(code, "The service s3 could not be used; try again.")
