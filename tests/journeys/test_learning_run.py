"""A whole run of learning on the deployed stack: people live, are grouped, and the model is rolled back in one call.

Most of its minutes are time of queues and caches: the run is asked for before all other journeys and looked at in its
place among them, and what becomes of rolling back is looked at after all others.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from infra.demo import commands
from infra.demo.api import ApiRefusal
from infra.demo.commands import Cloud
from tests.journeys.invented_lives import lives, user_of
from tests.journeys.live import Live

pytestmark = pytest.mark.deployed

MOST_PEOPLE = 120
"""Of whom one or two do nothing in these weeks."""
KINDS = {"business_sensitive", "value", "potential", "guided", "ordinary"}
SIGNS = {"business_sensitive": "payment", "value": "paid order", "potential": "products", "guided": "self-service"}
"""What invented people of a kind do more than others, in the words of the segment that they are found in."""
RUN_SECONDS = 600
"""Of which it takes about 100 where nothing else goes on: 90 until every container knows the new models."""
KNOWN_SECONDS = 180
"""Within which every container knows what is in force: each asks once a minute."""
RIGHT_SHARE = 0.8


class Town:
    """A tenant whose people are of known kinds, and its run."""

    def __init__(self, cloud: Cloud) -> None:
        self.live = Live(cloud, commands.create_tenant("learning"))
        self.crowd, events = lives(MOST_PEOPLE)
        self.live.send(events)
        self.run: Any = self.live.api.call("POST", "/v1/models/runs")

    def models(self) -> Any:
        return self.live.api.call("GET", "/v1/models")

    def customers(self) -> Any:
        """The model of the customers, or None before there is one."""
        return next((one for one in self.models()["models"] if one["id"] == "customers"), None)

    def segments(self) -> dict[str, Any]:
        """The segments of the customers by the names of their kinds."""
        listed = self.live.api.call("GET", "/v1/segments")["segments"]
        return {one["id"].partition(".")[2]: one for one in listed if one["segmentation"] == "customers"}

    def ended(self) -> Any:
        """The run, once it is over."""

        def stands() -> Any:
            return next(one for one in self.models()["runs"] if one["run"] == self.run["job_id"])

        return until(stands, lambda run: run["finished_at"] or run["failure"], RUN_SECONDS)


def until(look: Callable[[], Any], is_so: Callable[[Any], Any], seconds: float) -> Any:
    """What is seen, once it is so; fails with what was seen last when it never is."""
    ends_at = time.monotonic() + seconds
    while not is_so(seen := look()):
        assert time.monotonic() < ends_at, seen
        time.sleep(1)
    return seen


def customer_segment(profile: Any) -> Any:
    """The segment of the customers that a profile shows, or None."""
    return next((one for one in profile["segments"] if one["id"].startswith("customers.")), None)


@pytest.fixture(scope="session")
def town(cloud: Cloud) -> Town:
    return Town(cloud)


@pytest.mark.first
def test_run__asked_for__is_open_and_no_other_beside_it(town: Town) -> None:
    """Nobody is in a segment yet, and a second run would publish over the first."""
    assert town.segments() == {} and town.customers() is None
    assert town.run["state"] == "waiting"
    with pytest.raises(ApiRefusal) as refused:
        town.live.api.call("POST", "/v1/models/runs")
    assert (refused.value.status, refused.value.code) == (409, "run_in_progress")


def test_run__finished__names_five_kinds_and_a_profile_says_its_own_and_why(town: Town) -> None:
    """Everybody is judged and counted; who they are is told as they were invented; the segment says what it stands out by."""
    run = town.ended()
    assert (run["phase"], run["failure"], run["judged"], run["share_done"]) == ("finished", "", len(town.crowd), 1.0), (
        run
    )
    model = town.customers()
    assert (model["version"], model["versions"][0]["state"]) == (1, "in_force")
    segments = until(town.segments, bool, KNOWN_SECONDS)
    assert segments.keys() == KINDS
    assert sum(one["size"] for one in segments.values()) == len(town.crowd)
    assert all(one["name"]["zh"] and one["name"]["en"] and one["stands_out"] for one in segments.values()), segments
    profiles = town.live.profiles([("user_id", user_of(who)) for who in town.crowd])
    told = [customer_segment(profiles["user_id", user_of(who)]) for who in town.crowd]
    assert {one["model_version"] for one in told} == {"1"}
    kinds = [one["id"].partition(".")[2] for one in told]
    right = sum(kind == who.kind for kind, who in zip(kinds, town.crowd, strict=True))
    assert right >= RIGHT_SHARE * len(town.crowd), Counter(zip((who.kind for who in town.crowd), kinds, strict=True))
    assert {kind: one["size"] for kind, one in segments.items()} == Counter(kinds)
    for kind, sign in SIGNS.items():
        assert any(sign in says["en"] for says in segments[kind]["stands_out"]), segments[kind]


def test_roll_back__one_call__takes_the_model_out_of_force(town: Town) -> None:
    """In force is what was before it: no model. Everybody is judged again."""
    town.ended()
    back = town.live.api.call("POST", "/v1/models/customers/rollback", body={"version": 0})
    assert (back["id"], back["version"]) == ("customers", 0)
    model = town.customers()
    assert (model["version"], model["versions"][0]["state"]) == (None, "rolled_back"), model
    assert town.models()["runs"][0]["sort"] == "assign"


@pytest.mark.last
def test_roll_back__a_minute_later__nobody_is_in_a_segment(town: Town) -> None:
    """Every container has asked by then what is in force, and shows it of everybody."""
    assert not (town.customers() or {"version": None})["version"]
    assert until(town.segments, lambda seen: not seen, KNOWN_SECONDS) == {}
    who = [("user_id", user_of(town.crowd[0]))]
    until(lambda: town.live.api.lookup(who), lambda profile: customer_segment(profile) is None, KNOWN_SECONDS)
