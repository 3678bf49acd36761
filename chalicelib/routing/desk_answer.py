"""A decision with what the desk made of it: the agent and why this one, or the place in the list and why nobody yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from chalicelib.desk.model import AgentScore, Relaxation
from chalicelib.kernel.texts import Text
from chalicelib.routing.declaration import Queue
from chalicelib.routing.model import Decision, Reason, Redirected, RunnerUp, Sla, Waiting

BEST_AGENT, NOBODY_FREE, QUEUE_CLOSED, CAME_FREE = "best_agent", "nobody_free", "queue_closed", "came_free"
_CALLED_BACK = Text("现在无人接待，我们会尽快回电给您。", "Nobody can answer now: we will call you back.")
_PARTS: Mapping[str, Text] = {
    "skill": Text("技能更熟练", "more skill"),
    "load": Text("手上更空闲", "less work at hand"),
    "resolution": Text("同类问题解决得更多", "more such questions resolved"),
    "csat": Text("满意度更高", "more satisfied people"),
    "last_agent": Text("上次就是由其服务", "served this person last"),
    "language": Text("会说客户的语言", "speaks the person's language"),
    "wait": Text("空闲等待更久", "longer without work"),
}


class AtDesk(msgspec.Struct, frozen=True):
    """What the desk made of a decision. ``scores`` are the agents who could have it, the best first, to whom it is
    offered; or it is ``waiting``. ``sla`` where the limits of time are others by day.
    """

    scores: tuple[AgentScore, ...] = ()
    relaxation: Relaxation = "skilled"
    reservation_id: str = ""
    waiting: Waiting | None = None
    redirected: Redirected | None = None
    sla: Sla | None = None


def at_desk(decision: Decision, desk: AtDesk) -> Decision:
    """The decision with its agent or its place, agents before other queues among the runners-up, and the reason first."""
    others = tuple(RunnerUp(one.score, one.parts, agent_id=one.agent_id) for one in desk.scores[1:])
    unset = msgspec.UNSET
    return msgspec.structs.replace(
        decision,
        agent=desk.scores[0] if desk.scores else None,
        reservation_id=desk.reservation_id or unset,
        waiting=unset if desk.waiting is None else desk.waiting,
        redirected=unset if desk.redirected is None else desk.redirected,
        sla=desk.sla or decision.sla,
        reasons=(*_reasons(decision, desk), *decision.reasons),
        runners_up=(*others, *decision.runners_up),
    )


def given(decision: Decision, agent_id: str, score: AgentScore | None, reservation_id: str) -> Decision:
    """A decision that put a conversation on a list, as it is told once an agent has it. No ``score``: they would not be
    asked any more.
    """
    says = Text(f"排队时 {agent_id} 空了出来，已接手。", f"{agent_id} came free while it waited, and has it.")
    evidence: dict[str, object] = {"agent.agent_id": agent_id}
    if score is not None:
        evidence |= {"agent.score": score.score, **{f"agent.{name}": value for name, value in score.parts.items()}}
    others = (one for one in decision.reasons if one.id != NOBODY_FREE)
    return msgspec.structs.replace(
        decision,
        agent=score,
        reservation_id=reservation_id,
        waiting=msgspec.UNSET,
        reasons=(Reason(CAME_FREE, says, 1.0, evidence), *others),
    )


def placed(position: int, since: str, relaxation: Relaxation, next_step_at: str | None) -> Waiting:
    """A place in the list, with a sentence that may be shown to the person. Place 0 is in no list: they are called back."""
    told = _CALLED_BACK
    if position:
        told = Text(
            f"正在为您安排客服，前面还有 {position - 1} 位。",
            f"We are finding somebody for you: {position - 1} ahead of you.",
        )
    return Waiting(position, since, relaxation, next_step_at, told)


def sla_by_day(decided: Sla, declared: Queue, by_day: Queue) -> Sla | None:
    """The limits of time where a supervisor changed those of the queue; tighter ones that a rule set stay as they are."""
    usual, now = declared.sla, by_day.sla
    if usual == now:
        return None
    first = _limit(decided.first_response_seconds, usual.first_response_seconds, now.first_response_seconds)
    return Sla(first, max(first, _limit(decided.resolve_seconds, usual.resolve_seconds, now.resolve_seconds)))


def _limit(decided: int, usual: int, now: int) -> int:
    return now if decided == usual else min(decided, now)


def _reasons(decision: Decision, desk: AtDesk) -> tuple[Reason, ...]:
    found: list[Reason] = []
    if desk.redirected is not None or (desk.waiting is not None and not desk.waiting.position):
        says = Text("该队列现在不接待。", "This queue lets nobody in now.")
        found.append(Reason(QUEUE_CLOSED, says, 1.0, {"queue": decision.queue, "open": False}))
    if desk.scores:
        found.append(_why(desk.scores, desk.relaxation))
    elif desk.waiting is not None and desk.waiting.position:
        says = Text("没有合适且空闲的客服，先排队。", "Nobody who may answer is there and free: it waits.")
        evidence = {"waiting.position": desk.waiting.position, "waiting.relaxation": desk.waiting.relaxation}
        found.append(Reason(NOBODY_FREE, says, 1.0, evidence))
    return tuple(found)


def _why(scores: Sequence[AgentScore], relaxation: Relaxation) -> Reason:
    """Why this agent, and why not the one after: what the first has more of, the most first."""
    first, evidence = scores[0], {"agent.score": scores[0].score, "agent.relaxation": relaxation}
    evidence |= {f"agent.{name}": value for name, value in first.parts.items()}
    if len(scores) == 1:
        says = Text(
            f"{first.agent_id} 是现在唯一在岗、空闲且可接的客服。",
            f"{first.agent_id} is the only one who is there, free, and may answer.",
        )
        return Reason(BEST_AGENT, says, 1.0, evidence)
    second = scores[1]
    more = {name: value - second.parts.get(name, 0.0) for name, value in first.parts.items()}
    best = [name for name in sorted(more, key=lambda name: -more[name]) if more[name] > 0][:2]
    evidence |= {f"runner_up.{name}": second.parts.get(name, 0.0) for name in best}
    evidence["runner_up.score"] = second.score
    zh = "、".join(_PARTS[name].zh for name in best if name in _PARTS) or "等得最久"
    en = " and ".join(_PARTS[name].en for name in best if name in _PARTS) or "waiting for work the longest"
    says = Text(
        f"{first.agent_id}（{first.score:.2f}）胜过 {second.agent_id}（{second.score:.2f}）：{zh}。",
        f"{first.agent_id} ({first.score:.2f}) before {second.agent_id} ({second.score:.2f}): {en}.",
    )
    return Reason(BEST_AGENT, says, 1.0, evidence)
