"""A draft tried and published on the deployed template: queue, worker, slices of the table, and reads by the new rule."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.journeys.live import Live, sending, unique

pytestmark = pytest.mark.deployed

PEOPLE = 12
JOB_SECONDS = 240
"""An apply job begins 90 seconds after its publish."""
FREQUENT: dict[str, Any] = {
    "name": {"zh": "常来咨询", "en": "Frequent caller"},
    "meaning": {"zh": "近30天联系很多", "en": "Many contacts within 30 days"},
    "class": "contact_volume",
    "dimension": "behaviour",
    "owner": "service-operations",
    "purposes": ["service"],
    "signals": [
        {
            "id": "often",
            "weight": 1,
            "when": {">=": [{"count": ["contacts", 30]}, 2]},
            "says": {"zh": "近30天联系2次以上", "en": "2 contacts or more within 30 days"},
        }
    ],
    "threshold": 0.5,
    "half_life_days": 30,
    "expires_days": None,
    "examples": {"positive": {"m.contacts.count_30d": 2}, "negative": {"m.contacts.count_30d": 1}},
}


def over(live: Live, job_id: str) -> Any:
    """A job, once it is over."""
    ends_at = time.monotonic() + JOB_SECONDS
    while (view := live.api.call("GET", f"/v1/catalogue/jobs/{job_id}"))["state"] in ("waiting", "running"):
        assert time.monotonic() < ends_at, view
        time.sleep(1)
    return view


def test_dry_run__then_published__names_whom_it_then_sets(live: Live) -> None:
    """The people whom the dry run names are those who have the tag after the publish, and whom its job told of."""
    user = unique("caller")
    live.send([sending("call.started", f"{user}-{n}") for n in range(PEOPLE) for _ in range(1 + n % 2)])
    live.api.call("PUT", "/v1/catalogue/tags/frequent_here", body=FREQUENT)
    opened = live.api.call("POST", "/v1/catalogue/tags/frequent_here/dry-run", body={})
    view = over(live, opened["job_id"])
    (tag,) = (one for one in view["tags"] if one["id"] == "frequent_here")
    assert (view["state"], view["people"], tag["gained"]["people"]["count"]) == ("finished", PEOPLE, PEOPLE // 2)
    published = live.api.call("POST", "/v1/catalogue/tags/frequent_here/publish", body={})
    applied = over(live, f"apply_{published['version']}")
    (told,) = (one for one in applied["tags"] if one["id"] == "frequent_here")
    assert told["gained"]["fingerprint"] == tag["gained"]["fingerprint"]
    people = live.profiles(("user_id", f"{user}-{n}") for n in range(PEOPLE))
    having = {one["profile_id"] for one in people.values() if "frequent_here" in {each["id"] for each in one["tags"]}}
    assert having == {one["profile_id"] for one in tag["gained"]["listed"]}
