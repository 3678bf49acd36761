"""Imports through the functions: the API, the bucket, the queue of imports, the queue of events."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from chalicelib.entrypoints import compose, importing, queue_imports
from infra import emulator
from tests.entrypoints.service import Lambdas, Shop, open_shop, unique

LINES = [
    '{"id": "o1", "who": "buyer-1", "sum": "12.50", "what": "paid", "at": "%s"}',
    '{"id": "o2", "who": "buyer-1", "sum": "ten", "what": "paid", "at": "%s"}',
    "",
    '{"id": "o3", "who": "buyer-1", "sum": 7, "what": "paid", "at": "%s"}',
]
AT = "2026-06-01T10:00:00Z"


def declaration(shop: Shop, **changes: Any) -> dict[str, Any]:
    mapping = {
        "identifiers.user_id": "who",
        "data.order_id": "id",
        "data.amount": "sum",
        "status": "what",
        "time": "at",
    }
    return {"source_id": shop.source_id, "kind": "orders", "format": "jsonl", "mapping": mapping, **changes}


def upload(url: str, content: bytes) -> None:
    urllib.request.urlopen(urllib.request.Request(url, content, {"Content-Type": "text/csv"}, method="PUT"))


def announced(shop: Shop, import_id: str, size: int, etag: str) -> str:
    """What S3 says to the queue."""
    told = {"key": f"uploads/{shop.tenant_id}/{import_id}", "size": size, "eTag": etag}
    return json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": told}}]})


class Context:
    """Lambda's context, with so many milliseconds left."""

    def __init__(self, left: int) -> None:
        self.left = left

    def get_remaining_time_in_millis(self) -> int:
        return self.left


def invoke(*bodies: str, context: Context | None = None) -> dict[str, Any]:
    records = [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]
    return queue_imports.import_ranges({"Records": records}, context)  # type: ignore[no-any-return]


def etag_of(shop: Shop, import_id: str) -> tuple[int, str]:
    client = emulator.client("s3", int(shop.lambdas.operator.environ["AWS_ENDPOINT_URL"].rpartition(":")[2]))
    head = client.head_object(
        Bucket=shop.lambdas.operator.environ["BUCKET_IMPORTS"], Key=f"uploads/{shop.tenant_id}/{import_id}"
    )
    return head["ContentLength"], head["ETag"].strip('"')


def bring(shop: Shop, content: bytes, context: Context | None = None) -> str:
    opened = shop.ask("/v1/imports", declaration(shop))
    assert opened.status == 202, opened.body
    import_id: str = opened.json["import_id"]
    upload(opened.json["upload"]["url"], content)
    assert invoke(announced(shop, import_id, *etag_of(shop, import_id)), context=context) == {"batchItemFailures": []}
    return import_id


