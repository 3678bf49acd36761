"""What a supervisor changes of a queue by day."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.desk.declaration import Relaxing
from chalicelib.desk.model import Shift
from chalicelib.desk.queues import QueueSettings, mistakes_of_settings
from chalicelib.kernel.moments import parse_moment
from chalicelib.routing.by_day import laid_over
from chalicelib.routing.desk_answer import sla_by_day
from chalicelib.routing.model import Sla
from chalicelib.routing.policy import shipped_policy

DECLARED = shipped_policy().declared
SHANGHAI = "Asia/Shanghai"


def told(queue: str = "vip", **fields: Any) -> list[tuple[str, str]]:
    settings = msgspec.convert(fields, QueueSettings)
    return [(one.code, one.path) for one in mistakes_of_settings(queue, settings, DECLARED.queues)]


def test_settings__as_they_should_be__have_no_mistake() -> None:
    """Other queues of the policy, limits and steps in order."""
    assert told(overflow=["general"], first_response_seconds=30, resolve_seconds=600) == []
    assert told(relaxing={"any_after_seconds": 0, "overflow_after_seconds": None, "callback_after_seconds": 60}) == []


def test_settings__several_mistakes__are_told_at_once() -> None:
    """Itself, an unknown one, one twice, limits and steps that cross."""
    found = told(
        overflow=["vip", "nobody", "general", "general"],
        hours=[{"weekdays": [], "start_minute": 0, "end_minute": 60}],
        first_response_seconds=60,
        resolve_seconds=30,
        relaxing={"any_after_seconds": 60, "overflow_after_seconds": 30, "callback_after_seconds": -1},
    )
    assert found == [
        ("unknown_queue", "overflow[0]"),
        ("unknown_queue", "overflow[1]"),
        ("named_twice", "overflow"),
        ("no_weekday", "hours[0].weekdays"),
        ("limits_crossed", "resolve_seconds"),
        ("steps_crossed", "relaxing.overflow_after_seconds"),
        ("out_of_range", "relaxing.callback_after_seconds"),
    ]


@pytest.mark.parametrize(
    ("settings", "at", "is_open"),
    [
        (QueueSettings(), "2026-11-22T03:00:00Z", True),
        (QueueSettings(closed=True), "2026-11-22T03:00:00Z", False),
        # Monday to Friday, 9 to 18 in Shanghai, which is eight hours ahead.
        (QueueSettings(hours=(Shift((0, 1, 2, 3, 4), 540, 1080),)), "2026-11-23T01:00:00Z", True),
        (QueueSettings(hours=(Shift((0, 1, 2, 3, 4), 540, 1080),)), "2026-11-23T00:59:00Z", False),
        (QueueSettings(hours=(Shift((0, 1, 2, 3, 4), 540, 1080),)), "2026-11-22T03:00:00Z", False),
        # Friday night until six on Saturday.
        (QueueSettings(hours=(Shift((4,), 1320, 360),)), "2026-11-20T21:00:00Z", True),
        (QueueSettings(hours=(Shift((4,), 1320, 360),)), "2026-11-20T22:00:00Z", False),
        (QueueSettings(closed=True, hours=(Shift((0,), 0, 1440),)), "2026-11-23T01:00:00Z", False),
    ],
)
def test_queue__at_an_hour__lets_people_in_or_not(settings: QueueSettings, at: str, is_open: bool) -> None:
    """Closed wins over hours; hours are the tenant's; they may pass midnight."""
    assert settings.is_open(parse_moment(at), SHANGHAI) is is_open


def test_policy__settings_laid_over__changes_what_they_say_and_nothing_else() -> None:
    """Overflow, limits and steps of one queue; a queue that the policy has no more says nothing."""
    steps = Relaxing(5, 10, None)
    settings = QueueSettings(overflow=("general",), first_response_seconds=90, relaxing=steps)
    over = laid_over(DECLARED, {"vip": settings, "gone": settings})
    vip = over.queues["vip"]
    assert (vip.overflow, vip.sla.first_response_seconds, over.rules_of("vip").relaxing) == (("general",), 90, steps)
    assert vip.sla.resolve_seconds == DECLARED.queues["vip"].sla.resolve_seconds
    assert over.rules_of("general") == DECLARED.desk and over.rules_of("gone") == DECLARED.desk
    assert {**over.queues, "vip": None} == {**DECLARED.queues, "vip": None}
    assert laid_over(DECLARED, {}) is DECLARED


def test_limits__of_a_decision__follow_the_day_unless_a_rule_set_tighter_ones() -> None:
    """A longer limit is taken over where the queue's own held; one that a rule made tighter stays."""
    usual = DECLARED.queues["vip"]
    slower = laid_over(DECLARED, {"vip": QueueSettings(first_response_seconds=90)}).queues["vip"]
    whole = usual.sla.resolve_seconds
    assert sla_by_day(usual.sla, usual, slower) == Sla(90, whole)
    assert sla_by_day(Sla(2, whole), usual, slower) == Sla(2, whole)
    faster = laid_over(DECLARED, {"vip": QueueSettings(first_response_seconds=1)}).queues["vip"]
    assert sla_by_day(Sla(2, whole), usual, faster) == Sla(1, whole)
    assert sla_by_day(usual.sla, usual, usual) is None
