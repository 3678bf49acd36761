"""Two tenants, the same person in both: no route, cache, queue message, export or error of one reaches the other."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from chalicelib.entrypoints import compose, queue_catalogue, queue_events, queue_imports, queue_privacy
from chalicelib.entrypoints.clock import now
from chalicelib.flows.admission import SealedMessage
from chalicelib.kernel.errors import ServiceRefused, ZhiyinError
from tests.entrypoints.service import Answer, Invocation, Lambdas, Shop, open_shop
from tests.entrypoints.test_catalogue import TAG, in_force, put
from tests.entrypoints.walking import GUARDED, UNKNOWN, Way

USER, OTHER, PHONE, CITY = "u-in-both", "u-of-one", "13907551234", "city-of-one-tenant"
NAMES_NOBODY = ("/v1/models/runs",)
"""What takes no id, and answers otherwise to who asks again while the first goes on."""
READS = [way for way in GUARDED if way.scope != "events:write" and way.path not in NAMES_NOBODY]
TABLES = ("TABLE_PROFILES", "TABLE_HISTORY", "TABLE_KEYS", "TABLE_CATALOGUE", "TABLE_DESK")
OF_ALL = {"kind": "tags", "tag_id": "vip", "segmentation_id": "customers", "channel": "phone", "queue": "complaints"}
"""Names that are nobody's own."""


class Two(msgspec.Struct, frozen=True):
    """``known`` are ids of the first tenant, by the names of parameters and members."""

    ours: Shop
    theirs: Shop
    known: dict[str, Any]

    @property
    def markers(self) -> set[str]:
        """What would give the first tenant away. Ids of declarations and agents are chosen by whoever declares."""
        ids = [one for name, one in self.known.items() if name not in {*OF_ALL, "id", "agent_id"}]
        flat = [one for many in ids for one in (many if isinstance(many, list) else [many])]
        return {self.ours.tenant_id, CITY, *(one for one in flat if isinstance(one, str))}

    @property
    def unknown(self) -> dict[str, Any]:
        """Ids of nobody, of the same shapes."""

        def other(one: str) -> str:
            return one[:2] + "".join("Q" if char.isupper() else "q" if char.islower() else char for char in one[2:])

        return {
            name: one if name in OF_ALL else [other(each) for each in one] if isinstance(one, list) else other(one)
            for name, one in self.known.items()
        }


def ask(shop: Shop, way: Way, ids: dict[str, Any]) -> Answer:
    texts = {name: one for name, one in ids.items() if isinstance(one, str)}
    fallback = dict.fromkeys(set(way.parameters) - set(texts), str(ids.get("profile_id", UNKNOWN)))
    body = way.body(ids)
    return shop.lambdas.http(way.method, way.concrete({**fallback, **texts}), body, token=shop.admin_token)


def rows_of(shop: Shop) -> dict[str, Any]:
    """Every stored item of a tenant, save for statistics: those of earlier events are written whenever their time comes."""
    operator = shop.lambdas.operator
    # All tests of a process share their tables: what is asked for is filtered where it stands.
    own = {
        "FilterExpression": "contains(#pk, :tenant)",
        "ExpressionAttributeNames": {"#pk": "pk"},
        "ExpressionAttributeValues": {":tenant": {"S": shop.tenant_id}},
    }
    found: dict[str, Any] = {}
    for table in TABLES:
        asked: dict[str, Any] = {"TableName": operator.environ[table], **own}
        while asked:
            answer = operator.api("dynamodb").call("Scan", asked)
            rows = (item for item in answer["Items"] if "#t#" not in item["pk"]["S"])
            found |= {f"{table} {item['pk']['S']} {item.get('sk', '')}": item for item in rows}
            asked = {**asked, "ExclusiveStartKey": answer["LastEvaluatedKey"]} if "LastEvaluatedKey" in answer else {}
    return found


def opened(shop: Shop, path: str, profile_id: str, **more: Any) -> Answer:
    answer = shop.ask(path, {"profile_id": profile_id, "reason": "asked for", **more})
    assert answer.status == 202, answer.body
    return answer


def put_agent(shop: Shop, agent_id: str) -> Answer:
    body = {"skills": {"complaints": 3}}
    return shop.lambdas.http("PUT", f"/v1/agents/{agent_id}", body, token=shop.admin_token)


