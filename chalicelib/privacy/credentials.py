"""Write keys and tokens: their shapes, their hashes, and what each role may do.

A write key belongs to a source and may only send events. A token belongs to a principal and may do
what its roles say. Only hashes are kept: 32 random bytes need no slow hash.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from chalicelib.kernel.errors import Forbidden, NotAuthorised
from chalicelib.kernel.moments import Millis

type Kind = Literal["source", "principal"]

SECRET_BYTES = 32
_PREFIXES: Mapping[Kind, str] = {"source": "zk_", "principal": "zt_"}
_SHAPE = re.compile(r"z[kt]_[A-Za-z0-9_-]{43}", re.ASCII)
_LONGEST_HEADER = 512
_LONGEST_NAME = 128
_THE_PEOPLE = "person"

_BOT = frozenset({"route", "context:read", "decisions:write", "purpose:service"})
_AGENT = _BOT | {"profiles:read", "timeline:read", "desk:read", "desk:write", "tickets:write"}
_SUPERVISOR = _AGENT | {
    "outreach:read",
    "outreach:write",
    "profiles:reveal",
    "profiles:merge",
    "profiles:tag",
    "queues:write",
    "purpose:security",
}
_ANALYST = frozenset(
    {
        "catalogue:dry_run",
        "catalogue:read",
        "insights:read",
        "models:read",
        "profiles:read",
        "purpose:analytics",
        "quality:read",
        "segments:read",
    }
)
_MARKETER = frozenset({"outreach:read", "outreach:write", "profiles:read", "segments:read", "purpose:marketing"})
_RULE_EDITOR = frozenset({"catalogue:read", "catalogue:dry_run", "catalogue:write", "models:read", "models:write"})
_PRIVACY_OFFICER = frozenset(
    {
        "audit:read",
        "consents:write",
        "privacy:correct",
        "privacy:erase",
        "privacy:export",
        "privacy:link",
        "privacy:receipts",
        "privacy:restrict",
        "profiles:read",
        "purpose:legal",
        "purpose:service",
        "timeline:read",
    }
)
_OPERATIONS = frozenset({"imports:write", "models:write", "quarantine:read", "quarantine:replay", "merges:force"})

SCOPES: Mapping[str, frozenset[str]] = {
    "source": frozenset({"events:write"}),
    "bot": _BOT,
    "agent": _AGENT,
    "supervisor": _SUPERVISOR,
    "analyst": _ANALYST,
    "marketer": _MARKETER,
    "rule_editor": _RULE_EDITOR,
    "privacy_officer": _PRIVACY_OFFICER,
    # All but sending events: that is for sources, whose rank and traits are declared.
    "admin": _SUPERVISOR | _ANALYST | _MARKETER | _RULE_EDITOR | _PRIVACY_OFFICER | _OPERATIONS,
}
"""What each role may do, and for which purposes. A route asks for one of these; a role that lacks it is refused."""


class Credential(msgspec.Struct, frozen=True):
    """What is kept of a write key or token, under its hash.

    ``id`` is the source's or the principal's. ``traits``, ``rank`` and ``channel`` matter for sources:
    the traits it may write (none listed: the default ones), its rank among sources, its channel.
    """

    token_hash: str
    kind: Kind
    tenant: str
    id: str
    roles: tuple[str, ...]
    traits: tuple[str, ...] = ()
    rank: int = 0
    channel: str = "other"
    expires_at: Millis | None = None
    revoked: bool = False

    def __repr__(self) -> str:
        return f"<credential {self.kind} {self.id}>"


class Presented(msgspec.Struct, frozen=True):
    """A well-formed write key or token as it came in, known by its hash."""

    kind: Kind
    token_hash: str


def may_be_called(principal: str) -> bool:
    """Whether a principal may have this name.

    What people say and see themselves stands under ``person`` in consents, corrections and the audit: staff of that
    name, or of none, would speak for them.
    """
    plain = principal.strip().casefold()
    is_theirs = plain == _THE_PEOPLE or plain.startswith(f"{_THE_PEOPLE}:")
    return (
        0 < len(principal) <= _LONGEST_NAME
        and principal == principal.strip()
        and principal.isprintable()
        and not is_theirs
    )


def new_token(kind: Kind, secret: bytes) -> str:
    """``zk_…`` or ``zt_…`` from 32 random bytes. Raises ValueError for another length."""
    if len(secret) != SECRET_BYTES:
        raise ValueError("A credential is 32 random bytes.")
    return _PREFIXES[kind] + urlsafe_b64encode(secret).rstrip(b"=").decode()


def hash_token(token: str) -> str:
    """SHA-256 in hex: what is stored and looked up."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_authorization(header: str | None) -> Presented:
    """The credential in an ``Authorization`` header: Basic with a write key, or Bearer with a token.

    Raises NotAuthorised for every other header, whatever is wrong with it.
    """
    if header is None or len(header) > _LONGEST_HEADER:
        raise NotAuthorised
    scheme, _, rest = header.strip().partition(" ")
    scheme, rest = scheme.lower(), rest.strip()
    if scheme == "basic":
        return _present("source", _basic_user(rest))
    if scheme == "bearer":
        return _present("principal", rest)
    raise NotAuthorised


def admit(presented: Presented, stored: Credential | None, now: Millis) -> Credential:
    """The stored credential when it is the one presented and holds at ``now``.

    Raises NotAuthorised otherwise. The comparison takes as long for an unknown one.
    """
    expected = stored.token_hash if stored is not None else "0" * 64
    same = hmac.compare_digest(presented.token_hash.encode(), expected.encode())
    if (
        stored is None
        or not same
        or stored.kind != presented.kind
        or stored.revoked
        or (stored.expires_at is not None and stored.expires_at <= now)
    ):
        raise NotAuthorised
    return stored


def scopes_of(roles: Collection[str]) -> frozenset[str]:
    """All that the roles together may do. A role that we do not know may do nothing."""
    return frozenset().union(*(SCOPES.get(role, frozenset()) for role in roles))


def require(scopes: Collection[str], scope: str) -> None:
    """Raises Forbidden ``scope_missing`` unless ``scope`` is among the scopes."""
    if scope not in scopes:
        raise Forbidden("scope_missing", f"This credential lacks the scope {scope}.")


def _basic_user(encoded: str) -> str:
    try:
        user, colon, _ = b64decode(encoded, validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        raise NotAuthorised from None
    if not colon:
        raise NotAuthorised
    return user


def _present(kind: Kind, token: str) -> Presented:
    if _SHAPE.fullmatch(token) is None or not token.startswith(_PREFIXES[kind]):
        raise NotAuthorised
    return Presented(kind, hash_token(token))
