"""Decisions as items of the table ``history``: ``<tenant>#d#<id>``, in the index by whom they are about."""

from __future__ import annotations

from typing import cast

from chalicelib.store.items import Attributes, Item
from chalicelib.store.rows import DecisionRow


def decision_pk(tenant: str, decision_id: str) -> str:
    """The key of a decision."""
    return f"{tenant}#d#{decision_id}"


def decision_item(row: DecisionRow) -> Attributes:
    """A decision as it is stored. Of nobody known it stands in no index."""
    return {
        "pk": decision_pk(row.tenant, row.decision_id),
        "facet": decision_pk(row.tenant, row.profile_id) if row.profile_id else None,
        "at": row.at,
        "profile_id": row.profile_id,
        "content": row.content,
        "expires_at": row.expires_at // 1000,
        "principal": row.principal or None,
        "inputs": row.inputs,
        "outcome": row.outcome,
        "v": row.version or None,
    }


def decision_row(tenant: str, item: Item) -> DecisionRow:
    """A stored decision."""
    return DecisionRow(
        tenant=tenant,
        decision_id=str(item["pk"]).removeprefix(decision_pk(tenant, "")),
        profile_id=str(item.get("profile_id", "")),
        at=cast(int, item["at"]),
        content=cast(bytes, item["content"]),
        expires_at=cast(int, item["expires_at"]) * 1000,
        principal=str(item.get("principal", "")),
        inputs=cast(bytes, item.get("inputs", b"")),
        outcome=cast(bytes, item.get("outcome", b"")),
        version=cast(int, item.get("v", 0)),
    )


def tenant_of_decision(item: Item) -> str:
    """Whose decision an item is."""
    return str(item["pk"]).partition("#d#")[0]
