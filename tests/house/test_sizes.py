"""Modules and functions stay short enough to be read whole."""

from pathlib import Path

from infra.package import ROOT
from tests.house import sizes


def test_sizes__house__within_limits() -> None:
    """Modules: median at most 120 lines, none over 400; functions: p90 at most 30, none over 60."""
    assert sizes.mistakes(ROOT) == []


def plant(root: Path, source: str) -> Path:
    (root / "chalicelib").mkdir()
    (root / "infra").mkdir()
    (root / "app.py").write_text('"""Empty."""\n')
    (root / "chalicelib" / "planted.py").write_text(source)
    return root


def test_sizes__long_function_planted__found(tmp_path: Path) -> None:
    """A function of 61 lines is named."""
    planted = plant(tmp_path, "def f():\n" + "    x = 1\n" * 60)
    assert any("planted.py:1 f has 61 lines" in mistake for mistake in sizes.mistakes(planted))


def test_sizes__long_module_planted__found(tmp_path: Path) -> None:
    """A module of 401 lines is named, and it drags the median over its limit."""
    found = sizes.mistakes(plant(tmp_path, "x = 1\n" * 401))
    assert any("planted.py has 401 lines" in mistake for mistake in found)
    assert any("median" in mistake for mistake in found)
