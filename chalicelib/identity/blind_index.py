"""Keyed, one-way names: what stands in keys and indexes instead of a phone number.

One HMAC key per tenant and namespace, so that equal values of two tenants, or of two namespaces,
have nothing in common, and nobody without the tenant's index key can try numbers out.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from types import MappingProxyType

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from chalicelib.events.model import Identifier
from chalicelib.kernel import hkdf

_KEY_BYTES = 32
_INDEX_BYTES = 18
_PROFILE_BYTES = 15
_EVENT_KEY_BYTES = 16
_NO_OTHERS: Mapping[int, bytes] = MappingProxyType({})


class BlindIndex:
    """Names of one tenant's people and events, made with its index key.

    Takes normalised values only: it does not normalise, and another spelling is another person.

    An index key has one part for identifiers, which may be rotated, and one for all other names (profile ids, events,
    cases), which every version of it has in common: those must stay what they are. One of 32 bytes, as tenants of
    before were given, is both.
    """

    __slots__ = ("_case", "_names", "_older", "_own")

    def __init__(self, index_key: bytes, version: int = 1, others: Mapping[int, bytes] = _NO_OTHERS) -> None:
        """``version`` is what unknown identifiers are named with, ``others`` are keys that known ones may be named by.

        Raises ValueError for a key that is neither 32 nor 64 bytes.
        """
        self._own = _Identifiers(index_key[:_KEY_BYTES], version)
        self._older = tuple(_Identifiers(key[:_KEY_BYTES], one) for one, key in sorted(others.items(), reverse=True))
        self._names = names_of(index_key)
        self._case = b""

    def __repr__(self) -> str:
        return "<blind index>"

    @property
    def was_rotated(self) -> bool:
        """Whether an identifier may be known by another name than ``identifier_key`` gives it: who looks one up or
        names a new one has to look (``flows.known_names``). Of a tenant whose key was never rotated this is False.
        """
        return bool(self._older) or self._own.version > 1

    def identifier_key(self, identifier: Identifier) -> str:
        """``namespace:blind_index`` of an identifier; also the facet id when it is the anchor.

        That of the version that new ones are named with. One that is known may have another.
        """
        return self._own.key(identifier)

    def other_keys(self, identifier: Identifier) -> tuple[str, ...]:
        """The names that an identifier has by the other keys; () where there are none."""
        return tuple(one.key(identifier) for one in self._older)

    def case_ref(self, reference: str) -> str:
        """The name of a case by its sender's reference: the same in every version, like an event's."""
        self._case = self._case or _namespace_key(self._names, "case")
        return _named("case", hmac.digest(self._case, reference.encode(), "sha256"), 1)

    def profile_id(self, facet_id: str) -> str:
        """The profile id that a first anchor gives, the same for every writer that races to make it."""
        digest = hmac.digest(self._names, b"zhiyin/profile/" + facet_id.encode(), "sha256")
        return "p_" + _text(digest[:_PROFILE_BYTES])

    def event_key(self, source: str, event_id: str) -> bytes:
        """16 bytes that mark one event of one source as seen."""
        named = source.encode()
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        message = b"zhiyin/event/" + len(named).to_bytes(4) + named + event_id.encode()
        return hmac.digest(self._names, message, "sha256")[:_EVENT_KEY_BYTES]


class _Identifiers:
    """One version's names of identifiers."""

    __slots__ = ("_key", "_macs", "version")

    def __init__(self, key: bytes, version: int) -> None:
        self.version = version
        self._key = key
        self._macs: dict[str, HMAC] = {}

    def key(self, identifier: Identifier) -> str:
        namespace = identifier.namespace
        keyed = self._macs.get(namespace)
        if keyed is None:
            keyed = self._macs[namespace] = HMAC(_namespace_key(self._key, namespace), SHA256())
        # A copy of what is keyed already takes 0.6 us, the standard library's digest 1.4, and every call names people.
        mac = keyed.copy()
        mac.update(identifier.value.encode())
        return _named(namespace, mac.finalize(), self.version)


def names_of(index_key: bytes) -> bytes:
    """The part of an index key that all its versions have in common.

    Raises ValueError for a key that is neither 32 nor 64 bytes.
    """
    if len(index_key) not in (_KEY_BYTES, 2 * _KEY_BYTES):
        raise ValueError("An index key is 32 bytes, or 64 with the key of names.")
    return index_key[-_KEY_BYTES:]


def namespace_of(key: str) -> str:
    """The namespace of an identifier key."""
    return key.partition(":")[0]


def version_of(key: str) -> int:
    """The version of the index key that an identifier key was made with. The first one's bear no mark."""
    mark, dot, _ = key.partition(":")[2].partition(".")
    return int(mark) if dot else 1


def _namespace_key(key: bytes, namespace: str) -> bytes:
    return hkdf.derive(key, info=b"zhiyin/index/" + namespace.encode())


def _named(namespace: str, digest: bytes, version: int) -> str:
    return f"{namespace}:{_text(digest[:_INDEX_BYTES])}" if version == 1 else _marked(namespace, digest, version)


def _marked(namespace: str, digest: bytes, version: int) -> str:
    # Which version a name is of shows what a rotation has still to do, and tells nothing of the value.
    return f"{namespace}:{version}.{_text(digest[:_INDEX_BYTES])}"


def _text(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
