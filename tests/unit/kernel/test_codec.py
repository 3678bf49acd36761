"""Equal values become equal bytes, and bytes never open past the limit."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import TooLarge

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
)


def reversed_members(value: Any) -> Any:
    """The same value with the members of every mapping put in the other way round."""
    if isinstance(value, dict):
        return {name: reversed_members(value[name]) for name in reversed(value)}
    return [reversed_members(each) for each in value] if isinstance(value, list) else value


@given(VALUES)
def test_encode__members_in_another_order__same_bytes(value: Any) -> None:
    """The order in which a mapping was filled does not show."""
    assert encode(value) == encode(reversed_members(value))
    assert decode(encode(value), object) == value


def test_encode__large_and_repetitive__deflated() -> None:
    """Deflated when it is smaller, plain when not; the first byte says which."""
    assert encode("a" * 5000)[:1] == b"\x01"
    assert len(encode("a" * 5000)) < 100
    assert encode("a")[:1] == b"\x00"
    assert encode(bytes(range(256)) * 2)[:1] == b"\x01"
    assert encode(bytes(range(256)) + b"x")[:1] == b"\x00"


def test_decode__opens_past_the_limit__refused() -> None:
    """A stored value cannot be a bomb either."""
    with pytest.raises(TooLarge, match="1000 bytes"):
        decode(encode("a" * 5000), str, limit_bytes=1000)


def test_decode__wrong_shape__refused() -> None:
    """What is not of the asked type is never handed on."""
    with pytest.raises(msgspec.ValidationError):
        decode(encode("a"), int)
