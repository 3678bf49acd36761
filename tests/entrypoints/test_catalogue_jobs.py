"""Dry runs and apply jobs through the functions: the API, the catalogue's queue, its worker, the bus."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.entrypoints import catalogue_jobs, compose, queue_catalogue
from chalicelib.entrypoints.clock import now
from chalicelib.flows.services import Change
from chalicelib.kernel.texts import Text
from chalicelib.store.health import DynamoHealth, HealthRecord
from chalicelib.tags.health import Health, SourceHealth
from tests.entrypoints.service import Invocation, Lambdas, Shop, open_shop
from tests.entrypoints.test_catalogue import TAG, put

FREQUENT = {
    **TAG,
    "signals": [{**TAG["signals"][0], "when": {">=": [{"count": ["contacts", 30]}, 2]}}],
    "examples": {"positive": {"m.contacts.count_30d": 2}, "negative": {"m.contacts.count_30d": 1}},
}
BEGINS_LATER_MS = 100_000


@pytest.fixture
def own(lambdas: Lambdas, functions_environment: None) -> Shop:
    """A tenant with three people, of whom the last contacted twice."""
    shop = open_shop(lambdas)
    for number in range(3):
        for contact in range(number):
            call = {"userId": f"u{number}", "event": "Call Started", "messageId": f"c{number}-{contact}"}
            assert shop.send("/v1/track", {**call, "properties": {}}).status == 200
        assert shop.send("/v1/track", {"userId": f"u{number}", "event": "Page Viewed", "messageId": f"p{number}"})
    shop.lambdas.ingest()
    work(shop)
    return shop


def queued(shop: Shop) -> list[dict[str, Any]]:
    """What waits for the worker, taken out of the queue; also what is not to be seen yet."""
    url = shop.lambdas.operator.environ["QUEUE_CATALOGUE_URL"]
    sqs = shop.lambdas.operator.api("sqs")
    found: list[dict[str, Any]] = []
    while messages := sqs.call("ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10}).get("Messages"):
        for one in messages:
            found.append(json.loads(one["Body"]))
            sqs.call("DeleteMessage", {"QueueUrl": url, "ReceiptHandle": one["ReceiptHandle"]})
    return found


def deliver(body: Any, context: Any = None) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    records = [{"messageId": "m1", "body": text}]
    return queue_catalogue.catalogue_jobs({"Records": records}, context or Invocation())  # type: ignore[operator]


def work(shop: Shop) -> None:
    """Deliver until the queue is empty."""
    while messages := queued(shop):
        for one in messages:
            assert deliver(one) == {"batchItemFailures": []}


def test_dry_run__of_a_draft__is_queued_worked_on_and_told(own: Shop) -> None:
    """202 with a job; then who gains the tag, listed and counted; and the job is in the list."""
    assert put(own, "tags/frequent", FREQUENT).status == 200
    opened = own.ask("/v1/catalogue/tags/frequent/dry-run", b"")
    assert (opened.status, opened.json["state"]) == (202, "waiting")
    job_id = opened.json["job_id"]
    assert own.read(f"/v1/catalogue/jobs/{job_id}").json["state"] == "waiting"
    work(own)
    view = own.read(f"/v1/catalogue/jobs/{job_id}").json
    assert (view["state"], view["people"], view["opened_by"], view["is_sample"]) == ("finished", 3, "admin", False)
    (tag,) = [one for one in view["tags"] if one["id"] == "frequent"]
    person = own.lookup("user_id", "u2").json["profile_id"]
    assert [one["profile_id"] for one in tag["gained"]["listed"]] == [person]
    assert [one["job_id"] for one in own.read("/v1/catalogue/jobs").json["jobs"]] == [job_id]


def test_dry_run__asked_again_with_its_key__is_the_same_job(own: Shop) -> None:
    """A repeat of the request opens no second job, and queues the first while it waits."""
    put(own, "tags/frequent", FREQUENT)
    key = {"Idempotency-Key": "dry-1"}
    first, second = (own.ask("/v1/catalogue/tags/frequent/dry-run", {"sample": 9}, key).json for _ in range(2))
    assert first == second and len(queued(own)) == 2


def test_dry_run__of_the_past__counts_people_with_events(own: Shop) -> None:
    """A window of past events, refolded by the worker from the history."""
    put(own, "tags/frequent", FREQUENT)
    window = {"window": {"from": "2026-01-01T00:00:00Z"}}
    job_id = own.ask("/v1/catalogue/tags/frequent/dry-run", window).json["job_id"]
    work(own)
    view = own.read(f"/v1/catalogue/jobs/{job_id}").json
    (tag,) = [one for one in view["tags"] if one["id"] == "frequent"]
    assert (view["people"], tag["gained"]["people"]["count"]) == (3, 1)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("tags/none", b"", 404, "no_such_draft"),
        ("words/frequent", b"", 400, "bad_kind"),
        ("tags/frequent", {"sample": -1}, 400, "bad_sample"),
        ("tags/frequent", {"speed": 1}, 400, "bad_request"),
        ("tags/frequent", {"window": {"from": "2026-01-01"}}, 400, "bad_time"),
        ("tags/frequent", {"with": [{"kind": "tags", "id": "none"}]}, 404, "no_such_draft"),
    ],
)
def test_dry_run__asked_wrongly__is_refused(own: Shop, path: str, body: Any, status: int, code: str) -> None:
    """Nothing is queued for a request that is refused."""
    put(own, "tags/frequent", FREQUENT)
    answer = own.ask(f"/v1/catalogue/{path}/dry-run", body)
    assert (answer.status, answer.code) == (status, code) and not queued(own)


def test_job__of_another_tenant__is_not_there(own: Shop) -> None:
    """404 for a stranger's and for none."""
    put(own, "tags/frequent", FREQUENT)
    job_id = own.ask("/v1/catalogue/tags/frequent/dry-run", b"").json["job_id"]
    stranger = open_shop(own.lambdas)
    for shop, asked in ((stranger, job_id), (own, "none"), (own, f"{job_id}%230")):
        assert shop.read(f"/v1/catalogue/jobs/{asked}").code == "no_such_job"


