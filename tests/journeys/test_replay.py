"""What was given up on comes back by one command, what was quarantined by one call, and neither counts twice."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.demo.commands import ROOT
from infra.demo.waiting import wait_until_accounted
from tests.journeys.live import Live, segment_items, sending, unique

pytestmark = pytest.mark.deployed

ORDERS = 5
BARELY_FUTURE_SECONDS = 5 * 60 + 8
"""A little more than a clock may be ahead: refused now and acceptable in a moment."""


def dead_letters(verb: str) -> Any:
    """The operator's command."""
    command = [sys.executable, "-m", "infra.operator", "dead-letters", verb, "--json"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.fixture
def impatient(live: Live) -> Iterator[None]:
    """The events queue tries again after seconds, and KMS opens no delivery until the test enables the key."""
    queues, url, kms = live.aws("sqs"), live.cloud.outputs["EventsQueueUrl"], live.aws("kms")
    before = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "2"})
    kms.disable_key(KeyId=live.cloud.outputs["IngestKeyId"])
    yield
    kms.enable_key(KeyId=live.cloud.outputs["IngestKeyId"])
    queues.set_queue_attributes(QueueUrl=url, Attributes=before)


def test_dead_letters__once_their_cause_is_gone__are_replayed_by_the_command(live: Live, impatient: None) -> None:
    """Nobody could open them, they died, an operator moved them back, and each counts once."""
    dead_before = live.counts().dead_messages
    user, tenant = unique("dead"), live.tenant.tenant_id
    bought = [
        sending(
            "order.paid", user, channel="shop", data={"order_id": unique("o"), "amount": "10.00", "currency": "CNY"}
        )
        for _ in range(ORDERS)
    ]
    for call in segment_items(bought):
        auth = (live.access.write_key, "")
        assert live.session.post(f"{live.cloud.url}/v1/batch", json={"batch": [call]}, auth=auth, timeout=30).ok
    live.aws("sqs").send_message(QueueUrl=live.cloud.outputs["EventsQueueUrl"], MessageBody="poison")
    _until(lambda: live.counts().dead_messages - dead_before >= ORDERS + 1)
    told = dead_letters("list")["events"]
    assert told["tenants"][tenant] == ORDERS
    assert told["codes"]["key_unavailable"] >= ORDERS and told["codes"]["bad_message"] >= 1
    live.aws("kms").enable_key(KeyId=live.cloud.outputs["IngestKeyId"])
    assert dead_letters("replay")["events"] >= ORDERS + 1
    counts = wait_until_accounted(live.counts, ORDERS, stall_seconds=120.0)
    assert counts.applied == ORDERS
    _until(lambda: dead_letters("list")["events"]["codes"].get("bad_message", 0) >= 1)
    assert tenant not in dead_letters("list")["events"]["tenants"], "only the poison is dead again"
    assert live.api.lookup([("user_id", user)])["measures"]["orders_paid"]["count"] == ORDERS


def test_quarantine__replayed_when_its_hour_has_come__is_applied_once(live: Live) -> None:
    """A clock that was too far ahead loses nothing: the list shows it, a call applies it, a second changes nothing."""
    user = unique("early")
    (call,) = segment_items([sending("order.paid", user, data={"order_id": "o1", "amount": "1.00", "currency": "CNY"})])
    at = datetime.now(UTC) + timedelta(seconds=BARELY_FUTURE_SECONDS)
    call["timestamp"] = at.isoformat()
    auth = (live.access.write_key, "")
    assert live.session.post(f"{live.cloud.url}/v1/batch", json={"batch": [call]}, auth=auth, timeout=30).ok
    live.settle(1)
    (row,) = _get(live, "/v1/quarantine?code=future_event")["quarantined"]
    assert (row["state"], row["replayable"], row["path"]) == ("waiting", True, "time")
    time.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds() - 5 * 60 + 1))
    for _ in range(2):
        answer = live.session.post(
            f"{live.cloud.url}/v1/quarantine/{row['id']}/replay", json={}, headers=_bearer(live), timeout=30
        )
        assert answer.status_code == 200 and answer.json()["state"] in ("replayed", "applied"), answer.text
    assert live.settle(1).applied == 1
    assert live.api.lookup([("user_id", user)])["measures"]["orders_paid"]["count"] == 1
    (row,) = _get(live, "/v1/quarantine")["quarantined"]
    assert (row["state"], row["replayed_by"]) == ("applied", "admin")
    assert live.counts().quarantined == 0


def _bearer(live: Live) -> dict[str, str]:
    return {"Authorization": f"Bearer {live.tenant.admin_token}"}


def _get(live: Live, path: str) -> Any:
    answer = live.session.get(live.cloud.url + path, headers=_bearer(live), timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _until(holds: Any, patience_seconds: float = 120.0) -> None:
    """Ask again until it holds; a queue takes its time."""
    end = time.monotonic() + patience_seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(1.0)
