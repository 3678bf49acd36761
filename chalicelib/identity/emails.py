"""E-mail addresses: NFC and lower case before the @, IDNA after it."""

from __future__ import annotations

import re
import unicodedata

from chalicelib.kernel.errors import BadInput

_LONGEST_LOCAL_BYTES = 64
_LONGEST_BYTES = 254
_ATOM_SIGNS = frozenset("!#$%&'*+/=?^_`{|}~-")
_HOST_PATTERN = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(_HOST_PATTERN, re.ASCII)
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_USUAL = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@{_HOST_PATTERN}", re.ASCII)
"""Nearly every address, once it is lower case: what it takes, the longer way takes as it is."""


def normalise_email(value: str, _region: str) -> str:
    """The address in one spelling. Raises BadInput ``bad_identifier``.

    Dots and ``+tags`` stay: at most providers they make another mailbox, so another person.
    Quoted local parts, comments and bare hosts are refused.
    """
    usual = _USUAL.fullmatch(value.lower()) if value.isascii() and "xn--" not in value.lower() else None
    if usual is not None and len(usual[1]) <= _LONGEST_LOCAL_BYTES and len(value) <= _LONGEST_BYTES:
        return usual[0]
    # Chinese input methods type 。 for the dot.
    local, at, host = value.replace("\N{IDEOGRAPHIC FULL STOP}", ".").rpartition("@")
    local = unicodedata.normalize("NFC", local.lower())
    if not at or not _is_local(local):
        raise _bad_email()
    address = f"{local}@{_normalise_host(host)}"
    if len(address.encode()) > _LONGEST_BYTES:
        raise _bad_email()
    return address


def _is_local(local: str) -> bool:
    if len(local.encode("utf-8", "replace")) > _LONGEST_LOCAL_BYTES:
        return False
    # A compatibility form such as ² would show as another person's address.
    if not local.isascii() and unicodedata.normalize("NFKC", local) != local:
        return False
    return all(atom and all(map(_is_atom_letter, atom)) for atom in local.split("."))


def _is_atom_letter(letter: str) -> bool:
    return letter in _ATOM_SIGNS or unicodedata.category(letter)[0] in "LMN"


def _normalise_host(host: str) -> str:
    host = host.lower()
    if not host.isascii() or "xn--" in host:
        import idna  # 11 ms, and hardly an address needs it

        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            raise _bad_email() from None
    if _HOST.fullmatch(host) is None:
        raise _bad_email()
    return host


def _bad_email() -> BadInput:
    return BadInput("bad_identifier", "That is not an e-mail address.", "value")
