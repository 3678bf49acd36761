"""Callers and requests for the tests of routing, and the tables they are read from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chalicelib.kernel.moments import DAY_MS, Millis, parse_moment
from chalicelib.profiles.cases import Case
from chalicelib.routing.model import Caller, RouteRequest

CASES = Path(__file__).parents[2] / "cases"
NOON: Millis = parse_moment("2026-03-04T12:00:00+08:00")
NIGHT: Millis = parse_moment("2026-03-04T23:30:00+08:00")


def table(name: str) -> list[dict[str, Any]]:
    """The rows of a table of cases."""
    rows: list[dict[str, Any]] = json.loads((CASES / name).read_text("utf-8"))
    return rows


def request(channel: str = "wechat", **fields: Any) -> RouteRequest:
    """A request for a person by id."""
    return RouteRequest(channel=channel, purpose="service", profile_id="p_someone", **fields)


def case(kind: str, ref: str, status: str, *, at: Millis, open: bool, **fields: Any) -> Case:
    """A case whose only step was at one time."""
    return Case(kind=kind, ref=ref, status=status, opened_at=at, changed_at=at, open=open, **fields)


def caller_of(row: dict[str, Any], now: Millis) -> Caller:
    """The caller that a row of the table describes."""
    told = row["caller"]
    cases = [dict(listed) for listed in told.get("cases", [])]
    return Caller(
        profile_id="p_someone" if told["known"] else None,
        personalised=told.get("personalised", True),
        tags=told.get("tags", {}),
        values=told.get("values", {}),
        cases=tuple(case(at=now - listed.pop("days_ago") * DAY_MS, **listed) for listed in cases),
    )


def rule(id_: str, fields: dict[str, Any]) -> dict[str, Any]:
    """A rule that always holds."""
    return {"id": id_, "when": True, "weight": 0.9, "says": {"zh": "因为", "en": "because"}, **fields}


def small_policy() -> dict[str, Any]:
    """A policy with two queues and no rules."""
    name = {"zh": "名", "en": "name"}
    sla = {"first_response_seconds": 10, "resolve_seconds": 60}
    floor = {"says": name, "weight": 0.1, "reads": ["urgency.level"]}
    return {
        "id": "small",
        "version": "small-1",
        "timezone": "Asia/Shanghai",
        "night": {"start": 0, "end": 6},
        "base_priority": 50,
        "queues": {
            "first": {"name": name, "skill": "one", "modes": ["bot", "human"], "sla": sla},
            "second": {"name": name, "skill": "two", "modes": ["human", "bot"], "sla": sla},
        },
        "mode_sla": {},
        "intents": [],
        "urgency": {
            "base": 0,
            "levels": {"normal": 10, "high": 20, "critical": 30},
            "priority": {"low": 0, "normal": 0, "high": 0, "critical": 0},
            "sla": {},
            "rules": [],
        },
        "rules": [],
        "floor": [{"id": "f1", **floor}, {"id": "f2", **floor}],
        "plain_hints": {"tone": "plain", "format": "text", "scene": "day", "language": "zh"},
        "hints": [],
        "texts": {},
        "next_best": {},
        "what_if": [],
        "default": {
            "queue": "first",
            "mode": "human",
            "priority": 50,
            "reasons": [{"id": "o1", **floor}, {"id": "o2", **floor}],
        },
    }
