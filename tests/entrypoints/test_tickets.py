"""Tickets from the first message to the survey, as callers of the API and the timer meet them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.desk.model import Conversation, Need
from chalicelib.entrypoints import compose, erasing
from chalicelib.entrypoints.tickets import ticket_services, ticket_store
from chalicelib.flows.look_after_tickets import look_after_ticket
from chalicelib.flows.open_ticket import open_callback
from chalicelib.flows.services import Change
from chalicelib.flows.ticket_services import TicketServices
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Unavailable
from chalicelib.privacy.tenants import Tenant
from chalicelib.routing.policy import Policy
from chalicelib.store.items import plain
from chalicelib.tickets.declaration import Escalation, Limits, TicketRules
from tests.entrypoints.service import Answer, Lambdas, Shop, open_shop, unique

SAYS = "我要投诉！订单号 A20261120 的耳机坏了，退款399元，明天之前给我道歉。我叫王小明，电话 13800001111，邮箱 wang@example.com"
SHORT = TicketRules(
    limits={"complaint": Limits(first_response_seconds=4, resolve_seconds=40)},
    pace={},
    escalation=Escalation(levels=1, queue="vip"),
)
SECOND = 1_000


def patch(shop: Shop, ticket_id: str, body: Any, *, token: str = "", **headers: str) -> Answer:
    token = token or shop.admin_token
    return shop.lambdas.http("PATCH", f"/v1/tickets/{ticket_id}", body, headers, token=token)


@pytest.fixture
def person(shop: Shop) -> Callable[[], tuple[str, str]]:
    """Makes somebody with an order, and tells their id and profile."""

    def make(of: Shop = shop) -> tuple[str, str]:
        user = unique("u")
        order = {"type": "track", "messageId": unique("m"), "userId": user, "event": "Order Completed",
                 "properties": {"order_id": f"A20261120{user[-4:]}", "total": "399.00", "currency": "CNY"}}  # fmt: skip
        assert of.send("/v1/batch", {"batch": [order]}).status == 200
        of.lambdas.ingest()
        return user, of.lookup("user_id", user).json["profile_id"]

    return make


@pytest.fixture
def services(shop: Shop) -> tuple[Tenant, TicketServices, list[Change]]:
    """The services as they are composed, with short limits and a bus that is looked at."""
    told: list[Change] = []
    made = ticket_services(shop.tenant_id)
    policy = replace_rules(made.reading.policy, SHORT)
    reading = replace(made.reading, policy=policy)
    return compose.tenant(shop.tenant_id), replace(made, reading=reading, publish=told.extend), told


def replace_rules(policy: Policy, rules: TicketRules) -> Policy:
    return replace(policy, declared=replace(policy.declared, tickets=rules))


def opened(shop: Shop, **asked: Any) -> Any:
    answer = shop.ask("/v1/tickets", {"channel": "wechat", "message": SAYS, **asked})
    assert answer.status == 201, answer.json
    return answer.json


def test_ticket__opened_from_a_message__has_facts_steps_and_links(
    shop: Shop, person: Callable[[], tuple[str, str]]
) -> None:
    """The order that is named is known, the steps say what to do and why, and nothing personal stands in it."""
    user, profile_id = person()
    message = SAYS.replace("A20261120", f"A20261120{user[-4:]}")
    made = opened(shop, message=message, identifiers=[{"namespace": "user_id", "value": user}])
    assert (made["kind"], made["topic"], made["status"], made["profile_id"]) == (
        "complaint",
        "refund",
        "open",
        profile_id,
    )
    facts = made["facts"]
    assert facts["orders"] == [f"A20261120{user[-4:]}"] and facts["demands"] == ["refund", "apology"]
    assert facts["amounts"] == [{"value": "399", "currency": "CNY"}] and facts["deadline"]["says"] == "明天之前"
    assert made["linked"][0]["kind"] == "order" and made["linked"][0]["ref"] == facts["orders"][0]
    steps = {one["id"]: one for one in made["steps"]}
    assert {"check_order", "refund_in_a_day", "apologise_first"} <= steps.keys()
    assert "399 CNY" in steps["refund_in_a_day"]["says"]["en"] and steps["check_order"]["why"]["zh"]
    assert made["queue"] == "complaints" and made["text"].startswith("我要投诉")
    whole = json.dumps(made, ensure_ascii=False)
    assert not [one for one in ("13800001111", "王小明", "wang@example.com") if one in whole]


def test_life__of_a_complaint__is_learned_by_the_profile(
    shop: Shop, person: Callable[[], tuple[str, str]], services: tuple[Tenant, TicketServices, list[Change]]
) -> None:
    """Opened, assigned, warned, overdue and escalated once, resolved, closed, surveyed; the person's profile knows."""
    user, profile_id = person()
    tenant, short, told = services
    from chalicelib.flows.open_ticket import TicketRequest, open_ticket

    at = compose.now()
    made = open_ticket(TicketRequest(message=SAYS, profile_id=profile_id), tenant, unique("tk"), "bot-1", short, at)
    id_ = made.ticket_id
    assert not made.outgoing
    assert look_after_ticket(id_, tenant, short, at + 3 * SECOND)
    assert look_after_ticket(id_, tenant, short, at + 5 * SECOND)
    look_after_ticket(id_, tenant, short, at + 6 * SECOND)
    types = [one.type for one in told]
    assert types == ["ticket.due_soon", "ticket.overdue", "ticket.escalated"]
    assert told[1].detail["limit"] == "first_response" and told[1].detail["profile_id"] == profile_id
    late = shop.read("/v1/tickets?overdue=true").json["tickets"]
    assert id_ in [one["ticket_id"] for one in late]
    answer = patch(shop, id_, {"agent_id": "anna", "reply": "正在核对", "adopt": {made.steps[0].id: True}})
    assert (answer.status, answer.json["status"], answer.json["queue"]) == (200, "assigned", "vip")
    assert answer.json["steps"][0]["adopted"] is True and answer.json["steps"][0]["by"]
    assert patch(shop, id_, {"status": "resolved"}).json["resolve"]["met_at"]
    assert patch(shop, id_, {"status": "closed"}).status == 200
    closed = patch(shop, id_, {"survey": {"score": 2, "comment": "太慢，打我 13800001111"}})
    assert closed.json["survey"]["score"] == 2 and "13800001111" not in json.dumps(closed.json)
    assert id_ not in [one["ticket_id"] for one in shop.read("/v1/tickets?overdue=true").json["tickets"]]
    assert shop.lambdas.ingest() == {"batchItemFailures": []}
    events = shop.read(f"/v1/profiles/{profile_id}/timeline?purpose=service&limit=50").json["events"]
    seen = {one["type"] for one in events}
    assert {"ticket.opened", "complaint.filed", "ticket.breached", "ticket.escalated", "ticket.assigned",
            "ticket.replied", "ticket.resolved", "ticket.closed", "survey.answered"} <= seen  # fmt: skip
    profile = shop.lookup("user_id", user).json
    assert profile["traits"]["last_agent"]["value"] == "anna"
    assert shop.quarantined() == []


