"""Two people become one and two again, on the deployed template; any moment of it can be looked at later."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.demo.api import ApiRefusal
from tests.journeys.live import Live, sending, unique

pytestmark = pytest.mark.deployed


def bought(live: Live, namespace: str, value: str, amount: str) -> None:
    order = {"order_id": unique("o"), "amount": amount, "currency": "CNY"}
    live.send([sending("order.paid", "", identifiers=((namespace, value),), channel="shop", data=order)])


def moment() -> str:
    """Now, with some time on either side: functions' clocks and saves are not of one instant."""
    time.sleep(1.5)
    now = datetime.now(UTC).isoformat()
    time.sleep(1.5)
    return now


def ask(live: Live, path: str, body: Any) -> Any:
    return live.api.call("POST", path, body=body)


def orders(profile: Any) -> int:
    return int(profile["measures"]["orders_paid"]["count"])


def test_merge__then_split__both_ids_answer_all_along_and_the_past_can_be_seen(live: Live) -> None:
    """Preview, merge, an event in between, links, split; and ``as_of`` shows each state as it was."""
    user, browser = unique("u"), unique("b")
    bought(live, "user_id", user, "10.00")
    bought(live, "anonymous_id", browser, "20.00")
    ids = [live.api.find([one])["profile_id"] for one in (("user_id", user), ("anonymous_id", browser))]
    before = moment()

    preview = ask(live, "/v1/merges/preview", {"profile_ids": ids})
    assert {one["profile_id"] for one in preview["people"]} == set(ids) and not preview["needs_force"]
    merge = ask(live, "/v1/merges", {"profile_ids": ids, "reason": "one person, by telephone"})
    assert merge["profile_id"] == preview["profile_id"]
    bought(live, "anonymous_id", browser, "30.00")
    assert {orders(live.api.profile(one)) for one in ids} == {3}
    merged = moment()
    links = live.api.call("GET", f"/v1/profiles/{ids[0]}/links", query={"purpose": "service"})
    assert [one["merge_id"] for one in links["merges"]] == [merge["merge_id"]]

    split = ask(live, "/v1/splits", {"merge_id": merge["merge_id"], "reason": "two people after all"})
    assert set(split["profile_ids"]) == set(ids)
    assert [orders(live.api.profile(one)) for one in ids] == [1, 2]
    assert [orders(as_of(live, one, before)) for one in ids] == [1, 1]
    assert [orders(as_of(live, one, merged)) for one in ids] == [3, 3]
    with pytest.raises(ApiRefusal) as refused:
        ask(live, "/v1/splits", {"merge_id": merge["merge_id"], "reason": "again"})
    assert refused.value.code == "already_split"
    done = live.api.call("GET", "/v1/audit", query={"profile": ids[0]})
    assert {"profiles.merge", "profiles.split"} <= {one["action"] for one in done["audited"]}


def as_of(live: Live, profile_id: str, at: str) -> Any:
    return live.api.call("GET", f"/v1/profiles/{profile_id}", query={"purpose": "service", "as_of": at})