@pytest.fixture(scope="module")
def two(lambdas: Lambdas, functions_environment: None) -> Two:
    """One has something of every kind; the other has the same person, and nothing else."""
    ours, theirs = open_shop(lambdas, "ours"), open_shop(lambdas, "theirs")
    for shop, city in ((ours, CITY), (theirs, "their-city")):
        traits = {"phone": PHONE, "address": {"city": city}}
        assert shop.send("/v1/identify", {"userId": USER, "traits": traits}).status == 200
    ours.send("/v1/identify", {"userId": OTHER, "traits": {"address": {"city": CITY}}})
    ours.send("/v1/track", {"userId": USER, "event": "X", "timestamp": "2099-01-01T00:00:00Z"})
    lambdas.ingest()
    one, other = (ours.lookup("user_id", user).json["profile_id"] for user in (USER, OTHER))
    merged = ours.ask("/v1/merges", {"profile_ids": [one, other], "reason": "one", "force": True})
    assert merged.status == 200, merged.body
    in_force(ours, "tags/our_own", TAG)
    drafted = put(ours, "tags/our_own", {**TAG, "threshold": 0.5})
    assert drafted.status == 200, drafted.body
    tried = ours.ask("/v1/catalogue/tags/our_own/dry-run", {})
    assert tried.status == 202, tried.body
    declared = {
        "source_id": ours.source_id,
        "kind": "customers",
        "format": "csv",
        "mapping": {"identifiers.user_id": "id"},
    }
    route = {"profile_id": one, "channel": "phone", "purpose": "service"}
    hired = put_agent(ours, "agent-of-one-tenant")
    assert hired.status == 200, hired.body
    reserving = {**route, "intent": "complaint", "reserve": True, "conversation_id": "chat-of-one-tenant"}
    known = {
        **OF_ALL,
        "profile_id": one,
        "profile_ids": [one, other],
        "merge_id": merged.json["merge_id"],
        "id": "our_own",
        "decision_id": ours.ask("/v1/route", route).json["decision_id"],
        "agent_id": "agent-of-one-tenant",
        "reservation_id": ours.ask("/v1/route", reserving).json["reservation_id"],
        "import_id": ours.ask("/v1/imports", declared).json["import_id"],
        "job_id": tried.json["job_id"],
        "quarantine_id": ours.read("/v1/quarantine").json["quarantined"][0]["id"],
        "source_id": ours.source_id,
        "export_id": opened(ours, "/v1/privacy/exports", one).json["export_id"],
        "receipt_id": opened(ours, "/v1/privacy/corrections", one, traits={"city": CITY}).json["receipt_id"],
    }
    ours.send("/v1/identify", {"userId": "u-to-erase"})
    lambdas.ingest()
    gone = ours.lookup("user_id", "u-to-erase").json["profile_id"]
    known["erasure_id"] = opened(ours, "/v1/privacy/erasures", gone).json["erasure_id"]
    # The correction is applied now, and not beside what a test watches.
    lambdas.ingest()
    return Two(ours, theirs, known)


@pytest.mark.parametrize("way", READS, ids=lambda way: f"{way.method} {way.path}")
def test_route__with_ids_of_the_other_tenant__answers_as_for_ids_of_nobody(two: Two, way: Way) -> None:
    """Alike in status and in body; nothing of the other stands in it, and nothing of the other's has changed."""
    before = rows_of(two.ours)
    answer, nobody = ask(two.theirs, way, two.known), ask(two.theirs, way, two.unknown)
    assert answer.status == nobody.status, (answer.body, nobody.body)
    assert answer.status < 500 or answer.code == "not_served_here", answer.body
    text = answer.body.decode()
    assert not {one for one in two.markers if one in text}, text
    if answer.status >= 400:
        assert {**answer.json, "request_id": ""} == {**nobody.json, "request_id": ""}
    assert rows_of(two.ours) == before


def test_routes__with_ones_own_ids__answer(two: Two) -> None:
    """The control: to the tenant whose they are these very calls say something, and its markers stand in them."""
    answers = {way.path: ask(two.ours, way, two.known) for way in READS if way.method == "GET"}
    assert sum(one.status == 200 for one in answers.values()) >= 0.8 * len(answers)
    assert two.known["profile_id"] in answers["/v1/profiles/{profile_id}"].body.decode()
    assert CITY in answers["/v1/profiles/{profile_id}"].body.decode()


def test_lists__of_each_tenant__hold_its_own(two: Two) -> None:
    """Every list that takes no id: of the first one's things none is in the second one's."""
    for way in READS:
        if way.method == "GET" and not way.parameters:
            text = two.theirs.read(way.concrete({})).body.decode()
            assert not {one for one in two.markers if one in text}, (way.path, text)


def test_same_person__in_both__is_two_people(two: Two) -> None:
    """One name and phone, two ids, two cities; the audit of each tells its own reads."""
    for shop, other, city in ((two.ours, two.theirs, CITY), (two.theirs, two.ours, "their-city")):
        found = shop.lookup("user_id", USER).json
        assert found["traits"]["city"]["value"] == city
        assert other.read(f"/v1/profiles/{found['profile_id']}?purpose=service").status == 404
        assert other.read(f"/v1/audit?profile={found['profile_id']}").json["audited"] == []
    exposure = two.theirs.read("/v1/audit/exposure?principal=admin").body.decode()
    assert two.known["profile_id"] not in exposure


