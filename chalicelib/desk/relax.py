"""Who may answer after so long a wait, and when that changes next."""

from __future__ import annotations

from chalicelib.desk.declaration import DeskRules
from chalicelib.desk.model import Relaxation
from chalicelib.kernel.moments import Millis


def step_at(waits_since: Millis, rules: DeskRules, now: Millis) -> Relaxation:
    """The furthest step that has been reached."""
    reached: Relaxation = "skilled"
    for step, at in _steps(waits_since, rules):
        if at <= now:
            reached = step
    return reached


def next_step_at(waits_since: Millis, rules: DeskRules, now: Millis) -> Millis:
    """When the next step is reached; 0: none is."""
    return min((at for _, at in _steps(waits_since, rules) if at > now), default=0)


def _steps(waits_since: Millis, rules: DeskRules) -> tuple[tuple[Relaxation, Millis], ...]:
    relaxing = rules.relaxing
    declared: tuple[tuple[Relaxation, int | None], ...] = (
        ("queue", relaxing.any_after_seconds),
        ("overflow", relaxing.overflow_after_seconds),
        ("callback", relaxing.callback_after_seconds),
    )
    return tuple((step, waits_since + after * 1000) for step, after in declared if after is not None)
