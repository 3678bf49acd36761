from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib.desk.model import Shift
from chalicelib.desk.shifts import in_shift
from tests.unit.desk.desks import agent

DAY = Shift(weekdays=(0, 1, 2, 3, 4), start_minute=540, end_minute=1080)
NIGHT = Shift(weekdays=(4,), start_minute=1320, end_minute=360)


@pytest.mark.parametrize(
    ("shift", "zone", "moment", "works"),
    [
        (DAY, "UTC", "2026-11-23T09:00", True),
        (DAY, "UTC", "2026-11-23T08:59", False),
        (DAY, "UTC", "2026-11-23T17:59", True),
        (DAY, "UTC", "2026-11-23T18:00", False),
        (DAY, "UTC", "2026-11-22T12:00", False),
        (DAY, "Asia/Shanghai", "2026-11-23T01:00", True),
        (DAY, "Asia/Shanghai", "2026-11-23T12:00", False),
        (DAY, "Asia/Shanghai", "2026-11-22T23:00", False),
        (NIGHT, "UTC", "2026-11-27T22:00", True),
        (NIGHT, "UTC", "2026-11-28T05:59", True),
        (NIGHT, "UTC", "2026-11-28T06:00", False),
        (NIGHT, "UTC", "2026-11-28T22:00", False),
        (NIGHT, "UTC", "2026-11-27T05:00", False),
        (Shift((6,), 0, 1440), "UTC", "2026-11-22T23:59", True),
    ],
)
def test_in_shift__hours_of_a_week__are_local(shift: Shift, zone: str, moment: str, works: bool):
    """Shifts are hours of the agent's own zone; one that passes midnight belongs to the day that it begins on."""
    now = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() * 1000)
    assert in_shift(agent(shifts=(shift,), timezone=zone), now, "America/New_York") is works
    assert in_shift(agent(shifts=(shift,)), now, zone) is works


def test_in_shift__none_declared__is_always():
    """An agent without shifts works whenever they say that they are there."""
    assert in_shift(agent(), 0, "UTC")
