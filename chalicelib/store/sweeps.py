"""What the job that rotates keys goes through: secrets under older branch keys, identifiers under older index keys.

And where it stands in them. Its own notes are kept in the table ``keys`` under names that no tenant has, because that
is the one table it writes to in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from chalicelib.identity.blind_index import version_of
from chalicelib.store.dynamo import Table
from chalicelib.store.dynamo_profiles import identifier_row
from chalicelib.store.items import Call
from chalicelib.store.rows import FacetSecret, IdentifierRow, SecretStore


class Listed[T](msgspec.Struct, frozen=True):
    """Some rows by name, as a job that goes through a whole table reads them. ``after`` is where the next page begins,
    and '' at the end; ``looked`` is how many rows were paid for.
    """

    rows: Mapping[str, T]
    after: str = ""
    looked: int = 0


class Progress(msgspec.Struct, frozen=True):
    """Where a sweep stands: to which version, behind which row, what it moved and could not since it began.

    ``finished_at`` is when the last sweep that went through everything ended; 0: none did yet.
    """

    version: int
    began_at: int
    after: str = ""
    looked: int = 0
    moved: int = 0
    stuck: int = 0
    finished_at: int = 0


class SweptSecrets(SecretStore, Protocol):
    """Secrets as the job goes through them, and its own notes."""

    def behind(self, tenant: str, version: int, after: str, *, limit: int) -> Listed[FacetSecret]:
        """Secrets that need a branch key older than ``version``, read strongly consistently.

        ``limit`` bounds the rows that are looked at: a page may hold none.
        """

    def swap(self, tenant: str, name: str, before: FacetSecret, after: FacetSecret) -> bool:
        """Replace a secret; False when it is not what it was read to be. One that was deleted stays deleted."""

    def progress(self, tenant: str, kind: str) -> Progress | None:
        """Where the sweep of a kind stands, or None when none began."""

    def note(self, tenant: str, kind: str, progress: Progress) -> None:
        """Note where it stands."""


class SweptIdentifiers(Protocol):
    """Identifiers as the job goes through them."""

    def behind(self, tenant: str, version: int, after: str, *, limit: int) -> Listed[IdentifierRow]:
        """Identifiers that only an index key older than ``version`` leads to, read strongly consistently.

        ``limit`` bounds the rows that are looked at: a page may hold none.
        """


class DynamoIdentifiers:
    """``SweptIdentifiers`` on the table ``profiles``. Other rows, and other tenants', are paid for, too."""

    def __init__(self, call: Call, table: str) -> None:
        self._table = Table(call, table)

    def behind(self, tenant: str, version: int, after: str, *, limit: int) -> Listed[IdentifierRow]:
        """Identifiers that only an older index key leads to."""
        prefix = f"{tenant}#i#"
        asked = {
            "FilterExpression": "begins_with(#pk, :prefix) AND attribute_not_exists(#alias_of)"
            " AND (attribute_not_exists(#aliased) OR #aliased < :version)",
            "ExpressionAttributeNames": {"#pk": "pk", "#alias_of": "alias_of", "#aliased": "aliased"},
            "ExpressionAttributeValues": {":prefix": {"S": prefix}, ":version": {"N": str(version)}},
        }
        items, last, looked_at = self._table.scan_page(asked, after, limit=limit)
        found = {str(item["pk"]).removeprefix(prefix): identifier_row(item) for item in items}
        return Listed(_older(found, version), last, looked_at)


class MemoryIdentifiers:
    """``SweptIdentifiers`` over the identifiers in memory."""

    def __init__(self, rows: Mapping[tuple[str, str], IdentifierRow]) -> None:
        self._rows = rows

    def behind(self, tenant: str, version: int, after: str, *, limit: int) -> Listed[IdentifierRow]:
        """Identifiers that only an older index key leads to."""
        keys = sorted(key for of, key in list(self._rows) if of == tenant and key > after)
        page = {key: self._rows[tenant, key] for key in keys[:limit]}
        found = {key: row for key, row in page.items() if not row.alias_of and row.aliased < version}
        return Listed(_older(found, version), keys[limit - 1] if len(keys) > limit else "", len(page))


def _older(found: Mapping[str, IdentifierRow], version: int) -> dict[str, IdentifierRow]:
    return {key: row for key, row in found.items() if version_of(key) < version and (row.leads or row.erased_at)}
