"""What-ifs through the functions: the API, the catalogue's queue, its worker, and the decisions that routes left."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.entrypoints import queue_catalogue
from chalicelib.entrypoints.clock import now
from chalicelib.flows.what_if_job import PREFIX
from chalicelib.kernel.moments import HOUR_MS, format_moment
from tests.entrypoints.service import Answer, Lambdas, Shop, open_shop
from tests.entrypoints.test_catalogue_jobs import queued, work

SHIFT = {"weekdays": [0, 1, 2, 3, 4, 5, 6], "start_minute": 0, "end_minute": 1440}


@pytest.fixture(scope="module")
def own(lambdas: Lambdas, functions_environment: None) -> Shop:
    """A tenant with two agents, who answered twelve calls for a refund."""
    shop = open_shop(lambdas)
    for name in ("ann", "bo"):
        agent = {"skills": {"payments": 4, "general": 3}, "units": 10, "shifts": [SHIFT]}
        assert shop.lambdas.http("PUT", f"/v1/agents/{name}", agent, {}, token=shop.admin_token).status == 200
    for number in range(12):
        who = [{"namespace": "user_id", "value": f"caller-{number}"}]
        call = {"identifiers": who, "channel": "phone", "purpose": "service", "intent": "refund", "message": "转人工"}
        decision = shop.ask("/v1/route", call).json
        told = {"resolved": number % 3 > 0, "handling_seconds": 300, "agent_id": ("ann", "bo")[number % 2]}
        assert shop.ask(f"/v1/decisions/{decision['decision_id']}/outcome", told).status == 200
    return shop


def window() -> dict[str, str]:
    return {"from": format_moment(now() - HOUR_MS)}


def ask(shop: Shop, key: str = "", **asked: Any) -> Answer:
    headers = {"Idempotency-Key": key} if key else {}
    return shop.ask("/v1/what-if", {"window": window(), "runs": 5, **asked}, headers)


def test_what_if__fewer_agents__is_queued_played_and_told(own: Shop) -> None:
    """202 with a job; then both desks with bounds: with one agent of two all wait longer, and are told to lose."""
    opened = ask(own, change={"agents": -1})
    assert (opened.status, opened.json["state"]) == (202, "waiting"), opened.body
    path = f"/v1/what-if/{opened.json['job_id']}"
    assert own.read(path).json["parts_done"] == 0
    work(own)
    view = own.read(path).json
    assert (view["state"], view["parts_done"], view["gathered"]) == ("finished", view["parts"], 12), view["failure"]
    everybody = view["result"]["groups"]["all"]
    assert everybody["wait"]["change"]["low"] > 0 and everybody["wait"]["before"]["mean"] > 0
    assert {"group": "all", "figure": "wait"} in [
        {"group": one["group"], "figure": one["figure"]} for one in view["result"]["losers"]
    ]
    assert view["result"]["busy"]["ann"][1] is None and view["result"]["busy"]["bo"][1] is not None


def test_what_if__asked_again_with_its_key__is_the_same_job(own: Shop) -> None:
    """A repeat of the request opens no second job."""
    asked = {"window": window(), "change": {"agents": 1}}
    first, second = (ask(own, "again-1", **asked).json for _ in range(2))
    assert first == second and len(queued(own)) == 2


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({}, 400, "nothing_changes"),
        ({"policy": "none"}, 404, "no_such_draft"),
        ({"change": {"agents": 1}, "runs": 1}, 400, "bad_request"),
        ({"change": {"skills": {"ann": {"payments": 9}}}}, 400, "bad_request"),
        ({"change": {"agents": 1}, "window": {"from": "2001-01-01T00:00:00Z"}}, 400, "bad_window"),
    ],
)
def test_what_if__asked_wrongly__is_refused(own: Shop, asked: dict[str, Any], status: int, code: str) -> None:
    """Nothing is queued for a request that is refused."""
    answer = ask(own, **asked)
    assert (answer.status, answer.code) == (status, code) and not queued(own)


def test_what_if__of_another_tenant__is_not_there(own: Shop) -> None:
    """404 for a stranger's and for none; a stranger's job plays none of our calls."""
    job_id = ask(own, change={"agents": 1}).json["job_id"]
    queued(own)
    stranger = open_shop(own.lambdas)
    for shop, asked in ((stranger, job_id), (own, "none"), (own, f"{job_id}%230"), (own, "dry_run_1")):
        assert shop.read(f"/v1/what-if/{asked}").code == "no_such_job"
    theirs = ask(stranger, change={"agents": 1}).json["job_id"]
    work(stranger)
    view = stranger.read(f"/v1/what-if/{theirs}").json
    assert (view["gathered"], view["failure"]["code"]) == (0, "nothing_to_play")


def test_worker__ids_of_what_ifs__are_known_by_their_beginning() -> None:
    """The worker tells them by the prefix that opening gives them."""
    assert queue_catalogue.WHAT_IF == PREFIX


def test_what_if__of_the_next_two_weeks__without_history_says_so(own: Shop) -> None:
    """A forecast needs two weeks of counted contacts: the job is opened, and ends with why it cannot be played."""
    answer = own.ask("/v1/what-if", {"traffic": "forecast", "runs": 5, "change": {"agents": 1}})
    assert answer.status == 202, answer.body
    work(own)
    told = own.read(f"/v1/what-if/{answer.json['job_id']}").json
    assert (told["traffic"], told["gathered"], told["failure"]["code"]) == ("forecast", 12, "too_little_history")
    assert told["from"] > told["created_at"][:10] and told["expected"] is None
