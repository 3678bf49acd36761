"""What the processes at the desk do: routes that reserve, agents who answer, and the schedule, each on a faulty client."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from hashlib import sha256

from chalicelib.desk.model import Agent, Conversation
from chalicelib.desk.score import best
from chalicelib.flows.answer_reservation import Answering, accept, decline, leave, release
from chalicelib.flows.answer_reserving import Reserving, answer_reserving
from chalicelib.flows.desk_services import DeskServices
from chalicelib.flows.look_after_desk import Looked, Watch, look_once
from chalicelib.flows.services import Patience
from chalicelib.flows.set_presence import Says, set_presence
from chalicelib.kernel.errors import Unavailable, ZhiyinError
from chalicelib.kernel.moments import Millis
from tests.flows.world import TENANT_ID, tenant_of
from tests.proofs import desk_floor
from tests.proofs.crew import Role, Say
from tests.proofs.desk_mutants import AS_IT_SHIPS, MUTANTS
from tests.proofs.faults import FaultyApi
from tests.proofs.roles import Plan, reading

_TENANT = tenant_of(TENANT_ID)
_TIMED_OUT_SHARE, _DECLINED_SHARE, _SERVED_SHARE, _LEFT_SHARE = 0.03, 0.07, 0.7, 0.03
_SECONDS_LEFT = 30.0


def now() -> Millis:
    """The clock of everybody: leases and time-outs are the machine's."""
    return time.time_ns() // 1_000_000


class DeskPlan(Plan, frozen=True):
    """What the processes of a trial of the desk share."""

    agents: Sequence[Agent] = ()


def serving(plan: DeskPlan, api: FaultyApi, say: Say) -> DeskServices:
    """What the desk's flows get, on this client, as in a function that just started."""
    mutant = MUTANTS.get(plan.mutant, AS_IT_SHIPS)
    mutant.broken()
    return DeskServices(
        store=mutant.store(api.call, plan.tables["TABLE_DESK"], plan.tables["TABLE_HISTORY"]),
        agents=lambda _: plan.agents,
        policy=lambda _: desk_floor.policy(),
        timezone=lambda _: "Asia/Shanghai",
        best=best,
        tracks=lambda *_: {},
        call_back=lambda _, one, at: say(("called back", one.key)),
        look_at_ticket=lambda *_: None,
        tell=lambda *_: None,
        patience=Patience(pause=time.sleep, random=random.random),
    )


def door(plan: DeskPlan) -> Callable[[int, Say], Role]:
    """A function that answers routes: a job is a conversation's number, the answer '' or the code of a refusal."""

    def opened(number: int, say: Say) -> Role:
        api = plan.api(number)
        services = Reserving(reading(plan, api), serving(plan, api, say), {})

        def route(conversation: int) -> str:
            decision_id = "d_" + sha256(f"route {conversation}".encode()).hexdigest()[:32]
            request = desk_floor.request_of(conversation)
            return _code(lambda: answer_reserving(request, _TENANT, decision_id, services, now(), "bot"))

        return route

    return opened


def phone(plan: DeskPlan) -> Callable[[int, Say], Role]:
    """Where agents answer: a job is (agent, presence to say or ''), the answer the codes of what was refused."""

    def opened(number: int, say: Say) -> Role:
        desk = serving(plan, plan.api(number), say)
        chance = random.Random(f"{plan.seed}/agents/{number}")

        def act(job: tuple[str, str]) -> list[str]:
            agent_id, says = job
            if says:
                return [_code(lambda: set_presence(Says(TENANT_ID, agent_id, says), desk, now()))]
            try:
                held = desk.store.held_by(TENANT_ID, agent_id)
            except Unavailable as error:
                return [error.code]
            codes = (_answered(one, desk, chance.random()) for one in held)
            return [code for code in codes if code is not None]

        return act

    return opened


def _answered(one: Conversation, desk: DeskServices, roll: float) -> str | None:
    """How an agent's answer to what they hold ended; None where they gave none."""
    answer = _choice(one, roll)
    if answer is None:
        return None
    answering = Answering(TENANT_ID, one.reservation_id, one.agent_id)
    return _code(lambda: answer(answering, desk, now()))


def _choice(one: Conversation, roll: float) -> Callable[[Answering, DeskServices, Millis], object] | None:
    """Most is taken and served, some declined, left unanswered, or given up."""
    if one.state == "reserved" and roll >= _TIMED_OUT_SHARE:
        return decline if roll < _TIMED_OUT_SHARE + _DECLINED_SHARE else accept
    if one.state == "accepted" and roll < _SERVED_SHARE:
        return leave if roll < _LEFT_SHARE else release
    return None


def schedule(plan: DeskPlan) -> Callable[[int, Say], Role]:
    """The function that looks after what is due: a job is one look, the answer what it did."""

    def opened(number: int, say: Say) -> Role:
        desk = serving(plan, plan.api(number), say)

        def look(_: str) -> Looked:
            looked = Looked()
            try:
                look_once(desk, Watch(now, time.sleep, lambda: _SECONDS_LEFT), looked)
            except Unavailable as error:
                looked.failed[error.code] = 1
            return looked

        return look

    return opened


def _code(call: Callable[[], object]) -> str:
    """How a call ended: '' when it was done."""
    try:
        call()
    except ZhiyinError as error:
        return error.code
    return ""
