"""Merges and splits over HTTP: who may, what is answered, what is written, and that a repeat is the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from chalicelib.entrypoints import compose
from chalicelib.flows.identity_records import AUDIT, MERGE, Audited
from chalicelib.flows.services import Change
from chalicelib.kernel.codec import decode
from tests.entrypoints.service import Answer, Lambdas, Shop, open_shop, unique

LATER = 10**15
TABLES = ("TABLE_PROFILES", "TABLE_HISTORY")


class Two(msgspec.Struct, frozen=True):
    """Two people of a shop who bought under two names: an account, and a phone or another account."""

    user: str
    kept: str
    lost: str

    @property
    def ids(self) -> list[str]:
        return [self.lost, self.kept]


def bought(shop: Shop, **call: Any) -> None:
    shop.send(
        "/v1/track",
        {
            "messageId": unique("m"),
            "timestamp": datetime.now(UTC).isoformat(),
            "event": "Order Completed",
            "properties": {"order_id": unique("o"), "total": "10.00", "currency": "CNY"},
            **call,
        },
    )
    assert shop.lambdas.ingest() == {"batchItemFailures": []}


def two(shop: Shop, *, accounts: bool = False) -> Two:
    """An account, and a browser (or with ``accounts`` another account) that nobody has linked."""
    user, other = unique("u"), unique("b")
    bought(shop, userId=user)
    bought(shop, **({"userId": other} if accounts else {"anonymousId": other}))
    namespace = "user_id" if accounts else "anonymous_id"
    return Two(user, shop.lookup("user_id", user).json["profile_id"], shop.lookup(namespace, other).json["profile_id"])


def merged(shop: Shop, people: Two, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    return shop.ask("/v1/merges", {"profile_ids": people.ids, "reason": "one person", **more}, headers)


def links(shop: Shop, profile_id: str) -> Any:
    answer = shop.read(f"/v1/profiles/{profile_id}/links?purpose=service")
    assert answer.status == 200, answer.body
    return answer.json


def profile(shop: Shop, profile_id: str) -> Any:
    return shop.read(f"/v1/profiles/{profile_id}?purpose=service").json


SIGHTS = re.compile("#(seen|seenof|seers)[.#]")


def stored(lambdas: Lambdas) -> list[dict[str, Any]]:
    """Every item of people and their history; that somebody looked is kept beside it (test_noted_reads)."""
    call, names = lambdas.operator.api("dynamodb").call, lambdas.operator.environ
    items: list[dict[str, Any]] = []
    for table in TABLES:
        asked: dict[str, Any] = {"TableName": names[table]}
        while asked:
            answer = call("Scan", asked)
            items += answer["Items"]
            asked = {**asked, "ExclusiveStartKey": answer["LastEvaluatedKey"]} if "LastEvaluatedKey" in answer else {}
    kept = [item for item in items if not SIGHTS.search(item["pk"]["S"])]
    return sorted(kept, key=lambda item: str(item["pk"]["S"]))


def audits(shop: Shop) -> list[Audited]:
    rows = compose.history().records(shop.tenant_id, AUDIT, before=LATER, limit=100)
    return [decode(row.content, Audited) for row in rows]


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Change]:
    """What goes to the bus, after it went there."""
    told: list[Change] = []
    really = compose.publish

    def publish(changes: list[Change]) -> None:
        really(changes)
        told.extend(changes)

    monkeypatch.setattr(compose, "publish", publish)
    return told


# -- what a merge and a split do


def test_merge_then_split__two_people__one_and_then_two_again(shop: Shop) -> None:
    """The ids answer for one person after the merge, and for two after the split, as before."""
    people = two(shop)
    before = [profile(shop, one) for one in people.ids]
    made = merged(shop, people)
    assert (made.status, made.json["profile_id"]) == (200, people.kept)
    both = [profile(shop, one) for one in people.ids]
    assert {one["profile_id"] for one in both} == {people.kept}
    assert both[0]["measures"]["orders_paid"]["count"] == 2

    parted = shop.ask("/v1/splits", {"merge_id": made.json["merge_id"], "reason": "two people"})
    assert (parted.status, sorted(parted.json["profile_ids"])) == (200, sorted(people.ids))
    after = [profile(shop, one) for one in people.ids]
    # All that does not depend on the moment of the read.
    lasting = ("profile_id", "state", "generation", "first_seen", "last_seen", "identifiers", "traits", "measures")
    assert [[one[name] for name in lasting] for one in after] == [[one[name] for name in lasting] for one in before]


def test_merged_id__answers_for_ever__on_every_route_that_takes_one(shop: Shop) -> None:
    """Profile, tags, timeline, context, links and routes by the lost id are the survivor's."""
    people = two(shop)
    merged(shop, people)
    base = f"/v1/profiles/{people.lost}"
    for path in ("", "/tags", "/context", "/links"):
        assert shop.read(f"{base}{path}?purpose=service").json["profile_id"] == people.kept, path
    assert len(shop.read(f"{base}/timeline?purpose=service").json["events"]) == 2
    routed = shop.ask("/v1/route", {"channel": "phone", "purpose": "service", "profile_id": people.lost})
    assert routed.json["profile_id"] == people.kept


