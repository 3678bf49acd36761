"""A tenant's record with one more key, or without an older one: what an operator's rotation writes."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from chalicelib.aws.key_ring import KEY_BYTES, context, key_ids
from chalicelib.aws.kms import Kms
from chalicelib.aws.settings import Settings
from chalicelib.identity.blind_index import names_of
from chalicelib.kernel.errors import Conflict
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.tenants import Tenant

MOST_VERSIONS = 65_535
"""A sealed value has two bytes for the version of its branch key."""


def with_new_branch_key(
    kms: Kms, settings: Settings, random: Callable[[int], bytes], tenant: Tenant, starts_at: Millis = 0
) -> Tenant:
    """The tenant with one more branch key, which new facets are sealed under from ``starts_at`` on.

    The older ones stay: what they sealed must open. Raises Unavailable when KMS cannot be used, and Conflict when
    there are no more versions.
    """
    version = tenant.branch_version + 1
    if version > MOST_VERSIONS:
        raise Conflict("versions_used_up", "A branch key has at most 65,535 versions.")
    wrapped = _wrap(kms, settings, tenant, "branch", random(KEY_BYTES))
    return replace(
        tenant,
        branch_keys=tenant.branch_keys | {version: wrapped},
        branch_starts=tenant.branch_starts | {version: starts_at},
    )


def with_new_index_key(
    kms: Kms, settings: Settings, random: Callable[[int], bytes], tenant: Tenant, starts_at: Millis
) -> Tenant:
    """The tenant with one more index key, which unknown identifiers are named with from ``starts_at`` on.

    Its part for all other names is the one there was. Raises Unavailable when KMS cannot be used, and Conflict while
    an older index key is there: every look-up would have to try one more.
    """
    if tenant.later_index_keys:
        raise Conflict("rotation_unfinished", "An older index key is still there; remove it first.")
    ids = key_ids(settings)
    now = kms.decrypt(ids["index"], tenant.index_key, context(tenant.tenant_id, "index"))
    version = tenant.index_version + 1
    wrapped = _wrap(kms, settings, tenant, "index", random(KEY_BYTES) + names_of(now))
    return replace(tenant, later_index_keys={version: wrapped}, index_starts={version: starts_at})


def without_branch_key(tenant: Tenant, version: int) -> Tenant:
    """The tenant without an older branch key. Whoever asks has made sure that nothing needs it."""
    return replace(
        tenant,
        branch_keys={one: key for one, key in tenant.branch_keys.items() if one != version},
        branch_starts={one: at for one, at in tenant.branch_starts.items() if one != version},
    )


def without_index_key(tenant: Tenant) -> Tenant:
    """The tenant without its older index key. Whoever asks has made sure that nothing needs it."""
    version = max(tenant.later_index_keys)
    return replace(
        tenant, index_version=version, index_key=tenant.later_index_keys[version], later_index_keys={}, index_starts={}
    )


def _wrap(kms: Kms, settings: Settings, tenant: Tenant, purpose: str, key: bytes) -> bytes:
    return kms.encrypt(key_ids(settings)[purpose], key, context(tenant.tenant_id, purpose))
