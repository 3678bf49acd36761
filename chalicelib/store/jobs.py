"""Jobs over stored people as they go on: a row per job and one per part of it, each replaced at every checkpoint.

They stand in the table ``history``: ``<tenant>#job#<job>``, listed by time through the index ``by_facet``, and
``<tenant>#job#<job>#<part>``; those of another kind than ``job`` under its name. A part's row holds where it is and what was counted up to there, so that a part that is
repeated after a kill counts nobody twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, cast

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.store.dynamo import Table, absent, equals
from chalicelib.store.items import Attributes, Call, Item

_INDEX = "by_facet"


class JobRow(msgspec.Struct, frozen=True):
    """A job, or with ``part`` one of its parts. ``version`` counts its checkpoints; ``at`` is when the job was opened."""

    tenant: str
    job_id: str
    part: str
    version: int
    content: bytes
    at: Millis
    expires_at: Millis


class JobStore(Protocol):
    """Jobs and their parts by their ids."""

    def load(self, tenant: str, job_id: str, part: str = "") -> JobRow | None:
        """A job or part as its last checkpoint left it."""

    def advance(self, row: JobRow) -> bool:
        """Replace the row of the version before; version 1 is a new one.

        False when it is not where it was read to be: somebody else went on with it.
        """

    def parts(self, tenant: str, job_id: str, names: Iterable[str]) -> Sequence[JobRow]:
        """Those of these parts that have begun, in any order, read strongly consistently."""

    def newest(self, tenant: str, *, before: Millis, limit: int) -> Sequence[JobRow]:
        """The newest jobs before an instant, newest first; index reads may lag.

        ``limit`` of them, and more where it falls between jobs of one instant.
        """


class DynamoJobs:
    """``JobStore`` on the table ``history``."""

    def __init__(self, call: Call, table: str, kind: str = "job") -> None:
        self._table = Table(call, table)
        self._kind = kind

    def load(self, tenant: str, job_id: str, part: str = "") -> JobRow | None:
        """A job or part as its last checkpoint left it."""
        item = self._table.get(_pk(tenant, self._kind, job_id, part), fresh=True)
        return None if item is None else _row(tenant, self._kind, item)

    def advance(self, row: JobRow) -> bool:
        """Replace the row of the version before."""
        condition = equals("v", row.version - 1) if row.version > 1 else absent()
        if self._table.put_if(_item(row, self._kind), condition):
            return True
        # The first answer may have been lost: then the row that is in the way is this very one.
        return self.load(row.tenant, row.job_id, row.part) == row

    def parts(self, tenant: str, job_id: str, names: Iterable[str]) -> Sequence[JobRow]:
        """Those of these parts that have begun."""
        keys = [_pk(tenant, self._kind, job_id, one) for one in names]
        return [_row(tenant, self._kind, item) for item in self._table.get_many(keys, fresh=True)]

    def newest(self, tenant: str, *, before: Millis, limit: int) -> Sequence[JobRow]:
        """The newest jobs before an instant, newest first."""
        found = self._table.newest_instants(_INDEX, f"{tenant}#{self._kind}", before=before, limit=limit)
        items = self._table.get_many([str(one["pk"]) for one in found], fresh=False)
        return sorted((_row(tenant, self._kind, item) for item in items), key=_order, reverse=True)


class MemoryJobs:
    """``JobStore`` in a dictionary."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], JobRow] = {}

    def load(self, tenant: str, job_id: str, part: str = "") -> JobRow | None:
        """A job or part as its last checkpoint left it."""
        return self.rows.get((tenant, job_id, part))

    def advance(self, row: JobRow) -> bool:
        """Replace the row of the version before."""
        kept = self.load(row.tenant, row.job_id, row.part)
        if (0 if kept is None else kept.version) != row.version - 1:
            return kept == row
        self.rows[row.tenant, row.job_id, row.part] = row
        return True

    def parts(self, tenant: str, job_id: str, names: Iterable[str]) -> Sequence[JobRow]:
        """Those of these parts that have begun."""
        found = (self.load(tenant, job_id, one) for one in names)
        return [row for row in found if row is not None]

    def newest(self, tenant: str, *, before: Millis, limit: int) -> Sequence[JobRow]:
        """The newest jobs before an instant, newest first."""
        found = [row for row in self.rows.values() if row.tenant == tenant and not row.part and row.at < before]
        newest = sorted(found, key=_order, reverse=True)
        return [row for place, row in enumerate(newest) if place < limit or row.at == newest[limit - 1].at]


def _order(row: JobRow) -> tuple[Millis, str]:
    return (row.at, row.job_id)


def _pk(tenant: str, kind: str, job_id: str, part: str) -> str:
    return f"{tenant}#{kind}#{job_id}#{part}" if part else f"{tenant}#{kind}#{job_id}"


def _item(row: JobRow, kind: str) -> Attributes:
    return {
        "pk": _pk(row.tenant, kind, row.job_id, row.part),
        "facet": None if row.part else f"{row.tenant}#{kind}",
        "v": row.version,
        "at": row.at,
        "content": row.content,
        "expires_at": row.expires_at // 1000,
    }


def _row(tenant: str, kind: str, item: Item) -> JobRow:
    job_id, _, part = str(item["pk"]).removeprefix(f"{tenant}#{kind}#").partition("#")
    return JobRow(
        tenant=tenant,
        job_id=job_id,
        part=part,
        version=cast(int, item["v"]),
        content=cast(bytes, item["content"]),
        at=cast(int, item["at"]),
        expires_at=cast(int, item["expires_at"]) * 1000,
    )
