"""Sealed fields: AES-256-GCM under a key that only the facet's secret can lead to.

Layout of format 1: format (1) · key version (2) · nonce (12) · ciphertext · tag (16).

The nonce is derived from what is sealed, so that equal sets of events give byte-equal profiles.
Under one key a nonce can then repeat only for the very same associated data and plaintext.
AES-GCM alone does not commit to its key: a commitment, kept beside the facet's secret, is checked
before anything is opened.
"""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from chalicelib.kernel import hkdf
from chalicelib.privacy.seal_broken import SealBroken

FORMAT = 1
KEY_BYTES = 32
COMMITMENT_BYTES = 16
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEAD_BYTES = 3
_BODY_AT = _HEAD_BYTES + _NONCE_BYTES


class FacetKey:
    """The key of one facet for one purpose, ready for use. Prints nothing of itself."""

    __slots__ = ("_encrypt", "_nonce_mac", "cipher", "commitment")

    def __init__(self, material: bytes) -> None:
        """From 80 bytes: cipher key (32), nonce key (32), commitment (16)."""
        self.cipher = AESGCM(material[:KEY_BYTES])
        self._encrypt = self.cipher.encrypt
        # Copying a keyed HMAC costs less than keying one for each field, and this one half of the standard library's.
        self._nonce_mac = HMAC(material[KEY_BYTES : 2 * KEY_BYTES], SHA256())
        self.commitment = material[2 * KEY_BYTES :]

    def __repr__(self) -> str:
        return "<facet key>"

    def seal(self, head: bytes, bound: bytes, plaintext: bytes) -> bytes:
        """Seal under a nonce that is made of all that is sealed. ``bound`` begins with the head."""
        mac = self._nonce_mac.copy()
        mac.update(len(bound).to_bytes(4) + bound + plaintext)
        nonce = mac.finalize()[:_NONCE_BYTES]
        return head + nonce + self._encrypt(nonce, plaintext, bound)


def facet_root(branch_key: bytes, facet_secret: bytes) -> bytes:
    """32 bytes that all keys of one facet come from, and that lead back to neither of the two.

    Deleting ``facet_secret`` shreds every copy of what was sealed under it, backups included.
    Raises ValueError for key parts that are not 32 bytes.
    """
    if len(branch_key) != KEY_BYTES or len(facet_secret) != KEY_BYTES:
        raise ValueError("A branch key and a facet secret are 32 bytes each.")
    return hkdf.extract(facet_secret, branch_key)


def key_of_root(root: bytes, purpose: str) -> FacetKey:
    """A facet's key for one purpose and class, such as ``trait/personal``."""
    return FacetKey(hkdf.expand(root, b"zhiyin/seal/" + purpose.encode(), 2 * KEY_BYTES + COMMITMENT_BYTES))


def facet_key(branch_key: bytes, facet_secret: bytes, purpose: str) -> FacetKey:
    """The key for one purpose of a facet that was never rewrapped. Raises ValueError as ``facet_root`` does."""
    return key_of_root(facet_root(branch_key, facet_secret), purpose)


def commitment(key: FacetKey) -> bytes:
    """16 bytes that only this key has, to be kept beside the facet's secret."""
    return key.commitment


def associated(tenant: str, facet: str, generation: int, field: str, schema: int, key_version: int) -> bytes:
    """What a sealed value is bound to, so that it opens nowhere else."""
    before = f"{len(tenant)}:{tenant}{len(facet)}:{facet}{generation}:"
    return f"{before}{len(field)}:{field}{schema}:{key_version}".encode()


class Place:
    """What all sealed values of one facet are bound to; ``of`` adds the field. Written once, not per value."""

    __slots__ = ("_after", "_before", "_head", "_head_and_before")

    def __init__(self, tenant: str, facet: str, generation: int, schema: int, key_version: int) -> None:
        # Each text carries its length, so that no two lists of parts read alike.
        self._before = f"{len(tenant)}:{tenant}{len(facet)}:{facet}{generation}:".encode()
        self._after = f"{schema}:{key_version}"
        self._head = head_of(key_version)
        self._head_and_before = self._head + self._before

    def of(self, field: str) -> bytes:
        """The associated data of one field's value."""
        return self._before + f"{len(field)}:{field}{self._after}".encode()

    def seal(self, key: FacetKey, field: str, plaintext: bytes) -> bytes:
        """As ``seal`` below does it with the associated data of a field, in fewer steps: ingestion seals each value here."""
        return key.seal(self._head, self._head_and_before + f"{len(field)}:{field}{self._after}".encode(), plaintext)


def head_of(key_version: int) -> bytes:
    """Format and key version. Raises ValueError for a key version outside 1 to 65,535."""
    if not 0 < key_version < 1 << 16:
        raise ValueError("A key version is 1 to 65535.")
    return bytes((FORMAT, key_version >> 8, key_version & 255))


def seal(key: FacetKey, plaintext: bytes, *, aad: bytes, key_version: int) -> bytes:
    """Seal under a facet key. Equal arguments give equal bytes.

    Raises ValueError for a key version outside 1 to 65,535.
    """
    head = head_of(key_version)
    return key.seal(head, head + aad, plaintext)


def open_(key: FacetKey, sealed: bytes, *, aad: bytes, committed: bytes) -> bytes:
    """The plaintext. ``committed`` is the commitment stored with the facet's secret.

    Raises SealBroken for any other key, associated data, format or byte.
    """
    if not hmac.compare_digest(key.commitment, committed):
        raise SealBroken
    key_version_of(sealed)
    bound = sealed[:_HEAD_BYTES] + aad
    try:
        return key.cipher.decrypt(sealed[_HEAD_BYTES:_BODY_AT], sealed[_BODY_AT:], bound)
    except InvalidTag:
        raise SealBroken from None


def key_version_of(sealed: bytes) -> int:
    """Which branch key version a sealed value asks for. Raises SealBroken when it is not one."""
    if len(sealed) < _BODY_AT + _TAG_BYTES or sealed[0] != FORMAT:
        raise SealBroken
    return int.from_bytes(sealed[1:_HEAD_BYTES])
