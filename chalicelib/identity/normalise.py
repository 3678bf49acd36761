"""Gives every spelling of one identifier one form, and refuses what names nobody or everybody.

First the differences go that nobody can see (zero-width letters, full-width forms, NFD), then a
strict pattern of the namespace decides. What the pattern does not know is refused rather than
guessed: a wrong guess makes one person of two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from chalicelib.events.model import Identifier
from chalicelib.identity.blocked import is_blocked
from chalicelib.identity.emails import normalise_email
from chalicelib.identity.letters import has_control, visible
from chalicelib.identity.phones import normalise_phone, normalise_whatsapp
from chalicelib.kernel.errors import BadInput

MAX_BYTES = 1024

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_HEX = re.compile(r"[0-9a-f]{12,64}", re.IGNORECASE | re.ASCII)
_MAC = re.compile(r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}", re.IGNORECASE | re.ASCII)
_WECHAT = re.compile(r"[A-Za-z0-9_-]{6,64}", re.ASCII)
_LINE = re.compile(r"U[0-9a-f]{32}", re.ASCII)
_TELEGRAM_NUMBER = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)
_TELEGRAM_NAME = re.compile(r"@?([a-z][a-z0-9_]{3,31})", re.IGNORECASE | re.ASCII)


class DroppedIdentifier(msgspec.Struct, frozen=True):
    """An identifier that an event goes on without, and why. Holds no value."""

    namespace: str
    code: str
    message: str


def normalise(
    namespace: str,
    value: str,
    *,
    region: str = "CN",
    registered: Collection[str] = (),
    blocked: Collection[str] = (),
) -> str:
    """The one form of a value in a namespace. Applying it twice changes nothing.

    ``region`` is the country that national phone numbers belong to. ``registered`` are namespaces of
    the tenant's own; their values are opaque. ``blocked`` are values, in any spelling of case, that name nobody
    with this tenant. Raises BadInput ``unknown_namespace``,
    ``bad_identifier`` and ``blocked_identifier``.
    """
    form = _FORMS.get(namespace) or (_opaque if namespace in registered else None)
    if form is None:
        raise BadInput("unknown_namespace", "That namespace is not registered.", "namespace")
    seen = visible(value)
    if not seen or len(seen.encode("utf-8", "replace")) > MAX_BYTES or has_control(seen):
        raise _bad_identifier()
    # Looked at before and after: 无 is no phone number, but the reason is that it names nobody.
    _refuse_blocked(namespace, seen, blocked)
    normalised = form(seen, region)
    if normalised != seen:
        _refuse_blocked(namespace, normalised, blocked)
    return normalised


def normalise_all(
    identifiers: Iterable[Identifier],
    *,
    region: str = "CN",
    registered: Collection[str] = (),
    blocked: Collection[str] = (),
) -> tuple[tuple[Identifier, ...], tuple[DroppedIdentifier, ...]]:
    """What is left of an event's identifiers, without repeats, and what was dropped and why.

    Raises BadInput with the first reason if none is left: the event then belongs to nobody.
    """
    kept: dict[Identifier, None] = {}
    dropped: list[DroppedIdentifier] = []
    for each in identifiers:
        try:
            value = normalise(each.namespace, each.value, region=region, registered=registered, blocked=blocked)
        except BadInput as error:
            dropped.append(DroppedIdentifier(each.namespace, error.code, error.message))
        else:
            kept[Identifier(each.namespace, value)] = None
    if kept:
        return tuple(kept), tuple(dropped)
    if dropped:
        raise BadInput(dropped[0].code, dropped[0].message, "identifiers")
    raise BadInput("no_identifier", "An event names at least one identifier.", "identifiers")


def _opaque(value: str, _region: str) -> str:
    """Ids of other systems keep their case, because some systems tell people apart by it.

    Only a UUID is lower-cased: its case has no meaning, and systems print it in both.
    """
    return value.lower() if _UUID.fullmatch(value) else value


def _device(value: str, region: str) -> str:
    """Hardware and advertising ids are hexadecimal, printed in either case by different SDKs.

    Install ids (base64url) are told apart by case, so anything else keeps it.
    """
    if _MAC.fullmatch(value):
        return value.lower().replace("-", ":")
    return value.lower() if _HEX.fullmatch(value) else _opaque(value, region)


def _telegram(value: str, _region: str) -> str:
    """The number of a user, or the @name, whose case Telegram ignores. Groups are negative: refused."""
    if _TELEGRAM_NUMBER.fullmatch(value):
        return value
    name = _TELEGRAM_NAME.fullmatch(value)
    if name is None:
        raise _bad_identifier()
    return "@" + name[1].lower()


def _exactly(pattern: re.Pattern[str]) -> Callable[[str, str], str]:
    def form(value: str, _region: str) -> str:
        if pattern.fullmatch(value) is None:
            raise _bad_identifier()
        return value

    return form


def _bad_identifier() -> BadInput:
    return BadInput("bad_identifier", "That is no value of its namespace.", "value")


def _refuse_blocked(namespace: str, value: str, blocked: Collection[str]) -> None:
    if is_blocked(namespace, value) or (blocked and value.casefold() in {one.casefold() for one in blocked}):
        raise BadInput("blocked_identifier", "That value names no single person.", "value")


_FORMS: Mapping[str, Callable[[str, str], str]] = {
    "user_id": _opaque,
    "member_id": _opaque,
    "employee_id": _opaque,
    "phone": normalise_phone,
    "email": normalise_email,
    # Tencent's ids are base64url: their case tells people apart.
    "wechat_unionid": _exactly(_WECHAT),
    "wechat_openid": _exactly(_WECHAT),
    "whatsapp": normalise_whatsapp,
    "line": _exactly(_LINE),
    "telegram": _telegram,
    "anonymous_id": _opaque,
    "device": _device,
}
