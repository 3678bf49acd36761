"""Keyed, one-way names: what stands in keys and indexes instead of a phone number.

One HMAC key per tenant and namespace, so that equal values of two tenants, or of two namespaces,
have nothing in common, and nobody without the tenant's index key can try numbers out.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode

from chalicelib.events.model import Identifier
from chalicelib.kernel import hkdf

_INDEX_BYTES = 18
_PROFILE_BYTES = 15
_EVENT_KEY_BYTES = 16


class BlindIndex:
    """Names of one tenant's people and events, made with its index key.

    Takes normalised values only: it does not normalise, and another spelling is another person.
    """

    __slots__ = ("_key", "_namespace_keys")

    def __init__(self, index_key: bytes) -> None:
        """Raises ValueError for a key that is not 32 bytes."""
        if len(index_key) != 32:
            raise ValueError("An index key is 32 bytes.")
        self._key = index_key
        self._namespace_keys: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return "<blind index>"

    def identifier_key(self, identifier: Identifier) -> str:
        """``namespace:blind_index`` of an identifier; also the facet id when it is the anchor."""
        key = self._namespace_keys.get(identifier.namespace)
        if key is None:
            key = hkdf.derive(self._key, info=b"zhiyin/index/" + identifier.namespace.encode())
            self._namespace_keys[identifier.namespace] = key
        digest = hmac.digest(key, identifier.value.encode(), "sha256")
        return f"{identifier.namespace}:{_text(digest[:_INDEX_BYTES])}"

    def profile_id(self, facet_id: str) -> str:
        """The profile id that a first anchor gives, the same for every writer that races to make it."""
        digest = hmac.digest(self._key, b"zhiyin/profile/" + facet_id.encode(), "sha256")
        return "p_" + _text(digest[:_PROFILE_BYTES])

    def event_key(self, source: str, event_id: str) -> bytes:
        """16 bytes that mark one event of one source as seen."""
        named = source.encode()
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        message = b"zhiyin/event/" + len(named).to_bytes(4) + named + event_id.encode()
        return hmac.digest(self._key, message, "sha256")[:_EVENT_KEY_BYTES]


def namespace_of(key: str) -> str:
    """The namespace of an identifier key."""
    return key.partition(":")[0]


def _text(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
