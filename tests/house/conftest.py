"""The package is made once for all house tests."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra import package


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> package.Package:
    return package.package(package.ROOT, tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def template(packaged: package.Package) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(packaged.template.read_text())
    return document


@pytest.fixture(scope="session")
def unzipped(packaged: package.Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    shutil.unpack_archive(packaged.zip, folder)
    return folder


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the sources to plant a violation in."""
    for name, content in package.sources(package.ROOT).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path
