"""No answer about a person leaves before it is kept who gets it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.entrypoints import compose
from chalicelib.entrypoints.clock import now
from chalicelib.flows.note_read import Seen, seen_kind
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import format_moment
from chalicelib.store.dynamo_history import DynamoHistory
from chalicelib.store.rows import Record
from tests.entrypoints.service import Answer, Shop

LATER = 1 << 60


@pytest.fixture(scope="module")
def people(shop: Shop) -> tuple[str, str]:
    """Two people."""
    ids = []
    for user in ("u-noted-1", "u-noted-2"):
        shop.send("/v1/identify", {"userId": user, "traits": {"address": {"city": "上海"}, "name": "王小明"}})
        shop.lambdas.ingest()
        ids.append(shop.lookup("user_id", user).json["profile_id"])
    return ids[0], ids[1]


def seen(shop: Shop, principal: str) -> list[Seen]:
    """Newest first."""
    found = compose.history().records(shop.tenant_id, seen_kind(principal), before=LATER, limit=100)
    return [decode(one.content, Seen) for one in found]


def asked(shop: Shop, call: str, token: str, people: tuple[str, str]) -> Answer:
    method, _, path = call.partition(" ")
    body: Any = b""
    if path == "/v1/profiles/lookup":
        body = {"identifiers": [{"namespace": "user_id", "value": "u-noted-1"}], "purpose": "service"}
    if path == "/v1/merges/preview":
        body = {"profile_ids": people, "purpose": "service"}
    if path == "/v1/decisions/replay":
        body = {"profile_id": people[0], "as_of": format_moment(now()), "channel": "phone", "purpose": "service"}
    if "{decision}" in path:
        routed = {"profile_id": people[0], "channel": "phone", "purpose": "service"}
        decided = shop.ask("/v1/route", routed).json["decision_id"]
        row = compose.history().decision(shop.tenant_id, decided)
        assert row is not None and row.principal == "admin", "who asked for a route stands with its decision"
        path = path.replace("{decision}", decided)
    return shop.lambdas.http(
        method, path.replace("{id}", people[0]).replace("{now}", format_moment(now())), body, token=token
    )


CALLS = {
    "POST /v1/profiles/lookup": "profiles.look_up",
    "GET /v1/profiles/{id}?purpose=service": "profiles.read",
    "GET /v1/profiles/{id}?purpose=service&as_of={now}": "profiles.read",
    "GET /v1/profiles/{id}/tags?purpose=service": "tags.read",
    "GET /v1/profiles/{id}/tags/vip/why?purpose=service": "tags.why",
    "GET /v1/profiles/{id}/segments/stages/why?purpose=service": "segments.why",
    "GET /v1/profiles/{id}/timeline?purpose=service": "timeline.read",
    "GET /v1/profiles/{id}/context?purpose=service": "context.read",
    "GET /v1/profiles/{id}/links?purpose=service": "links.read",
    "GET /v1/decisions/{decision}": "decisions.read",
    "GET /v1/decisions/{decision}/replay": "decisions.replay",
    "POST /v1/decisions/replay": "decisions.as_of",
    "GET /v1/profiles/{id}/consents?purpose=service": "consents.read",
    "POST /v1/merges/preview": "merges.preview",
}


@pytest.mark.parametrize("call", CALLS)
def test_read__answered__stands_under_who_read(shop: Shop, people: tuple[str, str], call: str) -> None:
    """Principal, role, action, person, purpose and the fields shown; what was not answered is no sight."""
    before = len(seen(shop, "admin"))
    answer = asked(shop, call, shop.admin_token, people)
    assert answer.status == 200, answer.body
    kept = seen(shop, "admin")
    assert len(kept) == before + 1
    assert (kept[0].action, kept[0].role, kept[0].purpose) == (CALLS[call], "admin", "service")
    assert people[0] in kept[0].profile_ids and not kept[0].clear
    assert "王小明" not in str(kept[0]) and "上海" not in str(kept[0])
    if kept[0].action.startswith("profiles."):
        assert {"traits.name", "identifiers.user_id"} <= set(kept[0].fields)
        assert {"internal", "personal"} <= set(kept[0].classes)


@pytest.mark.parametrize("call", CALLS)
def test_read__whose_row_cannot_be_kept__is_not_answered(
    shop: Shop, people: tuple[str, str], call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, and nothing of the person in it."""

    def away(_: DynamoHistory, record: Record) -> bool:
        raise Unavailable("throttled", f"Later, {record.kind[:4]}.")

    monkeypatch.setattr(DynamoHistory, "keep", away)
    answer = asked(shop, call, shop.admin_token, people)
    assert (answer.status, answer.code) == (503, "throttled")
    assert people[0] not in answer.body.decode()


def test_read__refused__is_no_sight(shop: Shop, people: tuple[str, str]) -> None:
    """Who was shown nothing saw nothing: unknown ids, purposes without grant."""
    before = len(seen(shop, "admin"))
    assert shop.read("/v1/profiles/p_none?purpose=service").status == 404
    assert shop.read(f"/v1/profiles/{people[0]}?purpose=fun").status == 400
    assert len(seen(shop, "admin")) == before
