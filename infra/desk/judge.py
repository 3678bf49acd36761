"""How good choices were, by the truth: against the best agent of the moment, and against hindsight."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.optimize import linear_sum_assignment

from chalicelib.desk.model import Agent, AgentScore, Need, Track
from chalicelib.desk.score import best
from chalicelib.simulation.model import Chooser, Moment, Served
from infra.desk.routers import EVERYBODY
from infra.desk.staff import HOUR_MS, Staff, chance, true_record
from infra.desk.world import RULES

NEAR = 0.95


class Judge:
    """Looks over the shoulder of a choice, and scores it with the truth in place of the records.

    ``near``: how many were given to an agent within 5% of the best score of that moment; ``given``: of how many.
    The same of those moments at which there was a choice.
    """

    def __init__(self, staff: Staff) -> None:
        self._staff = staff
        self._records: dict[tuple[str, str, str, str, bool], Track] = {}
        self.given = self.near = self.chosen = self.chosen_near = 0
        self.scores = 0.0
        self.best = 0.0

    def watch(self, choose: Chooser) -> Chooser:
        """The same choice, judged."""

        def watched(moment: Moment, ranked: tuple[AgentScore, ...]) -> str:
            agent_id = choose(moment, ranked)
            self._judge(moment, agent_id)
            return agent_id

        return watched

    def _judge(self, moment: Moment, agent_id: str) -> None:
        need = moment.contact.need
        tracks = {id_: {need.intent: self._record(agent, need)} for id_, agent in moment.agents.items()}
        ranked = best(
            need,
            moment.agents.values(),
            moment.seats,
            tracks,
            RULES,
            moment.now,
            moment.relaxation,
            declined=moment.declined,
            overflow=moment.contact.overflow,
            most=EVERYBODY,
        )
        given = next(one.score for one in ranked if one.agent_id == agent_id)
        is_near = given >= NEAR * ranked[0].score
        self.given += 1
        self.near += is_near
        self.scores += given
        self.best += ranked[0].score
        if len(ranked) > 1:
            self.chosen += 1
            self.chosen_near += is_near

    def _record(self, agent: Agent, need: Need) -> Track:
        key = (agent.agent_id, need.intent, need.skill, need.language, need.last_agent == agent.agent_id)
        found = self._records.get(key)
        if found is None:
            found = self._records[key] = true_record(self._staff, agent, need)
        return found


def expected(served: Iterable[Served], staff: Staff) -> float:
    """The share of all contacts that is resolved at once by the agents that were chosen, before chance."""
    rows = list(served)
    by_id = {one.agent_id: one for one in staff.agents}
    return sum(chance(staff, by_id[one.busy[0][0]], one.contact.need) for one in rows if one.busy) / len(rows)


def in_hindsight(served: Iterable[Served], staff: Staff) -> float:
    """The most of it that any assignment could have reached: everybody of an hour is known beforehand, with the truth,
    and each agent takes as many of each channel as they took. Linear assignment per hour and channel.
    """
    rows = list(served)
    by_id = {one.agent_id: one for one in staff.agents}
    blocks: dict[tuple[int, str], list[Served]] = {}
    for one in rows:
        if one.busy:
            hour = (one.contact.at + one.waited_ms) // HOUR_MS
            blocks.setdefault((hour, one.contact.need.channel), []).append(one)
    whole = 0.0
    for block in blocks.values():
        places = [by_id[one.busy[0][0]] for one in block]
        value = np.array([[chance(staff, agent, one.contact.need) for agent in places] for one in block])
        chosen = linear_sum_assignment(value, maximize=True)
        whole += float(value[chosen].sum())
    return whole / len(rows)