def test_news__told_twice__counts_once(
    shop: Shop, person: Callable[[], tuple[str, str]], services: tuple[Tenant, TicketServices, list[Change]]
) -> None:
    """A crash after the queue took it and before it was noted: the timer tells it again, the profile has it once."""
    _, profile_id = person()
    tenant, short, _ = services
    from chalicelib.flows.open_ticket import TicketRequest, open_ticket

    sent: list[int] = []

    def lost(bodies: Any) -> None:
        short.telling.send(bodies)
        sent.append(len(bodies))
        raise Unavailable("queue_unavailable", "No answer.")

    waiting: list[str] = []
    crashing = replace(short, telling=replace(short.telling, send=lost), waits=lambda id_, code: waiting.append(code))
    at = compose.now()
    made = open_ticket(TicketRequest(message="投诉", profile_id=profile_id), tenant, unique("tk"), "b", crashing, at)
    assert waiting == ["queue_unavailable"] and len(made.outgoing) == 2
    assert look_after_ticket(made.ticket_id, tenant, short, at + 1)
    assert ticket_store().load(tenant.tenant_id, [made.ticket_id])[made.ticket_id].outgoing == ()
    shop.lambdas.ingest()
    events = shop.read(f"/v1/profiles/{profile_id}/timeline?purpose=service").json["events"]
    assert [one["type"] for one in events].count("ticket.opened") == 1


