"""One chain, however many runs write it at once: on a store that is atomic."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from chalicelib.flows.chain_audit import CHAIN, MARGIN_MS, chain_next, last_checkpoint, verify_audit
from chalicelib.flows.note_read import Seen, note_read
from tests.store.backends import Stores, on_dynamodb

AT, ROWS, RUNS, MOST = 1_760_000_000_000, 120, 4, 10


def test_chain__runs_at_once__write_each_number_once_and_it_holds(on_local: Stores, tenant: str) -> None:
    """Four runs race over the same rows: every row is in one checkpoint, numbers have no gap, and the look finds nothing."""
    for number in range(ROWS):
        seen = Seen("anna", "agent", "profiles.read", (f"p_{number}",), "service", ("internal",), ("traits.city",))
        note_read(tenant, seen, on_local.history, AT + number)
    later = AT + ROWS + MARGIN_MS

    def run(_: int) -> int:
        # A client of its own, as a function has.
        history = on_dynamodb("dynamodb_local", on_local.endpoint, on_local.tables).history
        written = 0
        for _attempt in range(3 * ROWS // MOST):
            written += chain_next(tenant, history, later, MOST) is not None
        return written

    with ThreadPoolExecutor(RUNS) as pool:
        written = list(pool.map(run, range(RUNS)))
    last = last_checkpoint(tenant, on_local.history)
    rows = on_local.history.records(tenant, CHAIN, before=1 << 60, limit=1_000)
    assert last is not None and last.number == len(rows) == sum(written) == ROWS // MOST
    verdict = verify_audit(tenant, on_local.history, later)
    assert verdict.holds and (verdict.rows, verdict.waiting) == (ROWS, 0)
