"""The one way a value becomes bytes, so that equal values are equal bytes."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

from chalicelib.kernel.errors import TooLarge

_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_PLAIN, _DEFLATED = b"\x00", b"\x01"
_WORTH_DEFLATING_BYTES = 256
OPENS_TO_BYTES = 4_000_000
"""How large a value may be once inflated: what is written must be read again."""


def encode(value: Any, *, limit_bytes: int = OPENS_TO_BYTES) -> bytes:
    """Canonical bytes: msgpack with sorted keys, deflated when that is smaller; first byte says which.

    Raises TooLarge past ``limit_bytes``; what is larger than ``OPENS_TO_BYTES`` must be decoded with the same limit.
    """
    packed = _ENCODER.encode(value)
    if len(packed) > limit_bytes:
        raise _too_large(limit_bytes)
    if len(packed) > _WORTH_DEFLATING_BYTES:
        deflated = zlib.compress(packed, 6)
        if len(deflated) < len(packed):
            return _DEFLATED + deflated
    return _PLAIN + packed


def decode[T](data: bytes, type_: type[T], *, limit_bytes: int = OPENS_TO_BYTES) -> T:
    """Read what ``encode`` wrote. Raises TooLarge past ``limit_bytes``, msgspec errors for a wrong shape."""
    return msgspec.msgpack.decode(_unpack(data, limit_bytes), type=type_)


def _unpack(data: bytes, limit_bytes: int) -> bytes:
    if data[:1] == _PLAIN:
        return data[1:]
    inflater = zlib.decompressobj()
    try:
        packed = inflater.decompress(data[1:], limit_bytes)
    except zlib.error as error:
        raise msgspec.DecodeError("Not what encode wrote.") from error
    if inflater.unconsumed_tail:
        raise _too_large(limit_bytes)
    return packed


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge("too_large", f"A stored value opens to more than {limit_bytes} bytes.")
