"""The function that runs every minute, over moto: who is due, told and noted, and what its metrics say."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from chalicelib.entrypoints import schedule_timers, timing
from chalicelib.flows.services import Change
from chalicelib.kernel.moments import DAY_MS, MINUTE_MS, Millis, format_moment
from tests.entrypoints.service import Invocation, Shop, unique

EVENT = dict.fromkeys(("version", "account", "region", "detail-type", "source", "time", "id"), "x")


def metric(written: str, name: str) -> float:
    lines = [json.loads(line) for line in written.splitlines() if f'"{name}"' in line]
    return float(lines[-1][name])


def test_minute__tag_that_has_expired__is_told_once_and_counted(
    shop: Shop, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the index to the bus and back; a minute later there is nothing to tell."""
    from chalicelib.entrypoints import clock

    user, told = unique("u"), list[Change]()
    happened = clock.now() - 30 * DAY_MS + 20 * MINUTE_MS
    call = {
        "type": "track",
        "event": "Call Started",
        "messageId": unique("m"),
        "userId": user,
        "timestamp": format_moment(happened),
        "properties": {"call_id": "c1"},
    }
    assert shop.send("/v1/batch", {"batch": [call]}).status == 200
    shop.lambdas.ingest()
    profile = shop.lookup("user_id", user).json
    assert "first_contact" in {tag["id"] for tag in profile["tags"]}

    def publish(changes: Sequence[Change]) -> None:
        told.extend(one for one in changes if one.detail["profile_id"] == profile["profile_id"])

    def at(instant: Millis) -> str:
        monkeypatch.setattr(timing, "now", lambda: instant)
        monkeypatch.setattr(schedule_timers, "now", lambda: instant)
        monkeypatch.setattr(timing, "publish", publish)
        # The clock of this test stands still, so nothing may be waited for.
        monkeypatch.setattr(schedule_timers, "_AWAKE_MS", 0)
        schedule_timers.schedule_timers(EVENT | {"detail": {}, "resources": []}, Invocation())
        return log()

    ends = happened + 30 * DAY_MS
    written = at(ends + 7_000)
    cleared = [one.detail for one in told if one.type == "tag.cleared" and one.detail["tag"] == "first_contact"]
    assert [one["at"] for one in cleared] == [format_moment(ends)]
    assert metric(written, "TimersLookedAt") >= 1
    assert metric(written, "TimerChanges") >= 1
    assert 7 <= metric(written, "TimerLag") < 60 * 60
    told.clear()
    assert metric(at(ends + 60_000 + 7_000), "TimerChanges") == 0
    assert told == []


def test_minute__store_that_throttles__is_counted_and_named(
    shop: Shop, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log names the code, never a person."""
    from chalicelib.flows import fire_timers

    fired = fire_timers.Fired(failed={"store_throttled": 3}, lag_ms=90_000, left=True)
    monkeypatch.setattr(fire_timers, "look_after_timers", lambda *_: fired)
    schedule_timers.schedule_timers(EVENT | {"detail": {}, "resources": []}, Invocation())
    written = log()
    assert (metric(written, "FailedTimers"), metric(written, "TimerLag"), metric(written, "TimersLeft")) == (3, 90, 1)
    assert '"timers_failed"' in written and '"store_throttled"' in written
