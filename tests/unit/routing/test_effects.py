"""What sets of rules come to: points of every kind, ties, and what a decision tells of them."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.routing.checked_policy import load_policy
from chalicelib.routing.effects import MOST_RANKED
from chalicelib.routing.judge import judge
from tests.unit.routing.calls import rule, small_policy


def judged(*rules: dict[str, Any], **facts: Any) -> Any:
    """What always comes of some rules, by the facts that scale them."""
    raw = small_policy()
    raw["rules"] = [rule(f"r{place}", {"when": True, **one}) for place, one in enumerate(rules)]
    return judge(load_policy(raw), {"stated": {}, "tags": {}, **facts})


@pytest.mark.parametrize(
    ("points", "mode"),
    [
        ([{"bot": 1.0}, {"human": 1.0}], "bot"),
        ([{"bot": 1.0}, {"human": 1.001}], "human"),
        ([{"human": 0.1}, {"human": 0.2}, {"bot": 0.25}], "human"),
        ([{"human": 3.0}, {"human": -2.5}, {"bot": 0.5}], "bot"),
        ([{"human": 1e-9}], "human"),
        ([{"self_service": 9.0}], "bot"),
    ],
)
def test_standing__of_points_of_modes__takes_the_most_of_those_served(
    points: list[dict[str, float]], mode: str
) -> None:
    """However fine the points are, none is rounded away; of equals the queue's first mode wins."""
    assert judged(*({"modes": one} for one in points)).mode == mode


def test_standing__of_points_that_a_number_scales__tells_them_in_the_order_of_the_rules() -> None:
    """Parts come as the rules are listed, scaled or not, without those that come to nothing."""
    of = judged(
        {"queues": {"second": 4.0}, "times": "orders.open"},
        {"queues": {"second": 1.5, "first": 0.0}},
        {"queues": {"second": 3.0}, "times": "tickets.open"},
        {"queues": {"first": -1.0}},
        orders={"open": 0.5},
    )
    (ranked,) = of.standing.ranked
    assert (ranked.queue, ranked.score, list(ranked.parts.items())) == ("second", 3.5, [("r0", 2.0), ("r1", 1.5)])


def test_standing__of_many_queues__tells_the_best_in_the_order_of_the_policy() -> None:
    """Of equal scores the first listed come first, and no more are told than a decision has room for."""
    raw = small_policy()
    raw["queues"] = {f"q{place}": raw["queues"]["first"] for place in range(MOST_RANKED + 2)}
    raw["default"]["queue"] = "q0"
    raw["rules"] = [rule("all", {"when": True, "queues": {**dict.fromkeys(raw["queues"], 1.0), "q5": 2.0}})]
    ranked = judge(load_policy(raw), {"stated": {}, "tags": {}}).standing.ranked
    assert [one.queue for one in ranked] == ["q5", "q0", "q1", "q2"]


def test_standing__of_several_time_limits__keeps_the_shortest() -> None:
    """A limit of a rule caps the queue's own, and never lengthens it."""
    of = judged(
        {"sla": {"first_response_seconds": 4, "resolve_seconds": 900}},
        {"sla": {"first_response_seconds": 7, "resolve_seconds": 50}},
        {"priority": 1},
    )
    assert (of.standing.sla.first_response_seconds, of.standing.sla.resolve_seconds) == (4, 50)
