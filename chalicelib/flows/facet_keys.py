"""The sealing keys of facets: the tenant's branch key and each facet's own secret make them."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.flows.contribute import FacetKeys
from chalicelib.flows.services import IngestKeys, IngestServices
from chalicelib.kernel.errors import Unavailable
from chalicelib.privacy.rewrapping import unwrap_root
from chalicelib.privacy.seal_broken import SealBroken
from chalicelib.privacy.sealing import commitment, facet_key, facet_root, key_of_root
from chalicelib.profiles.model import FacetId
from chalicelib.store.rows import FacetSecret

_SECRET_BYTES = 32


def facet_keys(
    facets: Mapping[FacetId, int], tenant_id: str, keys: IngestKeys, services: IngestServices
) -> dict[FacetId, FacetKeys]:
    """The keys of these facets. One seen for the first time, or again after it was erased, gets its secret here,
    of the generation given.

    Raises Unavailable when a secret's branch key is not at hand or its commitment does not fit: to
    seal under another key than readers will use would lose the value.
    """
    names = {facet: secret_name(facet, generation) for facet, generation in facets.items()}
    kept = services.secrets.secrets(tenant_id, names.values())
    return {
        facet: opened(
            tenant_id,
            facet,
            kept.get(names[facet]) or _new(tenant_id, facet, generation, keys, services),
            keys.branch_keys,
        )
        for facet, generation in facets.items()
    }


def opened(tenant_id: str, facet: FacetId, kept: FacetSecret, branch_keys: Mapping[int, bytes]) -> FacetKeys:
    """A facet's keys, for sealing and for opening: the one way from a stored secret to them.

    Raises Unavailable when the branch key is not at hand or the commitment does not fit.
    """
    root = root_of(tenant_id, facet, kept, branch_keys)
    fields = key_of_root(root, "fields")
    if commitment(fields) != kept.commitment:
        raise Unavailable("commitment_mismatch", "A facet's secret does not fit its commitment.")
    return FacetKeys(
        tenant=tenant_id,
        facet=facet,
        generation=kept.generation,
        key_version=kept.key_version,
        fields=fields,
        events=key_of_root(root, "events"),
    )


def root_of(tenant_id: str, facet: FacetId, kept: FacetSecret, branch_keys: Mapping[int, bytes]) -> bytes:
    """What a facet's keys come from. Raises Unavailable when it cannot be had."""
    branch = branch_keys.get(kept.opens_with)
    if branch is None:
        raise Unavailable("branch_key_missing", "The branch key of a facet is not at hand.")
    if not kept.wrapped:
        return facet_root(branch, kept.secret)
    try:
        return unwrap_root(
            kept.wrapped, branch, kept.secret, of=bound_to(tenant_id, facet, kept), branch_version=kept.branch_version
        )
    except SealBroken:
        raise Unavailable("commitment_mismatch", "A facet's wrapped root does not open.") from None


def bound_to(tenant_id: str, facet: FacetId, kept: FacetSecret) -> tuple[str, str, int, int]:
    """What a facet's wrapped root is bound to."""
    return tenant_id, facet, kept.generation, kept.key_version


def secret_name(facet: FacetId, generation: int) -> str:
    """The name a facet's secret is kept under. Each generation has its own.

    So the secret of one that ended may be deleted at any time, and no event of the next one is sealed with it.
    """
    return facet if generation == 1 else f"{facet}~{generation}"


def _new(tenant_id: str, facet: FacetId, generation: int, keys: IngestKeys, services: IngestServices) -> FacetSecret:
    secret = services.random(_SECRET_BYTES)
    version = keys.branch_version
    mark = commitment(facet_key(keys.branch_keys[version], secret, "fields"))
    kept = FacetSecret(secret, mark, version, generation)
    return services.secrets.create(tenant_id, secret_name(facet, generation), kept)