def test_timeline_and_decisions__after_merge_and_split__are_whose_they_were(shop: Shop) -> None:
    """A split takes nobody's events along, and a decision can be read as it was answered."""
    people = two(shop)
    made = merged(shop, people)
    routed = shop.ask("/v1/route", {"channel": "phone", "purpose": "service", "profile_id": people.lost}).json
    shop.ask("/v1/splits", {"merge_id": made.json["merge_id"], "reason": "two people"})
    for one in people.ids:
        assert len(shop.read(f"/v1/profiles/{one}/timeline?purpose=service").json["events"]) == 1
        again = shop.ask("/v1/route", {"channel": "phone", "purpose": "service", "profile_id": one})
        assert again.json["profile_id"] == one
    assert shop.read(f"/v1/decisions/{routed['decision_id']}").json == routed


def test_links__after_events_a_merge_and_a_split__tell_all_of_it(shop: Shop) -> None:
    """Links with evidence, the merge that holds, and after the split what is kept apart."""
    user, phone = unique("u"), "13907550099"
    bought(shop, userId=user, context={"traits": {"phone": phone}})
    other = unique("b")
    bought(shop, anonymousId=other)
    profile_id = shop.lookup("user_id", user).json["profile_id"]
    other_id = shop.lookup("anonymous_id", other).json["profile_id"]
    (link,) = links(shop, profile_id)["links"]
    assert (link["anchor"]["namespace"], link["other"]["namespace"], link["state"]) == ("user_id", "phone", "linked")
    assert link["evidence"]["source"] == shop.source_id and link["evidence"]["event"]
    assert phone not in json.dumps(link)

    made = merged(shop, Two(user, profile_id, other_id)).json
    (merge,) = links(shop, profile_id)["merges"]
    assert merge["merge_id"] == made["merge_id"] and set(merge["profile_ids"]) == {profile_id, other_id}
    parted = shop.ask("/v1/splits", {"merge_id": made["merge_id"], "reason": "two people"}).json
    told = links(shop, profile_id)
    assert (told["merges"], told["kept_apart"][0]["split_id"]) == ([], parted["split_id"])

    cut = shop.ask("/v1/splits", {"link_id": link["link_id"], "reason": "a colleague's phone"})
    assert (cut.status, cut.json["profile_ids"]) == (200, [profile_id])
    assert shop.lookup("phone", phone).status == 404
    (refused,) = links(shop, profile_id)["links"]
    assert (refused["state"], refused["reason"]) == ("refused", "kept_apart")


# -- the preview


def test_preview__of_a_merge__tells_it_and_writes_nothing(
    shop: Shop, lambdas: Lambdas, published: list[Change]
) -> None:
    """People, identifiers, events, tags and routes; every stored item is the same afterwards, and nothing is told."""
    people = two(shop)
    published.clear()
    before = stored(lambdas)
    shown = shop.ask("/v1/merges/preview", {"profile_ids": people.ids, "channel": "phone", "purpose": "service"})
    assert shown.status == 200, shown.body
    told = shown.json
    assert (told["profile_id"], told["protections"], told["needs_force"]) == (people.kept, [], False)
    assert {one["profile_id"]: one["events"] for one in told["people"]} == dict.fromkeys(people.ids, 1)
    (after,) = told["after"]
    assert {one["namespace"] for one in after["identifiers"]} == {"user_id", "anonymous_id"}
    assert after["route"]["queue"] and told["channel"] == "phone"
    assert stored(lambdas) == before
    assert published == []

    made = merged(shop, people).json
    really = profile(shop, made["profile_id"])
    assert made["profile_id"] == told["profile_id"]
    assert really["identifiers"] == after["identifiers"]
    assert really["summary"] == after["summary"]


