"""What holds a profile together: its links with their evidence, merges, splits, and links that were refused."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from chalicelib.flows.merge_people import facet_of
from chalicelib.flows.services import IdentityServices
from chalicelib.flows.settle_links import settle_all
from chalicelib.flows.snapshot import Snapshot, limits_of
from chalicelib.flows.split_people import link_id
from chalicelib.identity.blind_index import namespace_of
from chalicelib.identity.partition import TOO_TANGLED
from chalicelib.kernel.moments import format_moment
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.model import Facet, FacetId, IdentifierKey


class LinkEnd(msgspec.Struct, frozen=True):
    """One end of a link, masked."""

    namespace: str
    masked: str


class Evidence(msgspec.Struct, frozen=True):
    """Where a link was seen first, and when last. Times are RFC 3339."""

    event: str
    source: str
    first_seen: str
    last_seen: str


class LinkView(msgspec.Struct, frozen=True):
    """A link between an anchor and another identifier. ``reason`` says why a refused one unites nobody."""

    link_id: str
    anchor: LinkEnd
    other: LinkEnd
    state: str
    reason: str | None
    evidence: Evidence


class MergeTie(msgspec.Struct, frozen=True):
    """An operator's merge that holds now; ``profile_ids`` are the ids that it tied together."""

    merge_id: str
    at: str
    forced: bool
    profile_ids: tuple[str, ...]


class KeptApart(msgspec.Struct, frozen=True):
    """An operator's split that holds now."""

    split_id: str
    at: str
    namespaces: tuple[str, ...]


class LinksView(msgspec.Struct, frozen=True):
    """Everything that holds a profile together or keeps it from others."""

    profile_id: str
    links: tuple[LinkView, ...]
    merges: tuple[MergeTie, ...]
    kept_apart: tuple[KeptApart, ...]


def describe_links(profile_id: str, tenant: Tenant, services: IdentityServices) -> LinksView:
    """The links of a profile, by strongly consistent reads. Raises NotFound."""
    snapshot, index = Snapshot(tenant.tenant_id, services.profiles), services.index(tenant)
    lead = facet_of(profile_id, snapshot, index.profile_id)
    snapshot.know([lead])
    owner = snapshot.owner(lead)
    facets, ties = dict(snapshot.body(owner).facets), snapshot.ties([owner])
    settled = settle_all(snapshot, facets, (), limits_of(tenant))
    reasons = {(one.anchor, one.other): one.reason for one in settled.refused}
    refused = frozenset(snapshot.body(owner).refused)
    return LinksView(
        profile_id=owner,
        links=tuple(_links(facets, refused, reasons)),
        merges=tuple(
            MergeTie(
                one.merge_id,
                format_moment(one.at),
                one.forced,
                (index.profile_id(one.left), index.profile_id(one.right)),
            )
            for one in ties.musts
        ),
        kept_apart=tuple(
            KeptApart(one.split_id, format_moment(one.at), (namespace_of(one.left), namespace_of(one.right)))
            for one in ties.aparts
        ),
    )


def _links(
    facets: dict[FacetId, Facet],
    refused: frozenset[IdentifierKey],
    reasons: dict[tuple[FacetId, IdentifierKey], str],
) -> Iterator[LinkView]:
    for anchor, facet in sorted(facets.items()):
        for other, link in sorted(facet.links.items()):
            if other == anchor or not link.event_key:
                continue
            reason = reasons.get((anchor, other)) or (TOO_TANGLED if other in refused else None)
            yield LinkView(
                link_id=link_id(anchor, other),
                anchor=LinkEnd(namespace_of(anchor), facet.links[anchor].masked),
                other=LinkEnd(namespace_of(other), link.masked),
                state="refused" if reason else "linked",
                reason=reason,
                evidence=Evidence(
                    event=link.event_key.hex(),
                    source=link.source,
                    first_seen=format_moment(link.first_seen),
                    last_seen=format_moment(max(link.last_seen, link.first_seen)),
                ),
            )
