"""Traits are read under the names of senders, and only those that the source may write."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.channels.each import Notes
from chalicelib.channels.traits import TRAIT_NAMES, shape_traits


def traits(**members: Any) -> dict[str, Any]:
    """The traits of a source that may write all of them."""
    return shape_traits(members, set(TRAIT_NAMES), Notes())


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"vip": True}, {"is_vip": True}),
        ({"is_vip": "true"}, {}),
        ({"isVip": 1}, {}),
        ({"device_os": "Mac OS X"}, {"device_os": "mac_os_x"}),
        ({"os": "!!!"}, {}),
        ({"income_band": "High"}, {"income_band": "high"}),
        ({"age_band": "25_29"}, {"age_band": "25_29"}),
        ({"phone_number": "1", "phone": None}, {"phone": "1"}),
        ({"name": None, "gender": " F "}, {"gender": "female"}),
        ({"name": "x" * 257}, {}),
        ({"address": "南京路 1 号"}, {"address": "南京路 1 号"}),
        ({"address": {"zip": 1}}, {}),
        ({"company": {"id": 7}}, {}),
        ({"firstName": "雷"}, {}),
        ({"name": "李雷", "firstName": "a", "lastName": "b"}, {"name": "李雷"}),
        ({"birthday": "19990506"}, {}),
        ({"createdAt": "2024-01-01"}, {}),
        ({"city_tier": True}, {}),
        ({"assetTier": "私行", "riskAppetite": "C4"}, {"asset_band": "private", "risk_level": "growth"}),
        ({"lineCount": 3, "tenure": 2.5}, {"lines": 3}),
        ({"dept": " 财务部 ", "jobLevel": "高管"}, {"department": "财务部", "seniority": "executive"}),
    ],
)
def test_shape_traits__names_and_kinds_of_senders__ours(members: dict[str, Any], expected: dict[str, Any]) -> None:
    """Each spelling leads to one trait; a value of a wrong kind is left out and never repaired."""
    assert traits(**members) == expected


def test_shape_traits__nothing_allowed__nothing_written() -> None:
    """A source without rights writes no trait, and each is noted without its value."""
    notes = Notes()
    assert shape_traits({"name": "李雷", "vip": True}, frozenset(), notes) == {}
    assert notes.entries == [
        ("traits.name", "trait_not_writable"),
        ("traits.is_vip", "trait_not_writable"),
    ]