def test_preview__over_a_protection__says_so_and_with_force_shows_what_then(shop: Shop, lambdas: Lambdas) -> None:
    """Whoever may not force a merge may still look at it."""
    people = two(shop, accounts=True)
    before = stored(lambdas)
    plain = shop.ask("/v1/merges/preview", {"profile_ids": people.ids}).json
    assert (plain["needs_force"], plain["protections"]) == (True, ["too_many_user_id"])
    supervisor = shop.role("supervisor")
    forced = shop.lambdas.http(
        "POST", "/v1/merges/preview", {"profile_ids": people.ids, "force": True}, token=supervisor
    )
    assert (forced.status, forced.json["needs_force"], len(forced.json["after"])) == (200, False, 1)
    assert stored(lambdas) == before


# -- who may


def test_merge__over_a_protection__409_unless_forced_by_who_may(shop: Shop) -> None:
    """Two accounts are two people, unless an admin says otherwise; a supervisor is refused with 403."""
    people = two(shop, accounts=True)
    refused = merged(shop, people)
    assert (refused.status, refused.code) == (409, "protected")
    assert "too_many_user_id" in refused.json["message"]
    body = {"profile_ids": people.ids, "reason": "one person", "force": True}
    forbidden = shop.lambdas.http("POST", "/v1/merges", body, token=shop.role("supervisor"))
    assert (forbidden.status, forbidden.code) == (403, "scope_missing")
    assert profile(shop, people.lost)["profile_id"] == people.lost
    forced = merged(shop, people, force=True)
    assert forced.status == 200
    assert {profile(shop, one)["profile_id"] for one in people.ids} == {forced.json["profile_id"]}


def test_supervisor__without_force__merges_and_splits(shop: Shop) -> None:
    """That is what the role is for."""
    people, token = two(shop), shop.role("supervisor")
    made = shop.lambdas.http("POST", "/v1/merges", {"profile_ids": people.ids, "reason": "one"}, token=token)
    assert made.status == 200
    body = {"merge_id": made.json["merge_id"], "reason": "two"}
    assert shop.lambdas.http("POST", "/v1/splits", body, token=token).status == 200


@pytest.mark.parametrize("role", ["bot", "agent", "analyst", "rule_editor", "privacy_officer"])
def test_identity_routes__other_roles__are_refused(shop: Shop, role: str) -> None:
    """Refused before anything is read."""
    token = shop.role(role)
    asked = [
        shop.lambdas.http("GET", "/v1/profiles/p_1/links?purpose=service", token=token),
        shop.lambdas.http("POST", "/v1/merges/preview", {"profile_ids": ["p_1", "p_2"]}, token=token),
        shop.lambdas.http("POST", "/v1/merges", {"profile_ids": ["p_1", "p_2"], "reason": "x"}, token=token),
        shop.lambdas.http("POST", "/v1/splits", {"merge_id": "m_1", "reason": "x"}, token=token),
    ]
    assert {one.status for one in asked} <= {401, 403}


# -- a repeat


def test_merge_and_split__sent_again_with_the_same_key__are_done_once(
    shop: Shop, lambdas: Lambdas, published: list[Change]
) -> None:
    """The answer is the same, nothing more is written, and what was told is told again: it may have been lost."""
    people = two(shop)
    # Ingestion's services, where this is the first test of a process to make them, tell it too.
    published.clear()
    key = {"Idempotency-Key": "again"}
    first = merged(shop, people, key)
    after = stored(lambdas)
    told = [one for one in published if one.type in ("profile.merged", "profile.updated")]
    published.clear()
    assert merged(shop, people, key).json == first.json
    assert stored(lambdas) == after
    assert published == told and len(told) == 2

    body = {"merge_id": first.json["merge_id"], "reason": "two people"}
    parted = shop.ask("/v1/splits", body, key)
    after = stored(lambdas)
    assert shop.ask("/v1/splits", body, key).json == parted.json
    assert stored(lambdas) == after
    assert merged(shop, people, key).json == first.json, "a split does not make the merge undone for its repeat"


def test_merge__without_a_key_or_with_another__is_another_merge(shop: Shop) -> None:
    """Who merges twice is told that they are one already."""
    people = two(shop)
    assert merged(shop, people).status == 200
    for headers in (None, {"idempotency-key": "other"}):
        again = merged(shop, people, headers)
        assert (again.status, again.code) == (409, "already_one")


