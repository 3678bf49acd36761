"""Receipts that can be verified later, by anybody who has the tenant's public key: Ed25519 over canonical JSON.

Canonical is: keys in order, no spaces, UTF-8, whole numbers and texts only. What was signed can so be made again
from the document as it was read, whatever printed it in between.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chalicelib.kernel.errors import ZhiyinError

ALGORITHM = "Ed25519"
_SIGNED = b"zhiyin/receipt/1\n"
"""No other text of ours begins so: a signature of something else is no signature of a receipt."""
_KEY_BYTES = 32


class ReceiptForged(ZhiyinError):
    """What should be a receipt is not: another key, another signature, or changed content. One code for every cause."""

    def __init__(self) -> None:
        super().__init__("receipt_forged", "This is no receipt that this key has signed.")


class Signature(msgspec.Struct, frozen=True):
    """Who signed and how; keys and signatures are base64."""

    algorithm: str
    public_key: str
    value: str


def signing_pair(seed: bytes) -> tuple[bytes, bytes]:
    """(private, public) from 32 random bytes. Raises ValueError for another length."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def sign(private: bytes, document: Any) -> Signature:
    """Sign a document of texts, whole numbers, lists and mappings."""
    key = Ed25519PrivateKey.from_private_bytes(private)
    public = b64encode(key.public_key().public_bytes_raw()).decode()
    return Signature(ALGORITHM, public, b64encode(key.sign(_message(document))).decode())


def verify(document: Any, signature: Signature, public: bytes) -> None:
    """Return for a receipt that this key signed. Raises ReceiptForged."""
    try:
        if signature.algorithm != ALGORITHM or b64decode(signature.public_key, validate=True) != public:
            raise ReceiptForged
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(b64decode(signature.value, validate=True), _message(document))
    except (InvalidSignature, ValueError):
        raise ReceiptForged from None


def public_key(text: str) -> bytes:
    """A public key as people pass it on. Raises ReceiptForged for what is none."""
    try:
        key = b64decode(text, validate=True)
    except ValueError:
        raise ReceiptForged from None
    if len(key) != _KEY_BYTES:
        raise ReceiptForged
    return key


def _message(document: Any) -> bytes:
    return _SIGNED + msgspec.json.encode(document, order="sorted")
