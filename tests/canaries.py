"""Personal values of thirty kinds that exist nowhere else, every way to spell them, and the search for them."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

_FULL_WIDTH = str.maketrans("".join(map(chr, range(0x21, 0x7F))), "".join(map(chr, range(0xFF01, 0xFF5F))))
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_CHINESE_DIGITS = str.maketrans("0123456789", "〇一二三四五六七八九")


class Canary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A personal value. ``also`` are other ways to write it, and parts that say as much.

    ``namespace`` is the identifier and ``trait`` the sealed trait that such a value has its place in.
    """

    kind: str
    value: str
    also: tuple[str, ...]
    namespace: str = "user_id"
    trait: str = "name"

    @property
    def needles(self) -> tuple[str, ...]:
        """What must not be found."""
        return self.value, *self.also


CANARIES: tuple[Canary, ...] = msgspec.json.decode(
    Path(__file__).with_name("cases").joinpath("personal_values.json").read_bytes(), type=tuple[Canary, ...]
)


class Exempt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Places where some kinds stand in clear, and why that is so."""

    places: tuple[str, ...]
    kinds: frozenset[str]
    why: str


EXEMPT: tuple[Exempt, ...] = msgspec.json.decode(
    Path(__file__).with_name("cases").joinpath("stands_in_clear.json").read_bytes(), type=tuple[Exempt, ...]
)


def exemptions(place: str) -> list[Exempt]:
    """Which exemptions a place has."""
    return [one for one in EXEMPT if any(fnmatchcase(place, each) for each in one.places)]


@cache
def spellings(secret: str) -> Mapping[str, bytes]:
    """A secret in clear, reversed, in hexadecimal, UTF-16, escapes, other digits, and base64 at its three alignments."""
    raw = secret.encode()
    found = {
        "clear": raw,
        "lower case": secret.lower().encode(),
        "upper case": secret.upper().encode(),
        "reversed": secret[::-1].encode(),
        "reversed bytes": raw[::-1],
        "hex": raw.hex().encode(),
        "upper hex": raw.hex().upper().encode(),
        "utf-16": secret.encode("utf-16-le"),
        "utf-16 big": secret.encode("utf-16-be"),
        "percent": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "url": quote(secret, safe="").encode(),
        "form": quote_plus(secret, safe="").encode(),
        "json": json.dumps(secret)[1:-1].encode(),
        "python": ascii(secret)[1:-1].encode(),
        "python bytes": repr(raw)[2:-1].encode(),
        "full width": secret.translate(_FULL_WIDTH).encode(),
        "chinese digits": secret.translate(_CHINESE_DIGITS).encode(),
        "escaped": secret.replace("@", "%40").replace("+", "%2B").encode(),
    }
    for offset in range(3):
        # What a secret looks like inside a longer base64 text depends on where it begins there.
        padded = base64.b64encode(b"\0" * offset + raw)
        first = -(-offset * 8 // 6)
        whole = (offset + len(raw)) * 8 // 6
        found[f"base64 +{offset}"] = padded[first:whole]
        found[f"base64url +{offset}"] = padded[first:whole].replace(b"+", b"-").replace(b"/", b"_")
    return found


def leaks(secrets: Iterable[str], place: str, content: bytes) -> list[str]:
    """Which spellings of which secrets stand in some bytes; the secrets are named by their first letters."""
    return [
        f"{place}: {secret[:6]}… in {spelling}"
        for secret in secrets
        for spelling, needle in spellings(secret).items()
        if needle in content
    ]


@cache
def telling(canary: Canary) -> tuple[bytes, ...]:
    """The forms of a value without those that hold another one: where none of these stands, none of any spelling does."""
    forms = {form for secret in canary.needles for form in spellings(secret).values()}
    return tuple(sorted(one for one in forms if not any(other in one for other in forms - {one})))


def kinds_in(content: bytes, canaries: Iterable[Canary] = CANARIES) -> set[str]:
    """The kinds of which something stands in some bytes."""
    return {canary.kind for canary in canaries if any(form in content for form in telling(canary))}


def told(sinks: Mapping[str, bytes], canaries: Iterable[Canary] = CANARIES) -> Iterator[str]:
    """Every leak that is not exempt, in a line that names sink, kind and spelling, and not the value."""
    canaries = tuple(canaries)
    for place, content in sinks.items():
        exempt = {kind for one in exemptions(place) for kind in one.kinds}
        for canary in (one for one in canaries if one.kind not in exempt):
            for needle in canary.needles:
                for spelling in (name for name, form in spellings(needle).items() if form in content):
                    yield f"{place}: {canary.kind} in {spelling}"


def unpacked(value: Any) -> Iterator[bytes]:
    """Every text and every byte string within a value; deflated ones opened too, and binary members of DynamoDB's JSON."""
    if isinstance(value, str):
        yield value.encode("utf-8", "surrogatepass")
    elif isinstance(value, bytes | bytearray):
        yield from _opened(bytes(value))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from unpacked(key)
            yield from unpacked(inner)
            if key == "B" and isinstance(inner, str):
                yield from _opened(_from_base64(inner))
    elif isinstance(value, list | tuple | set):
        for inner in value:
            yield from unpacked(inner)
    elif hasattr(value, "value") and isinstance(value.value, bytes):
        yield from _opened(value.value)
    else:
        yield str(value).encode()


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _opened(raw: bytes) -> Iterator[bytes]:
    yield raw
    # Our codec puts one byte before what it deflates.
    for start in (0, 1):
        try:
            yield zlib.decompressobj(_GZIP_OR_ZLIB).decompress(raw[start:])
        except zlib.error:
            continue
