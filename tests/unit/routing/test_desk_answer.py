"""A decision says which agent and why this one and not the next, or why nobody yet."""

from __future__ import annotations

from msgspec import UNSET

from chalicelib.desk.model import AgentScore
from chalicelib.routing.decide import decide
from chalicelib.routing.desk_answer import AtDesk, at_desk, given, placed
from chalicelib.routing.model import Caller, Decision, Redirected, RouteRequest, Sla
from chalicelib.routing.policy import shipped_policy

NOW = 1_790_000_000_000
ANN = AgentScore("ann", 0.71, {"skill": 0.3, "load": 0.2, "last_agent": 0.1, "wait": 0.11})
BEN = AgentScore("ben", 0.55, {"skill": 0.24, "load": 0.2, "last_agent": 0.0, "wait": 0.11})


def made() -> Decision:
    request = RouteRequest(channel="phone", purpose="service", profile_id="p_1")
    return decide(shipped_policy(), request, Caller(), decision_id="d_1", now=NOW)


def test_decision__agent_chosen__says_why_this_one_and_not_the_next() -> None:
    """The reason stands first, names both, says in both languages what one has more of, and shows the points."""
    before = made()
    decision = at_desk(before, AtDesk((ANN, BEN), "skilled", "r_1_1"))
    assert decision.agent == ANN and decision.reservation_id == "r_1_1"
    first = decision.reasons[0]
    assert first.says.en == "ann (0.71) before ben (0.55): served this person last and more skill."
    assert first.says.zh == "ann（0.71）胜过 ben（0.55）：上次就是由其服务、技能更熟练。"
    evidence = {"agent.score": 0.71, "runner_up.score": 0.55, "agent.last_agent": 0.1, "runner_up.last_agent": 0.0}
    assert evidence.items() <= first.evidence.items()
    assert decision.reasons[1:] == before.reasons
    runner_up = decision.runners_up[0]
    assert (runner_up.agent_id, runner_up.score, runner_up.parts) == ("ben", 0.55, BEN.parts)
    assert decision.runners_up[1:] == before.runners_up


def test_decision__one_agent_alone__says_so() -> None:
    """Nobody else could have had it."""
    reason = at_desk(made(), AtDesk((BEN,), "queue", "r_1_1")).reasons[0]
    assert "only one" in reason.says.en and "唯一" in reason.says.zh
    assert reason.evidence["agent.relaxation"] == "queue"


def test_given__while_it_waited__names_the_agent_and_tells_of_no_place() -> None:
    """Who has it stands where the place stood, with why; the rest is as it was decided."""
    before = at_desk(made(), AtDesk((), "skilled", "r_1_0", placed(2, "2026-01-01T00:00:00Z", "skilled", None)))
    told = given(before, "ann", ANN, "r_1_1")
    assert (told.agent, told.reservation_id, told.waiting) == (ANN, "r_1_1", UNSET)
    assert told.reasons[0].id == "came_free" and told.reasons[1:] == before.reasons[1:]
    assert "ann" in told.reasons[0].says.zh and "came free" in told.reasons[0].says.en
    gone = given(before, "ann", None, "r_1_1")
    assert (gone.agent, gone.reasons[0].evidence) == (None, {"agent.agent_id": "ann"})


def test_decision__agents_alike__is_for_who_waited_longest() -> None:
    """Equal in every part: the order among equals is what decided."""
    reason = at_desk(made(), AtDesk((ANN, AgentScore("cy", 0.71, ANN.parts)), "skilled", "r_1_1")).reasons[0]
    assert "waiting for work the longest" in reason.says.en


def test_decision__nobody_free__says_why_it_waits_and_where() -> None:
    """No agent, a place, a sentence for the person, and the reason."""
    waiting = placed(3, "2026-11-22T00:00:00Z", "skilled", "2026-11-22T00:00:20Z")
    decision = at_desk(made(), AtDesk(reservation_id="r_1_0", waiting=waiting))
    assert (decision.agent, decision.waiting, decision.reasons[0].id) == (None, waiting, "nobody_free")
    assert "2 ahead" in waiting.says.en and "2 位" in waiting.says.zh


def test_decision__queue_lets_nobody_in__says_so_and_promises_a_call() -> None:
    """In no list: the person is called back. Or another queue serves."""
    nowhere = at_desk(made(), AtDesk(waiting=placed(0, "2026-11-22T00:00:00Z", "callback", None)))
    assert nowhere.reasons[0].id == "queue_closed"
    assert "call you back" in nowhere.waiting.says.en  # type: ignore[union-attr]
    redirected = Redirected("general", "general")
    elsewhere = at_desk(made(), AtDesk((BEN,), "skilled", "r_1_1", redirected=redirected, sla=Sla(1, 2)))
    assert [one.id for one in elsewhere.reasons[:2]] == ["queue_closed", "best_agent"]
    assert (elsewhere.redirected, elsewhere.sla) == (redirected, Sla(1, 2))
