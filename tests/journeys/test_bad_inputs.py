"""Bad inputs and attacks through the living doors; tests/cases/bad_inputs_http.json is the table anyone can extend.

A row is sent as it stands. It expects either a ``status`` with a ``code`` (null: any code) of a
problem document, or ``refused``: the code a CloudEvent is refused with, or that it is ``accepted``.
"""

from __future__ import annotations

import base64
import gzip
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from standardwebhooks.webhooks import Webhook

from infra.demo import commands
from infra.demo.commands import Cloud
from infra.demo.doors import post_webhook
from infra.demo.sending import WEBHOOK
from tests.journeys.live import Live, described, sending, unique

pytestmark = pytest.mark.deployed

CASES: list[dict[str, Any]] = json.loads((commands.ROOT / "tests" / "cases" / "bad_inputs_http.json").read_text())
PATHS = {"lookup": "/v1/profiles/lookup", "route": "/v1/route"}
READS = ("lookup", "route", "get")


@pytest.fixture(scope="module")
def shop(cloud: Cloud) -> Live:
    """One tenant for all rows: what one row does may not hurt the next."""
    return Live(cloud, commands.create_tenant("bad-inputs"))


def _bytes_of(body: Any) -> bytes:
    """A body as the table writes it: text, base64, a repetition, or gzip of one of them."""
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if "base64" in body:
        return base64.b64decode(body["base64"] + "==")
    if "gzip" in body:
        return gzip.compress(_bytes_of(body["gzip"]), 9, mtime=0)
    return (body.get("before", "") + body["repeat"] * body["times"] + body.get("after", "")).encode()


def _expanded(value: Any) -> Any:
    """A JSON value with its repetitions written out."""
    if isinstance(value, dict):
        if set(value) == {"repeat", "times"}:
            return value["repeat"] * value["times"]
        return {name: _expanded(inner) for name, inner in value.items()}
    return [_expanded(inner) for inner in value] if isinstance(value, list) else value


def _cloud_event(changes: dict[str, Any]) -> bytes:
    event = {
        "specversion": "1.0",
        "id": unique("bad"),
        "type": "message.received",
        "source": "/table",
        "time": datetime.now(UTC).isoformat(),
        "subject": f"user_id:{unique('bad')}",
        "datacontenttype": "application/json",
    } | _expanded(changes)
    return json.dumps({name: value for name, value in event.items() if value is not None}, ensure_ascii=False).encode()


def _credential(live: Live, case: dict[str, Any]) -> dict[str, str]:
    kind = case.get("credential") or ("bearer" if case["door"] in READS else "source")
    basic = {"source": live.access.write_key, "wrong": "zk_wrong"}
    if kind in basic:
        return {"authorization": "Basic " + base64.b64encode(f"{basic[kind]}:".encode()).decode()}
    return {"authorization": f"Bearer {live.tenant.admin_token}"} if kind == "bearer" else {}


def _webhook_headers(live: Live, case: dict[str, Any], body: bytes) -> dict[str, str]:
    signed_at = datetime.now(UTC)
    message_id = unique("bad")
    stamp = case.get("timestamp", "{seconds}").replace("{seconds}", str(int(signed_at.timestamp())))
    key = base64.b64decode(live.access.webhook_secret.removeprefix("whsec_") + "==")
    headers = {"webhook-id": message_id, "webhook-timestamp": stamp}
    if "timestamp" in case:
        # Signed rightly over the very stamp, so that only the stamp can be what is refused.
        signature = (
            "v1," + base64.b64encode(hmac.digest(key, f"{message_id}.{stamp}.".encode() + body, "sha256")).decode()
        )
    else:
        signature = case.get("signature")
    return headers | ({"webhook-signature": signature} if signature is not None else {})


def _send(live: Live, case: dict[str, Any]) -> requests.Response:
    door = case["door"]
    headers = {"content-type": "application/cloudevents+json" if door == "events" else "application/json"}
    if door == "get":
        return live.session.get(live.cloud.url + case["path"], headers=_credential(live, case), timeout=60)
    if door == "webhook":
        body = json.dumps(
            {"type": "survey.answered", "timestamp": datetime.now(UTC).isoformat(), "data": {"score": 3}}
        ).encode()
        path = f"/v1/webhooks/standard/{live.access.source_id}"
        headers |= _webhook_headers(live, case, body)
    else:
        body = _cloud_event(case["event"]) if "event" in case else _bytes_of(case["body"])
        path = PATHS.get(door, f"/v1/{door}")
        headers |= _credential(live, case)
    encoded = {name: value.encode("utf-8") for name, value in (headers | case.get("headers", {})).items()}
    return live.session.post(live.cloud.url + path, data=body, headers=encoded, timeout=60)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['number']}-{case['name']}")
def test_bad_input__sent_to_a_door__is_answered_as_the_table_says(shop: Live, case: dict[str, Any]) -> None:
    """Every row gets its status and code, in a problem document that repeats no value."""
    answer = _send(shop, case)
    if "status" in case:
        expected = case["status"] if isinstance(case["status"], list) else [case["status"]]
        assert answer.status_code in expected, answer.text[:500]
        problem = answer.json()
        assert problem["code"]
        assert problem["message"]
        assert problem["request_id"]
        assert case["code"] in (None, problem["code"]), problem
        assert case.get("says", "") in problem["message"]
        return
    assert answer.status_code in (200, 202), answer.text[:500]
    codes = [one["code"] for one in answer.json().get("refused", [])]
    assert codes == ([case["refused"]] if "refused" in case else []), answer.text[:500]


