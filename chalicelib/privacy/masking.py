"""Masked forms: enough for a person to recognise their own, too little to learn it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_HIDDEN = "***"
_CHINA_MOBILE = re.compile(r"(?:86)?(1[3-9]\d)\d{4}(\d{4})", re.ASCII)
_SHORTEST_PHONE = 8
_SHORTEST_FOR_TWO = 6
_SHORTEST_FOR_ONE = 3


def mask(namespace_or_field: str, value: str) -> str:
    """The masked form of an identifier or trait, such as ``138****8000``. Never the whole value."""
    return _MASKS.get(namespace_or_field, _mask_other)(value)


def _mask_phone(value: str) -> str:
    digits = "".join(character for character in value if character.isascii() and character.isdigit())
    # +1 415… has eleven digits too, and is nobody's number in China.
    elsewhere = value.startswith("+") and not value.startswith("+86")
    china = None if elsewhere else _CHINA_MOBILE.fullmatch(digits)
    if china:
        return f"{china[1]}****{china[2]}"
    if len(digits) < _SHORTEST_PHONE:
        return _HIDDEN
    sign = "+" if value.startswith("+") else ""
    return f"{sign}{digits[:2]}****{digits[-2:]}"


def _mask_email(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not local or not at or not domain:
        return _mask_other(value)
    # One letter is the whole of a local part of one letter.
    return f"{local[0] if len(local) > 1 else ''}{_HIDDEN}@{domain}"


def _mask_name(value: str) -> str:
    value = value.strip()
    return f"{value[0]}**" if len(value) > 1 else "**"


def _mask_all(_value: str) -> str:
    return _HIDDEN


def _mask_other(value: str) -> str:
    if len(value) >= _SHORTEST_FOR_TWO:
        return value[:2] + _HIDDEN
    return (value[0] if len(value) >= _SHORTEST_FOR_ONE else "") + _HIDDEN


_MASKS: Mapping[str, Callable[[str], str]] = {
    "phone": _mask_phone,
    "whatsapp": _mask_phone,
    "email": _mask_email,
    "name": _mask_name,
    # Derived bands and regions already say what may be known of these.
    "birth_date": _mask_all,
    "text": _mask_all,
    "query": _mask_all,
}
