"""The day whose truth is known, on a small scale: that its judge can tell good routers from bad ones."""

from __future__ import annotations

import pytest

from infra.desk import world
from infra.desk.page import FIGURES, losses, optimum, page, picture, verdicts
from infra.desk.routers import ROUTERS, ZHIYIN
from infra.desk.run import HINDSIGHT, Outcome, run


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """Two small days."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "CONTACTS", 220)
        return [run(seed, warm_up=1) for seed in (1, 2)]


def test_run__same_seed__is_the_same(outcomes, monkeypatch):
    """A seed is a day, to the last digit."""
    monkeypatch.setattr(world, "CONTACTS", 220)
    assert run(1, warm_up=1) == outcomes[0] != outcomes[1]


def test_run__judge__tells_good_routers_from_bad(outcomes):
    """The negative control: who looks at no score is far less often near the best of the moment; nobody is above it."""
    for one in outcomes:
        for router in ROUTERS:
            assert one.routers[router.name]["of_best"] <= 1
        for other in ("longest idle", "round robin"):
            assert one.routers[other]["near"] < one.routers[ZHIYIN]["near"] - 0.1


def test_run__hindsight__bounds_every_assignment_of_the_same_places(outcomes):
    """Linear assignment with the truth resolves at least what the choice it is an upper bound of did."""
    for one in outcomes:
        assert one.routers[ZHIYIN]["expected"] <= one.routers[HINDSIGHT]["expected"] <= 1


def test_page__figures__are_all_told(outcomes):
    """The page has every figure of every router, where others are better, and the optimum; the picture has every router."""
    told = page("2026-11-22", "a machine", outcomes)
    assert all(says in told for says, _, _ in FIGURES.values())
    assert all(line in told for line in (*losses(outcomes), *optimum(outcomes)))
    assert all(router.name in picture(outcomes) for router in ROUTERS)
    surely_worse = [one for one in verdicts(outcomes) if one[3] == "worse"]
    assert len(losses(outcomes)) == max(1, len(surely_worse))
