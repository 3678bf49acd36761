"""Corrections, erasures and receipts through the functions: the API, the queue of erasures, its function, the verifier."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.aws.kms import Kms
from chalicelib.entrypoints import erasing, queue_privacy
from chalicelib.privacy.receipts import ReceiptForged, Signature, public_key, verify
from infra import dynamodb_local, operator, receipts
from tests.entrypoints.service import Invocation, Lambdas, Shop, forget_composed, open_shop, unique


@pytest.fixture
def own(lambdas: Lambdas, functions_environment: None, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A tenant with one person."""
    monkeypatch.setattr(erasing, "_LAG_MS", 0)
    shop = open_shop(lambdas)
    identify(shop, city="北京", birth_date="1995-02-03")
    return shop


def identify(shop: Shop, message_id: str = "m1", **traits: Any) -> None:
    assert shop.send("/v1/identify", {"userId": "u1", "messageId": message_id, "traits": traits}).status == 200
    assert shop.lambdas.ingest() == {"batchItemFailures": []}


def queued(shop: Shop) -> Iterator[str]:
    """What waits for the function that erases, taken out of the queue: of this tenant, whoever left something before."""
    url = shop.lambdas.operator.environ["QUEUE_PRIVACY_URL"]
    sqs = shop.lambdas.operator.api("sqs")
    while messages := sqs.call("ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10}).get("Messages"):
        for one in messages:
            if json.loads(one["Body"])["tenant"] == shop.tenant_id:
                yield one["Body"]
            sqs.call("DeleteMessage", {"QueueUrl": url, "ReceiptHandle": one["ReceiptHandle"]})


def deliver(body: str, left: int = 60_000) -> Any:
    records = [{"messageId": "m1", "body": body}]
    return queue_privacy.erase_people({"Records": records}, Invocation(left))  # type: ignore[operator]


def profile(shop: Shop) -> Any:
    return shop.lookup("user_id", "u1").json


def test_correction__by_staff__is_queued_applied_and_told(own: Shop) -> None:
    """202, then the value with its source, and a receipt that names fields; the value travels sealed."""
    body = {
        "profile_id": profile(own)["profile_id"],
        "traits": {"city": "上海", "birth_date": None},
        "reason": "told us",
    }
    opened = own.ask("/v1/privacy/corrections", body, {"idempotency-key": "k1"})
    assert opened.status == 202
    path = f"/v1/privacy/receipts/{opened.json['receipt_id']}"
    assert own.read(path).json["state"] == "waiting"
    waiting = own.lambdas.queued()
    assert "上海" not in json.dumps(waiting, ensure_ascii=False)
    assert own.lambdas.ingest(waiting) == {"batchItemFailures": []}
    identify(own, "m2", city="广州", birth_date="1995-02-03")
    traits = profile(own)["traits"]
    assert (traits["city"]["value"], traits["city"]["source"]) == ("上海", "person:admin")
    assert "birth_date" not in traits and "age_band" not in traits
    told = own.read(path).json
    assert (told["state"], told["fields"]) == ("applied", ["birth_date", "city"])
    assert own.ask("/v1/privacy/corrections", body, {"idempotency-key": "k1"}).json == opened.json
    audit = own.read("/v1/audit").json
    assert "profiles.correct" in json.dumps(audit) and "上海" not in json.dumps(audit, ensure_ascii=False)


def test_correction__mistakes__are_told_at_once(own: Shop) -> None:
    """400 with every path, and never a value."""
    person = {"identifiers": [{"namespace": "user_id", "value": "u1"}], "reason": "r"}
    wrong = own.ask("/v1/privacy/corrections", {**person, "traits": {"age_band": "x", "nonsense": "13800138001"}})
    assert wrong.status == 400
    assert {one["code"] for one in wrong.json["errors"]} == {"derived_trait", "unknown_trait"}
    assert b"13800138001" not in wrong.body
    for body in ({"traits": {"city": "x"}, "reason": "r"}, {**person, "profile_id": "p_1", "traits": {"city": "x"}}):
        assert own.ask("/v1/privacy/corrections", body).json["code"] == "bad_request"
    assert (
        own.ask("/v1/privacy/corrections", {"profile_id": "p_no", "traits": {"city": "x"}, "reason": "r"}).status == 404
    )


def test_erasure__asked_for__queues_ids_only_and_ends_with_a_signed_receipt(own: Shop) -> None:
    """202; nothing personal in the queue; then nobody is found, and the receipt verifies with the tenant's key."""
    body = {"identifiers": [{"namespace": "user_id", "value": "u1"}], "reason": "they asked"}
    opened = own.ask("/v1/privacy/erasures", body, {"idempotency-key": "k1"})
    assert opened.status == 202
    path = f"/v1/privacy/receipts/{opened.json['receipt_id']}"
    assert own.read(path).json["state"] == "waiting"
    messages = list(queued(own))
    assert [set(json.loads(one)) for one in messages] == [{"tenant", "erasure_id"}]
    assert deliver(messages[0]) == {"batchItemFailures": []}
    assert own.lookup("user_id", "u1").status == 404
    told = own.read(path).json
    assert told["state"] == "completed"
    signed = told["receipt"]
    tenant = own.lambdas.operator.catalogue.tenant(own.tenant_id)
    assert tenant is not None
    assert public_key(signed["signature"]["public_key"]) == tenant.receipt_public
    verify(signed["document"], Signature(**signed["signature"]), tenant.receipt_public)
    with pytest.raises(ReceiptForged):
        verify({**signed["document"], "events": 99}, Signature(**signed["signature"]), tenant.receipt_public)
    stores = {one["store"] for one in (*signed["document"]["touched"], *signed["document"]["left"])}
    assert {"profiles", "history", "keys", "catalogue", "desk", "queues", "uploads", "backups"} == stores
    # Again, with the same key: the same erasure, though nobody is found any more.
    assert own.ask("/v1/privacy/erasures", body, {"idempotency-key": "k1"}).json == opened.json
    assert [deliver(one) for one in queued(own)] == [{"batchItemFailures": []}]
    assert own.read(path).json == told
    assert own.ask("/v1/privacy/erasures", body).status == 404


def test_erasure__out_of_time__goes_on_by_a_message(own: Shop) -> None:
    """From the first slice on nobody is found; the receipt follows with the last."""
    opened = own.ask("/v1/privacy/erasures", {"profile_id": profile(own)["profile_id"], "reason": "asked"})
    (message,) = queued(own)
    assert deliver(message, left=14_000) == {"batchItemFailures": []}
    assert own.lookup("user_id", "u1").status == 404
    path = f"/v1/privacy/receipts/{opened.json['receipt_id']}"
    assert own.read(path).json["state"] == "running"
    (again,) = queued(own)
    assert deliver(again) == {"batchItemFailures": []}
    assert own.read(path).json["state"] == "completed"


def test_erasure__of_somebody_erased_meanwhile__is_refused_and_not_retried(own: Shop) -> None:
    """The second of two orders ends, and says why."""
    asked = {"profile_id": profile(own)["profile_id"], "reason": "asked"}
    first, second = (own.ask("/v1/privacy/erasures", asked) for _ in range(2))
    assert [deliver(one) for one in queued(own)] == [{"batchItemFailures": []}] * 2
    told = [own.read(f"/v1/privacy/receipts/{one.json['receipt_id']}").json for one in (first, second)]
    assert sorted(one["state"] for one in told) == ["completed", "refused"]
    assert {one["code"] for one in told} == {"", "no_such_profile"}


def test_erasure__bad_message__comes_again_and_ends_among_the_dead(own: Shop) -> None:
    """What is no message of ours is not taken for done."""
    assert deliver("{}") == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


def test_erasure__by_who_may_not__refused(own: Shop) -> None:
    """Only privacy officers and admins correct and erase."""
    body = {"profile_id": "p_1", "reason": "r"}
    for role in ("agent", "supervisor", "analyst", "marketer"):
        token = own.role(role)
        assert own.lambdas.http("POST", "/v1/privacy/erasures", body, token=token).status in (401, 403)
        assert own.lambdas.http("GET", "/v1/privacy/receipts/era_1", token=token).status in (401, 403)
    assert own.lambdas.http("GET", "/v1/privacy/receipts/era_1", token=own.role("privacy_officer")).status == 404


def test_receipt__of_another_tenant__not_found(own: Shop, lambdas: Lambdas) -> None:
    """An id of somebody else's is no id."""
    opened = own.ask("/v1/privacy/erasures", {"profile_id": profile(own)["profile_id"], "reason": "asked"})
    other = open_shop(lambdas, "other")
    assert other.read(f"/v1/privacy/receipts/{opened.json['receipt_id']}").status == 404
    assert list(queued(own))


def test_receipt__verified_offline__from_the_file_alone(
    own: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operator's command says yes to the file as it was answered, and no to a tampered one or another key."""
    opened = own.ask("/v1/privacy/erasures", {"profile_id": profile(own)["profile_id"], "reason": "asked"})
    assert [deliver(one) for one in queued(own)] == [{"batchItemFailures": []}]
    answer = own.read(f"/v1/privacy/receipts/{opened.json['receipt_id']}")
    file = tmp_path / "receipt.json"
    file.write_bytes(answer.body)
    key = receipts.key_of(
        own.tenant_id,
        own.lambdas.operator.catalogue,
        Kms(own.lambdas.operator.api("kms")),
        own.lambdas.operator.settings,
    )["public_key"]
    assert operator.main(["receipt", "verify", str(file), "--key", key, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["receipt_id"] == opened.json["receipt_id"]
    assert operator.main(["receipt", "verify", str(file)]) == 0
    assert "compare it" in capsys.readouterr().out
    other = open_shop(own.lambdas, "other").tenant_id
    known = own.lambdas.operator.catalogue.tenant(other)
    assert known is not None
    wrong = b64encode(known.receipt_public).decode()
    assert operator.main(["receipt", "verify", str(file), "--key", wrong]) == 1
    file.write_bytes(answer.body.replace(b'"facets":1', b'"facets":2'))
    assert operator.main(["receipt", "verify", str(file), "--key", key]) == 1
    assert "receipt_forged" in capsys.readouterr().err
    file.write_bytes(answer.body.replace(b'"facets":1', b'"facets":99,"facets":1'))
    assert operator.main(["receipt", "verify", str(file), "--key", key]) == 1, "who reads it would see 99"
    assert "no receipt" in capsys.readouterr().err
    file.write_bytes(b"{}")
    assert operator.main(["receipt", "verify", str(file)]) == 1


def test_erasure__tenant_without_a_receipt_key__is_erased_and_waits_for_its_receipt(own: Shop) -> None:
    """An older tenant: nobody is found from the first moment; once an operator has made the key, the receipt follows."""
    catalogue = own.lambdas.operator.catalogue
    tenant = catalogue.tenant(own.tenant_id)
    assert tenant is not None
    catalogue.keep(replace(tenant, receipt_private=b"", receipt_public=b""))
    forget_composed()
    opened = own.ask("/v1/privacy/erasures", {"profile_id": profile(own)["profile_id"], "reason": "asked"})
    (message,) = queued(own)
    assert deliver(message) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert own.lookup("user_id", "u1").status == 404
    path = f"/v1/privacy/receipts/{opened.json['receipt_id']}"
    assert own.read(path).json["state"] == "running"
    kms, settings = Kms(own.lambdas.operator.api("kms")), own.lambdas.operator.settings
    made = receipts.key_of(own.tenant_id, catalogue, kms, settings)
    assert receipts.key_of(own.tenant_id, catalogue, kms, settings) == made
    forget_composed()
    assert deliver(message) == {"batchItemFailures": []}
    assert own.read(path).json["receipt"]["signature"]["public_key"] == made["public_key"]


def test_operator__receipt_key_and_restore__are_commands(
    own: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key is printed; a restore into empty copies replays the ledger, and one into what serves is refused."""
    environ = own.lambdas.operator.environ
    monkeypatch.setattr(operator.deployment, "environment", lambda _stack: dict(environ))
    assert operator.main(["receipt-key", "--tenant", own.tenant_id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["public_key"]
    assert own.ask("/v1/privacy/erasures", {"profile_id": profile(own)["profile_id"], "reason": "asked"}).status == 202
    assert [deliver(one) for one in queued(own)] == [{"batchItemFailures": []}]
    port = int(environ["AWS_ENDPOINT_URL"].rpartition(":")[2])
    copies = dynamodb_local.create_tables(dynamodb_local.Running(port, 0), unique("restored"))
    named = ["restore", "--profiles", copies["TABLE_PROFILES"], "--history", copies["TABLE_HISTORY"], "--json"]
    assert operator.main(named) == 0
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert told["left_over"] == 0 and told["identifiers"] >= 1
    assert copies["TABLE_PROFILES"] in told["next"] and "erasures replayed" in printed.err
    serving = ["restore", "--profiles", environ["TABLE_PROFILES"], "--history", environ["TABLE_HISTORY"]]
    assert operator.main(serving) == 1
    assert "serves" in capsys.readouterr().err
