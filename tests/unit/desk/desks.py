"""Agents, seats and needs for the tests of a desk."""

from __future__ import annotations

from typing import Any

from chalicelib.desk.model import Agent, Need, Seat, Track

NOW = 1_790_000_000_000
LATER = NOW + 60_000


def agent(id_: str = "ann", **fields: Any) -> Agent:
    return Agent(**{"agent_id": id_, "skills": {"billing": 3}, "units": 10} | fields)


def seat(id_: str = "ann", **fields: Any) -> Seat:
    usual = {"presence": "available", "lease_until": LATER, "units": 10, "free": 10, "held": 0, "idle_since": NOW}
    return Seat(**{"agent_id": id_} | usual | fields)


def need(**fields: Any) -> Need:
    return Need(**{"queue": "billing", "skill": "billing", "channel": "chat", "priority": 50} | fields)


def track(outcomes: int = 0, resolved: int = 0, surveys: int = 0, csat_sum: float = 0.0) -> Track:
    return Track(outcomes, resolved, surveys, csat_sum)
