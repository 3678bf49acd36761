"""Imports as they go on: a row per import, replaced at every checkpoint, and rows of the lines that were refused.

They stand in the table ``history``: ``<tenant>#j#<import>`` and ``<tenant>#l#<import>#<last line>``, the
latter in order of their lines through the index ``by_facet``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

import msgspec

from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import Millis
from chalicelib.store.dynamo import CONFLICT, Table, absent, equals, put_action, transact
from chalicelib.store.items import Attributes, Call, Item, plain, typed

_INDEX = "by_facet"


class ImportRow(msgspec.Struct, frozen=True):
    """One import. ``version`` counts its checkpoints; ``content`` is a coded ``imports.model.Job``."""

    tenant: str
    import_id: str
    version: int
    content: bytes
    at: Millis
    expires_at: Millis


class LinesRow(msgspec.Struct, frozen=True):
    """Lines that were refused between two checkpoints; ``content`` are coded ``imports.model.RefusedLine``."""

    tenant: str
    import_id: str
    last_line: int
    content: bytes
    expires_at: Millis


class ImportStore(Protocol):
    """Imports by their ids."""

    def create(self, row: ImportRow) -> bool:
        """Keep a new import; False when one of that id was already there."""

    def load(self, tenant: str, import_id: str) -> ImportRow | None:
        """An import as its last checkpoint left it."""

    def advance(self, row: ImportRow, lines: LinesRow | None) -> bool:
        """Replace the row of the version before, and keep the lines with it: both or neither.

        False when the import is not where it was read to be: somebody else went on with it.
        """

    def refused(self, tenant: str, import_id: str, *, after: int, limit: int) -> Sequence[LinesRow]:
        """Rows of refused lines whose last line comes after one, in order; index reads may lag."""


class DynamoImports:
    """``ImportStore`` on the table ``history``."""

    def __init__(self, call: Call, table: str) -> None:
        self._call = call
        self._table = Table(call, table)

    def create(self, row: ImportRow) -> bool:
        """Keep a new import; False when one of that id was already there."""
        return self._table.put(_item(row), if_absent=True)

    def load(self, tenant: str, import_id: str) -> ImportRow | None:
        """An import as its last checkpoint left it."""
        item = self._table.get(_pk(tenant, import_id), fresh=True)
        return None if item is None else _row(tenant, item)

    def advance(self, row: ImportRow, lines: LinesRow | None) -> bool:
        """Replace the row of the version before, and keep the lines with it: both or neither."""
        condition = equals("v", row.version - 1) if row.version > 1 else absent()
        actions = [put_action(self._table.name, _item(row), condition)]
        if lines is not None:
            actions.append({"Put": {"TableName": self._table.name, "Item": _typed_lines(lines)}})
        refused = transact(self._call, actions)
        if refused is None:
            return True
        if CONFLICT in refused:
            raise Unavailable("store_conflict", "The store could not take this transaction now.")
        # The first answer may have been lost: then the row that is in the way is this very one.
        return self.load(row.tenant, row.import_id) == row

    def refused(self, tenant: str, import_id: str, *, after: int, limit: int) -> Sequence[LinesRow]:
        """Rows of refused lines whose last line comes after one, in order; index reads may lag."""
        query: dict[str, Any] = {
            "TableName": self._table.name,
            "IndexName": _INDEX,
            "KeyConditionExpression": "#facet = :facet AND #at > :after",
            "ExpressionAttributeNames": {"#facet": "facet", "#at": "at"},
            "ExpressionAttributeValues": {":facet": {"S": _facet(tenant, import_id)}, ":after": {"N": str(after)}},
            "Limit": limit,
        }
        keys = [str(plain(item)["pk"]) for item in self._call("Query", query)["Items"]]
        rows = (_lines(tenant, import_id, item) for item in self._table.get_many(keys, fresh=False) if keys)
        return sorted(rows, key=lambda row: row.last_line)


class MemoryImports:
    """``ImportStore`` in dictionaries."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], ImportRow] = {}
        self.lines: dict[tuple[str, str, int], LinesRow] = {}

    def create(self, row: ImportRow) -> bool:
        """Keep a new import; False when one of that id was already there."""
        return self.rows.setdefault((row.tenant, row.import_id), row) is row

    def load(self, tenant: str, import_id: str) -> ImportRow | None:
        """An import as its last checkpoint left it."""
        return self.rows.get((tenant, import_id))

    def advance(self, row: ImportRow, lines: LinesRow | None) -> bool:
        """Replace the row of the version before, and keep the lines with it."""
        kept = self.load(row.tenant, row.import_id)
        if (0 if kept is None else kept.version) != row.version - 1:
            return False
        self.rows[row.tenant, row.import_id] = row
        if lines is not None:
            self.lines[lines.tenant, lines.import_id, lines.last_line] = lines
        return True

    def refused(self, tenant: str, import_id: str, *, after: int, limit: int) -> Sequence[LinesRow]:
        """Rows of refused lines whose last line comes after one, in order."""
        of_import = [row for key, row in self.lines.items() if key[:2] == (tenant, import_id) and key[2] > after]
        return sorted(of_import, key=lambda row: row.last_line)[:limit]


def _pk(tenant: str, import_id: str) -> str:
    return f"{tenant}#j#{import_id}"


def _facet(tenant: str, import_id: str) -> str:
    return f"{tenant}#l#{import_id}"


def _item(row: ImportRow) -> Attributes:
    return {
        "pk": _pk(row.tenant, row.import_id),
        "v": row.version,
        "at": row.at,
        "content": row.content,
        "expires_at": row.expires_at // 1000,
    }


def _row(tenant: str, item: Item) -> ImportRow:
    return ImportRow(
        tenant=tenant,
        import_id=str(item["pk"]).removeprefix(f"{tenant}#j#"),
        version=cast(int, item["v"]),
        content=cast(bytes, item["content"]),
        at=cast(int, item["at"]),
        expires_at=cast(int, item["expires_at"]) * 1000,
    )


def _typed_lines(row: LinesRow) -> dict[str, dict[str, str]]:
    facet = _facet(row.tenant, row.import_id)
    return typed(
        {
            "pk": f"{facet}#{row.last_line}",
            "facet": facet,
            "at": row.last_line,
            "content": row.content,
            "expires_at": row.expires_at // 1000,
        }
    )


def _lines(tenant: str, import_id: str, item: Item) -> LinesRow:
    expires_at = cast(int, item["expires_at"]) * 1000
    return LinesRow(tenant, import_id, cast(int, item["at"]), cast(bytes, item["content"]), expires_at)
