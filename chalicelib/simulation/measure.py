"""What a played desk comes to: waits, time limits, transfers, resolution and load, of all and by segment or queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.simulation.model import Served, Sitting


class Figures(msgspec.Struct, frozen=True, array_like=True):
    """Of some contacts: how many, their mean and 90th wait in seconds, and shares of them.

    ``resolved`` is the share of all that came which the first agent resolved; ``in_time`` those answered within their
    limit.
    """

    contacts: int
    wait: float
    wait_90: float
    in_time: float
    answered: float
    resolved: float
    transferred: float
    csat: float


class Load(msgspec.Struct, frozen=True):
    """What the agents did: the share of their time each was busy with a conversation or more, and how even that is."""

    by_agent: dict[str, float]
    mean: float
    jain: float


def figures(served: Iterable[Served]) -> Figures:
    """The figures of some contacts. Of none, all are 0."""
    rows = list(served)
    if not rows:
        return Figures(0, 0, 0, 0, 0, 0, 0, 0)
    many = len(rows)
    waits = sorted(one.waited_ms / 1000 for one in rows)
    answered = [one for one in rows if one.ending == "answered"]
    surveys = [one.csat for one in rows if one.csat is not None]
    return Figures(
        contacts=many,
        wait=sum(waits) / many,
        wait_90=waits[min(many - 1, int(0.9 * many))],
        in_time=sum(one.waited_ms <= one.contact.sla_ms for one in answered) / many,
        answered=len(answered) / many,
        resolved=sum(one.resolved and not one.transfers for one in rows) / many,
        transferred=sum(one.transfers > 0 for one in rows) / many,
        csat=sum(surveys) / len(surveys) if surveys else 0.0,
    )


def grouped(served: Iterable[Served], key: Callable[[Served], str]) -> dict[str, Figures]:
    """The figures by segment, queue or anything else."""
    groups: dict[str, list[Served]] = {}
    for one in served:
        groups.setdefault(key(one), []).append(one)
    return {name: figures(groups[name]) for name in sorted(groups)}


def by_segment(one: Served) -> str:
    """The segment of whom was served."""
    return one.contact.segment


def by_queue(one: Served) -> str:
    """The queue that was asked for."""
    return one.contact.need.queue


def load(served: Iterable[Served], sittings: Iterable[Sitting], shares: Mapping[str, float]) -> Load:
    """How busy each agent was who sat there at all. ``shares``: channel → the part of an agent that a talk takes."""
    present: dict[str, Millis] = {}
    for sitting in sittings:
        present[sitting.agent_id] = present.get(sitting.agent_id, 0) + sitting.ends - sitting.begins
    worked = dict.fromkeys(present, 0.0)
    for one in served:
        for agent_id, milliseconds in one.busy:
            worked[agent_id] += milliseconds * shares.get(one.contact.need.channel, 1.0)
    by_agent = {one: worked[one] / present[one] for one in sorted(present) if present[one]}
    values = list(by_agent.values())
    return Load(by_agent, sum(values) / len(values) if values else 0.0, jain(values))


def jain(values: Sequence[float]) -> float:
    """Jain's index of fairness: 1 where all have the same, 1/n where one has all."""
    squares = len(values) * sum(value * value for value in values)
    return sum(values) ** 2 / squares if squares else 1.0


def gini(values: Sequence[float]) -> float:
    """Gini's coefficient: 0 where all have the same, near 1 where one has all."""
    whole, many = sum(values), len(values)
    if not whole:
        return 0.0
    return sum((2 * place - many - 1) * value for place, value in enumerate(sorted(values), 1)) / (many * whole)
