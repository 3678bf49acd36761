"""A body is opened whatever the gateway did to it, and never past the limit."""

from __future__ import annotations

import base64
import gzip
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel.errors import BadInput, TooLarge
from chalicelib.kernel.gzip_body import open_body

BODY = b'{"batch": []}' * 10
LIMIT = 10_000


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", " GZIP "])
@pytest.mark.parametrize("state", ["raw", "base64", "opened", "opened base64"])
def test_open_body__gzip_in_any_state__opened(state: str, encoding: str) -> None:
    """Gzip, base64 of gzip, and what the gateway has opened already are the same body."""
    raw = BODY if "opened" in state else gzip.compress(BODY, mtime=0)
    sent = base64.b64encode(raw).decode() if "base64" in state else raw
    assert open_body(sent, encoding, is_base64="base64" in state, limit_bytes=LIMIT) == BODY


@pytest.mark.parametrize("encoding", [None, "", "identity"])
def test_open_body__plain__as_it_is(encoding: str | None) -> None:
    """Without an encoding nothing is opened, not even what looks like gzip."""
    for body in (BODY, gzip.compress(BODY, mtime=0), b""):
        assert open_body(body, encoding, limit_bytes=LIMIT) == body
    assert open_body("知音", encoding, limit_bytes=LIMIT) == "知音".encode()


def test_open_body__bomb__refused_without_opening_it() -> None:
    """97 KB that open to 100 MB are refused, and hold no more memory than the limit."""
    bomb = gzip.compress(bytes(100_000_000), 9, mtime=0)
    tracemalloc.start()
    with pytest.raises(TooLarge, match="262144 bytes"):
        open_body(bomb, "gzip", limit_bytes=262_144)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_500_000


def test_open_body__limit__exact() -> None:
    """The limit itself is let in, one byte more is not, plain or opened."""
    assert len(open_body(gzip.compress(bytes(LIMIT), mtime=0), "gzip", limit_bytes=LIMIT)) == LIMIT
    for body, encoding in ((gzip.compress(bytes(LIMIT + 1), mtime=0), "gzip"), (bytes(LIMIT + 1), None)):
        with pytest.raises(TooLarge, match="too_large"):
            open_body(body, encoding, limit_bytes=LIMIT)


def test_open_body__several_members__one_body() -> None:
    """RFC 1952 allows members in a row; together they stay under the limit, and they are counted."""
    assert open_body(gzip.compress(b"a", mtime=0) + gzip.compress(b"b", mtime=0), "gzip", limit_bytes=LIMIT) == b"ab"
    with pytest.raises(TooLarge):
        open_body(gzip.compress(bytes(LIMIT), mtime=0) + gzip.compress(b"b", mtime=0), "gzip", limit_bytes=LIMIT)
    with pytest.raises(BadInput, match="bad_gzip"):
        open_body(gzip.compress(b"", mtime=0) * 40, "gzip", limit_bytes=LIMIT)


@pytest.mark.parametrize(
    "broken",
    [
        gzip.compress(BODY, mtime=0)[:-1],
        gzip.compress(BODY, mtime=0)[:12],
        gzip.compress(BODY, mtime=0) + b"rest",
        b"\x1f\x8b",
        b"\x1f\x8b\x09zz",
    ],
)
def test_open_body__broken_gzip__refused(broken: bytes) -> None:
    """A body that ends too early, goes on too long or is garbled is refused with one code."""
    with pytest.raises(BadInput, match="bad_gzip"):
        open_body(broken, "gzip", limit_bytes=LIMIT)


def test_open_body__flipped_checksum__refused() -> None:
    """A body whose checksum fails is not trusted."""
    packed = bytearray(gzip.compress(BODY, mtime=0))
    packed[-6] ^= 1
    with pytest.raises(BadInput, match="bad_gzip"):
        open_body(bytes(packed), "gzip", limit_bytes=LIMIT)


def test_open_body__other_encodings__refused() -> None:
    """Only gzip is opened; the others are named as what they are."""
    for encoding in ("br", "deflate", "gzip, gzip", "zstd"):
        with pytest.raises(BadInput, match="unsupported_encoding"):
            open_body(BODY, encoding, limit_bytes=LIMIT)


@pytest.mark.parametrize("sent", ["a", "!!!!", "知", b"\xff\xfe\xfd\xfc"])
def test_open_body__not_base64__refused(sent: str | bytes) -> None:
    """What claims to be base64 and is not is refused."""
    with pytest.raises(BadInput, match="bad_base64"):
        open_body(sent, None, is_base64=True, limit_bytes=LIMIT)


@given(st.binary(max_size=200), st.sampled_from([None, "gzip", "identity", "br"]), st.booleans())
def test_open_body__any_bytes__bytes_or_refusal(raw: bytes, encoding: str | None, is_base64: bool) -> None:
    """Nothing but our own errors leaves, whatever arrives."""
    for body in (raw, b"\x1f\x8b\x08" + raw):
        with suppress(BadInput):
            assert len(open_body(body, encoding, is_base64=is_base64, limit_bytes=100)) <= 100