def test_bad_input__all_of_401__say_the_same(shop: Live) -> None:
    """The causes of a 401 cannot be told apart by its body (28, 30)."""
    answers = [_send(shop, case).json() for case in CASES if case["door"] == "webhook"]
    assert len({(answer["code"], answer["message"]) for answer in answers}) == 1


def test_bad_input__unknown_profiles__say_the_same(shop: Live, live: Live) -> None:
    """Another tenant's profile and one that never was are answered alike (24)."""
    user = unique("theirs")
    live.send([described(user, gender="female")])
    theirs = live.api.lookup([("user_id", user)])["profile_id"]
    headers = {"authorization": f"Bearer {shop.tenant.admin_token}"}
    answers = [
        shop.session.get(f"{shop.cloud.url}/v1/profiles/{profile_id}?purpose=service", headers=headers, timeout=30)
        for profile_id in (theirs, "p_AAAAAAAAAAAAAAAAAAAA", "nonsense")
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({(answer.json()["code"], answer.json()["message"]) for answer in answers}) == 1


def test_bad_input__privileged_names__change_nothing(shop: Live) -> None:
    """An ordinary source cannot set vip, consents, tags or the version (25); what it may set is set."""
    user = unique("climber")
    traits = {
        "vip": True,
        "is_vip": True,
        "consent": {"marketing": True},
        "tags": ["vip"],
        "version": 99,
        "gender": "female",
    }
    body = {"userId": user, "traits": traits, "messageId": unique("e")}
    answer = shop.session.post(f"{shop.cloud.url}/v1/identify", json=body, auth=(shop.access.write_key, ""), timeout=30)
    assert answer.json() == {"success": True}
    profile = _eventually(shop, user)
    assert profile["traits"]["gender"]["value"] == "female"
    assert not {"is_vip", "vip", "consent", "tags", "version"} & set(profile["traits"])
    assert "vip" not in {tag["id"] for tag in profile["tags"]}
    assert profile["version"] < 99
    assert profile["consents"] == []


def test_bad_input__replayed_webhook__is_applied_once(live: Live) -> None:
    """A signed message sent again within five minutes is taken and changes nothing (27)."""
    user = unique("replay")
    one = sending("survey.answered", user, door=WEBHOOK, channel="desk", data={"score": 4})
    signer = Webhook(live.access.webhook_secret)
    for _ in range(2):
        assert post_webhook(live.session, live.access, signer, one).ok
    live.settle(1)
    assert live.api.lookup([("user_id", user)])["measures"]["surveys"]["count"] == 1


def test_bad_input__money_as_floats__adds_up_exactly(live: Live) -> None:
    """Ten times 0.1 as JSON numbers is exactly 1 (10)."""
    user = unique("dimes")
    batch = [
        {
            "type": "track",
            "userId": user,
            "messageId": unique("e"),
            "timestamp": datetime.now(UTC).isoformat(),
            "event": "Order Completed",
            "properties": {"order_id": f"o{index}", "total": 0.1, "currency": "CNY"},
        }
        for index in range(10)
    ]
    answer = live.session.post(
        f"{live.cloud.url}/v1/batch", json={"batch": batch}, auth=(live.access.write_key, ""), timeout=30
    )
    assert answer.ok
    live.settle(10)
    assert live.api.lookup([("user_id", user)])["measures"]["orders_paid"]["sum"] == "1.00"


def test_bad_input__spellings_of_one_identifier__are_one_person(live: Live) -> None:
    """Full-width and Chinese digits, NFD, zero-width letters and the Kelvin sign make one person, not two (39)."""
    digits = unique("")[-8:]
    number = "139" + "".join(str(int(letter, 16) % 10) for letter in digits)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in number)
    chinese = "".join("零一二三四五六七八九"[int(digit)] for digit in number)
    mail = f"kéo{digits}@example.com"
    spelt = {
        "phone": (f"+86{number}", wide, chinese, f"+86 {number[:3]}\u200b-{number[3:7]}-{number[7:]}"),
        "email": (mail, mail.replace("é", "e\u0301"), mail.replace("k", "\u212a", 1)),
    }
    for namespace, values in spelt.items():
        made = [
            sending(
                "survey.answered",
                "",
                door=WEBHOOK,
                channel="desk",
                identifiers=((namespace, value),),
                data={"score": 4},
            )
            for value in values
        ]
        live.send(made)
        seen = {live.api.lookup([(namespace, value)])["profile_id"] for value in values}
        assert len(seen) == 1, namespace
        assert live.api.lookup([(namespace, values[0])])["measures"]["surveys"]["count"] == len(values)


def test_bad_input__script_in_a_name__comes_back_as_text_of_json(shop: Live) -> None:
    """A name with a script in it is only ever answered as JSON, masked (33)."""
    user = unique("script")
    live_name = "<img src=x onerror=alert(1)>"
    shop.send([described(user, name=live_name)])
    answer = shop.session.post(
        f"{shop.cloud.url}/v1/profiles/lookup",
        json={"identifiers": [{"namespace": "user_id", "value": user}], "purpose": "service"},
        headers={"authorization": f"Bearer {shop.tenant.admin_token}"},
        timeout=30,
    )
    assert answer.headers["content-type"].startswith("application/json")
    assert "onerror" not in answer.text


def _eventually(live: Live, user: str) -> Any:
    deadline = time.monotonic() + 30
    while (profile := live.api.find([("user_id", user)])) is None:
        assert time.monotonic() < deadline, "the profile never appeared"
        time.sleep(0.2)
    return profile
