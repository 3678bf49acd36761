"""Both keys of a tenant are rotated on the living local cloud, by the operator's command and the deployed sweep, under traffic."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from infra import deployment, rotation
from infra.operator import Operator
from tests.journeys.live import Live, described, now_ms, sending, unique

pytestmark = pytest.mark.deployed

_BEGINS_SECONDS = 75
"""A new version is written with once every function knows the tenant's record: that is used for a minute."""
_FORGET_SECONDS = 65
_PEOPLE = 6


class Rotating:
    """A tenant with customers, whose keys are rotated while they come back and are looked up."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.operator = Operator(deployment.environment(None))
        self.people: dict[str, str] = {}
        self.orders: dict[str, int] = {}
        self.reads = 0
        self.failed: list[str] = []

    def operate(self, *given: str, now: int) -> Mapping[str, Any]:
        """One command of the operator. Only its clock is ours: nobody waits twenty minutes in a test."""
        parser = argparse.ArgumentParser()
        rotation.add_options(parser)
        asked = parser.parse_args([*given, "--tenant", self.live.tenant.tenant_id])
        tenant = self.operator.catalogue.tenant(self.live.tenant.tenant_id)
        assert tenant is not None
        return rotation.run(asked, tenant, self.operator.rotation(), now)

    def newcomers(self, number: int) -> None:
        """Customers who were never seen, each with a sealed name."""
        made = [unique("guest") for _ in range(number)]
        self.live.send([described(one, name=f"王{one[-4:]}") for one in made])
        self.people |= {one: str(self.live.api.lookup([("user_id", one)])["profile_id"]) for one in made}

    def traffic(self, seconds: float) -> None:
        """Orders and look-ups for so long, and until all of it is applied."""
        ends_at = time.monotonic() + seconds
        while True:
            for one in self.people:
                self.orders[one] = self.orders.get(one, 0) + 1
            order = {"order_id": unique("o"), "amount": "1.00", "currency": "CNY"}
            self.live.send([sending("order.paid", one, data=order) for one in self.people])
            self.look()
            if time.monotonic() >= ends_at:
                return

    def look(self) -> None:
        """Everybody is found, by a call that is not repeated, as who they are."""
        for one, profile_id in self.people.items():
            answer = requests.post(
                f"{self.live.cloud.url}/v1/profiles/lookup",
                json={"identifiers": [{"namespace": "user_id", "value": one}], "purpose": "service"},
                headers={"Authorization": f"Bearer {self.live.tenant.admin_token}"},
                timeout=30,
            )
            self.reads += 1
            found = answer.json().get("profile_id") if answer.ok else answer.status_code
            if found != profile_id:
                self.failed.append(f"{found} in place of {profile_id}")

    def sweep(self) -> None:
        """Invoke the function as its schedule does."""
        functions = self.live.aws("lambda")
        names = [one["FunctionName"] for one in functions.list_functions()["Functions"]]
        (name,) = [one for one in names if "RotateKeys" in one]
        event = dict.fromkeys(("version", "account", "region", "detail-type", "source", "time", "id"), "x")
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(event | {"detail": {}, "resources": []}))
        assert answer.get("FunctionError") is None, answer["Payload"].read()

    def revealed(self, one: str) -> str:
        """The sealed name, by the function that opens."""
        body = {"fields": ["traits.name"], "purpose": "service", "ticket": "case-1"}
        answer = self.live.api.call("POST", f"/v1/profiles/{self.people[one]}/reveal", body=body)
        return str(answer["fields"][0]["values"][0]["value"])


def test_rotation__of_both_keys_on_the_local_cloud__fails_no_read_and_ends(live: Live) -> None:
    """No failed read, no wrong match, the sweep ends, the old keys are removed, and everything opens and is found."""
    run = Rotating(live)
    run.newcomers(_PEOPLE)
    told = now_ms() - rotation.DEFAULT_MINUTES * 60_000 + _BEGINS_SECONDS * 1000
    for kind in ("branch", "index"):
        run.operate("rotate", "--kind", kind, now=told)
    run.traffic(_BEGINS_SECONDS + 5)
    run.newcomers(2)
    run.sweep()
    run.traffic(5)
    later = now_ms() + 16 * 60_000
    for kind in ("branch", "index"):
        needed = run.operate("status", now=later)[kind]["needed"]
        assert needed == {"rows": 0, "identifiers_of_erased_people": 0}
        run.operate("remove", "--kind", kind, "--version", "1", now=later)
    run.traffic(_FORGET_SECONDS)
    run.newcomers(2)
    run.traffic(0)
    assert run.failed == []
    tenant = run.operator.catalogue.tenant(live.tenant.tenant_id)
    assert tenant is not None
    assert (list(tenant.branch_keys), list(tenant.index_keys)) == ([2], [2])
    assert {one: run.revealed(one) for one in run.people} == {one: f"王{one[-4:]}" for one in run.people}
    print(
        f"rotation on the local cloud: {run.reads} look-ups, none failed, none wrong; {sum(run.orders.values())} orders"
    )
