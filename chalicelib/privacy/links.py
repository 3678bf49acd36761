"""Signed links for people: whom a link is for, what it allows and until when, in a token that nobody else can make.

``zl_`` · base64url of the claims · ``.`` · base64url of their HMAC-SHA256 under a key derived from the tenant's index
key. The claims hold ids and hashes, no value of a person. A reader gets one refusal, whatever is wrong with a token.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Collection, Sequence
from typing import Literal, get_args

import msgspec

from chalicelib.kernel import hkdf
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import BadInput, NotAuthorised, ZhiyinError
from chalicelib.kernel.moments import HOUR_MS, MINUTE_MS, Millis

type Action = Literal["see", "export", "correct", "consents", "restrict", "erase"]

ACTIONS: tuple[Action, ...] = get_args(Action.__value__)
"""What a person may do by a link. One that names none allows all."""
DEFAULT_HOURS, MOST_HOURS = 1, 72
CONFIRM_MS = 10 * MINUTE_MS
"""How long an erasure that was asked for may be confirmed."""
_PREFIX = "zl_"
_SHAPE = re.compile(r"zl_([A-Za-z0-9_-]{16,640})\.([A-Za-z0-9_-]{43})", re.ASCII)
_CONFIRMS = re.compile(r"([0-9]{13})\.([A-Za-z0-9_-]{43})", re.ASCII)
_VERSION = 1
_LIMIT_BYTES = 1_024
_INFO = b"zhiyin/link"


class Claims(msgspec.Struct, frozen=True, array_like=True):
    """What a link says: one facet of one generation of one person, and what may be done until when."""

    version: int
    tenant: str
    link_id: str
    facet: str
    generation: int
    actions: tuple[Action, ...]
    expires_at: Millis

    def __repr__(self) -> str:
        return f"<link {self.link_id}>"


class PersonLink(msgspec.Struct, frozen=True):
    """What is kept of a link. ``facets`` are all that were one person when it was made: it is for no others.

    Holds no value of a person, and not the token.
    """

    claims: Claims
    profile_id: str
    facets: tuple[str, ...]
    principal: str


def link_key(index_key: bytes) -> bytes:
    """The key that a tenant's links are signed with. Raises ValueError for what is no index key."""
    if len(index_key) < 32:
        raise ValueError("An index key is 32 bytes or more.")
    return hkdf.derive(index_key, info=_INFO)


def claims_of(
    tenant: str, link_id: str, facet: str, generation: int, actions: Collection[str], expires_at: Millis
) -> Claims:
    """The claims of a new link. Raises BadInput ``bad_actions`` for an action that does not exist."""
    unknown = sorted(set(actions) - set(ACTIONS))
    if unknown or not actions:
        raise BadInput("bad_actions", f"The actions are {', '.join(ACTIONS)}.", "actions")
    allowed = tuple(one for one in ACTIONS if one in actions)
    return Claims(_VERSION, tenant, link_id, facet, generation, allowed, expires_at)


def expiry(hours: int, now: Millis) -> Millis:
    """When a link made now ends. Raises BadInput ``bad_hours``."""
    if not 1 <= hours <= MOST_HOURS:
        raise BadInput("bad_hours", f"A link lasts 1 to {MOST_HOURS} hours.", "hours")
    return now + hours * HOUR_MS


def sign(claims: Claims, key: bytes) -> str:
    """The token of some claims, the same each time."""
    coded = encode(claims)
    return f"{_PREFIX}{_text(coded)}.{_text(_mac(key, b'link', coded))}"


def presented(header: str | None) -> tuple[str, bytes, str]:
    """(tenant, claims as sent, signature as sent) of an ``Authorization: Bearer zl_…``, with nothing checked yet.

    The tenant only says whose key is to be tried. Raises NotAuthorised for every other header.
    """
    scheme, _, token = (header or "").strip().partition(" ")
    found = _SHAPE.fullmatch(token.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        raise NotAuthorised
    coded = _bytes(found[1])
    return _claims(coded).tenant, coded, found[2]


def checked(coded: bytes, signature: str, keys: Sequence[bytes], now: Millis) -> Claims:
    """The claims, if one of the keys signed them and they hold at ``now``. Raises NotAuthorised.

    Every key is tried whichever fits, so that the time it takes says nothing.
    """
    fits = [_same(signature, _mac(key, b"link", coded)) for key in keys]
    claims = _claims(coded)
    if not any(fits) or claims.version != _VERSION or claims.expires_at <= now:
        raise NotAuthorised
    return claims


def confirmation(claims: Claims, key: bytes, now: Millis) -> str:
    """What must come back before an erasure that was asked for by this link is done."""
    until = now + CONFIRM_MS
    return f"{until:013d}.{_text(_confirms(claims, key, until))}"


def is_confirmed(given: str, claims: Claims, keys: Sequence[bytes], now: Millis) -> bool:
    """Whether this is what ``confirmation`` gave for the same link, and not too late."""
    found = _CONFIRMS.fullmatch(given)
    if found is None:
        return False
    until = int(found[1])
    fits = [_same(found[2], _confirms(claims, key, until)) for key in keys]
    return any(fits) and until > now


def _confirms(claims: Claims, key: bytes, until: Millis) -> bytes:
    return _mac(key, b"erase", encode((claims.tenant, claims.link_id, until)))


def _mac(key: bytes, use: bytes, content: bytes) -> bytes:
    # The use keeps a confirmation from ever being a link, whatever bytes are chosen.
    return hmac.digest(key, use + b"/" + content, "sha256")


def _same(signature: str, mac: bytes) -> bool:
    return hmac.compare_digest(signature.encode(), _text(mac).encode())


def _claims(coded: bytes) -> Claims:
    try:
        return decode(coded, Claims, limit_bytes=_LIMIT_BYTES)
    except (msgspec.MsgspecError, UnicodeDecodeError, ZhiyinError):
        raise NotAuthorised from None


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        content = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise NotAuthorised from None
    if _text(content) != text:
        # One token has one spelling: bits that base64 leaves over are no second one.
        raise NotAuthorised
    return content
