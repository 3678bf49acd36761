"""What views read of a request: the caller and its scopes, the opened body, typed JSON, the purpose."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from chalice.app import Request

from chalicelib.kernel.errors import BadInput, Forbidden, NotAuthorised
from chalicelib.kernel.gzip_body import open_body
from chalicelib.kernel.moments import Millis, parse_moment
from chalicelib.kernel.strict_json import parse
from chalicelib.privacy.credentials import require
from chalicelib.privacy.permission import PURPOSES

LIMIT_BYTES = 10_485_760
"""The gateway's own limit, which opened gzip bodies must not break either."""
_QUOTES_THE_SENDER = re.compile(r"(contains unknown field|Invalid enum value) .*", re.DOTALL)
_FOR_SERVICE = ("service",)


class Caller(msgspec.Struct, frozen=True):
    """Who calls, as the authorizer found."""

    tenant_id: str
    principal: str
    role: str
    scopes: frozenset[str]
    source_id: str


def speaks_for(caller: Caller) -> str:
    """Whom alone a caller speaks for at the desk; '' for all: who works there answers for themselves.

    Who leads it does for all, and so does a bot: it is the connector of a channel, in which agents answer by what they do
    there.
    """
    return caller.principal if "desk:write" in caller.scopes and "queues:write" not in caller.scopes else ""


def request_id(request: Request) -> str:
    """The gateway's id of a request."""
    return str(request.context.get("requestId") or "local")


def caller(request: Request, scope: str) -> Caller:
    """The caller, if it has the scope. Raises NotAuthorised and Forbidden."""
    context: Mapping[str, Any] = request.context.get("authorizer") or {}
    if not context.get("tenant"):
        raise NotAuthorised
    found = Caller(
        tenant_id=str(context["tenant"]),
        principal=str(context.get("principal", "")),
        role=str(context.get("role", "")),
        scopes=frozenset(str(context.get("scopes", "")).split()),
        source_id=str(context.get("source_id", "")),
    )
    require(found.scopes, scope)
    return found


def raw_body(request: Request) -> bytes:
    """The body the sender meant, opened if it was gzip. Raises TooLarge and BadInput."""
    encoding = request.headers.get("content-encoding")
    return open_body(request.raw_body, encoding, limit_bytes=LIMIT_BYTES)


def json_body(request: Request) -> Any:
    """The body as strict JSON, whatever its content type says. Raises TooLarge and BadInput."""
    return parse(raw_body(request), limit_bytes=LIMIT_BYTES)


def typed_body[T](request: Request, type_: type[T]) -> T:
    """The body as a declared type. Raises BadInput ``bad_request`` with the path of what does not fit."""
    try:
        return msgspec.convert(json_body(request), type_)
    except msgspec.ValidationError as error:
        sentence, _, path = str(error).partition(" - at `")
        sentence = without_quotes(sentence)
        raise BadInput("bad_request", sentence + ".", path.rstrip("`").removeprefix("$.")) from None


def without_quotes(sentence: str) -> str:
    """What was wrong with a value, without the value."""
    # These two quote what was sent, which may be personal; all others quote what we declared.
    return _QUOTES_THE_SENDER.sub(r"\1", sentence)


def query(request: Request, name: str) -> str:
    """A query parameter, or ''."""
    return str(dict(request.query_params or {}).get(name, ""))


def moment(request: Request, name: str) -> Millis | None:
    """A query parameter that is a time, or None when it is not given. Raises BadInput ``bad_time``."""
    given = dict(request.query_params or {})
    return parse_moment(given[name], name) if name in given else None


def limit_of(request: Request, default: int = 20) -> int:
    """How many a page may hold. Raises BadInput ``bad_limit`` for what is no number."""
    limit = query(request, "limit") or str(default)
    if not (limit.isascii() and limit.isdigit() and len(limit) < 6):
        raise BadInput("bad_limit", "A limit is a number.", "limit")
    return int(limit)


def check_purpose(caller: Caller, purpose: str, serves: Collection[str] = _FOR_SERVICE) -> None:
    """Raises BadInput for no or an unknown purpose, Forbidden for one that the caller or this call is not for.

    ``serves`` are the purposes that a call has a view for. The others are refused, not answered as if they were service.
    """
    if purpose not in PURPOSES:
        raise BadInput("bad_purpose", "A read states its purpose, such as service.", "purpose")
    if purpose not in serves or f"purpose:{purpose}" not in caller.scopes:
        raise Forbidden("purpose_not_allowed", "This purpose has no grant here.")
