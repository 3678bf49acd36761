"""The queue's function: what it answers decides what is delivered again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.entrypoints import compose, queue_events
from tests.entrypoints.service import Invocation, Shop, unique


def queued(shop: Shop, user: str) -> list[dict[str, str]]:
    properties = {"order_id": unique("o"), "total": "1.00"}
    assert shop.send("/v1/track", {"userId": user, "event": "Order Completed", "properties": properties}).status == 200
    return shop.lambdas.queued()


def test_batch__with_a_poison_message__only_that_one_is_named(shop: Shop, log: Callable[[], str]) -> None:
    """SQS deletes the others: they are applied."""
    user = unique("u")
    poison = {"messageId": "poison", "body": '{"tenant": "t_none", "sealed": ""}'}
    answer = shop.lambdas.ingest([*queued(shop, user), poison, *queued(shop, user)])
    assert answer == {"batchItemFailures": [{"itemIdentifier": "poison"}]}
    assert shop.lookup("user_id", user).json["measures"]["orders_paid"]["count"] == 2
    lines = [json.loads(line) for line in log().splitlines() if line.startswith("{")]
    (metrics,) = [line for line in lines if "_aws" in line]
    assert (metrics["Applied"], metrics["FailedMessages"], metrics["Duplicate"]) == (2, 1, 0)
    (told,) = [line for line in lines if line.get("message") == "message_failed"]
    assert (told["code"], told["message_id"]) == ("unknown_tenant", "poison")


def test_batch__delivered_twice__is_a_success_that_changes_nothing(shop: Shop) -> None:
    """At least once is what a queue promises."""
    user = unique("u")
    records = queued(shop, user)
    for _ in range(2):
        assert shop.lambdas.ingest(records) == {"batchItemFailures": []}
    assert shop.lookup("user_id", user).json["measures"]["orders_paid"]["count"] == 1


def test_batch__store_away__all_messages_come_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost, and nothing raises: a raised error would look like a crash."""
    from msgspec.structs import replace

    from chalicelib.kernel.errors import Unavailable

    class Away:
        def __getattr__(self, _name: str) -> Any:
            raise Unavailable("throttled", "Later.")

    user = unique("u")
    records = queued(shop, user)
    with monkeypatch.context() as patch:
        patch.setattr(queue_events, "ingest_services", lambda: replace(compose.ingest_services(), profiles=Away()))
        answer = shop.lambdas.ingest(records)
    assert answer == {"batchItemFailures": [{"itemIdentifier": one["messageId"]} for one in records]}
    assert shop.lambdas.ingest(records) == {"batchItemFailures": []}
    assert shop.lookup("user_id", user).status == 200


def test_batch__empty__nothing_fails(shop: Shop) -> None:
    """An invocation without records is no error."""
    assert queue_events.ingest_events({"Records": []}, Invocation()) == {"batchItemFailures": []}


def test_batch__hardly_any_time_left__all_messages_come_again(shop: Shop) -> None:
    """What an invocation cannot finish it does not begin: the queue delivers it again."""
    user = unique("u")
    records = queued(shop, user)
    answer = queue_events.ingest_events({"Records": records}, Invocation(left=2_000))
    assert answer == {"batchItemFailures": [{"itemIdentifier": one["messageId"]} for one in records]}
    assert shop.lambdas.ingest(records) == {"batchItemFailures": []}
