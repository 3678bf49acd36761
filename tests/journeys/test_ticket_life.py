"""A complaint's life on the living cloud, by the commands of the page: they are run as they stand, and answer what it shows."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.demo.commands import create_token
from tests.house import reading_docs as docs
from tests.journeys.live import Live, unique
from tests.journeys.spying import BusTap
from tests.journeys.test_readme import holds, typed

pytestmark = pytest.mark.deployed

PAGE = docs.text_of("docs/integrate/tickets.md")
EVENTS_SENT = 2
AWAKE_SECONDS = 75
"""Who looks after a desk that was not used begins with the next minute."""
HEARD_SECONDS = 10
ON_THE_BUS = ["ticket.due_soon", "ticket.overdue", "ticket.escalated", "ticket.survey_due"]
TOLD = {
    *(f"ticket.{one}" for one in ("opened", "assigned", "breached", "escalated", "replied", "resolved", "closed")),
    "complaint.filed",
    "survey.answered",
}


def test_complaint__from_the_message_to_the_survey__lives_as_the_page_shows(live: Live) -> None:
    """Opened, facts, steps, assigned, warned, overdue, escalated, answered, closed, rated, and learned from; told on the bus."""
    tenant = live.tenant
    known = {"URL": live.cloud.url, "WRITE_KEY": tenant.records.write_key, "ADMIN": tenant.admin_token}
    known |= {"LEAD": create_token(tenant.tenant_id, "supervisor", "lead")}
    known |= {"AGENT": create_token(tenant.tenant_id, "agent", "li.wei")}
    _, (words, _), *life = docs.steps(docs.section(PAGE, "A complaint's life"))
    policy, agent, purchase, opening, *handling, learned = life
    with BusTap(live, unique("tap")) as tap:
        shows(words, policy, known)
        shows(words, agent, known)
        probe = live.api.call("POST", "/v1/tickets", body={"kind": "complaint"})["ticket_id"]
        assert typed(purchase[0], known)["success"]
        live.settle(EVENTS_SENT)
        until_warned(live, probe)
        known["TICKET"] = shows(words, opening, known)["ticket_id"]
        for step in handling:
            shows(words, step, known)
        person = shows(words, learned, known)
        assert bus_of(tap, known["TICKET"]) == ON_THE_BUS
    told = {one["type"] for one in live.api.timeline(person["profile_id"])["events"]}
    assert told >= TOLD, TOLD - told


def shows(words: str, step: tuple[str, Any], known: dict[str, str]) -> Any:
    """What the commands of a step answer, which is what the page shows."""
    answer = typed(words + re.sub(r"^export TICKET=.*$", "", step[0], flags=re.MULTILINE), known)
    assert step[1], "a step of which nothing is shown proves nothing"
    assert holds(answer, step[1]), (answer, step[1])
    return answer


def until_warned(live: Live, ticket_id: str) -> None:
    """Wait until the desk is looked after each second: a ticket of nobody is warned of before it is overdue or after."""
    ends_at = time.monotonic() + AWAKE_SECONDS
    while live.api.call("GET", f"/v1/tickets/{ticket_id}")["first_response"]["warned_at"] is None:
        assert time.monotonic() < ends_at, "Nobody looks after tickets: did the schedule run?"
        time.sleep(0.5)
    # It is late no more.
    live.api.call("PATCH", f"/v1/tickets/{ticket_id}", body={"status": "closed"})


def bus_of(tap: BusTap, ticket_id: str) -> list[str]:
    """What the bus said of a ticket, in its order and each once, however often it was delivered."""
    ends_at, heard = time.monotonic() + HEARD_SECONDS, dict[str, tuple[str, str]]()
    while len(heard) < len(ON_THE_BUS) and time.monotonic() < ends_at:
        heard |= {one["detail"]["id"]: (one["detail"]["at"], one["detail-type"]) for one in _of(tap, ticket_id)}
        time.sleep(0.2)
    return [kind for _, kind in sorted(heard.values(), key=lambda one: (one[0], ON_THE_BUS.index(one[1])))]


def _of(tap: BusTap, ticket_id: str) -> Iterator[Any]:
    return (one for one in map(json.loads, tap.heard()) if one["detail"].get("ticket_id") == ticket_id)
