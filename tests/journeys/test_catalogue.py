"""A tag is added on the living cloud: one declaration, no deploy, and it is on people within a minute."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.journeys.live import Live, now_ms, sending, unique

pytestmark = pytest.mark.deployed

IN_FORCE_SECONDS = 60
_TEXT = {"zh": "近期来过", "en": "Was here lately"}
TAG: dict[str, Any] = {
    "name": _TEXT,
    "meaning": _TEXT,
    "class": "contact_volume",
    "dimension": "behaviour",
    "owner": "service-operations",
    "purposes": ["service"],
    "signals": [{"id": "here", "weight": 1, "when": {">=": [{"count": ["contacts", 30]}, 1]}, "says": _TEXT}],
    "threshold": 0.5,
    "half_life_days": 30,
    "expires_days": None,
    "examples": {"positive": {"m.contacts.count_30d": 2}, "negative": {"m.contacts.count_30d": 0}},
}


def test_tag__published__is_on_people_within_a_minute_and_goes_again(live: Live) -> None:
    """Drafted, it is on nobody; published, it is on who has it, in why with its version; rolled back, on nobody."""
    user, path = unique("caller"), "/v1/catalogue/tags/was_here_lately"
    live.send([sending("conversation.opened", user, at=now_ms(), channel="web_chat", data={"conversation_id": user})])
    profile_id = live.api.lookup([("user_id", user)])["profile_id"]
    live.api.call("PUT", path, body=TAG)
    assert "was_here_lately" not in tags_of(live, profile_id)
    published = live.api.call("POST", f"{path}/publish", body={"reason": "a journey"})
    assert published["version"] == 1
    seconds = seconds_until(live, profile_id, there=True)
    why = live.api.why(profile_id, "was_here_lately")
    assert (why["set"], why["signals"][0]["values"]) == (True, {"m.contacts.count_30d": 1})
    live.api.call("POST", f"{path}/rollback", body={})
    gone = seconds_until(live, profile_id, there=False)
    print(f"in force after {seconds:.1f} s, out of force after {gone:.1f} s")


def tags_of(live: Live, profile_id: str) -> set[str]:
    return {one["id"] for one in live.api.tags(profile_id)}


def seconds_until(live: Live, profile_id: str, *, there: bool) -> float:
    """How long it takes until every function that answers has the tag, or has it no more."""
    began = time.monotonic()
    while ("was_here_lately" in tags_of(live, profile_id)) is not there:
        assert time.monotonic() - began < IN_FORCE_SECONDS + 5
        time.sleep(1)
    return time.monotonic() - began
