"""What ``.ci/run`` says in its last lines: of a refusal nothing else is shown."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOWN_LINES = 150
GIVE_UP_SECONDS = 60
FAILS = 'echo "FAILED tests/a.py::test_b (call) - AssertionError: no" >>$$FAILURES; echo "== 1 failed in 2s =="; exit 1'
PASSES = {
    "check": "echo fine",
    "test": 'echo "== 5 passed in 1s =="',
    "proofs": 'echo "== 2 passed in 3s =="',
    "laborious": 'echo "== 3 passed in 4s =="',
    "deployed": "echo up",
    "down": "true",
}


def begun(folder: Path, parts: Mapping[str, str], **environment: str) -> subprocess.Popen[str]:
    """The script in a folder where ``make`` does these things instead."""
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    rules = "".join(f"{name}:\n\t@{does}\n" for name, does in parts.items())
    (folder / "Makefile").write_text(f"SHELL := /bin/bash\n.PHONY: {' '.join(parts)}\n{rules}")
    return subprocess.Popen(
        [folder / ".ci" / "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "CHROMIUM": "here", **environment},
    )


def in_short(run: subprocess.Popen[str]) -> str:
    """Its last lines once it ended, from where it sums up."""
    said = run.communicate(timeout=GIVE_UP_SECONDS)[0]
    return "\n".join(said.splitlines()[-SHOWN_LINES:]).partition("--- in short")[2]


def test_ci__all_parts_pass__ends_well_and_says_so(tmp_path: Path) -> None:
    """The control: nothing is named that did not fail."""
    run = begun(tmp_path, PASSES)
    said = in_short(run)
    assert run.returncode == 0, said
    assert all(f"{part}: passed" in said for part in PASSES.keys() - {"down"}) and "FAILED" not in said
    assert "== 5 passed in 1s ==" in said


@pytest.mark.parametrize("part", ["test", "proofs", "deployed", "laborious"])
def test_ci__a_part_fails__is_named_with_its_tests_after_all_other_output(tmp_path: Path, part: str) -> None:
    """However much the other parts print; each of them is waited for."""
    much = dict.fromkeys(("test", "proofs", "deployed", "laborious"), 'seq 1000; echo "== 5 passed in 1s =="')
    run = begun(tmp_path, {**PASSES, **much, part: FAILS})
    said = in_short(run)
    assert run.returncode == 1
    assert f"{part}: FAILED" in said and "FAILED tests/a.py::test_b (call) - AssertionError: no" in said
    assert said.count(": passed after") == 4


def test_ci__check_fails__nothing_else_is_begun(tmp_path: Path) -> None:
    """What is wrong stands in the last lines."""
    run = begun(tmp_path, {**PASSES, "check": "echo 'app.py:1: E501'; exit 1"})
    said = in_short(run)
    assert run.returncode
    assert "check: FAILED" in said and "app.py:1: E501" in said and said.count("not begun") == 4


def test_ci__ended_from_outside__says_what_had_failed_by_then(tmp_path: Path) -> None:
    """A part that goes on is ended, and what it had named by then is told."""
    named = FAILS.partition(";")[0]
    run = begun(tmp_path, {**PASSES, "deployed": f"{named}; touch named; exec sleep 600"})
    ends_at = time.monotonic() + GIVE_UP_SECONDS
    while not (tmp_path / "named").exists():
        assert time.monotonic() < ends_at, "it was never begun"
        time.sleep(0.05)
    run.terminate()
    said = in_short(run)
    assert run.returncode == 143
    assert "deployed: ended before it was done" in said and "FAILED tests/a.py::test_b" in said


@pytest.mark.parametrize(("slow", "code"), [("1", 0), ("0", 1)])
def test_ci__tests_do_not_end_in_time__fails_on_a_quick_machine_only(tmp_path: Path, slow: str, code: int) -> None:
    """A slow machine would never pass; what was not done is said, and nothing else is begun."""
    run = begun(tmp_path, {**PASSES, "deployed": "exec sleep 600"}, CI_SECONDS="5", CI_SLOW=slow)
    said = in_short(run)
    assert run.returncode == code, said
    assert "deployed: ended for want of time" in said and "test: passed" in said
    assert "proofs: not begun" in said and "laborious: not begun" in said


def test_ci__time_is_over_before_the_proofs_are__says_so_and_fails_for_none_of_it(tmp_path: Path) -> None:
    """What passed by then has passed."""
    run = begun(tmp_path, {**PASSES, "proofs": 'echo "== 2 passed =="; exec sleep 600'}, CI_SECONDS="12")
    said = in_short(run)
    assert run.returncode == 0, said
    assert "proofs: ended for want of time" in said and "laborious: passed" in said


def test_ci__a_proof_failed_before_the_time_was_over__fails(tmp_path: Path) -> None:
    """The control: want of time hides no failure."""
    named = FAILS.partition(";")[0]
    run = begun(tmp_path, {**PASSES, "proofs": f"{named}; exec sleep 600"}, CI_SECONDS="12")
    said = in_short(run)
    assert run.returncode == 1
    assert "proofs: ended for want of time" in said and "FAILED tests/a.py::test_b" in said
