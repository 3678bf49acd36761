"""Finds the identifiers that a sender's members hold, under the names that senders use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.channels.each import Notes
from chalicelib.channels.values import read_any_id
from chalicelib.events.model import Identifier
from chalicelib.events.types import NAMESPACES
from chalicelib.kernel.errors import BadInput

_ALIASES = {
    "mobile": "phone",
    "phonenumber": "phone",
    "emailaddress": "email",
    "openid": "wechat_openid",
    "unionid": "wechat_unionid",
    "deviceid": "device",
}
_NAMESPACE_OF = {name.replace("_", ""): name for name in NAMESPACES} | _ALIASES


def namespace_of(name: str) -> str | None:
    """The namespace that a member's name means: ``wechatOpenId``, ``unionid``, ``phone`` …"""
    return _NAMESPACE_OF.get(name.replace("_", "").lower())


def named_identifiers(members: Mapping[str, Any], notes: Notes, path: str) -> Iterator[Identifier]:
    """Identifiers among members such as ``{"phone": …, "userId": …}``; unreadable ones are noted."""
    for name, value in members.items():
        namespace = namespace_of(name)
        if namespace is None or value is None or value == "":
            continue
        try:
            yield Identifier(namespace, read_any_id(value, path))
        except BadInput as error:
            notes.add(f"{path}.{namespace}", error.code)


def listed_identifiers(value: object, path: str) -> Iterator[Identifier]:
    """Identifiers of a list ``[{"namespace": …, "value": …}]``.

    Raises BadInput ``bad_type`` for another shape and ``empty_identifier``: who lists identifiers
    means each of them.
    """
    if value is None:
        return
    if not isinstance(value, list):
        raise BadInput("bad_type", "Identifiers are a list of namespace and value.", path)
    for index, entry in enumerate(value):
        at = f"{path}[{index}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("namespace"), str):
            raise BadInput("bad_type", "An identifier is an object of namespace and value.", at)
        if entry.get("value") == "":
            raise BadInput("empty_identifier", "An identifier has a value.", at)
        yield Identifier(entry["namespace"], read_any_id(entry.get("value"), at))


def without_repeats(identifiers: Iterator[Identifier]) -> tuple[Identifier, ...]:
    """Each identifier once, in the order they were found."""
    return tuple(dict.fromkeys(identifiers))
