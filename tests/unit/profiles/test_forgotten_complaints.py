"""A complaint whose settlement the profile has forgotten is not open for ever."""

from __future__ import annotations

from chalicelib.kernel.moments import DAY_MS
from chalicelib.profiles.cases import cases
from chalicelib.profiles.fold import latest_steps
from chalicelib.profiles.model import STEPS_KEPT, Step


def _step(at: int, kind: str, ref: str, status: str) -> Step:
    return Step(at * DAY_MS, f"{at}{kind}{ref}".encode(), kind, ref, status)


def _open(steps: list[Step]) -> list[str]:
    return [case.ref for case in cases(latest_steps(steps)) if case.kind == "complaint" and case.open]


def test_complaint__settled_by_a_step_that_is_forgotten__is_not_open() -> None:
    """Of tickets the latest steps are kept: with many since, nobody can say that an old complaint is open."""
    filed, settled = _step(1, "complaint", "old", "filed"), _step(2, "ticket", "old", "resolved")
    tickets = [_step(10 + day, "ticket", f"t{day}", "opened") for day in range(STEPS_KEPT)]
    assert _open([filed, settled]) == []
    assert _open([filed, settled, *tickets]) == []


def test_complaint__that_is_newer_than_what_is_known__is_open() -> None:
    """It is open while the steps of its time are all there."""
    tickets = [_step(10 + day, "ticket", f"t{day}", "opened") for day in range(STEPS_KEPT)]
    assert _open([*tickets, _step(40, "complaint", "new", "filed")]) == ["new"]
    assert _open([*tickets[1:], _step(1, "complaint", "few", "filed")]) == ["few"]
