"""Segmentations that a tenant declares: every mistake is told at once, with its path and what was meant."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.segments.declared import mistakes, segmentation_mistakes
from chalicelib.segments.reads import features_of
from chalicelib.segments.segmentation import load_segmentations, meaning_of, shipped_segmentations

CUSTOMERS, SHOPPERS, STAGES = 0, 1, 2


def shipped(place: int) -> dict[str, Any]:
    return msgspec.json.decode(msgspec.json.encode(load_segmentations()[place]))


def found(given: Any, id_: str = "") -> set[tuple[str, str, str]]:
    id_ = id_ or (given["id"] if isinstance(given, dict) and "id" in given else "customers")
    return {(bad.code, bad.path, bad.suggestion) for bad in segmentation_mistakes(given, id_)}


def test_shipped__all__have_no_mistake() -> None:
    """What ships passes the check of tenants."""
    assert [list(mistakes(one)) for one in load_segmentations()] == [[], [], []]
    assert not any(found(shipped(place)) for place in range(3))


def test_shipped__five_kinds_three_shoppers__are_those_that_are_required() -> None:
    """D4 and D5 by their names."""
    names = {one.id: [kind.names.zh for kind in one.kinds] for one in load_segmentations()}
    assert names["customers"] == ["业务敏感型", "价值型", "潜力型", "引导型", "普通"]
    assert names["shoppers"] == ["风格追随者", "理性消费者", "冲动型买家"]


def test_declared__with_many_mistakes__tells_all_of_them() -> None:
    """An unknown feature with what was meant, a double id, more groups than kinds, a sign of nothing: at once."""
    given = shipped(CUSTOMERS)
    given["features"][0] = "contact_90d"
    given["k"] = [5, 6]
    given["kinds"][1]["id"] = "ordinary"
    given["kinds"][3]["id"] = "Guided!"
    given["kinds"][2]["signs"] = {}
    given["most_renamed"] = 7
    given["hysteresis"] = 0.5
    given["purposes"] = []
    assert found(given, "clients") >= {
        ("unknown_feature", "$.features[0]", "contacts_90d"),
        ("more_groups_than_kinds", "$.k", ""),
        ("double_id", "$.kinds", ""),
        ("bad_name", "$.kinds[3].id", ""),
        ("no_signs", "$.kinds[2].signs", ""),
        ("not_a_share", "$.most_renamed", ""),
        ("bad_hysteresis", "$.hysteresis", ""),
        ("no_purpose", "$.purposes", ""),
        ("other_id", "$.id", "clients"),
    }
    rules = shipped(STAGES)
    rules["kinds"][0]["when"][0][0]["feature"] = "silent_day"
    assert found(rules) == {("unknown_feature", "$.kinds[0].when[0][0].feature", "silent_days")}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"k": [1, 3]}, ("bad_k", "$.k")),
        ({"k": [3, 2]}, ("bad_k", "$.k")),
        ({"k": [3, 4]}, ("more_groups_than_kinds", "$.k")),
        ({"least_share": 0.4}, ("least_share_too_large", "$.k")),
        ({"version": 0}, ("too_low", "$.version")),
        ({"features": ["views_per_order"]}, ("bad_features", "$.features")),
        ({"kinds": []}, ("bad_kinds", "$.kinds")),
        ({"whom": [[{"feature": "orders", "op": ">=", "value": 2}]]}, ("unknown_feature", "$.whom[0][0].feature")),
        ({"names": {"zh": "买家"}}, ("wrong_type", "$.names")),
        ({"purposes": ["sales"]}, ("wrong_type", "$.purposes")),
    ],
)
def test_declared__with_one_mistake__is_refused_at_its_place(fields: dict[str, Any], wrong: tuple[str, str]) -> None:
    """Numbers of groups that cannot be, too few features or kinds, a name in one language, a purpose that is none."""
    assert wrong in {(code, path) for code, path, _ in found({**shipped(SHOPPERS), **fields})}


def test_declared__of_the_wrong_shape__tells_every_place() -> None:
    """Fields that are missing, unknown or of another type, of the segmentation and of each kind."""
    given = shipped(CUSTOMERS)
    del given["names"]
    given["feature"] = []
    given["kinds"][0]["sings"] = {}
    given["kinds"][1]["names"] = "value"
    assert found(given) == {
        ("missing_field", "$.names", ""),
        ("unknown_field", "$.feature", "features"),
        ("unknown_field", "$.kinds[0].sings", "signs"),
        ("wrong_type", "$.kinds[1].names", ""),
    }


@pytest.mark.parametrize("given", [[], None, "customers", 5])
def test_declared__no_object__is_refused(given: Any) -> None:
    """Anything but one segmentation."""
    assert {code for code, _, _ in found(given)} == {"wrong_type"}


def test_declared__under_the_id_of_a_score__is_refused() -> None:
    """Models are kept by their ids: a segmentation called churn would take the place of the score."""
    assert found({**shipped(CUSTOMERS), "id": "churn"}) == {("taken_id", "$.id", "churn_kinds")}


def test_declared__rule_without_everybody_else__is_refused() -> None:
    """Rules must take everybody, and neither signs nor conditions stand where they are not read."""
    given = shipped(STAGES)
    given["kinds"][-1]["when"] = []
    given["kinds"][0]["signs"] = {"spend_90d": 1}
    assert {code for code, _, _ in found(given)} == {"not_everybody", "no_conditions", "signs_of_a_rule"}
    learned = shipped(CUSTOMERS)
    learned["kinds"][0]["when"] = [[]]
    assert {code for code, _, _ in found(learned)} == {"conditions_of_a_model"}


def test_features_of__by_model_or_by_rule__are_what_is_read() -> None:
    """A model reads its features and whom it is for; a rule its conditions, both sides of them."""
    shoppers, stages = (shipped_segmentations()[one] for one in ("shoppers", "stages"))
    assert features_of(shoppers) == {*shoppers.features, "orders_90d"}
    assert features_of(stages) == {
        "silent_days", "tenure_days", "activity_30d", "activity_90d", "activity_180d", "activity_365d",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "is_same"),
    [
        ({"version": 9, "names": {"zh": "客群", "en": "Clients"}, "purposes": ["service"], "most_renamed": 0.5}, True),
        ({"k": [4, 5]}, False),
        ({"whom": [[{"feature": "orders_90d", "op": ">=", "value": 1}]]}, False),
        ({"features": ["contacts_90d", "orders_90d"]}, False),
        ({"by": "rule"}, False),
    ],
)
def test_meaning__of_a_changed_declaration__is_another_where_a_model_would_be(
    fields: dict[str, Any], is_same: bool
) -> None:
    """Names, texts, purposes and bounds may change under a model; what it was learned by may not."""
    customers = load_segmentations()[CUSTOMERS]
    changed = msgspec.convert({**shipped(CUSTOMERS), **fields}, type(customers))
    assert (meaning_of(changed) == meaning_of(customers)) is is_same


def test_meaning__of_another_kind_or_sign__is_another() -> None:
    """A kind under another id, and one whose sign counts more."""
    customers = load_segmentations()[CUSTOMERS]
    kinds = customers.kinds
    renamed = msgspec.structs.replace(kinds[0], id="sensitive")
    stronger = msgspec.structs.replace(kinds[0], signs={**kinds[0].signs, "contacts_90d": 2.0})
    marks = {
        meaning_of(msgspec.structs.replace(customers, kinds=(one, *kinds[1:]))) for one in (kinds[0], renamed, stronger)
    }
    assert len(marks) == 3
    turned = msgspec.structs.replace(customers, kinds=kinds[::-1], features=customers.features[::-1])
    assert meaning_of(turned) == meaning_of(customers)


def test_kind__no_longer_declared__is_none() -> None:
    """A kind that is no longer there."""
    assert load_segmentations()[0].kind("gone") is None
