"""Opens a request body whatever the gateway did to it: raw, base64, still gzipped or opened already."""

from __future__ import annotations

import base64
import binascii
import zlib

from chalicelib.kernel.errors import BadInput, TooLarge

_MAGIC = b"\x1f\x8b"
_GZIP_ONLY = 16 + zlib.MAX_WBITS
_MAX_MEMBERS = 16


def open_body(raw: bytes | str, encoding: str | None, *, is_base64: bool = False, limit_bytes: int) -> bytes:
    """The bytes that the sender meant, of at most ``limit_bytes`` both as sent and opened.

    ``encoding`` is the Content-Encoding header. A body that is said to be gzip but does not start
    like one was opened by the gateway and passes as it is. Raises TooLarge ``too_large``, BadInput
    ``bad_base64``, ``bad_gzip`` and ``unsupported_encoding``.
    """
    body = _from_base64(raw) if is_base64 else _as_bytes(raw)
    if len(body) > limit_bytes:
        raise _too_large(limit_bytes)
    coding = (encoding or "identity").strip().lower()
    if coding == "identity":
        return body
    if coding not in ("gzip", "x-gzip"):
        raise BadInput("unsupported_encoding", "A body may be sent plain or as gzip.")
    return _inflate(body, limit_bytes) if body.startswith(_MAGIC) else body


def _as_bytes(raw: bytes | str) -> bytes:
    return raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw


def _from_base64(raw: bytes | str) -> bytes:
    try:
        return base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("bad_base64", "The body is not base64.") from None


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge("too_large", f"The body has more than {limit_bytes} bytes.")


def _inflate(body: bytes, limit_bytes: int) -> bytes:
    """Open every member of the gzip (RFC 1952 allows several), never holding more than the limit."""
    opened = b""
    for _ in range(_MAX_MEMBERS):
        inflater = zlib.decompressobj(_GZIP_ONLY)
        try:
            # One byte past the limit is enough to know, so a bomb costs no more than a good body.
            opened += inflater.decompress(body, limit_bytes + 1 - len(opened))
        except zlib.error:
            raise BadInput("bad_gzip", "The body is not gzip.") from None
        if len(opened) > limit_bytes:
            raise _too_large(limit_bytes)
        if not inflater.eof:
            raise BadInput("bad_gzip", "The gzip body ends too early.")
        body = inflater.unused_data
        if not body:
            return opened
    raise BadInput("bad_gzip", f"The gzip body has more than {_MAX_MEMBERS} members.")
