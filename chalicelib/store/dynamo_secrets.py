"""Facet secrets in the table ``keys``, which has no backups: a deleted secret is gone."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from chalicelib.kernel.errors import Unavailable
from chalicelib.profiles.model import FacetId
from chalicelib.store.dynamo import Table
from chalicelib.store.items import Attributes, Call
from chalicelib.store.rows import FacetSecret


class DynamoSecrets:
    """``SecretStore`` on the table ``keys``."""

    def __init__(self, call: Call, table: str) -> None:
        self._table = Table(call, table)

    def secrets(self, tenant: str, facets: Collection[FacetId]) -> dict[FacetId, FacetSecret]:
        """Facet → secret, for those that have one."""
        prefix = f"{tenant}#"
        items = self._table.get_many([prefix + facet for facet in facets], fresh=True)
        return {
            str(item["pk"]).removeprefix(prefix): FacetSecret(
                secret=cast(bytes, item["secret"]),
                commitment=cast(bytes, item["commitment"]),
                key_version=cast(int, item["key_version"]),
                generation=cast(int, item["generation"]),
            )
            for item in items
        }

    def create(self, tenant: str, facet: FacetId, secret: FacetSecret) -> FacetSecret:
        """Keep a new secret unless there is one; returns the one that is kept."""
        item: Attributes = {
            "pk": f"{tenant}#{facet}",
            "secret": secret.secret,
            "commitment": secret.commitment,
            "key_version": secret.key_version,
            "generation": secret.generation,
        }
        if self._table.put(item, if_absent=True):
            return secret
        kept = self.secrets(tenant, [facet]).get(facet)
        if kept is None:
            raise Unavailable("secret_vanished", "The facet's secret was deleted while it was made.")
        return kept

    def delete(self, tenant: str, facets: Collection[FacetId]) -> None:
        """Delete secrets."""
        for facet in facets:
            self._table.delete(f"{tenant}#{facet}")
