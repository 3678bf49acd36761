"""Envelopes: sealed by anyone with the public key, opened by ingest alone (HPKE, RFC 9180).

The doors hold no key that opens what they send. Layout: format (1) · HPKE encapsulated key (32) ·
ciphertext and tag. Format 1 is X25519, HKDF-SHA256, AES-256-GCM in base mode.
The ephemeral key is drawn inside the cryptography package: it is the one random thing in the domain.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from chalicelib.privacy.seal_broken import SealBroken

FORMAT = 1
_FORMAT_BYTE = bytes((FORMAT,))
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_INFO = b"zhiyin/envelope/"


def key_pair(seed: bytes) -> tuple[bytes, bytes]:
    """(private, public) from 32 random bytes. Raises ValueError for another length."""
    private = X25519PrivateKey.from_private_bytes(seed)
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def seal_to(public: bytes, plaintext: bytes, info: bytes) -> bytes:
    """Seal to the holder of the private key. ``info`` (say, the tenant) must be given again to open.

    Raises ValueError for a key that is not 32 bytes.
    """
    recipient = X25519PublicKey.from_public_bytes(public)
    return _FORMAT_BYTE + _SUITE.encrypt(plaintext, recipient, _INFO + info)


def open_from(private: bytes, sealed: bytes, info: bytes) -> bytes:
    """The plaintext. Raises SealBroken for another key, ``info``, format or byte."""
    if sealed[:1] != _FORMAT_BYTE:
        raise SealBroken
    recipient = X25519PrivateKey.from_private_bytes(private)
    try:
        return _SUITE.decrypt(sealed[1:], recipient, _INFO + info)
    except InvalidTag:
        raise SealBroken from None
