"""From the schedule to the answer: a source's silence is told, alarmed, and over by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.entrypoints import compose, quality, schedule_quality
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.quality.counters import ARRIVALS, FEEDS
from tests.entrypoints.service import Shop, forget_composed, unique
from tests.entrypoints.test_matching import Context

NOW = compose.now()


def hourly(remaining_ms: int = 300_000) -> None:
    """Invoke the function as EventBridge does."""
    event = dict.fromkeys(("version", "account", "region", "detail-type", "source", "time", "id"), "x")
    schedule_quality.schedule_quality(event | {"detail": {}, "resources": []}, Context(remaining_ms))


def report(shop: Shop, token: str = "") -> Any:
    return shop.lambdas.http("GET", "/v1/quality", token=token or shop.role("analyst"))


def metrics(log: str) -> dict[str, Any]:
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return {name: value for line in lines if "_aws" in line for name, value in line.items()}


@pytest.fixture
def well(shop: Shop) -> Iterator[Shop]:
    """A shop whose health is not that of another test, nor another test's its."""
    yield shop
    quality.quality_services().health.keep(shop.tenant_id, _nothing(), b"")
    forget_composed()


def _nothing() -> Any:
    from chalicelib.store.health import HealthRecord
    from chalicelib.tags.health import WELL

    return HealthRecord(NOW, WELL)


def was_heard(shop: Shop, source: str, *, until_hours_ago: int) -> None:
    """Five weeks of a hundred orders an hour, up to some hours ago."""
    tallies, hour = quality.quality_services().tallies, NOW // HOUR_MS
    for one in range(hour - 35 * 24, hour - until_hours_ago):
        tallies.add(shop.tenant_id, ARRIVALS, one, {source: 100}, NOW + DAY_MS)
    for day in range(NOW // DAY_MS - 35, NOW // DAY_MS - 2):
        tallies.add(shop.tenant_id, FEEDS + source, day, {"orders_paid": 2400}, NOW + DAY_MS)


def test_quality__before_anything_was_judged__says_so(well: Shop) -> None:
    """An empty report is an answer; nobody but analysts and administrators gets it."""
    assert report(well).json == {"judged_at": None, "sources": [], "measures": []}
    assert report(well, well.admin_token).status == 200
    assert report(well, well.role("agent")).status == 403


def test_quality__source_silent_and_back__is_told_and_over(well: Shop, log: Callable[[], str]) -> None:
    """The alarm's metric counts it, the report says since when and why, rules hear of it; then all is well again."""
    source = unique("s")
    was_heard(well, source, until_hours_ago=30)
    hourly()
    told = log()
    assert metrics(told)["SilentSources"] == 1 and "source_not_well" in told and source in told
    (found,) = report(well).json["sources"]
    assert (found["source"], found["state"], found["weight"]) == (source, "silent", 0.7)
    assert source in found["says"]["zh"] and found["gap_hours"] >= 29
    (measure,) = report(well).json["measures"]
    assert (measure["measure"], measure["known_until"]) == ("orders_paid", found["since"])
    forget_composed()
    assert compose.catalogue(well.tenant_id).health.sources[source].state == "silent"

    for one in range(NOW // HOUR_MS - 3, NOW // HOUR_MS):
        quality.quality_services().tallies.add(well.tenant_id, ARRIVALS, one, {source: 100}, NOW + DAY_MS)
    hourly()
    told = log()
    assert metrics(told)["SilentSources"] == 0 and "source_well" in told
    assert report(well).json["sources"][0]["state"] == "healthy"
    forget_composed()
    assert compose.catalogue(well.tenant_id).health.is_well


def test_quality__store_away__fails_that_tenant_and_says_so(
    well: Shop, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One tenant that cannot be judged is counted and named; the function does not crash."""
    from chalicelib.flows import judge_sources

    def away(*_: Any) -> Any:
        raise Unavailable("throttled", "Later.")

    monkeypatch.setattr(judge_sources, "judge_sources", away)
    hourly()
    told = log()
    assert metrics(told)["FailedQualityRuns"] >= 1 and "quality_failed" in told


def test_quality__no_time_left__leaves_tenants_for_the_next_hour(well: Shop, log: Callable[[], str]) -> None:
    """What is not begun is counted, and nothing is cut off in the middle."""
    hourly(remaining_ms=10_000)
    assert metrics(log())["QualityTenantsLeft"] >= 1


def test_events__that_were_applied__are_counted_in_the_store(shop: Shop) -> None:
    """From the door through the queue's function to the tally of the source."""
    properties = {"order_id": unique("o"), "total": "1.00"}
    sent = {"userId": unique("u"), "event": "Order Completed", "properties": properties}
    forget_composed()
    assert shop.send("/v1/track", sent).status == 200
    shop.lambdas.ingest()
    hour = compose.now() // HOUR_MS
    counted = quality.quality_services().tallies.read(shop.tenant_id, ARRIVALS, hour - 1, hour)
    assert sum(sum(one.values()) for one in counted.values()) >= 1
