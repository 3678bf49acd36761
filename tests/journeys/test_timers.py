"""Nothing happens, and yet a tag is cleared: at its minute, on the deployed stack, by its own schedule."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from chalicelib.kernel.moments import DAY_MS, MINUTE_MS, parse_moment
from tests.journeys.live import Live, now_ms, sending, unique
from tests.journeys.spying import BusTap

pytestmark = pytest.mark.deployed

LASTS_MS = 30 * DAY_MS
"""How long after it the tag of a first contact stays, as the shipped library says."""
AHEAD_MS = 100_000
GIVE_UP_SECONDS = 240


def heard(tap: BusTap, tenant_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Type and detail of what the bus said of a tenant since it was last asked."""
    told = [json.loads(one) for one in tap.heard()]
    return [(one["detail-type"], one["detail"]) for one in told if one["detail"].get("tenant") == tenant_id]


def test_tag_that_expires__with_no_event__is_cleared_on_the_bus_at_its_minute(
    live: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    """A first contact thirty days ago but for a hundred seconds: set with its event, cleared by time alone."""
    user, at = unique("timer"), now_ms() - LASTS_MS + AHEAD_MS
    with BusTap(live, unique("tap")) as tap:
        call = {"call_id": unique("c"), "topic": "logistics"}
        live.send([sending("call.started", user, at=at, channel="phone", data=call)])
        told = heard(tap, live.tenant.tenant_id)
        assert ("tag.set", "first_contact") in [(kind, one.get("tag")) for kind, one in told]
        profile = live.api.lookup([("user_id", user)])
        assert "first_contact" in {tag["id"] for tag in profile["tags"]}
        cleared = wait_for_clearing(tap, live.tenant.tenant_id)
        told_at = now_ms()
    assert cleared["profile_id"] == profile["profile_id"]
    assert parse_moment(cleared["at"]) == at + LASTS_MS
    late = told_at - (at + LASTS_MS)
    with capsys.disabled():
        print(f"\ncleared at {cleared['at']}, told {late / 1000:.1f} s later, with no event")
    assert -MINUTE_MS <= late <= MINUTE_MS
    tags = {tag["id"] for tag in live.api.lookup([("user_id", user)])["tags"]}
    assert "first_contact" not in tags


def wait_for_clearing(tap: BusTap, tenant_id: str) -> dict[str, Any]:
    """The first clearing of that tag that the bus tells."""
    ends_at = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < ends_at:
        for kind, detail in heard(tap, tenant_id):
            if (kind, detail.get("tag")) == ("tag.cleared", "first_contact"):
                return detail
        time.sleep(0.5)
    raise AssertionError("Nobody was told: did the schedule run? `python -m infra.cloud logs` shows it.")
