"""A route that reserves: decided first, then offered to the best agent or put on a list, all kept in one write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any

import msgspec

from chalicelib.desk.declaration import DeskRules
from chalicelib.desk.keys import conversation_key
from chalicelib.desk.model import Agent, AgentScore, Conversation, Need, Relaxation, Seat
from chalicelib.desk.queues import AS_DECLARED, QueueSettings
from chalicelib.desk.relax import next_step_at
from chalicelib.flows.answer_given import as_given
from chalicelib.flows.answer_route import Made, make_decision, read_decision, record_decision, row_of
from chalicelib.flows.desk_services import Best, DeskServices, Tracks
from chalicelib.flows.reserve import LIVE, Asked, reserve
from chalicelib.flows.services import ReadServices
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.privacy.tenants import Tenant
from chalicelib.routing.desk_answer import at_desk, placed, sla_by_day
from chalicelib.routing.facts import kept_channel
from chalicelib.routing.inputs import Weighed
from chalicelib.routing.model import Decision, Redirected, RouteRequest, Sla, Waiting
from chalicelib.routing.weighing import desk_of, weighed_among
from chalicelib.store.rows import DecisionRow, HistoryStore

MOST_COUNTED = 1_000
"""A place further back is told as this one."""


class Reserving(msgspec.Struct, frozen=True):
    """What a route that reserves needs beside what every route does. ``by_day``: what supervisors changed of queues."""

    read: ReadServices
    desk: DeskServices
    by_day: Mapping[str, QueueSettings]


class Watch:
    """The score, and what it was asked last: what a decision is kept with, so that it can be made again."""

    def __init__(self, best: Best) -> None:
        self._best = best
        self._asked: Callable[[], Weighed]

    def __call__(
        self,
        need: Need,
        agents: Iterable[Agent],
        seats: Mapping[str, Seat],
        tracks: Tracks,
        rules: DeskRules,
        now: Millis,
        relaxation: Relaxation,
        *,
        declined: Collection[str] = (),
        overflow: Collection[str] = (),
        timezone: str = "UTC",
        language: str = "",
    ) -> tuple[AgentScore, ...]:
        """Who may take a conversation, as the score says."""
        told: Any = {"declined": declined, "overflow": overflow, "timezone": timezone, "language": language}
        them = tuple(agents)
        scores = self._best(need, them, seats, tracks, rules, now, relaxation, **told)
        first = tuple(one.agent_id for one in scores)
        self._asked = partial(weighed_among, need, them, seats, tracks, relaxation, now, best_first=first, **told)
        return scores

    def weighed(self) -> Weighed:
        """What the last answer was made from."""
        return self._asked()


class Served(msgspec.Struct, frozen=True):
    """The queue that serves: the one decided on, or another in its place; '' while none lets people in."""

    queue: str
    skill: str
    redirected: Redirected | None = None


def answer_reserving(
    request: RouteRequest, tenant: Tenant, decision_id: str, services: Reserving, now: Millis, principal: str = ""
) -> bytes:
    """The decision as JSON with its agent or its place. A conversation that has its place keeps it, and its decision.

    Only a decision for a human reserves. Raises BadInput ``conversation_id_missing`` and Unavailable.
    """
    if not request.conversation_id:
        raise BadInput("conversation_id_missing", "To reserve names the conversation.", "conversation_id")
    made = make_decision(request, tenant, decision_id, services.read, now)
    if made.decision.mode != "human":
        return record_decision(made, tenant, services.read, now, principal)
    served = served_by(made.decision, tenant.tenant_id, services, now)
    need = need_of(request, made, served)
    if not served.queue:
        nowhere = Weighed(need, "callback", (), {}, {}, waiting=placed(0, format_moment(now), "callback", None))
        return _kept(_row(made, nowhere, (), tenant, now, principal), services.read.history)
    watch = Watch(services.desk.best)

    def note(standing: Conversation, scores: tuple[AgentScore, ...]) -> DecisionRow:
        weighed = msgspec.structs.replace(
            watch.weighed(),
            reservation_id=standing.reservation_id,
            waiting=None if scores else place_of(tenant.tenant_id, standing, services.desk, now),
            redirected=served.redirected,
            sla=_sla(made, services, tenant),
        )
        rows.append(_row(made, weighed, scores, tenant, now, principal))
        return rows[-1]

    rows: list[DecisionRow] = []
    key = conversation_key(tenant.tenant_id, request.conversation_id)
    desk = msgspec.structs.replace(services.desk, best=watch)
    is_made = partial(_is_made, tenant.tenant_id, decision_id, services.read.history)
    found = reserve(Asked(tenant.tenant_id, key, need, decision_id), desk, now, note, is_made)
    if found.moved:
        return as_given(rows[-1].content, found.conversation, tenant.tenant_id, services.desk)
    return _standing(found.conversation, made, tenant, services, now, principal)


def _is_made(tenant_id: str, decision_id: str, history: HistoryStore) -> bool:
    return history.decision(tenant_id, decision_id) is not None


def _standing(
    one: Conversation | None, made: Made, tenant: Tenant, services: Reserving, now: Millis, principal: str
) -> bytes:
    """The decision by which a conversation has its place; of one that is over, what this very request was answered."""
    stands = made.decision.decision_id if one is None or one.state not in LIVE else one.decision_id
    row = services.read.history.decision(tenant.tenant_id, stands)
    if row is None:
        # Whose decision was erased while they were talking is answered as somebody new, without another agent.
        return record_decision(made, tenant, services.read, now, principal)
    return as_given(row.content, one, tenant.tenant_id, services.desk)


def served_by(decision: Decision, tenant_id: str, services: Reserving, now: Millis) -> Served:
    """The queue decided on; where it lets nobody in, the first that it flows over to and that does."""
    zone, policy = services.desk.timezone(tenant_id), services.desk.policy(tenant_id)
    if services.by_day.get(decision.queue, AS_DECLARED).is_open(now, zone):
        return Served(decision.queue, decision.skill)
    for other in policy.queues[decision.queue].overflow:
        if other in policy.queues and services.by_day.get(other, AS_DECLARED).is_open(now, zone):
            skill = policy.queues[other].skill
            return Served(other, skill, Redirected(other, skill))
    return Served("", "")


def need_of(request: RouteRequest, made: Made, served: Served) -> Need:
    """What the conversation asks of an agent."""
    decision = made.decision
    return Need(
        queue=served.queue,
        skill=served.skill,
        channel=kept_channel(request.channel),
        priority=decision.priority,
        intent=decision.intent.id,
        language=decision.hints.language,
        last_agent=made.last_agent,
        profile_id=made.profile_id,
    )


def place_of(tenant_id: str, waits: Conversation, desk: DeskServices, now: Millis) -> Waiting:
    """Its place in the list that it is about to be put on, counted from 1."""
    rules = desk.policy(tenant_id).rules_of(waits.need.queue)
    ahead = desk.store.waiting(tenant_id, waits.need.queue, MOST_COUNTED)
    position = 1 + sum((one.order, one.key) < (waits.order, waits.key) for one in ahead)
    step = next_step_at(waits.relaxes_from, rules, now)
    told = format_moment(step) if step else None
    return placed(position, format_moment(waits.waits_since), waits.relaxation, told)


def _sla(made: Made, services: Reserving, tenant: Tenant) -> Sla | None:
    queue = made.decision.queue
    by_day = services.desk.policy(tenant.tenant_id).queues
    return sla_by_day(made.decision.sla, made.policy.declared.queues[queue], by_day[queue])


def _row(
    made: Made, weighed: Weighed, scores: tuple[AgentScore, ...], tenant: Tenant, now: Millis, principal: str
) -> DecisionRow:
    return row_of(made, at_desk(made.decision, desk_of(weighed, scores)), tenant, now, principal, weighed)


def _kept(row: DecisionRow, history: HistoryStore) -> bytes:
    return row.content if history.record(row) else read_decision(row.tenant, row.decision_id, history)
