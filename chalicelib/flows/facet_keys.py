"""The sealing keys of facets: the tenant's branch key and each facet's own secret make them."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.flows.contribute import FacetKeys
from chalicelib.flows.services import IngestKeys, IngestServices
from chalicelib.kernel.errors import Unavailable
from chalicelib.privacy.sealing import commitment, facet_key
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
    kept = services.secrets.secrets(tenant_id, facets.keys())
    return {
        facet: _opened(tenant_id, facet, kept.get(facet) or _new(tenant_id, facet, generation, keys, services), keys)
        for facet, generation in facets.items()
    }


def _new(tenant_id: str, facet: FacetId, generation: int, keys: IngestKeys, services: IngestServices) -> FacetSecret:
    secret = services.random(_SECRET_BYTES)
    version = keys.branch_version
    mark = commitment(facet_key(keys.branch_keys[version], secret, "fields"))
    return services.secrets.create(tenant_id, facet, FacetSecret(secret, mark, version, generation))


def _opened(tenant_id: str, facet: FacetId, kept: FacetSecret, keys: IngestKeys) -> FacetKeys:
    branch = keys.branch_keys.get(kept.key_version)
    if branch is None:
        raise Unavailable("branch_key_missing", "The branch key of a facet is not at hand.")
    fields = facet_key(branch, kept.secret, "fields")
    if commitment(fields) != kept.commitment:
        raise Unavailable("commitment_mismatch", "A facet's secret does not fit its commitment.")
    return FacetKeys(
        tenant=tenant_id,
        facet=facet,
        generation=kept.generation,
        key_version=kept.key_version,
        fields=fields,
        events=facet_key(branch, kept.secret, "events"),
    )
