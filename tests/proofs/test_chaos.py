"""P1–P7: any order, any duplication, any fault, any kill — the same profiles, byte for byte, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.dynamodb_local import Running
from tests.proofs import trial
from tests.proofs.conftest import row_of

pytestmark = pytest.mark.proof


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rate", [0.15, 0.30])
def test_chaos__four_processes_under_faults_and_kills__profiles_are_byte_equal(
    database: Running, new_tables: Callable[[], Mapping[str, str]], show: Callable[[str], None], rate: float, seed: int
) -> None:
    """Whatever happens on the way, what is stored is the pure fold of what was accepted."""
    ended = trial.run(database.endpoint, new_tables(), rate=rate, seed=seed, over_limits=False)
    show(row_of(ended))
    assert ended.chaotic.adds_up and ended.final.adds_up, (ended.chaotic, ended.final)
    assert ended.wrong == ()
    assert ended.equal_before_replay
    assert ended.final.dead == 2
    assert ended.deaths > 0