def test_same_key__same_ticket_and_same_change(shop: Shop) -> None:
    """A repeat with its key changes nothing; another body under the key is refused."""
    key = {"Idempotency-Key": unique("k")}
    first = shop.ask("/v1/tickets", {"message": "退款"}, key).json
    assert shop.ask("/v1/tickets", {"message": "退款"}, key).json["ticket_id"] == first["ticket_id"]
    assert shop.ask("/v1/tickets", {"message": "换货"}, key).code == "idempotency_key_reused"
    once = {"Idempotency-Key": unique("k")}
    note = {"note": "打给 13900002222"}
    done = shop.lambdas.http("PATCH", f"/v1/tickets/{first['ticket_id']}", note, once, token=shop.admin_token).json
    again = shop.lambdas.http("PATCH", f"/v1/tickets/{first['ticket_id']}", note, once, token=shop.admin_token).json
    assert again == done and len(done["history"]) == 2 and "13900002222" not in json.dumps(done)


def test_list__by_queue_agent_status__page_by_page(lambdas: Lambdas) -> None:
    """Each list has its tickets, the newest first, and the cursor goes on where the page ended."""
    shop = open_shop(lambdas, unique("lists"))
    ids = [opened(shop, queue="logistics", agent_id="anna" if number % 2 else "")["ticket_id"] for number in range(4)]
    other = opened(shop, queue="payments")["ticket_id"]
    patch(shop, ids[0], {"status": "closed"})

    def listed(query: str) -> list[str]:
        return [one["ticket_id"] for one in shop.read(f"/v1/tickets?{query}").json["tickets"]]

    assert set(listed("")) == {*ids, other} and set(listed("queue=logistics")) == set(ids[1:])
    assert set(listed("agent=anna")) == {ids[1], ids[3]} and listed("status=closed") == [ids[0]]
    assert set(listed("status=open")) == {ids[2], other} and listed("queue=payments&agent=anna") == []
    assert listed("overdue=true") == []
    page = shop.read("/v1/tickets?limit=3").json
    rest = shop.read(f"/v1/tickets?limit=3&cursor={page['cursor']}").json
    assert len(page["tickets"]) == 3 and len(rest["tickets"]) == 2 and rest["cursor"] == ""
    assert "text" not in page["tickets"][0] and "facts" not in page["tickets"][0]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "nothing_asked"),
        ({"message": "  "}, 400, "bad_request"),
        ({"kind": "wish"}, 400, "bad_request"),
        ({"kind": "consult", "queue": "kitchen"}, 400, "unknown_queue"),
        ({"kind": "consult", "profile_id": "p_none"}, 404, "no_such_profile"),
        (
            {"kind": "consult", "profile_id": "p_1", "identifiers": [{"namespace": "user_id", "value": "1"}]},
            400,
            "bad_request",
        ),
        ({"kind": "consult", "tenant": "t_other"}, 400, "bad_request"),
        ({"message": "x" * 8001}, 400, "bad_request"),
    ],
)
def test_opening__that_cannot_be__is_a_problem(shop: Shop, body: Any, status: int, code: str) -> None:
    """Each with its code, and no value of the body in it."""
    answer = shop.ask("/v1/tickets", body)
    assert (answer.status, answer.code) == (status, code)


def test_change__that_cannot_be__is_a_problem(lambdas: Lambdas, shop: Shop) -> None:
    """Of another tenant, of an old version, to a queue that is not there; and an agent's token may, a bot's may not."""
    id_ = opened(shop)["ticket_id"]
    other = open_shop(lambdas, unique("other"))
    assert patch(other, id_, {"note": "x"}).code == "no_such_ticket" == other.read(f"/v1/tickets/{id_}").code
    assert other.read("/v1/tickets").json["tickets"] == []
    assert patch(shop, id_, {"version": 99, "note": "x"}).code == "ticket_changed"
    assert patch(shop, id_, {"queue": "kitchen"}).code == "unknown_queue"
    assert patch(shop, id_, {"adopt": {"dance": True}}).code == "no_such_step"
    assert patch(shop, id_, {"survey": {"score": 6}}).code == "bad_request"
    assert patch(shop, id_, {"survey": {"score": 5}}).code == "not_closed"
    assert patch(shop, id_, {}).code == "nothing_changed"
    assert patch(shop, id_, {"note": "好"}, token=shop.role("agent")).status == 200
    assert patch(shop, id_, {"note": "好"}, token=shop.role("bot")).status == 403
    assert shop.read("/v1/tickets?status=lost").code == "bad_request"
    assert shop.read("/v1/tickets?cursor=x").code == "bad_cursor"
    assert shop.read(f"/v1/tickets/{id_}?purpose=marketing").code == "purpose_not_allowed"


