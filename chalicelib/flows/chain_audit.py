"""Chains a tenant's audit: checkpoints over the rows that are old enough to be all there, and the look whether it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from chalicelib.flows.identity_records import AUDIT
from chalicelib.flows.note_read import SEERS, kind_of
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import ZhiyinError
from chalicelib.kernel.moments import HOUR_MS, MINUTE_MS, THE_LAST, Millis
from chalicelib.privacy.audit_chain import Checkpoint, Leaf, Verdict, checkpoint_after, examine, leaf_of
from chalicelib.store.rows import HistoryStore, Record

CHAIN = "chain"
MARGIN_MS = 16 * MINUTE_MS
"""A row bears the instant at which its call began: it stands once the longest function's time is over, and a minute."""
OVERDUE_MS = 2 * HOUR_MS
"""A row that is older and in no checkpoint is reported: the schedule has not run, or its checkpoints are gone."""
MOST_ROWS = 1_000
"""Rows of one checkpoint, which is one item: each takes some 100 bytes of it."""
_QUIET_MS = HOUR_MS
"""So often a checkpoint says that there was nothing: what is dated back into it later is then seen."""


def chain_next(tenant_id: str, history: HistoryStore, now: Millis, most: int = MOST_ROWS) -> Checkpoint | None:
    """Write the next checkpoint, if there is something to commit to. None: there is not, or another run was faster."""
    before = last_checkpoint(tenant_id, history)
    after, until = (before.to if before is not None else 0), now - MARGIN_MS
    leaves, to = _oldest(tenant_id, after, until, history, most)
    if not leaves and (before is None or to - before.to < _QUIET_MS):
        return None
    made = checkpoint_after(before, tenant_id, leaves, to)
    kept = history.keep(Record(tenant_id, CHAIN, _id(made.number), made.to, encode(made)))
    return made if kept else None


def last_checkpoint(tenant_id: str, history: HistoryStore) -> Checkpoint | None:
    """The newest one. The index may lag, so from what it names the ids are followed."""
    newest = history.records(tenant_id, CHAIN, before=THE_LAST, limit=1)
    found = _read(newest[0]) if newest else None
    while True:
        number = 1 if found is None else found.number + 1
        row = history.record_of(tenant_id, CHAIN, _id(number))
        if row is None:
            return found
        found = _read(row)


def verify_audit(tenant_id: str, history: HistoryStore, now: Millis, witnessed: str = "") -> Verdict:
    """Compute every checkpoint again from the rows that are stored."""
    chain = sorted((_read_any(row) for row in _all(tenant_id, CHAIN, history)), key=lambda one: one.number)
    kinds = {*audited_kinds(tenant_id, history), *(leaf.kind for one in chain for leaf in one.leaves)}
    rows = [_leaf(row) for kind in sorted(kinds) for row in _all(tenant_id, kind, history)]
    return examine(tenant_id, chain, rows, witnessed, now, now - OVERDUE_MS)


def audited_kinds(tenant_id: str, history: HistoryStore) -> list[str]:
    """The lists of rows that are chained: what was done, and for each who ever saw somebody what they saw."""
    seers = _all(tenant_id, SEERS, history)
    return [AUDIT, *sorted(map(kind_of, seers))]


def _oldest(
    tenant_id: str, after: Millis, until: Millis, history: HistoryStore, most: int
) -> tuple[Sequence[Leaf], Millis]:
    """Leaves of the oldest rows in (after, until], whole instants, and how far they reach."""
    found: list[Leaf] = []
    for kind in audited_kinds(tenant_id, history):
        rows = history.records_after(tenant_id, kind, after=after, until=until, limit=most)
        found += map(_leaf, rows)
        if rows and history.records_after(tenant_id, kind, after=rows[-1].at, until=until, limit=1):
            # Of this kind there is more: a checkpoint ends where the one that was read least far does.
            until = min(until, rows[-1].at)
    found = sorted(leaf for leaf in found if leaf.at <= until)
    if len(found) > most:
        until = found[most - 1].at
    return [leaf for leaf in found if leaf.at <= until], until


def _all(tenant_id: str, kind: str, history: HistoryStore) -> Iterator[Record]:
    after = -1
    # A short page is not the last one: the index may still name a row that has just been deleted.
    while rows := history.records_after(tenant_id, kind, after=after, until=THE_LAST, limit=MOST_ROWS):
        yield from rows
        after = rows[-1].at


def _leaf(row: Record) -> Leaf:
    return leaf_of(row.tenant, row.kind, row.record_id, row.at, row.expires_at, row.content)


def _read(row: Record) -> Checkpoint:
    return decode(row.content, Checkpoint)


def _read_any(row: Record) -> Checkpoint:
    """One that cannot be read was written by somebody else: it commits to nothing, and its place is told."""
    try:
        return _read(row)
    except (msgspec.DecodeError, ZhiyinError):
        return Checkpoint(int(row.record_id) if row.record_id.isdecimal() else 0, -1, -1, b"", b"", ())


def _id(number: int) -> str:
    return f"{number:012}"
