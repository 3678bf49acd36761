"""Finds personal data in what people write, in Chinese and English, and masks it so that the sentence stays readable.

Numbers that carry a check are held to it: resident identity cards (GB 11643, ISO 7064 MOD 11-2), bank cards (Luhn,
ISO/IEC 7812), IBAN (ISO 13616, MOD 97-10). What has none needs its form or a word beside it that tells what it is.
Every pattern is one of ours and runs in linear time on text that is bounded before it gets here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.privacy.masking import mask

if TYPE_CHECKING:
    from chalicelib.privacy.text_patterns import Found

LONGEST = 20_000
"""Characters that are looked at; what is longer is masked from there on."""
_DIGITS = str.maketrans("０１２３４５６７８９＋－（）：＠．　", "0123456789+-():@. ")
_CHINESE_DIGITS = str.maketrans("〇零一二三四五六七八九幺", "001234567891")


def find(text: str) -> tuple[Found, ...]:
    """Personal data in a text, in order, none over another: of two that overlap the surer kind stays."""
    # The patterns are compiled when somebody looks into a text: no cold start should wait for them.
    from chalicelib.privacy.text_patterns import FINDERS

    plain = text[:LONGEST].translate(_DIGITS)
    found: list[Found] = []
    for finder in FINDERS:
        for one in finder.find(plain):
            if all(one.end <= other.start or one.start >= other.end for other in found):
                found.append(one)
    return tuple(sorted(found))


def masked(text: str) -> str:
    """The text with everything found in it masked."""
    parts: list[str] = []
    at = 0
    for one in find(text):
        parts += [text[at : one.start], _mask(one.kind, text[one.start : one.end])]
        at = one.end
    parts.append(text[at:LONGEST])
    return "".join(parts) + ("…" if len(text) > LONGEST else "")


def _mask(kind: str, value: str) -> str:
    plain = value.translate(_DIGITS)
    if kind in ("id_card", "bank_card", "iban"):
        ends = "".join(plain.split())
        return f"{ends[:3]}***{ends[-2:]}" if kind == "id_card" else f"***{ends[-4:]}"
    if kind == "plate":
        return f"{plain[:2]}***"
    if kind == "phone":
        return mask("phone", plain.translate(_CHINESE_DIGITS))
    return mask(kind, plain) if kind in ("email", "name") else "***"
