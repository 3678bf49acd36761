"""What a segmentation or a score reads may be used for all that it is declared for."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.profiles.measures import load_measures
from chalicelib.profiles.uses import path_use
from chalicelib.segments.features import features
from chalicelib.segments.reads import beyond, features_of
from chalicelib.segments.score_specs import score_specs
from chalicelib.segments.segmentation import Condition, load_segmentations, shipped_segmentations

USES = load_measures().uses
SHIPPED = (*load_segmentations(), *score_specs().values())


@pytest.mark.parametrize("one", SHIPPED, ids=lambda one: one.id)
def test_shipped__reads_nothing_that_its_purposes_may_not_use(one) -> None:  # type: ignore[no-untyped-def]
    """What somebody is told to be tells what it was made of: who markets learns nothing of what was written."""
    assert not beyond(one, USES)


@pytest.mark.parametrize(
    "feature", ["complaint_words_90d", "urgent_words_90d", "unresolved_90d", "payment_failures_90d"]
)
@pytest.mark.parametrize("id_", ["churn", "customers"])
def test_declared__with_a_feature_that_marketing_may_not_use__is_named(id_: str, feature: str) -> None:
    """Negative control: put in again what people wrote or how a case ended, and it is found."""
    (one,) = (one for one in SHIPPED if one.id == id_)
    assert beyond(replace(one, features=(*one.features, feature)), USES) == {feature: ["marketing"]}
    assert beyond(replace(one, features=(*one.features, feature), purposes=("service", "legal")), USES) == {}


def test_declared__whose_conditions_read_it__is_named_too() -> None:
    """A kind by rule reads by its conditions, and so does whoever is told whom it is for."""
    stages = shipped_segmentations()["stages"]
    assert features_of(stages)
    row = (Condition("orders_90d", ">", 1.0, times="unresolved_90d"),)
    assert beyond(replace(stages, whom=(row,)), USES) == {"unresolved_90d": ["marketing"]}
    told = replace(stages.kinds[0], when=(row, *stages.kinds[0].when))
    assert beyond(replace(stages, kinds=(told, *stages.kinds[1:])), USES) == {"unresolved_90d": ["marketing"]}


def test_measure__that_a_tenant_narrows__narrows_what_reads_it() -> None:
    """What is checked against is what is in force, and not what ships."""
    narrow = {**USES, "orders_paid": replace(USES["orders_paid"], purposes=("service",))}
    shoppers = shipped_segmentations()["shoppers"]
    assert all(purposes == ["analytics", "marketing"] for purposes in beyond(shoppers, narrow).values())
    assert beyond(shoppers, narrow)


def test_features__all_read_something_that_is_declared() -> None:
    """A path that nobody declares would bind nothing, and nobody would see that."""
    assert not [path for one in features() for path in one.paths if path_use(path, USES) is None]
