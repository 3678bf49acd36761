"""Events of the unchanged client libraries reach the profile, and soon."""

from __future__ import annotations

import pytest

from tests.journeys.freshness import measure
from tests.journeys.live import Live

pytestmark = pytest.mark.deployed


def test_freshness__five_hundred_events__all_become_visible(live: Live, capsys: pytest.CaptureFixture[str]) -> None:
    """Every event of both libraries becomes visible; how fast is printed, and bounded by the script alone."""
    found = measure(live, 500)
    with capsys.disabled():
        print(f"\n{found}")
    assert found.missing == 0
    assert len(found.seconds) == 500
