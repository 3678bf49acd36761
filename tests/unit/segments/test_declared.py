"""Segmentations that a tenant declares: every mistake is told at once, with its path and what was meant."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.kernel.errors import ManyMistakes
from chalicelib.segments.declared import mistakes, read_segmentations
from chalicelib.segments.segmentation import load_segmentations, segmentation


def shipped() -> list[dict[str, Any]]:
    return msgspec.json.decode(msgspec.json.encode(load_segmentations()))


def found(given: Any) -> set[tuple[str, str, str]]:
    with pytest.raises(ManyMistakes) as caught:
        read_segmentations(given)
    return {(bad.code, bad.path, bad.suggestion) for bad in caught.value.mistakes}


def test_shipped__all__have_no_mistake() -> None:
    """What ships passes the check of tenants, and reads the same."""
    assert [list(mistakes(one)) for one in load_segmentations()] == [[], [], []]
    assert read_segmentations(shipped()) == load_segmentations()


def test_shipped__five_kinds_three_shoppers__are_those_that_are_required() -> None:
    """D4 and D5 by their names."""
    names = {one.id: [kind.names.zh for kind in one.kinds] for one in load_segmentations()}
    assert names["customers"] == ["业务敏感型", "价值型", "潜力型", "引导型", "普通"]
    assert names["shoppers"] == ["风格追随者", "理性消费者", "冲动型买家"]


def test_declared__with_many_mistakes__tells_all_of_them() -> None:
    """An unknown feature with what was meant, a double id, more groups than kinds, a sign of nothing: at once."""
    given = shipped()
    given[0]["features"][0] = "contact_90d"
    given[0]["k"] = [5, 6]
    given[0]["kinds"][1]["id"] = "ordinary"
    given[0]["kinds"][2]["signs"] = {}
    given[0]["most_renamed"] = 7
    given[0]["hysteresis"] = 0.5
    given[2]["kinds"][0]["when"][0][0]["feature"] = "silent_day"
    given[1]["id"] = "customers"
    assert found(given) >= {
        ("unknown_feature", "[0].features[0]", "contacts_90d"),
        ("more_groups_than_kinds", "[0].k", ""),
        ("double_id", "[0].kinds", ""),
        ("no_signs", "[0].kinds[2].signs", ""),
        ("not_a_share", "[0].most_renamed", ""),
        ("bad_hysteresis", "[0].hysteresis", ""),
        ("unknown_feature", "[2].kinds[0].when[0][0].feature", "silent_days"),
        ("double_id", "", ""),
    }


def test_declared__of_the_wrong_shape__tells_every_place() -> None:
    """Fields that are missing, unknown or of another type, of the segmentation and of each kind."""
    given = shipped()
    del given[0]["names"]
    given[0]["feature"] = []
    given[0]["kinds"][0]["sings"] = {}
    given[0]["kinds"][1]["names"] = "value"
    assert found(given) == {
        ("missing_field", "[0].names", ""),
        ("unknown_field", "[0].feature", "features"),
        ("unknown_field", "[0].kinds[0].sings", "signs"),
        ("wrong_type", "[0].kinds[1].names", ""),
    }


@pytest.mark.parametrize("given", [{}, None, "customers", [[]] * 9])
def test_declared__no_list__is_refused(given) -> None:
    """Anything but a list of segmentations."""
    assert {code for code, _, _ in found(given)} == {"wrong_type"}


def test_declared__rule_without_everybody_else__is_refused() -> None:
    """Rules must take everybody, and neither signs nor conditions stand where they are not read."""
    given = shipped()
    given[2]["kinds"][-1]["when"] = []
    given[2]["kinds"][0]["signs"] = {"spend_90d": 1}
    given[0]["kinds"][0]["when"] = [[]]
    assert {code for code, _, _ in found(given)} == {
        "not_everybody", "no_conditions", "signs_of_a_rule", "conditions_of_a_model",
    }  # fmt: skip


def test_segmentation__unknown__is_none() -> None:
    """An id that nobody declared, and a kind that is no longer there."""
    assert segmentation("nobody") is None
    assert load_segmentations()[0].kind("gone") is None