def test_key__of_two_principals__names_two_merges(shop: Shop) -> None:
    """A key is its principal's own."""
    people = two(shop)
    first = merged(shop, people, {"idempotency-key": "mine"})
    body = {"profile_ids": people.ids, "reason": "one person"}
    other = shop.lambdas.http("POST", "/v1/merges", body, {"idempotency-key": "mine"}, token=shop.role("supervisor"))
    assert (first.status, other.status, other.code) == (200, 409, "already_one")


def test_merge__bus_down__503_and_the_repeat_tells_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, lambdas: Lambdas
) -> None:
    """What was saved and not told is told when the same request comes again."""
    from chalicelib.kernel.errors import Unavailable

    people = two(shop)
    key = {"idempotency-key": "lost answer"}
    told: list[Change] = []

    def down(_: list[Change]) -> None:
        raise Unavailable("throttled", "The service events could not be used; try again.")

    with monkeypatch.context() as patch:
        patch.setattr(compose, "publish", down)
        assert merged(shop, people, key).status == 503
    monkeypatch.setattr(compose, "publish", told.extend)
    assert merged(shop, people, key).json["profile_id"] == people.kept
    assert [one.type for one in told] == ["profile.merged", "profile.updated"]


# -- the audit


def test_reason__stands_in_the_audit__and_in_no_log_and_on_no_bus(
    shop: Shop, log: Callable[[], str], published: list[Change]
) -> None:
    """Who, what, whom and why; the words of a reason may be about a person."""
    people, reason = two(shop), f"王芳 called: {unique('canary')}"
    made = merged(shop, people, reason=reason).json
    parted = shop.ask("/v1/splits", {"merge_id": made["merge_id"], "reason": reason}).json
    shop.ask("/v1/splits", {"merge_id": made["merge_id"], "reason": reason})
    mine = [one for one in audits(shop) if one.reason == reason]
    assert [(one.action, one.principal) for one in mine] == [("profiles.split", "admin"), ("profiles.merge", "admin")]
    assert set(mine[1].subjects) == set(people.ids) == set(parted["profile_ids"])
    assert reason not in log()
    assert reason not in json.dumps(msgspec.to_builtins(published), ensure_ascii=False)
    assert compose.history().record_of(shop.tenant_id, MERGE, made["merge_id"]) is not None


# -- what does not fit


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("merges", '{"profile_ids": ["p_1", "p_2"], "reason": "x"', "bad_json"),
        ("merges", '{"profile_ids": ["p_1", "p_2"], "reason": "x", "reason": "y"}', "duplicate_key"),
        ("merges", '{"profile_ids": ["p_1", "p_2"], "reason": "x", "tenant": "t_1"}', "bad_request"),
        ("merges", '{"profile_ids": ["p_1", "p_2"]}', "bad_request"),
        ("merges", '{"profile_ids": ["p_1", "p_2"], "reason": ""}', "bad_request"),
        ("merges", '{"profile_ids": ["p_1", "p_2"], "reason": " \\n"}', "bad_request"),
        ("merges", json.dumps({"profile_ids": ["p_1", "p_2"], "reason": "x" * 501}), "bad_request"),
        ("merges", '{"profile_ids": ["p_1"], "reason": "x"}', "bad_request"),
        ("merges", json.dumps({"profile_ids": [f"p_{n}" for n in range(11)], "reason": "x"}), "bad_request"),
        ("merges", '{"profile_ids": ["p_1", "p_1"], "reason": "x"}', "bad_profile_ids"),
        ("merges", '{"profile_ids": ["p_1", "p_2", "p_1"], "reason": "x"}', "bad_profile_ids"),
        ("merges", json.dumps({"profile_ids": ["p_1", "p" * 65], "reason": "x"}), "bad_request"),
        ("merges", '{"profile_ids": ["p_1", ""], "reason": "x"}', "bad_request"),
        ("merges", '{"profile_ids": ["p_1", 2], "reason": "x"}', "bad_request"),
        ("merges", '{"profile_ids": "p_1", "reason": "x"}', "bad_request"),
        ("merges", '{"profile_ids": ["p_1", "p_2"], "reason": "x", "force": "true"}', "bad_request"),
        ("merges", "[]", "bad_request"),
        ("merges/preview", '{"profile_ids": ["p_1", "p_2"], "purpose": "fun"}', "bad_purpose"),
        ("merges/preview", '{"profile_ids": ["p_1", "p_2"], "channel": "WEB CHAT"}', "bad_request"),
        ("merges/preview", '{"profile_ids": ["p_1", "p_2"], "reason": "x"}', "bad_request"),
        ("splits", '{"reason": "x"}', "bad_request"),
        ("splits", '{"reason": "x", "merge_id": "m_1", "link_id": "l_1"}', "bad_request"),
        ("splits", '{"merge_id": "m_1"}', "bad_request"),
        ("splits", json.dumps({"reason": "x", "link_id": "l" * 513}), "bad_request"),
        ("splits", '{"reason": "x", "merge_id": "m_1", "split_id": "x_1"}', "bad_request"),
    ],
)
def test_identity_request__that_does_not_fit__400(shop: Shop, path: str, body: str, code: str) -> None:
    """Strict types and bounds; the message holds no value."""
    answer = shop.ask(f"/v1/{path}", body.encode())
    assert (answer.status, answer.code) == (400, code), answer.body


