"""Bad inputs and attacks at the doors. Two tables, which anyone can extend:

- tests/cases/bad_inputs_http.json, which the journeys send to the deployed product, holds here too;
- tests/cases/bad_inputs_doors.json: calls of the Segment family, whose clients know only success. A row is
  ``applied`` (perhaps with the exact ``sum`` of money), or after ingestion stands in the quarantine with its
  code, or has the status and code of a problem.
"""

from __future__ import annotations

import base64
import gzip
import hmac
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.entrypoints.service import Answer, Lambdas, Shop, open_shop, unique

CASES = Path(__file__).parents[1] / "cases"
DOORS: list[dict[str, Any]] = json.loads((CASES / "bad_inputs_doors.json").read_text())
HTTP: list[dict[str, Any]] = json.loads((CASES / "bad_inputs_http.json").read_text())
READS = {"lookup": "/v1/profiles/lookup", "route": "/v1/route"}


def expanded(value: Any) -> Any:
    """A JSON value with its repetitions written out."""
    if isinstance(value, dict):
        if set(value) == {"repeat", "times"}:
            return value["repeat"] * value["times"]
        return {name: expanded(one) for name, one in value.items()}
    return [expanded(one) for one in value] if isinstance(value, list) else value


def bytes_of(body: Any) -> bytes:
    """A body as the table writes it: text, base64, a repetition, or gzip of one of them."""
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if "base64" in body:
        return base64.b64decode(body["base64"] + "==")
    if "gzip" in body:
        return gzip.compress(bytes_of(body["gzip"]), 9, mtime=0)
    return (str(body.get("before", "")) + body["repeat"] * body["times"] + str(body.get("after", ""))).encode()


def check_problem(answer: Answer, row: dict[str, Any]) -> None:
    """The expected status, in a problem document that repeats no value."""
    statuses = row["status"] if isinstance(row["status"], list) else [row["status"]]
    assert answer.status in statuses, answer.body[:300]
    if answer.by_gateway:
        return
    assert row["code"] in (None, answer.code), answer.body
    assert answer.json["message"]
    assert answer.json["request_id"]


# -- the Segment family, up to the quarantine


@pytest.mark.parametrize("row", DOORS, ids=lambda row: f"{row['number']}-{row['name'].replace(' ', '_')}")
def test_segment_call__bad_or_odd__ends_as_the_table_says(shop: Shop, row: dict[str, Any]) -> None:
    """Nothing is lost: a call is applied, or stands in the quarantine with its code, or is refused with one."""
    user = unique("u")
    before = shop.quarantined()
    call = {"userId": user, "messageId": unique("m"), **expanded(row["body"])}
    answer = shop.send(f"/v1/{row['call']}", {name: value for name, value in call.items() if value is not None})
    if "status" in row:
        check_problem(answer, row)
        assert shop.lambdas.queued() == []
        return
    assert (answer.status, answer.json) == (200, {"success": True})
    assert shop.lambdas.ingest() == {"batchItemFailures": []}
    left = shop.quarantined()
    for code in before:
        left.remove(code)
    assert left == ([] if row.get("applied") else [row["quarantined"]])
    if call["userId"] == user:
        found = shop.lookup("user_id", user)
        assert found.status == (200 if row.get("applied") else 404)
        if "sum" in row:
            assert found.json["measures"]["orders_paid"]["sum"] == row["sum"]


# -- the table of the journeys


def headers_of_webhook(shop: Shop, row: dict[str, Any], body: bytes) -> dict[str, str]:
    message_id = unique("bad")
    stamp = row.get("timestamp", "{seconds}").replace("{seconds}", str(int(time.time())))
    key = base64.b64decode(shop.webhook_secret.removeprefix("whsec_") + "==")
    signed = base64.b64encode(hmac.digest(key, f"{message_id}.{stamp}.".encode() + body, "sha256")).decode()
    # Where the stamp is what is wrong, the signature is right.
    signature = f"v1,{signed}" if "timestamp" in row else row.get("signature")
    headers = {"webhook-id": message_id, "webhook-timestamp": stamp}
    return headers | ({} if signature is None else {"webhook-signature": signature})


