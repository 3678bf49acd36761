"""Data flows one way, and the domain knows no AWS."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.package import ROOT


def lint_imports(root: Path) -> str:
    """What import-linter says against `root`; empty when every contract is kept."""
    command = [
        str(Path(sys.executable).with_name("lint-imports")),
        "--no-cache",
        "--config",
        str(root / ".importlinter"),
    ]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def test_layers__house__kept() -> None:
    """Every contract of .importlinter holds for the sources as they are."""
    assert lint_imports(ROOT) == ""


@pytest.mark.parametrize(
    ("module", "source", "broken"),
    [
        ("kernel/planted.py", "import chalicelib.profiles.model\n", "Data flows one way"),
        ("events/planted.py", "import boto3\n", "The domain knows no AWS"),
        ("flows/planted.py", "import chalice\n", "Only entrypoints import Chalice"),
        ("entrypoints/planted.py", "import numpy\n", "Nothing on the hot path"),
        ("segments/planted.py", "import scipy\n", "The domain knows no AWS"),
        ("segments/planted.py", "import chalicelib.training.segments.learn\n", "Data flows one way"),
        ("entrypoints/planted.py", "import chalicelib.training.segments.learn\n", "Nothing on the hot path"),
        ("entrypoints/planted.py", "import chalicelib.training.probe\n", "Nothing on the hot path"),
        ("unheard_of/__init__.py", "", "Data flows one way"),
    ],
)
def test_layers__violation_planted__found(tmp_path: Path, module: str, source: str, broken: str) -> None:
    """A module that imports upwards or outwards breaks its contract, and so does a package without a place."""
    shutil.copytree(ROOT / "chalicelib", tmp_path / "chalicelib")
    shutil.copy(ROOT / ".importlinter", tmp_path)
    planted = tmp_path / "chalicelib" / module
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(source)
    said = lint_imports(tmp_path)
    assert broken in said
