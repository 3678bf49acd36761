"""The doors of the desk: agents, queues, offers, and what a supervisor sees of it all."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.aws.json_api import JsonApi
from chalicelib.entrypoints import at_desk, http_agents, http_desk, http_routing, schedule_desk
from chalicelib.entrypoints.clock import now
from chalicelib.flows import answer_route
from chalicelib.kernel.moments import parse_moment
from chalicelib.store.dynamo_desk import DynamoDesk
from tests.entrypoints.service import Answer, Invocation, Lambdas, Shop, forget_composed, open_shop, unique
from tests.entrypoints.test_timers import EVENT

AGENT = {"skills": {"complaints": 5, "general": 3}, "units": 10, "costs": {"phone": 10}, "languages": ["zh"]}
HOURS = {"weekdays": [0, 1, 2, 3, 4], "start_minute": 540, "end_minute": 1080}


@pytest.fixture(scope="module")
def lead(shop: Shop) -> str:
    """A supervisor's token."""
    return shop.role("supervisor")


def put(shop: Shop, path: str, body: Any, token: str = "", **headers: str) -> Answer:
    return shop.lambdas.http("PUT", path, body, headers, token=token or shop.admin_token)


def declared(shop: Shop, **fields: Any) -> str:
    """A new agent's id."""
    agent_id = unique("a")
    answer = put(shop, f"/v1/agents/{agent_id}", {**AGENT, **fields})
    assert answer.status == 200, answer.body
    return agent_id


# -- agents


def test_agent__declared__is_shown_as_declared_and_offline(shop: Shop, lead: str) -> None:
    """A new agent is offline, holds nothing, and has all of their units free."""
    agent_id = unique("a")
    answer = put(shop, f"/v1/agents/{agent_id}", {**AGENT, "shifts": [HOURS], "timezone": "Asia/Shanghai"}, lead)
    assert answer.status == 200
    expected = {**AGENT, "agent_id": agent_id, "shifts": [HOURS], "timezone": "Asia/Shanghai", "version": 1}
    now = {"presence": "offline", "lease_until": None, "free": 10, "load": 0.0, "conversations": []}
    assert answer.json == expected | now
    assert shop.read(f"/v1/agents/{agent_id}").json == answer.json
    assert answer.json in shop.read("/v1/agents").json["agents"]
    assert answer.json in shop.read("/v1/desk").json["agents"]


def test_agent__declared_again__has_a_version_more_only_where_something_changed(shop: Shop) -> None:
    """The same again changes nothing, writes nothing into the audit; units that grow are free."""
    agent_id = declared(shop)
    assert put(shop, f"/v1/agents/{agent_id}", AGENT).json["version"] == 1
    changed = put(shop, f"/v1/agents/{agent_id}", {**AGENT, "units": 14}).json
    assert (changed["version"], changed["units"], changed["free"]) == (2, 14, 14)
    told = [one for one in shop.read("/v1/audit?limit=50").json["audited"] if one["subjects"] == [f"agents/{agent_id}"]]
    assert [(one["action"], one["result"], one["principal"]) for one in told] == [
        ("agents.put", "version 2", "admin"),
        ("agents.put", "version 1", "admin"),
    ]


def test_agent__of_little__is_as_the_policy_says(shop: Shop) -> None:
    """Units that are not given are the policy's."""
    answer = put(shop, f"/v1/agents/{unique('a')}", {"skills": {"vip": 1}})
    assert (answer.status, answer.json["units"], answer.json["costs"]) == (200, 10, {})


