"""The quarantine over HTTP: listed by code and page, replayed through the real queue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.entrypoints import http_quarantine, queue_events
from chalicelib.kernel.moments import DAY_MS
from tests.entrypoints.service import Shop, open_shop, unique

PATH = "/v1/quarantine"


@pytest.fixture
def own_shop(shop: Shop) -> Shop:
    return open_shop(shop.lambdas)


def of_tomorrow(shop: Shop, user: str, count: int = 1) -> None:
    """Events that their sender's clock dates to tomorrow, ingested today."""
    at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    bought = {"type": "track", "event": "Order Completed", "userId": user, "timestamp": at}
    calls = [{**bought, "properties": {"order_id": unique("o"), "total": "1.00"}} for _ in range(count)]
    assert shop.send("/v1/batch", {"batch": calls}).status == 200
    shop.lambdas.ingest()


def listed(shop: Shop, query: str = "") -> Any:
    answer = shop.read(PATH + query)
    assert answer.status == 200, answer.body
    return answer.json


def test_replay__a_day_later__event_is_applied_and_the_row_says_who_asked(
    own_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door's function sends what it cannot open; ingestion takes it as it took it first."""
    shop, user = own_shop, unique("u")
    of_tomorrow(shop, user)
    (row,) = listed(shop)["quarantined"]
    assert (row["code"], row["path"], row["kind"], row["state"]) == ("future_event", "time", "event", "waiting")
    assert (row["source"], row["replayable"], row["replayed_by"]) == (shop.source_id, True, None)
    first = shop.ask(f"{PATH}/{row['id']}/replay", {})
    assert (first.status, first.json["state"], first.json["replayed_by"]) == (200, "replayed", "admin")
    assert shop.ask(f"{PATH}/{row['id']}/replay", {}).json == first.json
    waiting = shop.lambdas.queued()
    assert len(waiting) == 1
    later = queue_events.now() + DAY_MS
    monkeypatch.setattr(queue_events, "now", lambda: later)
    assert shop.lambdas.ingest(waiting) == {"batchItemFailures": []}
    assert shop.lookup("user_id", user).json["measures"]["orders_paid"]["count"] == 1


def test_replay__fails_again__waits_and_can_be_replayed_again(own_shop: Shop) -> None:
    """The same row, not another."""
    shop = own_shop
    of_tomorrow(shop, unique("u"))
    (row,) = listed(shop)["quarantined"]
    for _ in range(2):
        assert shop.ask(f"{PATH}/{row['id']}/replay", {}).json["state"] == "replayed"
        assert shop.lambdas.ingest() == {"batchItemFailures": []}
        (again,) = listed(shop)["quarantined"]
        assert (again["id"], again["state"], again["replayed_at"]) == (row["id"], "waiting", None)


def test_replay__of_a_malformed_call__409(own_shop: Shop) -> None:
    """What was refused at the door is no event; its sender sends a mended one."""
    shop = own_shop
    shop.send("/v1/track", {"userId": "u", "type": "track"})
    shop.lambdas.ingest()
    (row,) = listed(shop)["quarantined"]
    assert (row["kind"], row["replayable"]) == ("item", False)
    answer = shop.ask(f"{PATH}/{row['id']}/replay", {})
    assert (answer.status, answer.code) == (409, "not_replayable")


def test_list__by_code_and_page__each_row_once(own_shop: Shop) -> None:
    """Newest first; the cursor goes on where the page ended, also within one instant."""
    shop = own_shop
    of_tomorrow(shop, unique("u"), 5)
    shop.send("/v1/track", {"userId": "u", "type": "track"})
    shop.lambdas.ingest()
    assert listed(shop, "?limit=1")["quarantined"][0]["kind"] == "item"
    page = listed(shop, "?code=future_event&limit=2")
    ids = [row["id"] for row in page["quarantined"]]
    while page["cursor"]:
        page = listed(shop, f"?code=future_event&limit=2&cursor={page['cursor']}")
        ids += [row["id"] for row in page["quarantined"]]
    assert (len(ids), len(set(ids))) == (5, 5)


def test_list__expired_but_still_there__is_not_shown(own_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB's own expiry lags by days."""
    of_tomorrow(own_shop, unique("u"))
    later = http_quarantine.now() + 91 * DAY_MS
    monkeypatch.setattr(http_quarantine, "now", lambda: later)
    assert listed(own_shop) == {"quarantined": [], "cursor": ""}


@pytest.mark.parametrize(
    ("query", "code"),
    [("?limit=0", "bad_limit"), ("?limit=x", "bad_limit"), ("?limit=101", "bad_limit"), ("?cursor=%00", "bad_cursor")],
)
def test_list__asked_wrongly__400(shop: Shop, query: str, code: str) -> None:
    """The mistake is named."""
    answer = shop.read(PATH + query)
    assert (answer.status, answer.code) == (400, code)


def test_replay__id_of_nobody_or_of_another_tenant__404_alike(own_shop: Shop) -> None:
    """It is not said whether somebody else has it."""
    of_tomorrow(own_shop, unique("u"))
    (row,) = listed(own_shop)["quarantined"]
    other = open_shop(own_shop.lambdas)
    answers = [other.ask(f"{PATH}/{id_}/replay", {}) for id_ in (row["id"], "0" * 32, "x")]
    bodies = [{**one.json, "request_id": ""} for one in answers]
    assert [one.status for one in answers] == [404, 404, 404]
    assert bodies[0] == bodies[1] == bodies[2]
