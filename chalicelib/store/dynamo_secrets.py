"""Facet secrets in the table ``keys``, which has no backups: a deleted secret is gone."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

import msgspec

from chalicelib.kernel.errors import Unavailable
from chalicelib.profiles.model import FacetId
from chalicelib.store.dynamo import Table, equals
from chalicelib.store.items import Attributes, Call, Item
from chalicelib.store.rows import FacetSecret
from chalicelib.store.sweeps import Listed, Progress


class DynamoSecrets:
    """``SweptSecrets`` on the table ``keys``."""

    def __init__(self, call: Call, table: str) -> None:
        self._table = Table(call, table)

    def secrets(self, tenant: str, facets: Collection[FacetId]) -> dict[FacetId, FacetSecret]:
        """Facet → secret, for those that have one."""
        prefix = f"{tenant}#"
        items = self._table.get_many([prefix + facet for facet in facets], fresh=True)
        return {str(item["pk"]).removeprefix(prefix): _secret(item) for item in items}

    def create(self, tenant: str, facet: FacetId, secret: FacetSecret) -> FacetSecret:
        """Keep a new secret unless there is one; returns the one that is kept."""
        if self._table.put(_item(tenant, facet, secret), if_absent=True):
            return secret
        kept = self.secrets(tenant, [facet]).get(facet)
        if kept is None:
            raise Unavailable("secret_vanished", "The facet's secret was deleted while it was made.")
        return kept

    def delete(self, tenant: str, facets: Collection[FacetId]) -> None:
        """Delete secrets."""
        for facet in facets:
            self._table.delete(f"{tenant}#{facet}")

    def behind(self, tenant: str, version: int, after: str, *, limit: int) -> Listed[FacetSecret]:
        """Secrets that need a branch key older than ``version``. Other tenants' rows are paid for, too."""
        prefix = f"{tenant}#"
        asked = {
            "FilterExpression": "begins_with(#pk, :prefix) AND (#branch < :version"
            " OR (attribute_not_exists(#branch) AND #sealed < :version))",
            "ExpressionAttributeNames": {"#pk": "pk", "#branch": "branch_version", "#sealed": "key_version"},
            "ExpressionAttributeValues": {":prefix": {"S": prefix}, ":version": {"N": str(version)}},
        }
        items, last, looked_at = self._table.scan_page(asked, after, limit=limit)
        return Listed({str(item["pk"]).removeprefix(prefix): _secret(item) for item in items}, last, looked_at)

    def swap(self, tenant: str, name: str, before: FacetSecret, after: FacetSecret) -> bool:
        """Replace a secret, if it is the one that was read."""
        return self._table.put_if(_item(tenant, name, after), equals("secret", before.secret))

    def progress(self, tenant: str, kind: str) -> Progress | None:
        """Where the sweep of a kind stands."""
        item = self._table.get(_note_pk(tenant, kind), fresh=True)
        return None if item is None else msgspec.msgpack.decode(cast(bytes, item["content"]), type=Progress)

    def note(self, tenant: str, kind: str, progress: Progress) -> None:
        """Note where it stands."""
        item: Attributes = {"pk": _note_pk(tenant, kind), "content": msgspec.msgpack.encode(progress)}
        self._table.put(item, if_absent=False)


def _note_pk(tenant: str, kind: str) -> str:
    # No tenant's id is empty, so that no secret is called so.
    return f"#sweep#{kind}#{tenant}"


def _item(tenant: str, name: str, secret: FacetSecret) -> Attributes:
    return {
        "pk": f"{tenant}#{name}",
        "secret": secret.secret,
        "commitment": secret.commitment,
        "key_version": secret.key_version,
        "generation": secret.generation,
        "branch_version": secret.branch_version or None,
        "wrapped": secret.wrapped,
    }


def _secret(item: Item) -> FacetSecret:
    return FacetSecret(
        secret=cast(bytes, item["secret"]),
        commitment=cast(bytes, item["commitment"]),
        key_version=cast(int, item["key_version"]),
        generation=cast(int, item["generation"]),
        branch_version=cast(int, item.get("branch_version", 0)),
        wrapped=cast(bytes, item.get("wrapped", b"")),
    )
