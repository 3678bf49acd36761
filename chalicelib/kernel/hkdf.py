"""HKDF-SHA256 (RFC 5869) on the standard library, so that no layer needs a crypto package to derive a key."""

from __future__ import annotations

import hmac

_HASH_BYTES = 32


def extract(salt: bytes, secret: bytes) -> bytes:
    """A 32-byte pseudorandom key from a secret. No salt is the same as 32 zero bytes."""
    return hmac.digest(salt or bytes(_HASH_BYTES), secret, "sha256")


def expand(key: bytes, info: bytes, length: int = _HASH_BYTES) -> bytes:
    """``length`` bytes for one use, named by ``info``. Raises ValueError past 8,160 bytes."""
    if not 0 < length <= 255 * _HASH_BYTES:
        raise ValueError("HKDF gives 1 to 8160 bytes.")
    block = hmac.digest(key, info + b"\x01", "sha256")
    made = block
    counter = 2
    while len(made) < length:
        block = hmac.digest(key, block + info + bytes((counter,)), "sha256")
        made += block
        counter += 1
    return made[:length]


def derive(secret: bytes, *, info: bytes, salt: bytes = b"", length: int = _HASH_BYTES) -> bytes:
    """Extract, then expand."""
    return expand(extract(salt, secret), info, length)
