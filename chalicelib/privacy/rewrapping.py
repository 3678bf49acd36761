"""A facet's root, moved to a newer branch key: wrapped, so that what was sealed before keeps its bytes and opens.

A facet's keys come from its root, and the root from a branch key and the facet's secret. To take an old branch key out
of use without writing a sealed value anew, the root itself is sealed under the new branch key and a new secret, which
takes the old secret's place. From then on the old branch key opens nothing, and deleting the secret still shreds all.
"""

from __future__ import annotations

from chalicelib.privacy.seal_broken import SealBroken
from chalicelib.privacy.sealing import KEY_BYTES, associated, facet_key, open_, seal

PURPOSE = "root"
"""No field and no event is sealed under the key of this purpose."""
_SCHEMA = 1


def wrap_root(
    root: bytes, branch_key: bytes, secret: bytes, *, of: tuple[str, str, int, int], branch_version: int
) -> bytes:
    """The root under the branch key of ``branch_version`` and a new secret.

    ``of`` is what it is bound to: tenant, facet, generation, and the version its sealed values are of.
    Raises ValueError for parts that are not 32 bytes.
    """
    if len(root) != KEY_BYTES:
        raise ValueError("A root is 32 bytes.")
    key = facet_key(branch_key, secret, PURPOSE)
    return seal(key, root, aad=_bound(of, branch_version), key_version=branch_version)


def unwrap_root(
    wrapped: bytes, branch_key: bytes, secret: bytes, *, of: tuple[str, str, int, int], branch_version: int
) -> bytes:
    """The root. Raises SealBroken for any other key, secret, facet, version or byte.

    Who opens it checks the facet's commitment with what it makes: that is what commits to this root.
    """
    key = facet_key(branch_key, secret, PURPOSE)
    root = open_(key, wrapped, aad=_bound(of, branch_version), committed=key.commitment)
    if len(root) != KEY_BYTES:
        raise SealBroken
    return root


def _bound(of: tuple[str, str, int, int], branch_version: int) -> bytes:
    tenant, facet, generation, sealed_version = of
    return associated(tenant, facet, generation, f"root/{sealed_version}", _SCHEMA, branch_version)
