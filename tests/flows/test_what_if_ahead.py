"""What-ifs of the next two weeks: their arrivals are drawn from forecasts, and everything else is as with past windows."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.flows.coming_contacts import LATER_MS
from chalicelib.flows.read_volume import volume_family
from chalicelib.flows.run_what_if import run_what_if
from chalicelib.kernel.moments import DAY_MS, day_of, format_moment
from tests.flows.test_what_if import Replaying
from tests.flows.world import NOW, TENANT_ID

AHEAD: dict[str, Any] = {"traffic": "forecast", "change": {"agents": -3}}


def counted(days: int = 35, each: int = 2, **more: Any) -> Replaying:
    """A desk whose queues had so many contacts in each half hour from 8 to 16 o'clock, UTC, for so many days."""
    world = Replaying(**more)
    for queue in ("payments", "vip"):
        for day in range(day_of(NOW) - days, day_of(NOW)):
            halves = {str(half): each for half in range(16, 32)}
            world.tallies.add(TENANT_ID, volume_family(queue), day, halves, NOW + DAY_MS)
    return world


def test_ahead__next_two_weeks__are_played_with_forecast_arrivals() -> None:
    """As many contacts come as are forecast, in a time to come, and with agents fewer people surely wait longer."""
    view = counted(each=1, calls=60).ask(**AHEAD)
    assert view.failure is None and view.result is not None and view.traffic == "forecast"
    assert (view.from_, view.to) == (format_moment(NOW), format_moment(NOW + LATER_MS))
    assert view.expected is not None and view.expected.keys() == {"payments", "vip"}
    assert view.expected["payments"] == pytest.approx(14 * 16, rel=0.1)
    came = view.result.groups["all"]["contacts"].before.mean
    assert came == pytest.approx(sum(view.expected.values()), rel=0.15) and came != 60
    assert view.parts == view.parts_done == 8 + 1 + 5 and view.too_little == ()


def test_ahead__more_traffic__makes_people_wait_longer() -> None:
    """Three times the counted contacts, with the same past fortnight gathered, are three times the contacts played."""
    little, much = (counted(each=each, calls=60).ask(**AHEAD).result for each in (1, 3))
    assert little is not None and much is not None
    first, second = (one.groups["all"]["contacts"].before.mean for one in (little, much))
    assert second == pytest.approx(3 * first, rel=0.15)


def test_ahead__repeated_and_interrupted__is_the_same() -> None:
    """Every message twice, by a worker with time for one step in two, ends in the same bytes, and progress only grows."""
    calm = counted(calls=60).ask(**AHEAD)
    world = counted(calls=60)
    job_id = world.ask(run=False, **AHEAD).job_id
    turns, seen = iter(range(10_000)), []
    while world.jobs.queue:
        job, part = world.jobs.queue.pop(0)
        for _ in range(2):
            run_what_if(TENANT_ID, job, part, world.services(), NOW + DAY_MS, lambda: next(turns) % 2 == 0)
        seen.append(world.view(job_id).parts_done)
    disturbed = world.view(job_id)
    assert disturbed.result == calm.result is not None and disturbed.expected == calm.expected
    assert seen == sorted(seen)


def test_ahead__queue_without_history__comes_again_as_it_came() -> None:
    """A queue that nobody counted is named, and its past contacts come again; the other's are drawn."""
    world = counted(calls=60)
    for key in [key for key in world.tallies.kept if key[1] == volume_family("vip")]:
        del world.tallies.kept[key]
    view = world.ask(**AHEAD)
    assert view.too_little == ("vip",) and view.result is not None
    assert view.result.groups["queue:vip"]["contacts"].before.mean == 15


@pytest.mark.parametrize("days", [0, 13])
def test_ahead__too_little_history__fails_and_says_so(days: int) -> None:
    """Below two weeks nothing is invented: it ends, and says why."""
    view = counted(days=days, calls=60).ask(**AHEAD)
    assert view.failure is not None and view.failure.code == "too_little_history" and view.result is None