def test_unknown_person__has_a_ticket__and_no_profile_learns(shop: Shop) -> None:
    """Who is not known is served all the same; a withheld number is nobody's."""
    for identifiers in (
        [{"namespace": "user_id", "value": unique("new")}],
        [{"namespace": "phone", "value": "anonymous"}],
    ):
        made = opened(shop, identifiers=identifiers)
        assert made["profile_id"] is None and made["linked"] == [] and made["steps"]
    assert shop.lambdas.ingest() == {"batchItemFailures": []}


def test_restricted_person__is_served__and_what_was_said_is_withheld(
    shop: Shop, person: Callable[[], tuple[str, str]]
) -> None:
    """The law is answered in full; who opted out of profiling has nothing linked."""
    _, profile_id = person()
    made = opened(shop, profile_id=profile_id)
    shop.ask("/v1/privacy/restrictions", {"profile_id": profile_id, "reason": "asked"})
    seen = shop.read(f"/v1/tickets/{made['ticket_id']}").json
    assert seen["text"] == "" and seen["facts"]["orders"] == [] and seen["steps"] == [] == seen["linked"]
    assert {one["reason"] for one in seen["withheld"]} == {"restricted"}
    legal = shop.read(f"/v1/tickets/{made['ticket_id']}?purpose=legal").json
    assert legal["text"] and legal["withheld"] == []
    _, silent = person()
    about = opened(shop, profile_id=silent)
    assert about["linked"]
    refused = {"purposes": ["profiling"], "granted": False, "reason": "asked on the phone", "proof": "call-1"}
    answer = shop.lambdas.http("PUT", f"/v1/profiles/{silent}/consents", refused, token=shop.admin_token)
    assert answer.status == 200, answer.json
    seen = shop.read(f"/v1/tickets/{about['ticket_id']}").json
    assert seen["linked"] == [] and seen["withheld"] == [{"path": "linked", "reason": "consent"}]
    assert opened(shop, profile_id=silent)["linked"] == []


def test_callback__of_a_conversation__is_one_ticket(
    shop: Shop, services: tuple[Tenant, TicketServices, list[Change]]
) -> None:
    """The desk gives up waiting once or twice: the person is called back once."""
    tenant, short, _ = services
    waited = Conversation(
        "ab" * 16, "waiting", Need("logistics", "logistics", "phone", 50, "refund"), "d_1", compose.now()
    )
    first = open_callback(waited, tenant, short, compose.now())
    assert open_callback(waited, tenant, short, compose.now()).ticket_id == first.ticket_id
    assert first.ticket_id.startswith("tk_" + "ab" * 16)
    assert (first.kind, first.queue, first.topic) == ("callback", "logistics", "refund")
    assert [one.id for one in first.steps][:1] == ["call_back_waiting"]


def test_callback__the_same_chat_waits_again__is_another_ticket(
    shop: Shop, services: tuple[Tenant, TicketServices, list[Change]]
) -> None:
    """Who was called back last month and waits in vain today, in the same chat, is called back today as well."""
    tenant, short, _ = services
    need = Need("logistics", "logistics", "chat", 50, "refund")
    waited = Conversation("cd" * 16, "waiting", need, "d_1", compose.now() - 86_400_000)
    again = replace(waited, decision_id="d_2", waits_since=compose.now(), version=7)
    first, second = (open_callback(one, tenant, short, compose.now()) for one in (waited, again))
    assert first.ticket_id != second.ticket_id
    assert second.decision_id == "d_2" and second.is_open


@pytest.mark.parametrize("lost", ["queue", "person"])
def test_callback__queue_or_person_is_gone__is_owed_all_the_same(
    shop: Shop, services: tuple[Tenant, TicketServices, list[Change]], lost: str
) -> None:
    """A queue that the policy has no more, or a profile that was erased, takes nobody's call away."""
    tenant, short, _ = services
    need = Need("logistics", "logistics", "chat", 50, "refund")
    gone = replace(need, queue="renamed") if lost == "queue" else replace(need, profile_id="p_erased")
    waited = Conversation(("ef" if lost == "queue" else "fe") * 16, "waiting", gone, "d_1", compose.now())
    made = open_callback(waited, tenant, short, compose.now())
    assert (made.kind, made.profile_id, made.topic) == ("callback", "", "refund")
    assert made.queue in short.reading.policy.declared.queues