def test_caches__warmed_by_one__serve_the_other_nothing(two: Two) -> None:
    """Key ring, blind index, tenants, sources and what is in force are kept by tenant, in whatever order they ask."""
    for _ in range(3):
        keys = [compose.index(compose.tenant(shop.tenant_id)) for shop in (two.ours, two.theirs)]
        assert keys[0].profile_id("user_id:x") != keys[1].profile_id("user_id:x")
        rules = [set(compose.catalogue(one.tenant_id).rules) for one in (two.ours, two.theirs)]
        assert rules[0] - rules[1] == {"our_own"} and rules[1] <= rules[0]
        branches = [compose.ingest_keys(compose.tenant(one.tenant_id)) for one in (two.ours, two.theirs)]
        assert set(branches[0].branch_keys.values()).isdisjoint(branches[1].branch_keys.values())
        assert branches[0].ingest_private != branches[1].ingest_private


def test_key__wrapped_for_one_tenant__does_not_open_for_the_other(two: Two) -> None:
    """Were a tenant's record given another's wrapped keys: the context that they are bound to does not fit."""
    ours, theirs = (compose.tenant(one.tenant_id) for one in (two.ours, two.theirs))
    stolen = msgspec.structs.replace(theirs, index_key=ours.index_key, branch_keys=ours.branch_keys)
    ring = compose.key_ring()
    for opening in (ring.index_key, ring.branch_key):
        with pytest.raises((ZhiyinError, ServiceRefused)):
            opening(stolen)


def test_credential__of_one_tenant__writes_to_none_but_its_own(two: Two) -> None:
    """A source of one that names the other in a body, and a webhook with another's secret."""
    event = {
        "specversion": "1.0",
        "id": "e-1",
        "source": two.ours.source_id,
        "type": "page.viewed",
        "time": "2026-11-01T00:00:00Z",
        "tenant": two.ours.tenant_id,
        "data": {},
        "identifiers": [{"namespace": "user_id", "value": USER}],
    }
    headers = {"content-type": "application/cloudevents+json"}
    before = rows_of(two.ours)
    two.theirs.send("/v1/events", event, headers)
    two.theirs.lambdas.ingest()
    signed = {"webhook-id": "m1", "webhook-timestamp": str(now() // 1000), "webhook-signature": "v1,AAAA"}
    path = f"/v1/webhooks/standard/{two.ours.source_id}"
    assert two.theirs.lambdas.http("POST", path, {"type": "page.viewed"}, signed).status == 401
    assert rows_of(two.ours) == before


def sealed_for(two: Two) -> SealedMessage:
    two.ours.send("/v1/track", {"userId": USER, "event": "Page Viewed", "messageId": "m-sealed"})
    (message,) = two.ours.lambdas.queued()
    return msgspec.json.decode(message["body"], type=SealedMessage)


def test_message_of_events__relabelled__opens_for_nobody(two: Two) -> None:
    """A delivery is bound to its tenant: under the other's name it fails, and applies nothing to either."""
    message = sealed_for(two)
    assert message.tenant == two.ours.tenant_id
    body = msgspec.json.encode(msgspec.structs.replace(message, tenant=two.theirs.tenant_id)).decode()
    before = rows_of(two.ours), rows_of(two.theirs)
    answer: Any = queue_events.ingest_events({"Records": [{"messageId": "m1", "body": body}]}, Invocation())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert (rows_of(two.ours), rows_of(two.theirs)) == before


@pytest.mark.parametrize(
    ("function", "name"), [("imports", "import_id"), ("catalogue", "job_id"), ("privacy", "erasure_id")]
)
def test_message_of_work__with_the_others_id__does_nothing(two: Two, function: str, name: str) -> None:
    """An import or a job is looked for among the tenant's own that the message names."""
    before = rows_of(two.ours), rows_of(two.theirs)
    body = json.dumps({"tenant": two.theirs.tenant_id, name: two.known[name]})
    call: Any = {
        "imports": queue_imports.import_ranges,
        "catalogue": queue_catalogue.catalogue_jobs,
        "privacy": queue_privacy.erase_people,
    }[function]
    call({"Records": [{"messageId": "m1", "body": body}]}, Invocation())
    assert (rows_of(two.ours), rows_of(two.theirs)) == before


def test_cursor_of_one__given_to_the_other__shows_its_own(two: Two) -> None:
    """A cursor is a place in time, and no way to somebody else's list."""
    for _ in range(3):
        two.ours.lookup("user_id", USER)
    cursor = two.ours.read("/v1/audit?principal=admin&limit=1").json["cursor"]
    assert cursor
    text = two.theirs.read(f"/v1/audit?principal=admin&limit=100&cursor={cursor}").body.decode()
    assert not {one for one in two.markers if one in text}
