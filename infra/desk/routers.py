"""Who gives contacts to agents: Zhiyin, and what other desks do. All have the same agents, contacts and steps."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.desk.declaration import AgentWeights, DeskRules
from chalicelib.desk.model import AgentScore
from chalicelib.simulation.model import Chooser, Moment, the_best
from infra.desk.world import RULES

EVERYBODY = 1_000


class Router(msgspec.Struct, frozen=True):
    """``rules`` with ageing of 0 serve in the order of arrival. ``scored``: how many agents the choice is among."""

    name: str
    says: str
    rules: DeskRules
    chooser: Callable[[], Chooser]
    scored: int = 1


def longest_idle(moment: Moment, ranked: tuple[AgentScore, ...]) -> str:
    """Whose last conversation ended longest ago."""
    return min((moment.freed_at[one.agent_id], one.agent_id) for one in ranked)[1]


def round_robin() -> Chooser:
    """The next in a fixed circle, from where it stopped."""
    last = [""]

    def choose(moment: Moment, ranked: tuple[AgentScore, ...]) -> str:
        ids = sorted(one.agent_id for one in ranked)
        last[0] = next((id_ for id_ in ids if id_ > last[0]), ids[0])
        return last[0]

    return choose


_IN_TURN = msgspec.structs.replace(RULES, ageing_seconds=0)
_SKILL = msgspec.structs.replace(_IN_TURN, weights=AgentWeights(1, 0, 0, 0, 0, 0, 0))
ZHIYIN = "Zhiyin"
ROUTERS = (
    Router(ZHIYIN, "the score, waiting by priority", RULES, lambda: the_best),
    Router(
        "longest idle", "who has been free longest, first come first served", _IN_TURN, lambda: longest_idle, EVERYBODY
    ),
    Router("round robin", "the next in the circle, first come first served", _IN_TURN, round_robin, EVERYBODY),
    Router("skill only", "the highest proficiency, first come first served", _SKILL, lambda: the_best),
    Router("score, in turn", "Zhiyin's score, first come first served", _IN_TURN, lambda: the_best),
    Router(
        "longest idle, by priority",
        "who has been free longest, waiting by priority",
        RULES,
        lambda: longest_idle,
        EVERYBODY,
    ),
)
"""The last two take Zhiyin apart: what the choice of the agent gains, and what the order of waiting does."""
