"""Why a tag is set as api.md writes it. Loaded with the first call that asks why."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.kernel.texts import Text
from chalicelib.tags.why import Doubt, Filled, Implied


class SignalView(msgspec.Struct, frozen=True):
    """One signal of a tag and the values it read. ``true`` is null where it could not be evaluated."""

    id: str
    says: Text
    weight: float
    factor: float
    true: bool | None
    values: dict[str, Any]
    first_event_at: str | None
    last_event_at: str | None
    error: str | None


class PinnedView(msgspec.Struct, frozen=True):
    """What a person said of a tag: ``value`` true set it, false denied it."""

    value: bool
    by: str
    since: str


class WhyView(msgspec.Struct, frozen=True):
    """Why a tag is set or not. Its own confidence is ``weights_sum`` × ``trust`` × ``decay``, set from ``threshold`` on.

    ``weights_sum``: the weights of the true signals; ``trust``: what their factors leave of that. ``confidence`` is
    the final one: no less than that of a tag it is implied by, and 1 where a person set it.
    """

    tag: str
    name: Text
    meaning: Text
    set: bool
    signals: tuple[SignalView, ...]
    weights_sum: float
    trust: float
    decay: float
    confidence: float
    threshold: float
    half_life_days: float | None
    since: str | None
    expires_at: str | None
    rule_version: int
    source: str
    says: Text
    catalogue_version: int
    scene: str | None
    parent: str | None
    level: int
    doubts: tuple[Doubt, ...]
    filled: tuple[Filled, ...]
    implied_by: tuple[Implied, ...]
    lost_to: str | None
    pinned: PinnedView | None
    switched_off: bool
    as_of: str