@pytest.mark.parametrize("path", ["merges", "splits"])
def test_identity_request__odd_idempotency_key__400(shop: Shop, path: str) -> None:
    """A key has 1 to 256 characters."""
    body = {"profile_ids": ["p_1", "p_2"], "reason": "x"} if path == "merges" else {"merge_id": "m_1", "reason": "x"}
    answer = shop.ask(f"/v1/{path}", body, {"idempotency-key": "x" * 257})
    assert (answer.status, answer.code) == (400, "bad_idempotency_key")


@pytest.mark.parametrize("purpose", ["", "fun", "marketing"])
def test_links__without_a_purpose_that_is_served__refused(shop: Shop, purpose: str) -> None:
    """A read says what for."""
    answer = shop.read(f"/v1/profiles/p_1/links?purpose={purpose}")
    assert answer.code == ("purpose_not_allowed" if purpose == "marketing" else "bad_purpose")


def test_ids__unknown_or_another_tenants__404_alike(shop: Shop, lambdas: Lambdas) -> None:
    """24: nobody learns whether somebody else has such an id."""
    people = two(shop)
    made = merged(shop, people).json
    bought(shop, userId=people.user, context={"traits": {"phone": "13907550123"}})
    link_id = next(one["link_id"] for one in links(shop, people.kept)["links"])
    stranger = open_shop(lambdas, "stranger")
    own = two(stranger)

    def asked(profile_id: str, merge_id: str, link_id: str) -> list[tuple[int, Any]]:
        ids = {"profile_ids": [own.kept, profile_id]}
        answers = [
            stranger.read(f"/v1/profiles/{profile_id}/links?purpose=service"),
            stranger.ask("/v1/merges/preview", ids),
            stranger.ask("/v1/merges", {**ids, "reason": "x"}),
            stranger.ask("/v1/splits", {"merge_id": merge_id, "reason": "x"}),
            stranger.ask("/v1/splits", {"link_id": link_id, "reason": "x"}),
        ]
        return [(one.status, {**one.json, "request_id": ""}) for one in answers]

    theirs = asked(people.kept, made["merge_id"], link_id)
    assert theirs == asked("p_none", "m_none", "l_bm9uZX5ub25l")
    assert [status for status, _ in theirs] == [404] * 5
    assert [told["code"] for _, told in theirs] == [
        *("no_such_profile", "no_such_profile", "no_such_profile"),
        *("no_such_merge", "no_such_link"),
    ]


@pytest.mark.parametrize("link_id", ["l_", "l_%%%", "x", "l_é", "l_" + "A" * 500, "l_YTp4fg", "l_fmE6eA", "../x"])
def test_split__odd_link_id__404(shop: Shop, link_id: str) -> None:
    """A link id that is none is an unknown one, and no fault of ours."""
    answer = shop.ask("/v1/splits", {"link_id": link_id, "reason": "x"})
    assert (answer.status, answer.code) == (404, "no_such_link")


def test_split__of_what_was_split__409(shop: Shop) -> None:
    """It says that it was split already."""
    made = merged(shop, two(shop)).json
    body = {"merge_id": made["merge_id"], "reason": "two people"}
    assert shop.ask("/v1/splits", body).status == 200
    again = shop.ask("/v1/splits", body)
    assert (again.status, again.code) == (409, "already_split")
