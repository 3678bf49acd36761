"""How all tests run: a busy machine must not fail a property, and the same code gets the same examples.

``HYPOTHESIS_PROFILE=explore`` looks for new examples instead; what it finds becomes an ``@example``. ``short`` tries a
quarter of the usual ones, where a machine is too slow for all.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("short", settings.get_profile("house"), max_examples=25)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Names each failure in the file ``FAILURES`` as soon as it is known: a run that is ended early sums up nothing."""
    file = os.environ.get("FAILURES")
    if report.failed and file and "PYTEST_XDIST_WORKER" not in os.environ:
        crash = getattr(report.longrepr, "reprcrash", None)
        said = str(crash.message).partition("\n")[0] if crash else ""
        with Path(file).open("a") as failures:
            failures.write(f"FAILED {report.nodeid} ({report.when}) - {said[:200]}\n")