def test_publish__then_rollback__tells_whom_it_sets_and_clears(own: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each opens its own job, which begins when every function has the new version, and tells of those who change."""
    told: list[Change] = []
    monkeypatch.setattr(catalogue_jobs, "publish", told.extend)
    person = own.lookup("user_id", "u2").json["profile_id"]
    put(own, "tags/frequent", FREQUENT)
    for asked, kind in (("publish", "tag.set"), ("rollback", "tag.cleared")):
        answer = own.ask(f"/v1/catalogue/tags/frequent/{asked}", b"")
        assert answer.status == 200, answer.body
        job_id = f"apply_{answer.json['version']}"
        assert own.read(f"/v1/catalogue/jobs/{job_id}").json["state"] == "waiting"
        assert not queued(own), "it is delayed"
        assert deliver({"tenant": own.tenant_id, "job_id": job_id}) == {"batchItemFailures": []} and not told
        monkeypatch.setattr(queue_catalogue, "now", lambda: now() + BEGINS_LATER_MS)
        deliver({"tenant": own.tenant_id, "job_id": job_id})
        work(own)
        monkeypatch.setattr(queue_catalogue, "now", now)
        assert own.read(f"/v1/catalogue/jobs/{job_id}").json["state"] == "finished"
        # They were saved around the publish, so all are told whole; what somebody has is what counts.
        assert person in whose(told, kind)
        told.clear()


def whose(told: Sequence[Change], kind: str) -> list[str]:
    return [one.detail["profile_id"] for one in told if one.type == kind and one.detail["tag"] == "frequent"]


def test_worker__no_time_left__queues_what_is_left(own: Shop) -> None:
    """A part that has no time goes on by a message of its own."""
    put(own, "tags/frequent", FREQUENT)
    job_id = own.ask("/v1/catalogue/tags/frequent/dry-run", b"").json["job_id"]
    (first,) = queued(own)
    deliver(first)
    (part,) = queued(own)
    deliver(part, Invocation(5_000))
    assert queued(own) == [part] and own.read(f"/v1/catalogue/jobs/{job_id}").json["state"] == "running"


def test_worker__message_that_is_none__is_given_back(own: Shop) -> None:
    """A message that is no job goes back to the queue, and in the end to the dead letters."""
    assert deliver("{}") == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


def test_rules__of_jobs__believe_sources_as_readers_do(own: Shop) -> None:
    """Who is foretold and told to have a tag has it when somebody reads: jobs go by the health that reads go by."""
    doubted = Health({own.source_id: SourceHealth("drifting", 0.4, 0, Text("漂移", "It drifts."))})
    store = DynamoHealth(compose.api("dynamodb").call, compose.settings().table_catalogue)
    store.keep(own.tenant_id, HealthRecord(now(), doubted), b"")
    compose.source_health.cache_clear()
    assert compose.read_services(own.tenant_id).catalogue.health == doubted
    assert catalogue_jobs.rules(own.tenant_id, ()).catalogue.health == doubted
