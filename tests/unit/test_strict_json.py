"""JSON that could be read in two ways is refused with a code; good JSON is read as the standard does."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.kernel.errors import BadInput, TooLarge
from chalicelib.kernel.strict_json import parse

CASES = json.loads((Path(__file__).parents[1] / "cases" / "bad_json.json").read_text("utf-8"))
LIMIT = 100_000

SCALARS = st.none() | st.booleans() | st.integers(-(10**38) + 1, 10**38 - 1) | st.text(max_size=8)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
).filter(lambda document: depth(document) <= 16)


def depth(document: Any) -> int:
    """How deep a document is, by the plainest definition."""
    if isinstance(document, dict):
        return 1 + max(map(depth, document.values()), default=0)
    if isinstance(document, list):
        return 1 + max(map(depth, document), default=0)
    return 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_parse__bad_document__code_of_the_table(case: dict[str, str]) -> None:
    """Each line of ``bad_json.json`` is refused with its code, and the message repeats no value."""
    with pytest.raises(BadInput) as caught:
        parse(case["body"].encode(), limit_bytes=LIMIT)
    assert caught.value.code == case["code"]
    assert case.get("where", "") in caught.value.message


@given(document=DOCUMENTS, ascii_only=st.booleans(), indent=st.sampled_from([None, 2]))
def test_parse__good_document__as_the_standard_library(document: Any, ascii_only: bool, indent: int | None) -> None:
    """A good document is read to the same value as ``json.loads``, escaped or not, indented or not."""
    body = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode()
    assert parse(body, limit_bytes=1_000_000) == json.loads(body) == document


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_parse__any_finite_float__exact_decimal(number: float) -> None:
    """What a sender's float prints is kept digit by digit."""
    text = json.dumps(number)
    assert parse(text.encode(), limit_bytes=LIMIT) == Decimal(text)


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='[]{}",:0123456789.eE+-\\u nulltrfas d8', max_size=60).map(str.encode))
@example(b"[" * 99_999)
@example(b'{"a":' * 20_000)
@example(b"\xff\xfe[\x001\x00]\x00")
def test_parse__any_bytes__value_or_refusal(body: bytes) -> None:
    """Nothing but our own errors leaves the parser, whatever arrives."""
    with suppress(BadInput):
        assert parse(body, limit_bytes=LIMIT) == json.loads(body, parse_float=Decimal)


def test_parse__invalid_utf8__refused_with_offset() -> None:
    """Bytes that are not UTF-8 are named with their place; so is UTF-8 of a surrogate, and UTF-16."""
    for body, place in (
        (b'{"a":"\xff"}', 6),
        (b'["\xed\xa0\x80"]', 2),
        ("[1]".encode("utf-16"), 0),
    ):
        with pytest.raises(BadInput) as caught:
            parse(body, limit_bytes=LIMIT)
        assert (caught.value.code, caught.value.message) == (
            "bad_utf8",
            f"The body is not UTF-8 at byte {place}.",
        )


def test_parse__nested_100_000_deep__refused() -> None:
    """A body of brackets is refused before it can exhaust the stack."""
    for body in (b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000):
        with pytest.raises(BadInput, match="too_deep"):
            parse(body, limit_bytes=1_000_000)


def test_parse__depth_at_the_cap__read() -> None:
    """Sixteen levels are read; brackets in texts do not count; the cap is an argument."""
    assert depth(parse(b"[" * 16 + b"]" * 16, limit_bytes=LIMIT)) == 16
    assert parse(json.dumps(["[" * 50]).encode(), limit_bytes=LIMIT) == ["[" * 50]
    assert len(parse(b"[" + b"[]," * 40 + b"[]]", limit_bytes=LIMIT)) == 41
    with pytest.raises(BadInput, match="too_deep"):
        parse(b"[[[0]]]", limit_bytes=LIMIT, max_depth=2)


def test_parse__limit__counts_bytes() -> None:
    """Limits count bytes: one letter of Chinese is three."""
    body = json.dumps("知" * 10, ensure_ascii=False).encode()
    assert parse(body, limit_bytes=32) == "知" * 10
    with pytest.raises(TooLarge, match="31 bytes"):
        parse(body, limit_bytes=31)


def test_parse__numbers__kept_exact() -> None:
    """Money survives: a decimal keeps its digits and an integer of 38 digits is whole."""
    assert str(parse(b"[0.10]", limit_bytes=LIMIT)[0]) == "0.10"
    assert parse(b"[" + b"9" * 38 + b"]", limit_bytes=LIMIT) == [10**38 - 1]
    assert parse(b"[-0.0, 1E3]", limit_bytes=LIMIT) == [Decimal("-0.0"), Decimal(1000)]


def test_parse__astral_letters__pairs_are_whole() -> None:
    """An emoji as a pair of escapes or as itself is one letter, also beside an escaped backslash."""
    assert parse(b'["\\ud83d\\ude00"]', limit_bytes=LIMIT) == parse('["😀"]'.encode(), limit_bytes=LIMIT)
    assert parse(b'["\\\\ud800", 1, {"a": "\xe7\x9f\xa5"}]', limit_bytes=LIMIT) == [
        "\\ud800",
        1,
        {"a": "知"},
    ]