def test_agent__with_mistakes__is_told_all_of_them(shop: Shop) -> None:
    """Of shape with paths and suggestions; then of meaning."""
    bad = {"skill": {}, "skills": {"vip": 6, "general": "3"}, "units": 0, "shifts": [{"weekdays": [7]}]}
    answer = put(shop, "/v1/agents/a-1", bad)
    assert (answer.status, answer.code) == (400, "bad_request")
    told = {(one["path"], one["code"]) for one in answer.json["errors"]}
    assert told >= {
        ("body", "unknown_field"),
        ("skills.vip", "wrong_type"),
        ("skills.general", "wrong_type"),
        ("units", "wrong_type"),
        ("shifts[0].start_minute", "missing_field"),
    }
    meant = next(one for one in answer.json["errors"] if one["code"] == "unknown_field")
    assert meant["suggestion"] == "skills"
    answer = put(shop, "/v1/agents/a-1", {"skills": {"complaint": 3}, "units": 5, "costs": {"phone": 6}})
    assert (answer.status, answer.code) == (400, "bad_agent")
    assert [(one["path"], one["code"]) for one in answer.json["errors"]] == [
        ("skills.complaint", "unknown_skill"),
        ("costs.phone", "cost_over_units"),
    ]
    assert shop.read("/v1/agents/a-1").status == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"7", b'{"skills": []}', b'{"skills": null}'])
def test_agent__of_another_shape__is_a_problem(shop: Shop, body: bytes) -> None:
    """Never a 500, always with a place."""
    answer = put(shop, "/v1/agents/a-1", body)
    assert (answer.status, answer.code) == (400, "bad_request")
    assert all(one["path"] for one in answer.json["errors"]) and answer.json["errors"]


@pytest.mark.parametrize("agent_id", ["-a", "a" * 65, "a%23b", "%E7%8E%8B"])
def test_agent__bad_id__is_refused(shop: Shop, agent_id: str) -> None:
    """An id stands in addresses and keys."""
    answer = put(shop, f"/v1/agents/{agent_id}", AGENT)
    assert (answer.status, answer.code) == (400, "bad_agent_id")


def test_agent__removed__is_nobody(shop: Shop) -> None:
    """Gone from every list; to remove nobody is 404; the same id may be declared anew."""
    agent_id = declared(shop)
    gone = shop.lambdas.http("DELETE", f"/v1/agents/{agent_id}", token=shop.admin_token)
    assert (gone.status, gone.json) == (200, {"agent_id": agent_id, "removed": True})
    again = shop.lambdas.http("DELETE", f"/v1/agents/{agent_id}", token=shop.admin_token)
    assert (again.status, again.code) == (404, "no_such_agent")
    assert agent_id not in shop.read("/v1/desk").body.decode()
    assert put(shop, f"/v1/agents/{agent_id}", AGENT).json["version"] == 1


def test_agent__declared_by_an_agent__is_forbidden(shop: Shop) -> None:
    """Who works at the desk does not say who works at it, nor how queues are."""
    for role in ("agent", "bot", "analyst"):
        assert put(shop, "/v1/agents/a-9", AGENT, shop.role(role)).status == 403
        assert put(shop, "/v1/queues/vip", {}, shop.role(role)).status == 403


# -- queues by day


def of_queue(shop: Shop, queue: str) -> Any:
    return next(one for one in shop.read("/v1/desk").json["queues"] if one["queue"] == queue)


def test_queue__changed_by_day__is_shown_with_who_changed_it(shop: Shop, lead: str) -> None:
    """Settings over the policy's; ``{}`` takes them back; both stand in the audit."""
    settings = {"closed": True, "overflow": ["general"], "first_response_seconds": 90}
    answer = put(shop, "/v1/queues/payments", settings, lead)
    assert answer.status == 200, answer.body
    shown = answer.json
    assert (shown["open"], shown["overflow"], shown["first_response_seconds"]) == (False, ["general"], 90)
    assert shown["changed_by"] == "supervisor-1" and shown["changed_at"]
    assert of_queue(shop, "payments") == shown
    assert put(shop, "/v1/queues/payments", {}, lead).json["open"] is True
    assert of_queue(shop, "payments")["first_response_seconds"] == 10
    audited = [one for one in shop.read("/v1/audit?limit=50").json["audited"] if one["action"] == "queues.put"]
    assert [one["result"] for one in audited] == ["as declared", "closed, overflow, first_response_seconds"]


