"""Coarse traits from sealed ones, so that rules never need a birth date or an address.

They are made at ingest, while the clear value is at hand, and stored beside the sealed one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import msgspec

from chalicelib.kernel.moments import Millis

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_OLDEST_YEARS = 130
_BANDS = (
    (14, "under_14"),
    (18, "14_17"),
    (25, "18_24"),
    (30, "25_29"),
    (40, "30_39"),
    (50, "40_49"),
    (60, "50_59"),
    (_OLDEST_YEARS + 1, "60_plus"),
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_CALLING_CODE = 4
_LONGEST_CITY = 12
_STREET = re.compile(r"[东西南北中]?(?:路|街|大道|大街)")


class _Places(msgspec.Struct, frozen=True):
    """Provinces of China with their other names and cities; calling codes with their country."""

    provinces: dict[str, tuple[str, ...]]
    cities: dict[str, str]
    calling_codes: dict[str, str]


def parse_date(text: str) -> date | None:
    """A calendar day from ``YYYY-MM-DD``, or None when it is not one."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        return None


def age_band(birth_date: str, at: Millis) -> str | None:
    """The age band on the UTC day of ``at``; None for no date, a date ahead or an age past 130."""
    born = parse_date(birth_date)
    today = (_EPOCH + timedelta(milliseconds=at)).date()
    if born is None or born > today:
        return None
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return next((band for below, band in _BANDS if years < below), None)


def region(place: str) -> str | None:
    """The province (省、自治区、直辖市、特别行政区) of a Chinese address or city; None when not seen.

    Only the beginning of an address counts, and 南京东路 is a street of Shanghai.
    """
    known = _places()
    text = "".join(place.split()).casefold().removeprefix("中华人民共和国").removeprefix("中国")
    # Cities first: 海南藏族自治州 is not in 海南.
    for length in range(_LONGEST_CITY, 1, -1):
        province = known.cities.get(text[:length])
        if province is not None and not _STREET.match(text, length):
            return province
    for province, names in known.provinces.items():
        for name in names:
            if text.startswith(name) and not _STREET.match(text, len(name)):
                return province
    return None


def country(phone: str) -> str | None:
    """The ISO 3166 code of an E.164 number's calling code; None when it is not one we know."""
    if not phone.startswith("+"):
        return None
    known = _places().calling_codes
    digits = phone[1:]
    for length in range(_LONGEST_CALLING_CODE, 0, -1):
        found = known.get(digits[:length])
        if found is not None:
            return found
    return None


def derived(clear: Mapping[str, object], at: Millis) -> dict[str, str]:
    """The coarse traits that an event's clear traits give, by name; ``at`` is the event's time.

    A region that the source states itself is not replaced.
    """
    found: dict[str, str | None] = {}
    if isinstance(birth_date := clear.get("birth_date"), str):
        found["age_band"] = age_band(birth_date, at)
    if isinstance(phone := clear.get("phone"), str):
        found["country"] = country(phone)
    if "region" not in clear:
        places = [place for name in ("address", "city") if isinstance(place := clear.get(name), str)]
        found["region"] = next(filter(None, map(region, places)), None)
    return {name: value for name, value in found.items() if value is not None}


@cache
def _places() -> _Places:
    text = Path(__file__).with_name("places.json").read_bytes()
    return msgspec.json.decode(text, type=_Places)