def sent(shop: Shop, row: dict[str, Any]) -> Answer:
    door = row["door"]
    if door == "get":
        return shop.read(row["path"])
    headers = {"content-type": "application/cloudevents+json" if door == "events" else "application/json"}
    headers |= row.get("headers", {})
    if door == "webhook":
        body = json.dumps({"type": "survey.answered", "data": {"user_id": "u", "score": 3}}).encode()
        path = f"/v1/webhooks/standard/{shop.source_id}"
        return shop.lambdas.http("POST", path, body, headers | headers_of_webhook(shop, row, body))
    body = event_of(row["event"]) if "event" in row else bytes_of(row["body"])
    kind = row.get("credential") or ("bearer" if door in READS else "source")
    credentials: dict[str, dict[str, str]] = {
        "source": {"key": shop.write_key},
        "wrong": {"key": "zk_wrong"},
        "bearer": {"token": shop.admin_token},
        "none": {},
    }
    return shop.lambdas.http("POST", READS.get(door, f"/v1/{door}"), body, headers, **credentials[kind])


def event_of(changes: dict[str, Any]) -> bytes:
    event = {
        "specversion": "1.0",
        "id": unique("bad"),
        "type": "message.received",
        "source": "/table",
        "time": datetime.now(UTC).isoformat(),
        "subject": f"user_id:{unique('bad')}",
        "datacontenttype": "application/json",
        **expanded(changes),
    }
    return json.dumps({name: one for name, one in event.items() if one is not None}, ensure_ascii=False).encode()


@pytest.mark.parametrize("row", HTTP, ids=lambda row: f"{row['number']}-{row['name']}")
def test_request__of_the_journeys_table__ends_alike_in_process(shop: Shop, row: dict[str, Any]) -> None:
    """One table, two runners: what holds for the deployed product holds for its code."""
    answer = sent(shop, row)
    shop.lambdas.queued()
    if "status" in row:
        check_problem(answer, row)
        assert answer.by_gateway or row.get("says", "") in answer.json["message"]
        return
    assert answer.status in (200, 202), answer.body[:300]
    codes = [one["code"] for one in answer.json.get("refused", [])]
    assert codes == ([row["refused"]] if "refused" in row else [])


# -- every JSON body there is, at every door there is

BODIES: dict[str, tuple[bytes, int, str]] = {
    "1 cut off": (b'{"a": [', 400, "bad_json"),
    "1 empty": (b"", 400, "bad_json"),
    "1 byte order mark": (b"\xef\xbb\xbf{}", 400, "bad_json"),
    "1 two documents": (b"{} {}", 400, "bad_json"),
    "1 single quotes": (b"{'a': 1}", 400, "bad_json"),
    "2 over 10 MB": (b'{"a": "' + b"x" * 10_485_761 + b'"}', 413, "too_large"),
    "3 nested 100,000 deep": (b"[" * 100_000 + b"]" * 100_000, 400, "too_deep"),
    "3 nested 17 deep": (b"[" * 17 + b"]" * 17, 400, "too_deep"),
    "4 NaN": (b'{"a": NaN}', 400, "bad_number"),
    "4 Infinity": (b'{"a": -Infinity}', 400, "bad_number"),
    "4 1e400": (b'{"a": 1e400}', 400, "bad_number"),
    "4 1e-400": (b'{"a": 1e-400}', 400, "bad_number"),
    "5 5,000 digits": (b'{"a": ' + b"9" * 5_000 + b"}", 400, "bad_number"),
    "5 39 digits": (b'{"a": ' + b"9" * 39 + b"}", 400, "bad_number"),
    "6 duplicate key": (b'{"a": 1, "a": 2}', 400, "duplicate_key"),
    "6 duplicate key within": (b'{"a": {"b": 1, "b": 2}}', 400, "duplicate_key"),
    "7 not UTF-8": (b'{"a": "\xff"}', 400, "bad_utf8"),
    "7 overlong": (b'{"a": "\xc0\xaf"}', 400, "bad_utf8"),
    "7 surrogate in UTF-8": (b'{"a": "\xed\xa0\x80"}', 400, "bad_utf8"),
    "8 lone surrogate": (b'{"a": "\\ud800"}', 400, "lone_surrogate"),
    "8 lone surrogate as a name": (b'{"\\udfff": 1}', 400, "lone_surrogate"),
}
JSON_DOORS = ["/v1/batch", "/v1/track", "/v1/alias", "/v1/events", "/v1/profiles/lookup", "/v1/route", "webhook"]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("door", JSON_DOORS)
def test_body__that_is_no_sound_json__refused_with_its_code_at_every_door(shop: Shop, door: str, body: str) -> None:
    """Numbers 1 to 8: one reader of JSON stands behind all doors."""
    content, status, code = BODIES[body]
    answer = at_door(shop, door, content)
    assert (answer.status, answer.code) == (status, code)
    assert set(answer.json) == {"code", "message", "request_id", "errors"}
    assert len(answer.body) < 400
    assert shop.lambdas.queued() == []