def test_queue__with_mistakes__is_told_all_of_them(shop: Shop) -> None:
    """Of shape, then of meaning."""
    answer = put(shop, "/v1/queues/payments", {"closed": "yes", "relaxing": {"any_after": 1}, "open": True})
    assert {(one["path"], one["code"]) for one in answer.json["errors"]} >= {
        ("closed", "wrong_type"),
        ("body", "unknown_field"),
    }
    answer = put(
        shop, "/v1/queues/payments", {"overflow": ["payments", "nobody"], "hours": [{**HOURS, "weekdays": []}]}
    )
    assert (answer.status, answer.code) == (400, "bad_queue")
    assert [one["path"] for one in answer.json["errors"]] == ["overflow[0]", "overflow[1]", "hours[0].weekdays"]


def test_queue__that_the_policy_lacks__is_unknown(shop: Shop) -> None:
    """404, and nothing is kept."""
    answer = put(shop, "/v1/queues/none_such", {"closed": True})
    assert (answer.status, answer.code) == (404, "no_such_queue")


def test_desk__shows__queues_that_people_answer(shop: Shop) -> None:
    """Each with its name in both languages, and nobody waiting."""
    queues = shop.read("/v1/desk").json["queues"]
    assert {"vip", "complaints", "general"} <= {one["queue"] for one in queues}
    for one in queues:
        assert one["name"]["zh"] and one["name"]["en"] and one["waiting"] == one["longest_wait_seconds"] == 0


# -- the users' complaints, by name


class Desk:
    """A tenant with one person to route, and agents of one queue."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.user = unique("u")
        shop.send("/v1/identify", {"userId": self.user, "traits": {}})
        shop.lambdas.ingest()

    def hire(self, name: str, **fields: Any) -> str:
        """An agent who is there."""
        body = {"skills": {"complaints": 4}, "units": 2, **fields}
        assert put(self.shop, f"/v1/agents/{name}", body).status == 200
        at_desk._rosters.cache_clear()
        self.say(name, "available")
        return name

    def say(self, name: str, presence: str, **more: Any) -> Any:
        answer = self.shop.ask(f"/v1/agents/{name}/presence", {"presence": presence, **more})
        assert answer.status == 200, answer.body
        return answer.json

    def ask(self, conversation: str = "", **more: Any) -> Answer:
        """Route with reservation."""
        body = {
            "identifiers": [{"namespace": "user_id", "value": self.user}],
            "channel": "wechat",
            "purpose": "service",
            "intent": "complaint",
            "reserve": True,
            "conversation_id": conversation or unique("c"),
            **more,
        }
        return self.shop.ask("/v1/route", {name: value for name, value in body.items() if value is not None})

    def route(self, conversation: str = "", **more: Any) -> Any:
        answer = self.ask(conversation, **more)
        assert answer.status == 200, answer.body
        return answer.json

    def answer(self, reservation: str, way: str, body: Any = b"", token: str = "") -> Answer:
        path = f"/v1/reservations/{reservation}/{way}"
        return self.shop.lambdas.http("POST", path, body, token=token or self.shop.admin_token)

    def stands(self, reservation: str) -> Any:
        return self.shop.read(f"/v1/reservations/{reservation}").json


@pytest.fixture
def desk(lambdas: Lambdas, functions_environment: None) -> Desk:
    """A desk of its own: nobody else's agents are there."""
    return Desk(open_shop(lambdas, "desk"))


def test_waiting_chat__agent_just_became_free__is_given_at_once(desk: Desk) -> None:
    """Complaint: a chat waited beside an agent who had just become free. It is given in the call that frees."""
    ann = desk.hire("ann")
    first, second = desk.route(), desk.route()
    assert first["agent"]["agent_id"] == ann and second["agent"] is None
    assert second["waiting"]["position"] == 1
    assert desk.stands(second["reservation_id"])["state"] == "waiting"
    assert desk.answer(first["reservation_id"], "accept").json["state"] == "accepted"
    assert desk.answer(first["reservation_id"], "release", {"left": True}).json["state"] == "ended"
    given = desk.stands(second["reservation_id"])
    assert (given["state"], given["agent_id"]) == ("reserved", ann)
    assert [one["reservation_id"] for one in desk.shop.read("/v1/agents/ann").json["conversations"]] == [
        given["reservation_id"]
    ]


