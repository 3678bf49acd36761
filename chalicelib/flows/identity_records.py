"""What is kept of each merge and split, and of who did it: written with the change itself, in one transaction."""

from __future__ import annotations

import msgspec

from chalicelib.identity.partition import Apart, Must
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.free_text import masked
from chalicelib.store.rows import HistoryStore, Record

MERGE, SPLIT, AUDIT = "merge", "split", "audit"


class Merged(msgspec.Struct, frozen=True):
    """An operator's merge. ``musts`` are the facets that it ties together, ``lifted`` the splits it overruled.

    ``versions`` are those of everybody concerned, as it left them.
    """

    merge_id: str
    at: Millis
    profile_id: str
    profile_ids: tuple[str, ...]
    musts: tuple[Must, ...]
    lifted: tuple[Apart, ...]
    reason: str
    principal: str
    versions: dict[str, int]


class Split(msgspec.Struct, frozen=True):
    """An operator's split of a merge or of a link. ``aparts`` are kept apart from then on.

    ``undone`` are the ties of merges that it took back, ``versions`` those of everybody concerned, as it left them.
    """

    split_id: str
    at: Millis
    merge_id: str
    profile_ids: tuple[str, ...]
    aparts: tuple[Apart, ...]
    reason: str
    principal: str
    versions: dict[str, int]
    undone: tuple[Must, ...] = ()


class Audited(msgspec.Struct, frozen=True):
    """Who did what to whom, when and why. ``subjects`` are ids of profiles, or declarations as ``tags/vip``.

    No value of a person stands here.
    """

    action: str
    principal: str
    subjects: tuple[str, ...]
    reason: str
    result: str


def merge_record(tenant: str, merged: Merged) -> Record:
    """A merge as it is kept, its reason masked."""
    kept = msgspec.structs.replace(merged, reason=masked(merged.reason))
    return Record(tenant, MERGE, merged.merge_id, merged.at, encode(kept))


def split_record(tenant: str, split: Split) -> Record:
    """A split as it is kept, its reason masked."""
    kept = msgspec.structs.replace(split, reason=masked(split.reason))
    return Record(tenant, SPLIT, split.split_id, split.at, encode(kept))


def audit_record(tenant: str, audit_id: str, at: Millis, audited: Audited) -> Record:
    """An audit row as it is kept: personal data that somebody wrote into the reason is masked."""
    kept = msgspec.structs.replace(audited, reason=masked(audited.reason))
    return Record(tenant, AUDIT, audit_id, at, encode(kept))


def find_merge(history: HistoryStore, tenant: str, merge_id: str) -> Merged | None:
    """A merge by its id."""
    row = history.record_of(tenant, MERGE, merge_id)
    return None if row is None else decode(row.content, Merged)


def find_split(history: HistoryStore, tenant: str, split_id: str) -> Split | None:
    """A split by its id."""
    row = history.record_of(tenant, SPLIT, split_id)
    return None if row is None else decode(row.content, Split)
