from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count

import pytest

from infra import dynamodb_local

_SHOWN: list[str] = []


@pytest.fixture(scope="session")
def database() -> Iterator[dynamodb_local.Running]:
    """Amazon's own single-machine edition; no proof without it, so its absence is a failure."""
    # All trials' tables stand in its memory, with the log of every write: in 512 MB the last ones wait for the collector.
    with dynamodb_local.running(heap_mb=2_048) as running:
        yield running


@pytest.fixture(scope="session")
def new_tables(database: dynamodb_local.Running) -> Callable[[], Mapping[str, str]]:
    """Tables of their own for each trial."""
    numbers = count()
    return lambda: dynamodb_local.create_tables(database, f"trial{next(numbers)}")


@pytest.fixture(scope="session")
def show() -> Callable[[str], None]:
    """A line to print when all is over."""
    return _SHOWN.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was measured, whether or not it failed."""
    for line in _SHOWN:
        terminalreporter.write_line(line)
