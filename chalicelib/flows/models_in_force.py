"""The learned models that are in force for each tenant, as one container keeps them."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

import msgspec

from chalicelib.flows.models import NO_MODELS, Models
from chalicelib.kernel.errors import Unavailable
from chalicelib.store.learned import LearnedHead, LearnedStore

if TYPE_CHECKING:
    from chalicelib.segments.segmentation import Segmentations

SECONDS = 60.0
"""How old what is in force may be before the head is asked for again."""
_SECONDS_AFTER_FAILURE = 5.0
_MOST_TENANTS = 64


class _Kept(msgspec.Struct):
    head: LearnedHead
    models: Models
    asked_at: float
    fitting: Models = NO_MODELS
    """Those of the models that fit to what is declared."""


def _shipped(_tenant_id: str) -> Segmentations:
    from chalicelib.segments.segmentation import shipped_segmentations

    return shipped_segmentations()


class ModelsInForce:
    """Each tenant's models: the head is asked for once it is a minute old, a model when its version is new here.

    While the store cannot be asked, what was in force goes on. A model whose segmentation is declared otherwise by now is
    not in force, until a run has learned another.
    """

    def __init__(
        self,
        store: Callable[[], LearnedStore],
        clock: Callable[[], float],
        segmentations: Callable[[str], Segmentations] = _shipped,
    ) -> None:
        """``segmentations`` tells those of a tenant, and gives the same value while they are the same."""
        self._store, self._clock, self._segmentations = store, clock, segmentations
        self._kept: dict[str, _Kept] = {}

    def __call__(self, tenant_id: str) -> Models:
        """A tenant's models. Raises Unavailable when they were never known here and cannot be asked for."""
        kept, now = self._kept.get(tenant_id), self._clock()
        if kept is not None and now - kept.asked_at < SECONDS:
            return self._fitting(tenant_id, kept)
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
        return self._fitting(tenant_id, kept)

    def fresh(self, tenant_id: str) -> Models:
        """What is in force now, asked for now: for those who change it, and for the job."""
        if tenant_id in self._kept:
            self._kept[tenant_id].asked_at = -inf
        return self(tenant_id)

    def _fitting(self, tenant_id: str, kept: _Kept) -> Models:
        if kept.models is NO_MODELS:
            return NO_MODELS
        declared = self._segmentations(tenant_id)
        if kept.fitting.declared is not declared:
            from chalicelib.flows.read_models import fitting

            kept.fitting = fitting(kept.models, declared)
        return kept.fitting

    def _read(self, tenant_id: str, head: LearnedHead, kept: _Kept | None) -> Models:
        if not head.models:
            return NO_MODELS
        # Who has a model reads what models are made of; nobody else does.
        from chalicelib.flows.read_models import read_models

        return read_models(tenant_id, head, self._store(), *((kept.head, kept.models) if kept else ()))