@pytest.fixture(autouse=True)
def emptied(shop: Shop) -> Iterator[None]:
    yield
    shop.lambdas.ingest()


def desk_items(shop: Shop) -> list[dict[str, Any]]:
    """Every item of the desk's table of this tenant, with what is coded in it opened."""
    table = shop.lambdas.operator.environ["TABLE_DESK"]
    call = shop.lambdas.operator.api("dynamodb").call
    found: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while True:
        answer = call("Scan", {"TableName": table, **more})
        # Other files' seats hold sets, which tickets have none of.
        own_items = (item for item in answer["Items"] if item["pk"]["S"].startswith(f"{shop.tenant_id}#"))
        found += map(plain, own_items)
        if "LastEvaluatedKey" not in answer:
            break
        more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
    own = [one for one in found if str(one["pk"]).startswith(f"{shop.tenant_id}#")]
    return [{**one, "content": decode(one["content"], Any)} if "content" in one else one for one in own]


CANARIES = {
    "phone": "13877776666", "card": "6222021234567890123", "id": "11010519491231002X", "mail": "canary.person@example.com",
    "name": "王金雀",
}  # fmt: skip


def test_canary__personal_values_given_to_tickets__stand_in_no_item(
    shop: Shop, person: Callable[[], tuple[str, str]]
) -> None:
    """Through the message, the order's number, ids of conversations, notes, replies and surveys; a word beside them does."""
    _, profile_id = person()
    said = f"我叫{CANARIES['name']}，电话 {CANARIES['phone']}，身份证 {CANARIES['id']}，卡号 {CANARIES['card']}，{CANARIES['mail']}"
    message = f"订单 {CANARIES['phone']} 要退款。{said}。蓝色耳机"
    made = opened(shop, message=message, profile_id=profile_id, conversation_id=f"chat-{CANARIES['phone']}")
    assert made["facts"]["orders"] and CANARIES["phone"] not in made["facts"]["orders"][0]
    assert patch(shop, made["ticket_id"], {"note": said, "reply": said, "agent_id": "anna"}).status == 200
    done = patch(shop, made["ticket_id"], {"status": "closed", "survey": {"score": 1, "comment": said}})
    assert done.status == 200
    kept = [one for one in desk_items(shop) if made["ticket_id"] in repr(one)]
    whole = repr(kept)
    assert "蓝色耳机" in whole and made["ticket_id"] in whole
    assert {kind for kind, value in CANARIES.items() if value in whole} == set()


def test_rights__of_a_person_with_tickets__are_exported_without_staff_and_erased(
    lambdas: Lambdas, person: Callable[..., tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken along whole, with `desk` for who of the staff it was; after an erasure no item names the person."""
    from tests.entrypoints.test_erasures import deliver, queued

    monkeypatch.setattr(erasing, "_LAG_MS", 0)
    own = open_shop(lambdas, unique("rights"))
    _, profile_id = person(own)
    id_ = opened(own, profile_id=profile_id, agent_id="anna-of-staff")["ticket_id"]
    nobodys = opened(own)["ticket_id"]
    patch(own, id_, {"reply": "在查", "status": "resolved"})
    own.lambdas.ingest()
    job = own.ask("/v1/privacy/exports", {"reason": "a letter", "profile_id": profile_id}).json
    exported = own.read(f"/v1/privacy/exports/{job['export_id']}?part=1").json["person"]
    assert [one["ticket_id"] for one in exported["tickets"]] == [id_] and exported["tickets"][0]["facts"]["demands"]
    assert "anna-of-staff" not in json.dumps(exported) and exported["tickets"][0]["agent_id"] == "desk"
    assert own.ask("/v1/privacy/erasures", {"reason": "asked", "profile_id": profile_id}).status == 202
    for body in queued(own):
        deliver(body)
    assert own.read(f"/v1/tickets/{id_}").code == "no_such_ticket"
    assert [one["ticket_id"] for one in own.read("/v1/tickets").json["tickets"]] == [nobodys]
    assert profile_id not in repr(desk_items(own)) and id_ not in repr(desk_items(own))
    late = look_after_ticket(id_, compose.tenant(own.tenant_id), ticket_services(own.tenant_id), compose.now() + 10**9)
    assert not late
