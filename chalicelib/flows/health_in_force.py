"""How each tenant's sources are, for functions that answer and ingest: asked for once a minute, never per event."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.permission import ASKED_FIRST
from chalicelib.store.health import HealthStore
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.health import WELL, Health

SECONDS = 60.0
"""How old it may be before it is asked for again."""
_MOST_TENANTS = 256


class _Kept(msgspec.Struct):
    health: Health
    asked_at: float
    under: tuple[Catalogue, Catalogue] | None = None


class HealthInForce:
    """The health of each tenant's sources. ``clock`` gives seconds that never go back, ``now`` the moment."""

    def __init__(self, store: HealthStore, clock: Callable[[], float], now: Callable[[], Millis]) -> None:
        self._store, self._clock, self._now = store, clock, now
        self._kept: dict[str, _Kept] = {}

    def over(self, tenant_id: str, catalogue: Catalogue, asked_first: tuple[str, ...] = ASKED_FIRST) -> Catalogue:
        """A tenant's catalogue, its sources being as they are. ``asked_first``: the purposes that need a yes there."""
        kept = self._fresh(tenant_id)
        if kept.under is None or kept.under[0] is not catalogue or kept.under[1].asked_first != asked_first:
            kept.under = (catalogue, catalogue.asking(asked_first).under(kept.health))
        return kept.under[1]

    def _fresh(self, tenant_id: str) -> _Kept:
        kept = self._kept.get(tenant_id)
        if kept is not None and self._clock() - kept.asked_at < SECONDS:
            return kept
        health = self._ask(tenant_id, WELL if kept is None else kept.health)
        if kept is not None and kept.health == health:
            kept.asked_at = self._clock()
            return kept
        if len(self._kept) >= _MOST_TENANTS:
            del self._kept[next(iter(self._kept))]
        self._kept[tenant_id] = found = _Kept(health, self._clock())
        return found

    def _ask(self, tenant_id: str, otherwise: Health) -> Health:
        try:
            return self._store.health(tenant_id, self._now())
        except Unavailable:
            # Who cannot ask goes on as before: doubts are no reason not to answer.
            return otherwise
