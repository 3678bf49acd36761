"""The tenant record: what is kept of a tenant. Its keys stand here only as KMS wrapped them."""

from __future__ import annotations

import msgspec

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
    receipt_private: bytes = b""
    receipt_public: bytes = b""

    def __repr__(self) -> str:
        return f"<tenant {self.tenant_id}>"

    @property
    def branch_version(self) -> int:
        """The version that new values are sealed under."""
        return max(self.branch_keys)