def queued_imports(lambdas: Lambdas) -> list[str]:
    url = lambdas.operator.environ["QUEUE_IMPORTS_URL"]
    answer = lambdas.operator.api("sqs").call("ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10})
    return [one["Body"] for one in answer.get("Messages") or []]


def test_import__uploaded_to_its_url__is_read_and_told(shop: Shop) -> None:
    """Declared, uploaded, announced, read: the orders are in the profile and the broken line has its number."""
    content = "\n".join(line % AT if line else line for line in LINES).encode()
    import_id = bring(shop, content)
    view = shop.read(f"/v1/imports/{import_id}").json
    assert (view["state"], view["records"], view["accepted"], view["refused"], view["blank"]) == (
        "finished",
        4,
        2,
        1,
        1,
    )
    assert view["refused_lines"] == [{"line": 2, "code": "bad_amount", "path": "data.amount"}]
    assert view["failure"] is None and view["lines"] == 4
    before = shop.quarantined()
    shop.lambdas.ingest()
    assert shop.lookup("user_id", "buyer-1").json["measures"]["orders_paid"]["count"] == 2
    assert len(shop.quarantined()) == len(before) + 1
    with pytest.raises(Exception, match="404"):
        etag_of(shop, import_id)


def test_import__no_time_left__is_queued_to_be_gone_on_with(shop: Shop) -> None:
    """The function stops before its time is over; its own message goes on."""
    import_id = bring(shop, (LINES[0] % AT).encode(), Context(5_000))
    assert shop.read(f"/v1/imports/{import_id}").json["state"] == "running"
    (body,) = queued_imports(shop.lambdas)
    assert json.loads(body) == {"tenant": shop.tenant_id, "import_id": import_id}
    invoke(body, context=Context(60_000))
    assert shop.read(f"/v1/imports/{import_id}").json["state"] == "finished"
    shop.lambdas.ingest()


def test_import__all_its_mistakes__in_one_answer(shop: Shop) -> None:
    """Whoever declares an import wrongly is told everything at once."""
    answer = shop.ask("/v1/imports", declaration(shop, source_id="s_none", kind="order", speed=9))
    assert (answer.status, answer.code) == (400, "bad_import")
    assert [(one["path"], one["code"]) for one in answer.json["errors"]] == [
        ("speed", "unknown_member"),
        ("kind", "unknown_choice"),
    ]
    assert shop.ask("/v1/imports", []).code == "bad_import"


def test_import__same_idempotency_key__is_the_same_import(shop: Shop) -> None:
    """A repeated POST opens nothing new; another body under the key is refused."""
    key = {"Idempotency-Key": unique("key")}
    first, second = (shop.ask("/v1/imports", declaration(shop), key).json for _ in range(2))
    other = shop.ask("/v1/imports", declaration(shop, time_format="epoch_seconds"), key)
    assert (other.status, other.code) == (409, "idempotency_key_reused")
    assert first["import_id"] == second["import_id"]
    assert first["upload"]["method"] == "PUT" and first["upload"]["expires_at"] == second["upload"]["expires_at"]


def test_import__of_another_tenant__is_not_there(shop: Shop) -> None:
    """Bad input 24: alike for an unknown id and a stranger's."""
    import_id = shop.ask("/v1/imports", declaration(shop)).json["import_id"]
    stranger = open_shop(shop.lambdas, "stranger")
    answers = [stranger.read(f"/v1/imports/{one}") for one in (import_id, "i_none")]
    assert {(one.status, one.code, one.json["message"]) for one in answers} == {
        (404, "no_such_import", "There is no such import.")
    }
    assert stranger.ask("/v1/imports", declaration(shop)).json["errors"][0]["code"] == "unknown_source"
    assert shop.read(f"/v1/imports/{import_id}?cursor=x").code == "bad_cursor"


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"tenant": "t"}', '{"Records": [{"s3": {}}]}', '{"Records": 1}'])
def test_queue__message_of_nobody__fails_alone(shop: Shop, body: str, log: Any) -> None:
    """A poison message is given back, for the dead letters, and harms no other."""
    test_event = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})
    assert invoke(body, test_event) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert "bad_message" in log()


def test_queue__announcement_of_an_unknown_import__changes_nothing(shop: Shop) -> None:
    """A file that nobody declared is left to the bucket's own expiry."""
    assert invoke(announced(shop, "i_none", 5, "e")) == {"batchItemFailures": []}


def test_queue__bucket_does_not_answer__message_comes_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may pass is reported as a failure, and the import stands where it stood."""
    opened = shop.ask("/v1/imports", declaration(shop)).json
    body = announced(shop, opened["import_id"], 9, "e")
    monkeypatch.setenv("BUCKET_IMPORTS", "no-such-bucket")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    for one in (compose.settings, importing.import_services):
        one.cache_clear()
    try:
        assert invoke(body) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    finally:
        monkeypatch.undo()
        for one in (compose.settings, importing.import_services):
            one.cache_clear()
    assert shop.read(f"/v1/imports/{opened['import_id']}").json["records"] == 0
