"""Whether a run of digits and letters is what it looks like: check digits, and the forms of telephone numbers."""

from __future__ import annotations

import re

_CARD_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CARD_CHECKS = "10X98765432"
_SHORTEST_CARD, _LONGEST_CARD, _SHORTEST_GROUP = 12, 19, 4
_SHORTEST_IBAN, _LONGEST_IBAN = 15, 34
_SHORTEST_PHONE, _LONGEST_BARE, _LONGEST_PHONE = 7, 13, 20
_ISSUED = re.compile(r"(?:3[0-9]|4|5[0-8]|6|9[0-9]|2[2-7](?=\d{14}$)|1800(?=\d{11}$)|2131(?=\d{11}$))")
"""Numbers that issuers have (ISO/IEC 7812): an order's number that begins with its year is none, whatever its sum."""
_DATE = re.compile(r"(?:19|20)\d{2}[-. ](?:0?[1-9]|1[0-2])[-. ]|\d{1,2}[-.]\d{1,2}[-.](?:19|20)\d{2}")
_NORTH_AMERICA = re.compile(r"(?:\+?0{0,2}1[ .-]?)?\(?\d{3}\)?[ .-]?\d{3}[.-]\d{4}(?:x\d{1,5})?", re.IGNORECASE)
_LANDLINE_OF_CHINA = re.compile(r"\(?0\d{2,3}\)?[ -]?\d{7,8}(?:(?:-|转| ?ext\.? ?)\d{1,5})?", re.IGNORECASE)
_GROUPS = re.compile(r"\d+")


def digits_of(text: str) -> str:
    """The ASCII digits of a text."""
    return "".join(filter(str.isdigit, text))


def is_identity_card(text: str) -> bool:
    """Resident identity card of China: 17 digits and the check character of ISO 7064 MOD 11-2 (GB 11643-1999)."""
    total = sum(weight * int(digit) for weight, digit in zip(_CARD_WEIGHTS, text, strict=False))
    return len(text) == len(_CARD_WEIGHTS) + 1 and _CARD_CHECKS[total % 11] == text[-1].upper()


def may_be_bank_card(text: str) -> bool:
    """Whether it has as many digits as a card, at a stretch or in the groups that cards are written in."""
    groups = _GROUPS.findall(text)
    in_groups = len(groups) == 1 or min(map(len, groups[:-1])) >= _SHORTEST_GROUP
    return in_groups and _SHORTEST_CARD <= len(digits_of(text)) <= _LONGEST_CARD


def is_bank_card(text: str) -> bool:
    """12 to 19 digits whose Luhn sum (ISO/IEC 7812-1, annex B) ends in 0, of an issuer, and not one digit repeated."""
    digits = digits_of(text)
    if not may_be_bank_card(text) or len(set(digits)) == 1 or _ISSUED.match(digits) is None:
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_iban(text: str) -> bool:
    """An account number of ISO 13616: moved round and read as digits, it is 1 modulo 97."""
    plain = text.replace(" ", "").upper()
    if not _SHORTEST_IBAN <= len(plain) <= _LONGEST_IBAN:
        return False
    return int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1


def may_be_phone(text: str) -> bool:
    """Whether it has as many digits as a telephone number (ITU-T E.164, with prefixes) and is no date."""
    longest = _LONGEST_BARE if text.isdigit() else _LONGEST_PHONE
    return _SHORTEST_PHONE <= len(digits_of(text)) <= longest and _DATE.match(text) is None


def is_phone_by_form(text: str) -> bool:
    """Whether a number is written as telephone numbers are, and as dates, codes of places and amounts are not.

    A plus, the three groups of North America, a leading zero, or at least three short groups.
    """
    if not may_be_phone(text):
        return False
    digits = digits_of(text)
    if text.startswith("+") or _NORTH_AMERICA.fullmatch(text) or _LANDLINE_OF_CHINA.fullmatch(text):
        return True
    groups = _GROUPS.findall(text)
    apart = len(groups) > 1 and all(len(one) <= 5 for one in groups)
    if text.startswith(("0", "(")) and apart:
        return len(digits) >= 8
    return apart and len(groups) >= 3 and len(digits) >= 8 and min(map(len, groups)) >= 2
