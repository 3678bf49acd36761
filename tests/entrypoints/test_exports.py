"""Exports over HTTP: who may, the job, its parts in three formats, and what is left behind."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.entrypoints import exporting, opening
from tests.entrypoints.service import Answer, Lambdas, Shop, open_shop, unique

NAME, TEXT, EVIL = "李金丝雀", "金丝雀里九号的快递没到", "=1+1<script>"


@pytest.fixture(autouse=True)
def composed_anew() -> None:
    for one in (opening.open_services, opening.reveal_services):
        one.cache_clear()


@pytest.fixture(scope="module")
def user(shop: Shop) -> str:
    user = unique("u")
    shop.send(
        "/v1/identify", {"messageId": unique("m"), "userId": user, "traits": {"name": NAME, "company": {"name": EVIL}}}
    )
    said = {"messageId": unique("m"), "userId": user, "event": "Message Received", "properties": {"text": TEXT + EVIL}}
    assert shop.send("/v1/track", said).status == 200
    shop.lambdas.ingest()
    return user


@pytest.fixture
def profile_id(shop: Shop, user: str) -> str:
    return str(shop.lookup("user_id", user).json["profile_id"])


def opened(shop: Shop, token: str, headers: dict[str, str] | None = None, **asked: Any) -> Answer:
    return shop.lambdas.http("POST", "/v1/privacy/exports", {"reason": "a letter"} | asked, headers, token=token)


def part(shop: Shop, export_id: str, token: str, query: str = "") -> Answer:
    return shop.lambdas.http("GET", f"/v1/privacy/exports/{export_id}{query}", token=token)


def test_export__by_an_officer__job_and_parts_that_no_cache_keeps(
    shop: Shop, user: str, profile_id: str, log: Callable[[], str]
) -> None:
    """202 with ids and counts; the parts in clear, `no-store`; the log holds no value."""
    officer = shop.role("privacy_officer")
    job = opened(shop, officer, identifiers=[{"namespace": "user_id", "value": user}])
    assert job.status == 202, job.body
    assert (job.json["profile_id"], job.json["parts"], job.json["events"]) == (profile_id, 2, 2)
    first, second = (part(shop, job.json["export_id"], officer, f"?part={one}") for one in (1, 2))
    assert (first.status, second.status) == (200, 200), first.body
    assert {one["name"]: one["in_force"]["value"] for one in first.json["person"]["traits"]}["name"] == NAME
    assert TEXT + EVIL in {one["data"].get("text") for one in second.json["events"]}
    for answer in (first, second):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert NAME not in log() and "金丝雀" not in log()
    actions = {row["action"] for row in shop.read(f"/v1/audit?profile={profile_id}").json["audited"]}
    assert {"exports.open", "exports.read"} <= actions


def test_export__as_page_and_table__nothing_in_them_runs(shop: Shop, profile_id: str) -> None:
    """HTML in both languages and CSV of both parts: the values are there, as text."""
    officer = shop.role("privacy_officer")
    export_id = opened(shop, officer, profile_id=profile_id).json["export_id"]
    for language in ("zh", "en"):
        page = part(shop, export_id, officer, f"?format=html&language={language}")
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert NAME in page.body.decode() and "<script" not in page.body.decode()
    events = part(shop, export_id, officer, "?format=html&part=2").body.decode()
    assert TEXT in events and "<script" not in events
    for number in (1, 2):
        table = part(shop, export_id, officer, f"?format=csv&part={number}")
        assert table.headers["Content-Type"].startswith("text/csv")
        rows = list(csv.reader(io.StringIO(table.body.decode("utf-8-sig"), newline=""), strict=True))
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert any(
        NAME in cell
        for row in csv.reader(part(shop, export_id, officer, "?format=csv").body.decode().splitlines())
        for cell in row
    )


@pytest.mark.parametrize("role", ["bot", "agent", "supervisor", "analyst", "marketer", "rule_editor"])
def test_export__other_roles__403(shop: Shop, profile_id: str, role: str) -> None:
    """Who has not the scope exports nothing, neither opening nor reading."""
    export_id = opened(shop, shop.role("privacy_officer"), profile_id=profile_id).json["export_id"]
    assert opened(shop, shop.role(role), profile_id=profile_id).status == 403
    assert part(shop, export_id, shop.role(role)).status == 403


def test_export__of_another_tenant__404_like_nobodys(shop: Shop, lambdas: Lambdas, profile_id: str) -> None:
    """Neither the person nor the job of another tenant can be told from none."""
    other = open_shop(lambdas, "other")
    officer = other.role("privacy_officer")
    export_id = opened(shop, shop.role("privacy_officer"), profile_id=profile_id).json["export_id"]
    for one in (profile_id, "p_nobody"):
        assert opened(other, officer, profile_id=one).code == "no_such_profile"
    for one in (export_id, "ex_nothing"):
        answer = part(other, one, officer)
        assert (answer.status, answer.code) == (404, "no_such_export")


def test_export__same_idempotency_key__is_the_same_job(shop: Shop, profile_id: str) -> None:
    """A repeat opens no second job; another body under the key is refused."""
    officer, key = shop.role("privacy_officer"), {"Idempotency-Key": unique("k")}
    first, again = (opened(shop, officer, key, profile_id=profile_id).json for _ in range(2))
    assert first == again
    assert opened(shop, officer, key, profile_id=profile_id, reason="another").code == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?format=pdf", "bad_format"),
        ("?part=x", "bad_part"),
        ("?part=-1", "bad_part"),
        ("?part=%D9%A1", "bad_part"),
        ("?language=fr", "bad_language"),
        ("?part=99", "no_such_part"),
        ("?part=0", "no_such_part"),
    ],
)
def test_export__bad_questions__are_refused_with_their_code(shop: Shop, profile_id: str, query: str, code: str) -> None:
    """Formats, parts and languages that there are not."""
    officer = shop.role("privacy_officer")
    export_id = opened(shop, officer, profile_id=profile_id).json["export_id"]
    assert part(shop, export_id, officer, query).code == code


def test_export__bad_bodies__400_without_the_value(shop: Shop, profile_id: str) -> None:
    """No person, two ways at once, no reason, unknown members: refused, and not repeated to the sender."""
    officer = shop.role("privacy_officer")
    who = [{"namespace": "phone", "value": "13905550000"}]
    for asked in (
        {},
        {"profile_id": profile_id, "identifiers": who},
        {"profile_id": profile_id, "reason": ""},
        {NAME: NAME},
    ):
        answer = opened(shop, officer, **asked)
        assert answer.status == 400, asked
        assert NAME.encode() not in answer.body and b"13905550000" not in answer.body


def test_export__part_that_no_answer_holds__413_and_not_cut_short(
    shop: Shop, profile_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda answers 6 MB at most: a part that is longer is refused with the way out."""
    officer = shop.role("privacy_officer")
    export_id = opened(shop, officer, profile_id=profile_id).json["export_id"]
    monkeypatch.setattr(exporting, "LIMIT_BYTES", 1_000)
    answer = part(shop, export_id, officer, "?format=html")
    assert (answer.status, answer.code) == (413, "part_too_large")
