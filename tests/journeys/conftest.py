"""Journeys need the living local cloud: they bring it up and make a fresh tenant each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.demo import commands
from infra.demo.commands import Cloud
from tests.journeys.live import Live


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What goes on by itself for minutes is begun by a test marked ``first``, and looked at by one marked ``last``."""
    items.sort(key=lambda item: bool(item.get_closest_marker("last")) - bool(item.get_closest_marker("first")))


@pytest.fixture(scope="session")
def cloud() -> Cloud:
    return commands.cloud_up()


@pytest.fixture
def live(cloud: Cloud, request: pytest.FixtureRequest) -> Live:
    name = request.node.name.split("__")[0].removeprefix("test_").replace("_", "-")[:32]
    return Live(cloud, commands.create_tenant(name))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of other people's data; skips where it is absent."""
    folder = Path(os.environ.get("ZHIYIN_SHARED_DATA") or commands.ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"The material of others is not here: {folder}")
    return folder
