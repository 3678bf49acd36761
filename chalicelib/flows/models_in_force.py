"""The learned models that are in force for each tenant, as one container keeps them."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import msgspec

from chalicelib.flows.models import NO_MODELS, Models
from chalicelib.kernel.errors import Unavailable
from chalicelib.store.learned import LearnedHead, LearnedStore

SECONDS = 60.0
"""How old what is in force may be before the head is asked for again."""
_SECONDS_AFTER_FAILURE = 5.0
_MOST_TENANTS = 64


class _Kept(msgspec.Struct):
    head: LearnedHead
    models: Models
    asked_at: float


class ModelsInForce:
    """Each tenant's models: the head is asked for once it is a minute old, a model when its version is new here.

    While the store cannot be asked, what was in force goes on.
    """

    def __init__(self, store: Callable[[], LearnedStore], clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock
        self._kept: dict[str, _Kept] = {}

    def __call__(self, tenant_id: str) -> Models:
        """A tenant's models. Raises Unavailable when they were never known here and cannot be asked for."""
        kept, now = self._kept.get(tenant_id), self._clock()
        if kept is not None and now - kept.asked_at < SECONDS:
            return kept.models
        try:
            head = self._store().head(tenant_id)
            if kept is None or kept.head != head:
                kept = _Kept(head, self._read(tenant_id, head, kept), now)
        except Unavailable:
            if kept is None:
                raise
            now += _SECONDS_AFTER_FAILURE - SECONDS
        kept.asked_at = now
        if tenant_id not in self._kept and len(self._kept) >= _MOST_TENANTS:
            del self._kept[next(iter(self._kept))]
        self._kept[tenant_id] = kept
        return kept.models

    def fresh(self, tenant_id: str) -> Models:
        """What is in force now, asked for now: for those who change it, and for the job."""
        if tenant_id in self._kept:
            self._kept[tenant_id].asked_at = -inf
        return self(tenant_id)

    def _read(self, tenant_id: str, head: LearnedHead, kept: _Kept | None) -> Models:
        if not head.models:
            return NO_MODELS
        # Who has a model reads what models are made of; nobody else does.
        from chalicelib.flows.read_models import read_models

        return read_models(tenant_id, head, self._store(), *((kept.head, kept.models) if kept else ()))
