"""What a tenant has stored, as the operator's command tells it: rows by kind, hashes of bodies; and forgetting it."""

from __future__ import annotations

import importlib
import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from typing import Any

from chalicelib.store.dynamo_profiles import event_pk

_KINDS = {
    "#q#link-": "links_refused",
    "#q#trait-": "traits_refused",
    "#q#": "quarantined",
    "#e#": "applied",
    "#d#": "decisions",
    "#merge#": "merges",
    "#split#": "splits",
    "#audit#": "audits",
    "#j#": "imports",
    "#job#": "jobs",
    "#l#": "import_lines",
    "#m#": "matches",
    "#p#": "profiles",
    "#i#": "identifiers",
    "#k#": "idempotency_keys",
}
"""What a key's mark says an item is; the first that fits."""
_COUNTED = (*_KINDS.values(), "merged", "replayed", "records")


def counts(environ: Mapping[str, str], tenant_id: str) -> dict[str, int]:
    """How many rows of each kind there are. An alias of an identifier is a row of it, too."""
    found: Counter[str] = Counter(dict.fromkeys(_COUNTED, 0))
    items = [*_items(environ, "ProfileItem", tenant_id), *_items(environ, "HistoryItem", tenant_id)]
    keys = {item.pk for item in items}
    for item in items:
        found[_kind(item, tenant_id, keys)] += 1
    return dict(found)


def bodies(environ: Mapping[str, str], tenant_id: str) -> dict[str, str]:
    """Profile id → hash of the stored body, for profiles that are not redirects."""
    return {
        item.pk.partition("#p#")[2]: sha256(item.body).hexdigest()
        for item in _items(environ, "ProfileItem", tenant_id)
        if "#p#" in item.pk and item.body
    }


def forget(environ: Mapping[str, str], tenant_id: str) -> int:
    """Delete a tenant's people and history; returns how many items went."""
    gone = 0
    for model in ("ProfileItem", "HistoryItem"):
        for item in list(_items(environ, model, tenant_id)):
            item.delete()
            gone += 1
    return gone


def _items(environ: Mapping[str, str], model: str, tenant_id: str) -> Iterator[Any]:
    # The models read their tables' names when they are imported.
    os.environ.update(environ)
    models = importlib.import_module("chalicelib.store.models")
    kind = getattr(models, model)
    return iter(kind.scan(kind.pk.startswith(f"{tenant_id}#"), consistent_read=True))


def _kind(item: Any, tenant_id: str, keys: Collection[str]) -> str:
    kind = next((kind for mark, kind in _KINDS.items() if mark in item.pk), "records")
    applied = kind == "quarantined" and item.event_key and event_pk(tenant_id, item.event_key) in keys
    if kind == "quarantined" and (item.replayed_at or applied):
        # What was queued again has its end in the queue, among the applied or among the dead.
        return "replayed"
    return "merged" if kind == "profiles" and item.merged_into else kind
