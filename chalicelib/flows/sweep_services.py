"""What the sweep that follows a rotation needs from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from chalicelib.identity.blind_index import BlindIndex
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.rows import HistoryStore, ProfileStore
from chalicelib.store.sweeps import SweptIdentifiers, SweptSecrets


class SweepKeys(msgspec.Struct, frozen=True):
    """A tenant's opened keys: all branch keys, and the index with both its keys. Nothing opens queued events."""

    index: BlindIndex
    branch_keys: Mapping[int, bytes]

    def __repr__(self) -> str:
        return "<sweep keys>"


class SweepServices(msgspec.Struct, frozen=True):
    """What a sweep needs. ``random`` draws the secrets that take the old ones' place."""

    profiles: ProfileStore
    history: HistoryStore
    secrets: SweptSecrets
    identifiers: SweptIdentifiers
    keys: Callable[[Tenant], SweepKeys]
    random: Callable[[int], bytes]
