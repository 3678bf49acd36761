"""Tenant keys, opened by KMS and kept for a while in memory.

Three ages of a kept key: fresh (used as it is), due (opened anew, so that a withdrawn grant is
noticed; used on while KMS does not answer), too old (never used, so that a key that was revoked
while KMS was down ends some time).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

import msgspec

from chalicelib.aws.kms import Kms
from chalicelib.aws.settings import Settings
from chalicelib.kernel.errors import Unavailable
from chalicelib.privacy.tenants import Tenant

_PAUSE_SECONDS = 10.0
KEY_BYTES = 32


def _untold(tenant_id: str, purpose: str, code: str) -> None:
    """For rings that nobody watches: tests and operators see the refusal itself."""


class _Kept(msgspec.Struct):
    """An opened key, when KMS opened it and when to ask KMS again. Both are the clock's seconds."""

    key: bytes
    opened_at: float
    due_at: float

    def __repr__(self) -> str:
        return "<kept key>"


class KeyRing:
    """Opens tenants' keys and caches them. May be shared between threads."""

    def __init__(
        self, kms: Kms, settings: Settings, clock: Callable[[], float], told: Callable[[str, str, str], None] = _untold
    ) -> None:
        """``clock`` gives seconds that never go back, such as ``time.monotonic``.

        ``told`` is told of each refusal: the tenant, the key's purpose, and KMS's own code. Somebody must look, even
        while the kept key is used on.
        """
        self._told = told
        self._kms = kms
        self._clock = clock
        self._fresh_seconds = settings.key_cache_seconds
        self._hard_seconds = settings.key_hard_limit_seconds
        self._most = settings.key_cache_entries
        self._key_ids = key_ids(settings)
        self._kept: OrderedDict[tuple[str, str, bytes], _Kept] = OrderedDict()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<key ring of {len(self._kept)}>"

    def index_key(self, tenant: Tenant, version: int | None = None) -> bytes:
        """The key of the tenant's blind indexes; the oldest that is kept unless one is named.

        Raises Unavailable, SealBroken, and KeyError for a version the tenant has not.
        """
        wrapped = tenant.index_key if version is None else tenant.index_keys[version]
        return self._open(tenant.tenant_id, "index", wrapped)

    def branch_key(self, tenant: Tenant, version: int | None = None) -> tuple[int, bytes]:
        """(version, key) that facet keys are derived from; the newest unless one is named.

        Raises Unavailable, SealBroken, and KeyError for a version the tenant has not.
        """
        version = tenant.branch_version if version is None else version
        return version, self._open(tenant.tenant_id, "branch", tenant.branch_keys[version])

    def ingest_private(self, tenant: Tenant) -> bytes:
        """The private key that opens the doors' envelopes. Raises Unavailable, SealBroken."""
        return self._open(tenant.tenant_id, "ingest", tenant.ingest_private)

    def receipt_private(self, tenant: Tenant) -> bytes:
        """The key that signs receipts. Raises Unavailable, also when the tenant has none yet, and SealBroken."""
        if not tenant.receipt_private:
            raise Unavailable("no_receipt_key", "The tenant has no key that signs receipts: an operator makes one.")
        return self._open(tenant.tenant_id, "receipt", tenant.receipt_private)

    def webhook_secret(self, tenant_id: str, wrapped: bytes) -> bytes:
        """A secret that a source signs its webhooks with. Raises Unavailable, SealBroken."""
        return self._open(tenant_id, "webhook", wrapped)

    def _open(self, tenant_id: str, purpose: str, wrapped: bytes) -> bytes:
        name = (tenant_id, purpose, wrapped)
        now = self._clock()
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None:
                self._kept.move_to_end(name)
                if now < kept.due_at:
                    return kept.key
        try:
            key = self._kms.decrypt(self._key_ids[purpose], wrapped, context(tenant_id, purpose))
        except Unavailable as error:
            self._told(tenant_id, purpose, getattr(error.__cause__, "code", error.code))
            if kept is None or now - kept.opened_at >= self._hard_seconds:
                self._drop(name)
                raise
            # Each event would else wait for the same silence.
            kept.due_at = min(now + _PAUSE_SECONDS, kept.opened_at + self._hard_seconds)
            return kept.key
        except BaseException:
            self._drop(name)
            raise
        self._keep(name, _Kept(key, now, now + min(self._fresh_seconds, self._hard_seconds)))
        return key

    def _keep(self, name: tuple[str, str, bytes], kept: _Kept) -> None:
        with self._lock:
            self._kept[name] = kept
            self._kept.move_to_end(name)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def _drop(self, name: tuple[str, str, bytes]) -> None:
        with self._lock:
            self._kept.pop(name, None)


def key_ids(settings: Settings) -> dict[str, str]:
    """The KMS key that wraps each purpose's keys."""
    return {
        "index": settings.key_index_id,
        "branch": settings.key_branch_id,
        "ingest": settings.key_ingest_id,
        "receipt": settings.key_receipt_id,
        # The doors check signatures, and the index key is the one they may use.
        "webhook": settings.key_index_id,
    }


def context(tenant_id: str, purpose: str) -> dict[str, str]:
    """What a wrapped key is bound to: another tenant's, or another purpose's, does not open."""
    return {"tenant": tenant_id, "purpose": purpose}


def new_tenant(
    kms: Kms,
    settings: Settings,
    random: Callable[[int], bytes],
    *,
    tenant_id: str,
    name: str,
    timezone: str,
) -> Tenant:
    """A tenant with new keys, each wrapped by the KMS key of its purpose.

    ``random(n)`` gives n random bytes. Raises Unavailable when KMS cannot be used.
    """
    # Only who makes a tenant draws a pair: no function's start should wait for it.
    from chalicelib.privacy.envelope import key_pair

    ids = key_ids(settings)

    def wrap(purpose: str, key: bytes) -> bytes:
        return kms.encrypt(ids[purpose], key, context(tenant_id, purpose))

    private, public = key_pair(random(KEY_BYTES))
    made = Tenant(
        tenant_id=tenant_id,
        name=name,
        timezone=timezone,
        # One part for identifiers, one for the names that outlive its rotation (``identity.blind_index``).
        index_key=wrap("index", random(2 * KEY_BYTES)),
        branch_keys={1: wrap("branch", random(KEY_BYTES))},
        ingest_private=wrap("ingest", private),
        ingest_public=public,
    )
    return with_receipt_key(kms, settings, random, made)


def with_receipt_key(kms: Kms, settings: Settings, random: Callable[[int], bytes], tenant: Tenant) -> Tenant:
    """The tenant with a key that signs its receipts; one that has it stays as it is.

    What was signed is verified with the public key for ever, so it is never replaced here.
    Raises Unavailable when KMS cannot be used.
    """
    if tenant.receipt_private:
        return tenant
    # Only who makes a tenant signs up for a key: no function's start should wait for it.
    from chalicelib.privacy.receipts import signing_pair

    private, public = signing_pair(random(KEY_BYTES))
    wrapped = kms.encrypt(key_ids(settings)["receipt"], private, context(tenant.tenant_id, "receipt"))
    return msgspec.structs.replace(tenant, receipt_private=wrapped, receipt_public=public)
