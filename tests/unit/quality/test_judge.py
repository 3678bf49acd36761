"""A source that goes on under another name keeps no measure waiting."""

from __future__ import annotations

from chalicelib.kernel.moments import HOUR_MS
from chalicelib.quality.health import health_of
from chalicelib.quality.judge import Material, SourceReport, judge

FIRST = 2_857 * 168
RENAMED = FIRST + 40 * 24 + 10
PER_HOUR = 10


def counted(hours: range) -> Material:
    """What a source leaves that sends orders in every one of these hours."""
    feeds: dict[int, dict[str, int]] = {}
    for hour in hours:
        of_day = feeds.setdefault(hour // 24, {"orders_paid": 0})
        of_day["orders_paid"] += PER_HOUR
    return Material(dict.fromkeys(hours, PER_HOUR), {}, {}, feeds)


def test_judge__source_renamed__its_measures_are_read_on_as_soon_as_the_new_one_is_heard() -> None:
    """While the old name is silent nothing is known since; once the new one was heard enough, rules read what it brings."""
    before: dict[str, SourceReport] = {}
    frozen = []
    for hour in range(RENAMED - 1, RENAMED + 40):
        lives = {"old": range(FIRST, min(RENAMED, hour + 1)), "new": range(RENAMED, hour + 1)}
        for source, hours in lives.items():
            report = judge(source, counted(hours), before.get(source), (hour + 1) * HOUR_MS) if hours else None
            if report is not None:
                before[source] = report
        suffers = health_of(before.values()).measures.get("orders_paid")
        if suffers is not None and suffers.known_until is not None:
            frozen.append(hour - RENAMED)
    assert before["old"].state == "silent" and before["new"].state == "healthy"
    assert frozen and max(frozen) < 12