BOMBS = {
    "one member": gzip.compress(b" " * 100_000_000, 9, mtime=0),
    "many members": gzip.compress(b" " * 1_000_000, mtime=0) * 100,
}


@pytest.mark.parametrize("door", JSON_DOORS)
@pytest.mark.parametrize("bomb", BOMBS)
def test_gzip_bomb__at_every_door__refused(shop: Shop, door: str, bomb: str) -> None:
    """38: 97 KB that open to 100 MB are refused for the price of 10 MB."""
    answer = at_door(shop, door, BOMBS[bomb], {"content-encoding": "gzip"})
    assert (answer.status, answer.code) in {(413, "too_large"), (400, "bad_gzip")}


def at_door(shop: Shop, door: str, content: bytes, headers: dict[str, str] | None = None) -> Answer:
    if door in READS.values():
        return shop.lambdas.http("POST", door, content, _typed(headers), token=shop.admin_token)
    if door != "webhook":
        return shop.send(door, content, _typed(headers))
    opened = content if not headers else b""
    signed = headers_of_webhook(shop, {"timestamp": "{seconds}"}, opened)
    return shop.lambdas.http("POST", f"/v1/webhooks/standard/{shop.source_id}", content, _typed(headers) | signed)


def _typed(headers: dict[str, str] | None) -> dict[str, str]:
    return {"content-type": "application/json", **(headers or {})}


# -- what a table cannot say


def test_23_tenant_in_a_header__means_nothing(shop: Shop) -> None:
    """The tenant follows from the credential."""
    user = unique("u")
    headers = {"x-tenant": "t_other", "x-tenant-id": "t_other", "tenant": "t_other"}
    assert shop.send("/v1/track", {"userId": user, "event": "X"}, headers).status == 200
    shop.lambdas.ingest()
    assert shop.lookup("user_id", user).status == 200


def test_25_privileges__claimed_by_an_untrusted_source__are_left_out(shop: Shop, lambdas: Lambdas) -> None:
    """VIP, consent, tags, version, state: nobody makes himself important."""
    untrusted = lambdas.operator.create_source(shop.tenant_id, "website", "web", trusted=False)
    user = unique("u")
    claims = {
        "is_vip": True,
        "vip": True,
        "member_level": "diamond",
        "consent": ["marketing"],
        "consents": [{"purpose": "marketing"}],
        "tags": ["vip"],
        "version": 999,
        "state": "erased",
        "profile_id": "p_1",
        "credit_band": "AAA",
        "age_band": "under_14",
        "country": "CN",
    }
    body = {"userId": user, "traits": {**claims, "city": "上海"}}
    assert lambdas.http("POST", "/v1/identify", body, key=untrusted["write_key"]).status == 200
    lambdas.ingest()
    person = shop.lookup("user_id", user).json
    assert set(person["traits"]) == {"city", "region"}
    assert (person["state"], person["version"], person["consents"]) == ("active", 1, [])
    assert "vip" not in {one["id"] for one in person["tags"]}


