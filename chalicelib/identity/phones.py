"""Phone numbers in E.164, however they were typed."""

from __future__ import annotations

import re
import unicodedata

from chalicelib.kernel.errors import BadInput

_CHINESE_DIGITS = {
    letter: str(digit)
    for digit, letters in enumerate(("〇零", "一幺壹", "二贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
    for letter in letters
}
_LONGEST_CHARACTERS = 40
_DIALLED = re.compile(r"\(?(\+?)[ (]*([0-9][0-9 ().-]*)", re.ASCII)
# Every mobile number of mainland China. Taken without the library's table, which costs 15 ms to
# import and would refuse customers of a newly opened prefix until the next release of it.
_CHINA_MOBILE = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})", re.ASCII)
_CHINA_MOBILE_ABROAD = re.compile(r"\+86(1[3-9][0-9]{9})", re.ASCII)
_WHATSAPP_HOST = re.compile(r"([0-9]+)@(?:s\.whatsapp\.net|c\.us)", re.ASCII)
_WHATSAPP_SCOPED = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}", re.ASCII)


def normalise_phone(value: str, region: str) -> str:
    """E.164 of a number as dialled in ``region``. Raises BadInput ``bad_identifier``.

    Extensions are refused (an extension is another person), and so are short and invalid numbers.
    Raises ``blocked_identifier`` for toll-free and other shared lines, which belong to companies.
    """
    pattern = _CHINA_MOBILE if region == "CN" else _CHINA_MOBILE_ABROAD
    # Most numbers come without anything to take away.
    mobile = pattern.fullmatch(value)
    if mobile is None:
        plus, digits = _dialled(value)
        mobile = pattern.fullmatch(plus + digits)
    if mobile is not None:
        return f"+86{mobile[1]}"
    return _by_numbering_plan(plus + digits, region)


def normalise_whatsapp(value: str, region: str) -> str:
    """A WhatsApp id: E.164 of its number, which is always international, or the scoped id as it is."""
    if _WHATSAPP_SCOPED.fullmatch(value):
        return value
    address = _WHATSAPP_HOST.fullmatch(value)
    number = address[1] if address else value
    return normalise_phone(number if number.startswith("+") else f"+{number}", region)


def _dialled(value: str) -> tuple[str, str]:
    typed = "".join(map(_dialled_letter, value)) if len(value) <= _LONGEST_CHARACTERS else ""
    match = _DIALLED.fullmatch(typed)
    if match is None:
        raise _bad_phone()
    return match[1], "".join(filter(str.isdigit, match[2]))


def _dialled_letter(letter: str) -> str:
    if letter.isascii():
        return letter
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    if letter == "\N{MINUS SIGN}" or unicodedata.category(letter) == "Pd":
        return "-"
    return _CHINESE_DIGITS.get(letter, letter)


def _by_numbering_plan(number: str, region: str) -> str:
    import phonenumbers  # 15 ms, and most numbers do not need it

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        raise _bad_phone() from None
    if not phonenumbers.is_valid_number(parsed):
        raise _bad_phone()
    kinds = phonenumbers.PhoneNumberType
    if phonenumbers.number_type(parsed) in (
        kinds.TOLL_FREE,
        kinds.PREMIUM_RATE,
        kinds.SHARED_COST,
        kinds.UAN,
        kinds.VOICEMAIL,
    ):
        raise BadInput("blocked_identifier", "That number is a company's, not a person's.", "value")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _bad_phone() -> BadInput:
    return BadInput("bad_identifier", "That is not a phone number of a person.", "value")
