"""Consents and restrictions over HTTP: who may write them, what they answer, and that they count at once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.entrypoints.service import Answer, Lambdas, Shop, open_shop


@pytest.fixture
def shop(lambdas: Lambdas) -> Shop:
    """A tenant of the test's own."""
    return open_shop(lambdas)


@pytest.fixture
def person(shop: Shop) -> dict[str, Any]:
    """Somebody of whom something is known."""
    shop.send("/v1/identify", {"messageId": "m-1", "userId": "u-1", "traits": {"gender": "female", "city": "上海"}})
    shop.lambdas.ingest()
    found: dict[str, Any] = shop.lookup("user_id", "u-1").json
    return found


def put(shop: Shop, profile_id: str, body: dict[str, Any], key: str = "", token: str = "") -> Answer:
    headers = {"idempotency-key": key} if key else {}
    path = f"/v1/profiles/{profile_id}/consents"
    return shop.lambdas.http("PUT", path, body, headers, token=token or shop.admin_token)


def routed(shop: Shop) -> dict[str, Any]:
    asked = {"identifiers": [{"namespace": "user_id", "value": "u-1"}], "channel": "web", "purpose": "service"}
    answer: dict[str, Any] = shop.ask("/v1/route", asked).json
    return answer


def test_consent__put_by_an_officer__stands_at_once_and_in_the_ledger(shop: Shop, person: dict[str, Any]) -> None:
    """A yes by event, a no by staff: the ledger has both, newest first; the audit names who wrote it down."""
    event = {
        "messageId": "m-2",
        "userId": "u-1",
        "event": "Consent Granted",
        "properties": {"purpose": "profiling", "version": "v1", "proof": "form-1"},
    }
    shop.send("/v1/track", event)
    shop.lambdas.ingest()
    profile_id = person["profile_id"]
    body = {"purposes": ["profiling"], "granted": False, "reason": "asked on the phone", "proof": "call-1"}
    answer = put(shop, profile_id, body, "k-1", shop.role("privacy_officer"))
    assert answer.status == 200, answer.body
    assert [(one["purpose"], one["granted"], one["source"]) for one in answer.json["consents"]] == [
        ("profiling", False, "person:privacy_officer-1")
    ]
    ledger = shop.read(f"/v1/profiles/{profile_id}/consents?purpose=legal").json
    assert ledger["consents"] == answer.json["consents"]
    assert [(one["granted"], one["version"], one["proof"]) for one in ledger["history"]] == [
        (False, "", "call-1"),
        (True, "v1", "form-1"),
    ]
    assert shop.lookup("user_id", "u-1").json["consents"] == ledger["consents"]
    first = shop.read(f"/v1/profiles/{profile_id}/consents?purpose=legal&limit=1").json
    rest = shop.read(f"/v1/profiles/{profile_id}/consents?purpose=legal&limit=1&cursor={first['cursor']}").json
    assert first["history"] + rest["history"] == ledger["history"]
    assert (routed(shop)["personalised"], routed(shop)["profile_id"]) == (False, None)
    audit = shop.read(f"/v1/audit?profile={profile_id}").json
    assert "consents.withdraw" in str(audit)


def test_consent__that_is_malformed__is_refused_and_nothing_stands(shop: Shop, person: dict[str, Any]) -> None:
    """Purposes that are none, proofs that are sentences or numbers of people, no reason."""
    good = {"purposes": ["marketing"], "granted": True, "reason": "asked"}
    for wrong, code in (
        ({"purposes": ["raffles"]}, "unknown_purpose"),
        ({"purposes": []}, "bad_request"),
        ({"proof": "13907551234"}, "bad_id"),
        ({"version": "he said so"}, "bad_id"),
        ({"channel": "pigeon"}, "bad_channel"),
        ({"reason": " "}, "bad_request"),
        ({"granted": "yes"}, "bad_request"),
    ):
        answer = put(shop, person["profile_id"], {**good, **wrong})
        assert (answer.status, answer.code) == (400, code)
        assert b"13907551234" not in answer.body
    assert put(shop, "p_nobody", good).status == 404
    assert put(shop, person["profile_id"], good, token=shop.role("supervisor")).status == 403
    assert shop.read(f"/v1/profiles/{person['profile_id']}/consents?purpose=service").json["history"] == []


def test_restriction__by_identifiers_and_its_lift__count_at_once(shop: Shop, person: dict[str, Any]) -> None:
    """A restricted person is found, is routed like anybody unknown, and has no tags; the same key is one order."""
    assert person["tags"]
    asked = {"identifiers": [{"namespace": "user_id", "value": "u-1"}], "reason": "contests what is held"}
    first = shop.ask("/v1/privacy/restrictions", asked, {"idempotency-key": "r-1"})
    assert (first.status, first.json["state"]) == (200, "restricted")
    assert shop.ask("/v1/privacy/restrictions", asked, {"idempotency-key": "r-1"}).json == first.json
    found = shop.lookup("user_id", "u-1").json
    assert (found["state"], found["tags"], found["profile_id"]) == ("restricted", [], person["profile_id"])
    assert routed(shop)["personalised"] is False
    lift = {"profile_id": person["profile_id"], "reason": "settled", "lift": True}
    assert shop.ask("/v1/privacy/restrictions", lift).json["state"] == "active"
    assert shop.lookup("user_id", "u-1").json["tags"] == person["tags"]
    assert routed(shop)["personalised"] is True
    audit = str(shop.read(f"/v1/audit?profile={person['profile_id']}").json)
    assert "privacy.restrict" in audit
    assert "privacy.lift" in audit


def test_restriction__of_nobody_or_of_two_ways__is_refused(shop: Shop, person: dict[str, Any]) -> None:
    """Who is meant is said in one way."""
    reason = {"reason": "asked"}
    both = {**reason, "profile_id": person["profile_id"], "identifiers": [{"namespace": "user_id", "value": "u-1"}]}
    assert shop.ask("/v1/privacy/restrictions", reason).code == "bad_request"
    assert shop.ask("/v1/privacy/restrictions", both).code == "bad_request"
    unknown = {**reason, "identifiers": [{"namespace": "user_id", "value": "u-nobody"}]}
    assert shop.ask("/v1/privacy/restrictions", unknown).status == 404
    assert shop.ask("/v1/privacy/restrictions", {**reason, "profile_id": "p_nobody"}).status == 404


def test_grant__of_a_source_that_may_not__is_noted(shop: Shop) -> None:
    """An operator says which sources may bring a yes; the first source of a tenant may."""
    made = shop.lambdas.operator.create_source(shop.tenant_id, "website", "web", trusted=True)
    event = {"messageId": "m-1", "userId": "u-9", "event": "Consent Granted", "properties": {"purpose": "marketing"}}
    shop.lambdas.http("POST", "/v1/track", event, key=made["write_key"])
    shop.lambdas.ingest()
    profile_id = shop.lookup("user_id", "u-9").json["profile_id"]
    assert shop.read(f"/v1/profiles/{profile_id}/consents?purpose=service").json["consents"] == []
    assert shop.quarantined() == ["consent_not_writable"]
    shop.lambdas.operator.believe_consents(shop.tenant_id, made["source_id"], believed=True)
    assert "consents" in shop.lambdas.operator.catalogue.source(made["source_id"]).traits
