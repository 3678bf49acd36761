"""The proof of imports on a small file; `make imports` runs it on 1 GB."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.failures import Failure
from tests.proofs.imports import MOST_BYTES, prove

SIZE_BYTES = 9_000_000
"""Three ranges."""


def test_import__worker_killed_twice__everything_adds_up(tmp_path: Path) -> None:
    """P7 with a real process and real kills: counts, queued events and listed lines are those of the file."""
    try:
        done = prove(SIZE_BYTES, 2, tmp_path)
    except Failure as failure:
        pytest.skip(str(failure))
    assert done.kills == 2 and done.queued_again > 0, "the kills made it send again"
    assert done.peak_bytes <= MOST_BYTES
