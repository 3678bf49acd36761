import json
from pathlib import Path

import pytest

from chalicelib.kernel.moments import parse_moment
from chalicelib.privacy.derive import age_band, country, derived, region
from chalicelib.privacy.fields import FIELDS

CASES = json.loads((Path(__file__).parents[2] / "cases" / "derived.json").read_text())
NOW = parse_moment("2026-06-15T08:00:00Z")


@pytest.mark.parametrize(("birth_date", "day", "band"), CASES["age_band"])
def test_age_band__on_a_day__counts_whole_years(birth_date, day, band):
    """The band changes on the birthday; a date ahead or an impossible age gives none."""
    assert age_band(birth_date, parse_moment(f"{day}T12:00:00Z")) == band
    assert band is None or band in FIELDS["age_band"].values


@pytest.mark.parametrize(("place", "province"), CASES["region"])
def test_region__start_of_an_address__names_the_province(place, province):
    """An address or city gives its province; a street named after a city does not."""
    assert region(place) == province


@pytest.mark.parametrize(("phone", "code"), CASES["country"])
def test_country__calling_code__names_the_country(phone, code):
    """The longest calling code wins, so that Hong Kong is not China and Canada not the United States."""
    assert country(phone) == code


def test_derived__sealed_traits__give_coarse_ones():
    """Rules see bands and regions only."""
    clear = {"birth_date": "1999-01-01", "phone": "+8613800138000", "address": "月球", "city": "深圳", "name": "张三"}
    assert derived(clear, NOW) == {"age_band": "25_29", "country": "CN", "region": "广东"}


def test_derived__region_stated_by_the_source__is_left_alone():
    """What a source says outright is not overwritten by a guess."""
    assert derived({"region": "上海", "city": "深圳"}, NOW) == {}


@pytest.mark.parametrize(
    "clear", [{}, {"birth_date": 5, "phone": None, "address": [], "city": True}, {"birth_date": "?"}]
)
def test_derived__nothing_usable__gives_nothing(clear):
    """Values of another type derive nothing and break nothing."""
    assert derived(clear, NOW) == {}