def test_waiting_chat__agent_came_on__is_given_at_once(desk: Desk) -> None:
    """The same for whoever says that they are there: what waits is in the answer."""
    desk.hire("ann")
    desk.say("ann", "away")
    waits = desk.route()
    assert waits["agent"] is None
    shown = desk.say("ann", "available")
    assert [one["decision_id"] for one in shown["conversations"]] == [waits["decision_id"]]


def test_waiting_chat__offer_declined__goes_to_the_next_agent_at_once(desk: Desk) -> None:
    """Nobody waits for a time-out where another agent is free, and who declined is not asked again."""
    desk.hire("ann", skills={"complaints": 5})
    desk.hire("ben")
    offered = desk.route()
    assert offered["agent"]["agent_id"] == "ann"
    declined = desk.answer(offered["reservation_id"], "decline")
    assert (declined.json["state"], declined.json["agent_id"]) == ("reserved", "ben")
    late = desk.answer(offered["reservation_id"], "accept")
    assert (late.status, late.code) == (409, "reservation_over")


def gone(desk: Desk, name: str, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if how != "lapsed":
        desk.say(name, how)
        return
    desk.say(name, "available", lease_seconds=10)
    desk.say("ben", "available", lease_seconds=600)
    later = now() + 11_000
    for module in (http_routing, http_agents, http_desk):
        monkeypatch.setattr(module, "now", lambda: later)


@pytest.mark.parametrize("how", ["offline", "away", "lapsed"])
def test_returning_customer__last_agent_is_not_there__is_not_given_to_them(
    desk: Desk, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Complaint: offline agents get returning customers. Not who is offline, away, or has not been heard of."""
    desk.hire("ann", skills={"complaints": 5}, units=20)
    desk.hire("ben", skills={"complaints": 3}, units=20)
    served_last_by(monkeypatch, "ann")
    assert desk.route()["agent"]["agent_id"] == "ann", "the control: while ann is there"
    gone(desk, "ann", how, monkeypatch)
    assert desk.route()["agent"]["agent_id"] == "ben"
    desk_now = {one["agent_id"]: one["presence"] for one in desk.shop.read("/v1/desk").json["agents"]}
    assert desk_now == {"ann": {"lapsed": "offline"}.get(how, how), "ben": "available"}


def served_last_by(monkeypatch: pytest.MonkeyPatch, agent_id: str) -> None:
    """What the profile says of who served this person last."""
    monkeypatch.setattr(answer_route, "last_agent_of", lambda _: agent_id)


def test_returning_customer__last_agent_is_there__is_given_to_them(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the decision says that this is why."""
    for name in ("ann", "ben"):
        desk.hire(name, units=20)
    for last in ("ann", "ben"):
        served_last_by(monkeypatch, last)
        decision = desk.route()
        assert decision["agent"]["agent_id"] == last
        assert decision["agent"]["parts"]["last_agent"] > 0
        assert "served this person last" in decision["reasons"][0]["says"]["en"]


def served_last(desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A person whom an agent has served; what the profile then says of who served last."""
    reserved = desk.route()["reservation_id"]
    assert desk.stands(reserved)["agent_id"] == name
    assert desk.answer(reserved, "accept").status == 200
    assert desk.answer(reserved, "release", {"left": True}).status == 200
    run_schedule(monkeypatch)
    assert desk.shop.lambdas.ingest() == {"batchItemFailures": []}
    trait = desk.shop.lookup("user_id", desk.user).json["traits"].get("last_agent")
    return "" if trait is None else str(trait["value"])


def run_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function of the desk looks once."""
    monkeypatch.setattr(schedule_desk, "_AWAKE_MS", 0)
    schedule_desk.schedule_desk(EVENT | {"detail": {}, "resources": []}, Invocation())


@pytest.mark.parametrize("how", ["there", "offline", "lapsed"])
def test_returning_customer__served_before__goes_to_the_same_agent_only_while_there(
    desk: Desk, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the released conversation over its event and the profile to the next route: nothing of it is put in by hand."""
    desk.hire("ann", units=20)
    assert served_last(desk, "ann", monkeypatch) == "ann"
    stranger = [{"namespace": "user_id", "value": unique("u")}]
    assert desk.route(identifiers=stranger)["agent"]["agent_id"] == "ann"
    # Ben has more room, yet ann knows the person.
    desk.hire("ben", units=20)
    assert desk.route(identifiers=stranger)["agent"]["agent_id"] == "ben", "the control: of who was never served"
    if how != "there":
        gone(desk, "ann", how, monkeypatch)
    decision = desk.route()
    assert decision["agent"]["agent_id"] == ("ann" if how == "there" else "ben")
    assert (decision["agent"]["parts"]["last_agent"] > 0) == (how == "there")
    events = desk.shop.read(f"/v1/profiles/{profile_of(desk)}/timeline?purpose=service&limit=50").json["events"]
    assert {"conversation.opened", "conversation.closed"} <= {one["type"] for one in events}
    assert desk.shop.quarantined() == []


def profile_of(desk: Desk) -> str:
    return str(desk.shop.lookup("user_id", desk.user).json["profile_id"])


def test_agent_at_capacity__another_conversation__is_not_given(desk: Desk) -> None:
    """Complaint: agents over capacity. Who is full is given nothing, and what was asked for waits."""
    desk.hire("ann", units=4)
    assert [desk.route()["agent"] is not None for _ in range(3)] == [True, True, False]
    shown = desk.shop.read("/v1/agents/ann").json
    assert (shown["free"], shown["load"], len(shown["conversations"])) == (0, 1.0, 2)


def test_agent_with_a_chat__call_that_costs_all_of_them__is_not_given(desk: Desk) -> None:
    """A call may cost what five chats do: while one chat is held there is no room for it, but there is for a chat."""
    desk.hire("ann", units=10, costs={"phone": 10, "wechat": 2})
    assert desk.route()["agent"] is not None
    assert desk.route(channel="phone")["agent"] is None
    assert desk.route()["agent"] is not None
    assert desk.shop.read("/v1/agents/ann").json["free"] == 6


def test_decision__agent_chosen__says_why_this_one_and_not_the_next(desk: Desk) -> None:
    """Complaint: no reason given. It names both, the points of both, in both languages, and is kept so."""
    desk.hire("ann", skills={"complaints": 5})
    desk.hire("ben", skills={"complaints": 3})
    decision = desk.route()
    why, agent, next_one = decision["reasons"][0], decision["agent"], decision["runners_up"][0]
    assert (agent["agent_id"], next_one["agent_id"]) == ("ann", "ben")
    assert agent["score"] > next_one["score"] and agent["parts"].keys() == next_one["parts"].keys()
    assert abs(sum(agent["parts"].values()) - agent["score"]) < 0.001
    assert "ann" in why["says"]["en"] and "ben" in why["says"]["en"] and "more skill" in why["says"]["en"]
    assert "技能" in why["says"]["zh"] and why["evidence"]["runner_up.score"] == next_one["score"]
    assert desk.shop.read(f"/v1/decisions/{decision['decision_id']}").json == decision


def test_decision__nobody_free__says_why_it_waits_and_since_when(desk: Desk) -> None:
    """The place, the step, when the next one is, and a sentence for the person."""
    desk.hire("ann")
    desk.say("ann", "offline")
    first, second = desk.route(), desk.route()
    assert [one["waiting"]["position"] for one in (first, second)] == [1, 2]
    waiting = second["waiting"]
    assert waiting["relaxation"] == "skilled" and waiting["next_step_at"] > waiting["since"]
    assert "前面还有 1 位" in waiting["says"]["zh"] and "1 ahead" in waiting["says"]["en"]
    assert second["reasons"][0]["id"] == "nobody_free"
    of_queue = next(one for one in desk.shop.read("/v1/desk").json["queues"] if one["queue"] == second["queue"])
    assert of_queue["waiting"] == 2


# -- a route that reserves


def test_route__repeated__answers_the_same(desk: Desk) -> None:
    """By the same key, by the conversation while it lives, and by the key even when it is over. Nothing is taken twice."""
    desk.hire("ann", units=4)
    body_of = unique("c")
    headers = {"idempotency-key": unique("k")}
    ask = {"identifiers": [{"namespace": "user_id", "value": desk.user}], "channel": "wechat", "purpose": "service"}
    ask |= {"intent": "complaint", "reserve": True, "conversation_id": body_of}
    answers = [desk.shop.ask("/v1/route", ask, headers) for _ in range(2)]
    answers += [desk.shop.ask("/v1/route", ask)]
    assert {one.status for one in answers} == {200} and len({one.body for one in answers}) == 1
    assert desk.shop.read("/v1/agents/ann").json["free"] == 2
    reservation = answers[0].json["reservation_id"]
    desk.answer(reservation, "release", {"left": True})
    assert desk.shop.ask("/v1/route", ask, headers).body == answers[0].body
    anew = desk.shop.ask("/v1/route", ask).json
    assert anew["decision_id"] != answers[0].json["decision_id"] and anew["reservation_id"] != reservation
    desk.answer(anew["reservation_id"], "release", {"left": True})
    assert desk.shop.ask("/v1/route", ask, headers).body == answers[0].body, "by the key, when it began anew since"


def test_route__agent_comes_while_it_is_put_on_the_list__is_answered_with_the_reservation(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who looks a second time and finds somebody says so, and says the same again; what is kept is what was decided."""
    desk.hire("ann", units=2)
    desk.say("ann", "away")
    real = DynamoDesk.wait

    def wait(self: DynamoDesk, *asked: Any) -> bool:
        # Just before it stands on the list: whoever comes on then finds nobody waiting.
        monkeypatch.setattr(DynamoDesk, "wait", real)
        desk.say("ann", "available")
        return real(self, *asked)

    monkeypatch.setattr(DynamoDesk, "wait", wait)
    conversation = unique("c")
    told = desk.route(conversation)
    assert told["agent"]["agent_id"] == "ann" and told["agent"]["score"] > 0 and "waiting" not in told
    assert told["reasons"][0]["id"] == "came_free"
    stands = desk.stands(told["reservation_id"])
    assert (stands["state"], stands["agent_id"], stands["reservation_id"]) == (
        "reserved",
        "ann",
        told["reservation_id"],
    )
    assert desk.route(conversation) == told
    assert desk.shop.read(f"/v1/decisions/{told['decision_id']}").json["waiting"]["position"] == 1
    assert desk.answer(told["reservation_id"], "accept").json["state"] == "accepted"


def test_route__decision_was_erased_while_they_talk__is_answered_and_takes_no_second_agent(desk: Desk) -> None:
    """Who is erased in the middle of a conversation keeps their agent, and the next call about it has an answer."""
    desk.hire("ann", units=4)
    conversation = unique("c")
    first = desk.route(conversation)
    operator, pk = desk.shop.lambdas.operator, f"{desk.shop.tenant_id}#d#{first['decision_id']}"
    body = {"TableName": operator.environ["TABLE_HISTORY"], "Key": {"pk": {"S": pk}}}
    operator.api("dynamodb").call("DeleteItem", body)
    again = desk.route(conversation)
    assert again["decision_id"] != first["decision_id"] and again["queue"] == first["queue"]
    assert desk.shop.read("/v1/agents/ann").json["free"] == 2


def test_route__decided_for_a_bot__reserves_nobody(desk: Desk) -> None:
    """Only who is to be answered by a human waits for one."""
    desk.hire("ann", skills={"general": 5, "products": 5})
    decision = desk.route(intent="product_question", channel="web")
    assert decision["mode"] == "bot"
    assert decision["agent"] is None and "reservation_id" not in decision and "waiting" not in decision


@pytest.mark.parametrize("conversation", [None, ""])
def test_route__reserving_without_a_conversation__is_a_problem(desk: Desk, conversation: str | None) -> None:
    """What is reserved must have a name by which a repeat is known."""
    answer = desk.shop.ask(
        "/v1/route",
        {
            "identifiers": [{"namespace": "user_id", "value": desk.user}],
            "channel": "wechat",
            "purpose": "service",
            "reserve": True,
            **({} if conversation is None else {"conversation_id": conversation}),
        },
    )
    assert (answer.status, answer.code) == (400, "conversation_id_missing")
    assert [one["path"] for one in answer.json["errors"]] == ["conversation_id"]


def test_route__person_who_opted_out__gets_the_default_queue_and_no_last_agent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their last agent counts for nothing, whatever their profile says."""
    desk.hire("ann", skills={"general": 3}, units=20)
    desk.hire("ben", skills={"general": 3}, units=20)
    profile_id = desk.shop.lookup("user_id", desk.user).json["profile_id"]
    body = {"purposes": ["profiling"], "granted": False, "reason": "asked for it"}
    answer = put(desk.shop, f"/v1/profiles/{profile_id}/consents", body)
    assert answer.status == 200, answer.body
    decision = desk.route(intent=None)
    assert (decision["personalised"], decision["profile_id"], decision["queue"]) == (False, None, "general")
    assert decision["agent"]["parts"]["last_agent"] == 0


def test_route__queue_closed__is_served_by_where_it_flows_over_to(desk: Desk) -> None:
    """Else nobody is let in, the person is told of a call, and nothing waits."""
    desk.hire("ann", skills={"general": 3})
    put(desk.shop, "/v1/queues/complaints", {"closed": True, "overflow": ["vip", "general"]})
    put(desk.shop, "/v1/queues/vip", {"closed": True})
    at_desk._by_day.cache_clear()
    decision = desk.route()
    assert decision["queue"] == "complaints" and decision["agent"]["agent_id"] == "ann"
    assert decision["redirected"] == {"queue": "general", "skill": "general"}
    assert [one["id"] for one in decision["reasons"][:2]] == ["queue_closed", "best_agent"]
    put(desk.shop, "/v1/queues/complaints", {"closed": True, "overflow": []})
    at_desk._by_day.cache_clear()
    nowhere = desk.route()
    assert nowhere["agent"] is None and "reservation_id" not in nowhere
    assert (nowhere["waiting"]["position"], nowhere["waiting"]["relaxation"]) == (0, "callback")
    assert "回电" in nowhere["waiting"]["says"]["zh"]


def test_route__limits_by_day__are_those_of_the_answer(desk: Desk) -> None:
    """What a supervisor set holds for who reserves."""
    put(desk.shop, "/v1/queues/complaints", {"first_response_seconds": 7, "relaxing": {"any_after_seconds": 3}})
    at_desk._by_day.cache_clear()
    decision = desk.route()
    assert decision["sla"]["first_response_seconds"] == 7
    since, step = (parse_moment(decision["waiting"][name]) for name in ("since", "next_step_at"))
    assert step - since == 3_000


def test_route__reserving__is_one_read_and_two_calls_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Identifier with profile; seats with the conversation in one read; seat, conversation and decision in one write."""
    desk.hire("ann", units=20)
    desk.route()
    asked: list[str] = []
    real = JsonApi.call

    def counting(self: JsonApi, operation: str, body: dict[str, Any], *reads: Any) -> dict[str, Any]:
        # The credential is read by the authorizer, which is a function of its own.
        if "catalogue" not in str(body.get("TableName", "")):
            asked.append(operation)
        return real(self, operation, body, *reads)

    monkeypatch.setattr(JsonApi, "call", counting)
    compose_again()
    desk.route()
    asked.clear()
    assert desk.route()["agent"]["agent_id"] == "ann"
    assert asked == ["BatchGetItem", "BatchGetItem", "TransactWriteItems"]
    desk.say("ann", "away")
    asked.clear()
    # What she had been offered waits again, before this one.
    assert desk.route()["waiting"]["position"] == 4
    assert asked[:2] == ["BatchGetItem", "BatchGetItem"] and len(asked) <= 6


def compose_again() -> None:
    """Stores hold their call: they are made anew, with the one that is there now."""
    forget_composed()
    for one in (at_desk.desk_store, at_desk.queue_store, at_desk._by_day, at_desk._rosters, at_desk._records):
        one.cache_clear()


def test_decision__of_each_way_through_the_desk__can_be_made_again(desk: Desk) -> None:
    """Offered, waiting, redirected, let in by nobody, and with limits by day: from what was kept with it, to the byte."""
    desk.hire("ann", skills={"complaints": 5, "general": 2}, units=4)
    desk.hire("ben", skills={"complaints": 3}, units=2)
    made = [desk.route() for _ in range(4)]
    assert [one["agent"] is not None for one in made] == [True, True, True, False]
    put(desk.shop, "/v1/queues/complaints", {"closed": True, "overflow": ["general"], "first_response_seconds": 77})
    at_desk._by_day.cache_clear()
    made.append(desk.route())
    put(desk.shop, "/v1/queues/complaints", {"closed": True, "overflow": []})
    at_desk._by_day.cache_clear()
    made.append(desk.route())
    assert made[-2]["redirected"] and made[-2]["sla"]["first_response_seconds"] == 77
    assert made[-1]["waiting"]["position"] == 0
    for one in made:
        again = desk.shop.read(f"/v1/decisions/{one['decision_id']}/replay").json
        assert again["equal"] and again["differs"] == [], again["differs"]
        assert again["recomputed"] == one


# -- who may answer


def test_offer__answered_by_another_agent__is_refused(desk: Desk) -> None:
    """An agent answers for themselves; a supervisor and a bot answer for all."""
    desk.hire("agent-1", units=20)
    other = desk.shop.lambdas.operator.create_token(desk.shop.tenant_id, "agent", "agent-2")
    for token in (desk.shop.role("agent"), desk.shop.role("bot"), desk.shop.role("supervisor")):
        reservation = desk.route()["reservation_id"]
        refused = desk.answer(reservation, "accept", token=other)
        assert (refused.status, refused.code) == (409, "reservation_not_yours")
        assert desk.answer(reservation, "accept", token=token).json["state"] == "accepted"
        assert desk.answer(reservation, "accept", token=token).status == 200, "a repeat"
        assert desk.answer(reservation, "release", token=token).json["state"] == "wrapping"


def test_presence__of_another_agent__is_refused(desk: Desk) -> None:
    """An agent speaks for themselves, a supervisor for all; of nobody is spoken."""
    desk.hire("agent-1")
    desk.hire("agent-2")
    token = desk.shop.role("agent")
    for name, status in (("agent-1", 200), ("agent-2", 403), ("nobody", 404)):
        answer = desk.shop.lambdas.http("POST", f"/v1/agents/{name}/presence", {"presence": "away"}, token=token)
        assert answer.status == status, answer.body
    lead = desk.shop.lambdas.http(
        "POST", "/v1/agents/nobody/presence", {"presence": "away"}, token=desk.shop.role("supervisor")
    )
    assert (lead.status, lead.code) == (404, "no_such_agent")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "presence"),
        ({"presence": "here"}, "presence"),
        ({"presence": "away", "lease_seconds": 5}, "lease_seconds"),
        ({"presence": "away", "lease_seconds": 7_000}, "lease_seconds"),
        ({"presence": "away", "lease": 60}, "body"),
    ],
)
def test_presence__bad_body__is_a_problem(desk: Desk, body: Any, path: str) -> None:
    """With its place, and never the value."""
    answer = desk.shop.ask("/v1/agents/ann/presence", body)
    assert (answer.status, answer.code) == (400, "bad_request")
    assert path in [one["path"] for one in answer.json["errors"]] and "'here'" not in answer.body.decode()


@pytest.mark.parametrize(
    "reservation", ["r_none_1", "r_" + "0" * 32 + "_1", "%2e%2e", "r_" + "0" * 32 + "_" + "9" * 30]
)
def test_reservation__unknown__is_404_alike(desk: Desk, reservation: str) -> None:
    """Whether it could be one or not."""
    answers = [desk.answer(reservation, way) for way in ("accept", "decline", "release")]
    answers.append(desk.shop.read(f"/v1/reservations/{reservation}"))
    assert {(one.status, one.code) for one in answers} == {(404, "no_such_reservation")}


def test_release__of_what_was_not_accepted__is_refused_unless_the_person_left(desk: Desk) -> None:
    """Who waits or is offered is over only by leaving."""
    desk.hire("ann")
    reservation = desk.route()["reservation_id"]
    refused = desk.answer(reservation, "release")
    assert (refused.status, refused.code) == (409, "reservation_not_accepted")
    assert desk.answer(reservation, "release", {"left": "yes"}).status == 400
    assert desk.answer(reservation, "release", {"left": True}).json["ended_by"] == "left"
    assert desk.shop.read("/v1/agents/ann").json["free"] == 2
