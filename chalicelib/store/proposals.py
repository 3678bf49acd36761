"""Probable matches under review, in the table ``history``: ``<tenant>#m#<pair id>``, open ones in its index.

Two implementations of one protocol, DynamoDB and memory; one contract in the tests runs on both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, cast

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.matching.proposal import State
from chalicelib.store.dynamo import Table, absent, equals
from chalicelib.store.items import Attributes, Call, Item

_INDEX = "by_facet"


class ProposalRow(msgspec.Struct, frozen=True):
    """One pair of profiles. ``content`` is a coded ``matching.proposal.Proposal``; the list is ordered by ``at``."""

    tenant: str
    pair_id: str
    left: str
    right: str
    at: Millis
    state: State
    content: bytes
    expires_at: Millis


class ProposalStore(Protocol):
    """Pairs under review."""

    def load(self, tenant: str, pair_ids: Collection[str]) -> dict[str, ProposalRow]:
        """Pair id → row, for those that exist."""

    def newest(self, tenant: str, *, before: Millis, limit: int) -> Sequence[ProposalRow]:
        """Open pairs before an instant, newest first; index reads may lag.

        ``limit`` of them, and more where it falls between pairs of one instant: an instant comes whole.
        """

    def keep(self, row: ProposalRow, replaces: State | None) -> bool:
        """Write a pair whose state is ``replaces`` (None = there is none yet); False when it is another by now."""


class DynamoProposals:
    """``ProposalStore`` on the table ``history``."""

    def __init__(self, call: Call, table: str) -> None:
        self._call = call
        self._table = Table(call, table)

    def load(self, tenant: str, pair_ids: Collection[str]) -> dict[str, ProposalRow]:
        """Pair id → row, for those that exist."""
        found = self._table.get_many([_pk(tenant, one) for one in pair_ids], fresh=True)
        rows = [_row(tenant, item) for item in found]
        return {row.pair_id: row for row in rows}

    def newest(self, tenant: str, *, before: Millis, limit: int) -> Sequence[ProposalRow]:
        """Open pairs before an instant, newest first."""
        found = self._table.newest_instants(_INDEX, f"{tenant}#matches", before=before, limit=limit)
        items = self._table.get_many([str(item["pk"]) for item in found], fresh=False)
        return _ordered(row for row in (_row(tenant, item) for item in items) if row.state == "open")

    def keep(self, row: ProposalRow, replaces: State | None) -> bool:
        """Write a pair whose state is ``replaces``; False when it is another by now."""
        item: Attributes = {
            "pk": _pk(row.tenant, row.pair_id),
            "facet": f"{row.tenant}#matches" if row.state == "open" else None,
            "at": row.at,
            "state": row.state,
            "left": row.left,
            "right": row.right,
            "content": row.content,
            "expires_at": row.expires_at // 1000,
        }
        return self._table.put_if(item, absent() if replaces is None else equals("state", replaces))


class MemoryProposals:
    """``ProposalStore`` in a dictionary."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], ProposalRow] = {}

    def load(self, tenant: str, pair_ids: Collection[str]) -> dict[str, ProposalRow]:
        """Pair id → row, for those that exist."""
        return {one: self.rows[tenant, one] for one in pair_ids if (tenant, one) in self.rows}

    def newest(self, tenant: str, *, before: Millis, limit: int) -> Sequence[ProposalRow]:
        """Open pairs before an instant, newest first."""
        kept = self.rows.values()
        rows = _ordered(row for row in kept if row.tenant == tenant and row.state == "open" and row.at < before)
        return [row for row in rows if len(rows) <= limit or row.at >= rows[limit - 1].at]

    def keep(self, row: ProposalRow, replaces: State | None) -> bool:
        """Write a pair whose state is ``replaces``; False when it is another by now."""
        kept = self.rows.get((row.tenant, row.pair_id))
        if (None if kept is None else kept.state) != replaces:
            return False
        self.rows[row.tenant, row.pair_id] = row
        return True


def _ordered(rows: Iterable[ProposalRow]) -> list[ProposalRow]:
    return sorted(rows, key=lambda row: (row.at, row.pair_id), reverse=True)


def _pk(tenant: str, pair_id: str) -> str:
    return f"{tenant}#m#{pair_id}"


def _row(tenant: str, item: Item) -> ProposalRow:
    return ProposalRow(
        tenant=tenant,
        pair_id=str(item["pk"]).removeprefix(f"{tenant}#m#"),
        left=str(item["left"]),
        right=str(item["right"]),
        at=cast(int, item["at"]),
        state=cast(State, item["state"]),
        content=cast(bytes, item["content"]),
        expires_at=cast(int, item["expires_at"]) * 1000,
    )
