"""The tenant record: what is kept of a tenant. Its keys stand here only as KMS wrapped them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.privacy.permission import ASKED_FIRST


class Tenant(msgspec.Struct, frozen=True):
    """A customer of ours: its name, its time zone and its keys.

    All keys are wrapped by KMS except ``ingest_public`` and ``receipt_public``, which may be read by everyone; a tenant
    of before receipts were signed has no key for them until an operator makes one. ``region`` is
    where a phone number without country code is from; ``horizon_days`` is how old an event may be.
    ``limits`` are how many of a namespace one profile may have, ``most_merges`` how often it may grow by a merge;
    an identifier seen with more than ``shared_after`` people of one namespace identifies nobody. ``blocked`` are
    values that name nobody, beyond those that never do.
    ``asked_first`` are purposes that need a person's yes; all others go by the field's legal basis until there is a no.
    ``index_key`` is of ``index_version``; a newer one beside it is in ``later_index_keys`` until the older is removed.
    ``branch_starts`` and ``index_starts`` say from when a version is written with: every function knows it by then.
    ``trade`` says which routing policy and whose words are its own while it has published none.
    From the score ``merge_above`` on probable matches are merged by themselves; None = never.
    """

    tenant_id: str
    name: str
    timezone: str
    index_key: bytes
    branch_keys: dict[int, bytes]
    ingest_private: bytes
    ingest_public: bytes
    region: str = "CN"
    horizon_days: int = 730
    limits: dict[str, int] = {}
    most_merges: int = 100
    shared_after: int = 10
    blocked: tuple[str, ...] = ()
    merge_above: float | None = None
    asked_first: tuple[str, ...] = ASKED_FIRST
    index_version: int = 1
    later_index_keys: dict[int, bytes] = {}
    branch_starts: dict[int, Millis] = {}
    index_starts: dict[int, Millis] = {}
    receipt_private: bytes = b""
    receipt_public: bytes = b""
    trade: str = "retail"

    def __repr__(self) -> str:
        return f"<tenant {self.tenant_id}>"

    @property
    def branch_version(self) -> int:
        """The newest branch key's version."""
        return max(self.branch_keys)

    def branch_written(self, now: Millis) -> int:
        """The version that new facets are sealed under now."""
        return _begun(self.branch_keys, self.branch_starts, now)

    @property
    def index_keys(self) -> dict[int, bytes]:
        """All index keys, as KMS wrapped them, by version."""
        return {self.index_version: self.index_key, **self.later_index_keys}

    def index_written(self, now: Millis) -> int:
        """The version that identifiers nobody knows yet are named with now."""
        return _begun(self.index_keys, self.index_starts, now) if self.later_index_keys else self.index_version


def _begun(versions: Iterable[int], starts: Mapping[int, Millis], now: Millis) -> int:
    """The newest version whose time has come. The oldest one's always has: something must be written with."""
    ordered = sorted(versions)
    return max(one for one in ordered if one == ordered[0] or starts.get(one, 0) <= now)
