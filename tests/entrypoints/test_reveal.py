"""Reveal over HTTP: its own function, who may, what for, how often, and what is left in logs and answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.entrypoints import compose, opening
from chalicelib.kernel.errors import ServiceRefused, Unavailable
from tests.entrypoints.service import Answer, Lambdas, Shop, open_shop, unique

PHONE, NAME = "+8613905557788", "王金丝雀"


def person(shop: Shop, user: str) -> str:
    traits = {"name": NAME, "phone": PHONE, "birthday": "1990-05-06"}
    sent = shop.send("/v1/identify", {"messageId": unique("m"), "userId": user, "traits": traits})
    assert sent.status == 200
    shop.lambdas.ingest()
    return str(shop.lookup("user_id", user).json["profile_id"])


def reveal(shop: Shop, profile_id: str, token: str, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    body = {"fields": ["traits.name", "identifiers.phone"], "purpose": "service", "ticket": "case-1"} | more
    return shop.lambdas.http("POST", f"/v1/profiles/{profile_id}/reveal", body, headers, token=token)


@pytest.fixture(autouse=True)
def composed_anew() -> None:
    for one in (opening.open_services, opening.reveal_services):
        one.cache_clear()


def test_reveal__by_a_supervisor__clear_values_that_no_cache_keeps(shop: Shop, log: Callable[[], str]) -> None:
    """The fields that were asked for, in clear, with `no-store`; the log holds no value."""
    profile_id = person(shop, unique("u"))
    answer = reveal(shop, profile_id, shop.role("supervisor"))
    assert answer.status == 200, answer.body
    values = {one["path"]: [said["value"] for said in one["values"]] for one in answer.json["fields"]}
    assert values == {"traits.name": [NAME], "identifiers.phone": [PHONE]}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["withheld"] == []
    assert NAME not in log() and "13905557788" not in log()
    audited = shop.read(f"/v1/audit?profile={profile_id}").json["audited"]
    (row,) = (one for one in audited if one["action"] == "fields.reveal" and one["seen"] is None)
    (sight,) = (one["seen"] for one in audited if one["action"] == "fields.reveal" and one["seen"] is not None)
    assert sight["clear"] and sight["fields"] == ["traits.name", "identifiers.phone"]
    assert (row["action"], row["principal"], row["id"]) == ("fields.reveal", "supervisor-1", answer.json["reveal_id"])


@pytest.mark.parametrize("role", ["bot", "agent", "analyst", "marketer", "rule_editor", "privacy_officer"])
def test_reveal__other_roles__403(shop: Shop, role: str) -> None:
    """Who has not the scope reveals nothing."""
    assert reveal(shop, "p_any", shop.role(role)).status == 403


@pytest.mark.parametrize(("purpose", "status"), [("legal", 403), ("marketing", 403), ("analytics", 403), ("", 400)])
def test_reveal__purpose_that_the_role_has_not__refused(shop: Shop, purpose: str, status: int) -> None:
    """A supervisor reveals for service and security; nobody for marketing."""
    assert reveal(shop, "p_any", shop.role("supervisor"), purpose=purpose).status == status


def test_reveal__of_another_tenant__404_like_nobody(shop: Shop, lambdas: Lambdas) -> None:
    """Another tenant's id is answered as one that nobody has."""
    other = open_shop(lambdas, "other")
    profile_id = person(shop, unique("u"))
    theirs, nobody = (reveal(other, one, other.role("supervisor")) for one in (profile_id, "p_nobody"))
    assert (theirs.status, theirs.code) == (nobody.status, nobody.code) == (404, "no_such_profile")


def test_reveal__bad_bodies__400_without_the_value(shop: Shop) -> None:
    """Unknown members, unknown fields, free text for a ticket: refused, and not repeated to the sender."""
    token = shop.role("supervisor")
    for more in (
        {"fields": []},
        {"fields": [NAME]},
        {"ticket": f"for {NAME}"},
        {"more": NAME},
        {"fields": ["traits.x"] * 11},
    ):
        answer = reveal(shop, "p_any", token, **more)
        assert answer.status == 400, more
        assert NAME.encode() not in answer.body and json.dumps(NAME).encode() not in answer.body


def test_reveal__more_often_than_the_setting__429(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """REVEALS_PER_HOUR counts by principal; the answer says how long to wait."""
    profile_id = person(shop, unique("u"))
    monkeypatch.setenv("REVEALS_PER_HOUR", "1")
    compose.settings.cache_clear()
    token = shop.lambdas.operator.create_token(shop.tenant_id, "supervisor", unique("often"))
    assert reveal(shop, profile_id, token).status == 200
    answer = reveal(shop, profile_id, token)
    compose.settings.cache_clear()
    assert (answer.status, answer.code) == (429, "too_many_reveals")
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert reveal(shop, profile_id, shop.role("admin")).status == 200


def test_reveal__audit_that_cannot_be_written__503_and_no_key_is_asked_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No row, no answer: neither the table of secrets nor KMS is touched."""
    profile_id = person(shop, unique("u"))
    services = opening.reveal_services()

    def down(*_: Any) -> bool:
        raise Unavailable("throttled", "The store could not be used; try again.")

    def never(*_: Any) -> Any:
        raise ServiceRefused("AccessDenied", "opened without a row")

    monkeypatch.setattr(type(services.opening.history), "keep", down)
    monkeypatch.setattr(type(services.opening.secrets), "secrets", never)
    answer = reveal(shop, profile_id, shop.role("supervisor"))
    assert (answer.status, answer.code) == (503, "throttled")


def test_reveal__kms_down__503(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that cannot be had is said so."""
    profile_id = person(shop, unique("u"))

    def down(*_: Any) -> Any:
        raise Unavailable("key_unavailable", "A key cannot be used; try again.")

    monkeypatch.setattr(opening, "key_ring", down)
    opening.open_services.cache_clear()
    assert reveal(shop, profile_id, shop.role("supervisor")).code == "key_unavailable"


def test_reveal__same_idempotency_key__is_the_same_reveal(shop: Shop) -> None:
    """A repeat has the same id; the key with another body is refused."""
    profile_id, token = person(shop, unique("u")), shop.role("supervisor")
    key = {"Idempotency-Key": unique("k")}
    first, again = (reveal(shop, profile_id, token, key).json["reveal_id"] for _ in range(2))
    assert first == again
    assert reveal(shop, profile_id, token, key, ticket="case-2").code == "idempotency_key_reused"