@pytest.mark.parametrize("token", ["known", "unknown"])
def test_30_credentials__known_or_not__take_the_same_path(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    """One look-up by hash and one comparison in constant time, whoever asks."""
    from chalicelib.privacy import credentials

    compared: list[tuple[bytes, bytes]] = []

    class Watching:
        @staticmethod
        def compare_digest(left: bytes, right: bytes) -> bool:
            compared.append((left, right))
            return hmac.compare_digest(left, right)

    monkeypatch.setattr(credentials, "hmac", Watching)
    presented = shop.admin_token if token == "known" else "zt_" + "a" * 43
    answer = shop.lambdas.http("GET", "/v1/profiles/p_1", token=presented)
    assert answer.status == (400 if token == "known" else 401)
    assert len(compared) == 1
    assert all(isinstance(one, bytes) and len(one) == 64 for one in compared[0])


PHONES = ("+8613907551234", "13907551234", "139 0755 1234", "139-0755-1234", "１３９０７５５１２３４", "0086 13907551234",
          "一三九〇七五五一二三四", "139\u200b0755\u200b1234", "(+86) 139 0755 1234", "\u202a13907551234\u202c")  # fmt: skip


@pytest.mark.parametrize("spelt", PHONES)
def test_39_phone__however_it_is_typed__is_one_person(lambdas: Lambdas, phone_owner: Shop, spelt: str) -> None:
    """Full-width and Chinese digits, zero-width letters, separators."""
    owner = phone_owner.lookup("user_id", "owner").json["profile_id"]
    assert phone_owner.lookup("phone", spelt).json["profile_id"] == owner
    phone_owner.send("/v1/track", {"event": "X", "messageId": unique("m"), "context": {"traits": {"phone": spelt}}})
    lambdas.ingest()
    assert phone_owner.lookup("user_id", "owner").json["profile_id"] == owner


@pytest.mark.parametrize(
    "spelt", ["jose\u0301@shop.test", "JOSÉ@SHOP.TEST", "josé@ｓｈｏｐ．test", "jos\u200bé@shop.test"]
)
def test_39_email__however_it_is_typed__is_one_person(phone_owner: Shop, spelt: str) -> None:
    """NFD, capitals, full-width letters and what nobody sees."""
    owner = phone_owner.lookup("user_id", "owner").json["profile_id"]
    assert phone_owner.lookup("email", spelt).json["profile_id"] == owner


@pytest.fixture(scope="module")
def phone_owner(lambdas: Lambdas, functions_environment: None) -> Shop:
    """A tenant where one person owns a phone and an address."""
    shop = open_shop(lambdas, "phones")
    traits = {"phone": PHONES[0], "email": "josé@shop.test"}
    shop.send("/v1/identify", {"userId": "owner", "traits": traits})
    lambdas.ingest()
    return shop


def test_35_canary__through_every_door_and_fault__is_in_no_answer_log_queue_or_table(
    shop: Shop, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that exists nowhere else is sent in every place, well and badly; all sinks are searched."""
    phone, name = f"139{random.randrange(10**8):08}", f"金丝雀{unique('c')}"
    answers = [answer.body for answer in told(shop, phone, name)]
    waiting = shop.lambdas.queued()
    shop.lambdas.ingest([*waiting, {"messageId": "poison", "body": json.dumps({"tenant": phone, "sealed": name})}])
    answers += [answer.body for answer in told_of(shop, phone)]
    with monkeypatch.context() as patch:
        from chalicelib.entrypoints import http_profiles

        def broken(tenant_id: str) -> Any:
            raise KeyError(phone, name)

        patch.setattr(http_profiles, "read_services", broken)
        answers += [shop.lookup("phone", phone).body]
    operator = shop.lambdas.operator
    tables = [
        json.dumps(
            operator.api("dynamodb").call("Scan", {"TableName": table}),
            ensure_ascii=False,
            default=lambda found: found.decode("utf-8", "replace"),
        )
        for table in (
            operator.settings.table_profiles,
            operator.settings.table_history,
            operator.settings.table_keys,
            operator.settings.table_catalogue,
        )
    ]
    written = log()
    assert "unexpected_error" in written and "message_failed" in written, "the faults were met"
    sinks = {f"answer {place}": answer for place, answer in enumerate(answers)}
    sinks |= {"log": written.encode(), "queue": json.dumps(waiting).encode(), "tables": "\n".join(tables).encode()}
    found = {
        (place, form)
        for needle in (phone, name)
        for form in spellings(needle)
        for place in sinks
        if form in sinks[place]
    }
    assert found == set()


def spellings(needle: str) -> Iterator[bytes]:
    raw = needle.encode()
    yield from (raw, needle[::-1].encode(), json.dumps(needle)[1:-1].encode())
    yield from (base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4] for shift in range(3))


def told(shop: Shop, phone: str, name: str) -> Iterator[Answer]:
    """To every door, well and badly."""
    base = {"userId": f"u-{phone}", "context": {"traits": {"phone": phone}}}
    yield shop.send("/v1/identify", {**base, "traits": {"name": name, "phone": phone, "city": phone, phone: name}})
    yield shop.send("/v1/track", {**base, "event": "Message Received", "properties": {"text": name + phone}})
    yield shop.send("/v1/track", {**base, "event": "Order Completed", "properties": {"order_id": phone, "total": name}})
    yield shop.send("/v1/track", {**base, "event": "Order Completed", "properties": {"order_id": phone, "total": "1"}})
    yield shop.send("/v1/track", {**base, "event": "X", "timestamp": phone})
    yield shop.send("/v1/track", {**base, "event": "X", "tenant": phone})
    yield shop.send("/v1/batch", {"batch": [phone, {"type": name}]})
    yield shop.send("/v1/batch", f'{{"batch": "{phone}'.encode())
    yield shop.send("/v1/events", event_of({"subject": f"phone:{phone}", "type": name, "time": phone}))
    yield shop.send("/v1/events", {"specversion": name}, {"content-type": "application/cloudevents+json"})
    yield shop.lambdas.http("POST", f"/v1/webhooks/standard/{phone}", {"type": name}, {"webhook-id": phone})
    at = datetime.now(UTC)
    body = json.dumps({"type": "survey.answered", "data": {"phone": phone, "score": name, "text": phone}})
    headers = {
        "webhook-id": phone,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(shop.webhook_secret).sign(phone, at, body),
    }
    yield shop.lambdas.http("POST", f"/v1/webhooks/standard/{shop.source_id}", body.encode(), headers)


def told_of(shop: Shop, phone: str) -> Iterator[Answer]:
    """What is read back, and asked wrongly."""
    found = shop.lookup("phone", phone)
    yield found
    base = f"/v1/profiles/{found.json['profile_id']}"
    for path in ("", "/tags", "/timeline", "/context"):
        yield shop.read(f"{base}{path}?purpose=service")
    yield shop.read(f"{base}/timeline?purpose=service&cursor={phone}")
    yield shop.read(f"{base}/tags/{phone}/why?purpose=service")
    yield shop.read(f"{base}/segments/{phone}/why?purpose=service")
    yield shop.read(f"/v1/profiles/{phone}?purpose={phone}")
    yield shop.ask("/v1/route", {"channel": "web", "purpose": "service", "profile_id": phone, phone: 1})
    asked = {"channel": "web_chat", "purpose": "service", "message": f"打{phone}"}
    yield shop.ask("/v1/route", {**asked, "identifiers": [{"namespace": "phone", "value": phone}]})
    yield shop.ask("/v1/route", {**asked, "identifiers": [{"namespace": phone, "value": phone}]})
    yield shop.ask("/v1/route", {**asked, "profile_id": found.json["profile_id"], "channel": f"c{phone}"})


def test_tables__name_each_number_that_has_a_row() -> None:
    """The tables and the tests of this folder cover the list of bad inputs for the doors."""
    by_name = {23, 25, 27, 30, 35, 39}
    covered = {row["number"] for row in (*DOORS, *HTTP)} | by_name | {int(name.split()[0]) for name in BODIES}
    assert {*range(1, 20), *range(22, 31), 33, 34, 35, 38, 39} <= covered
