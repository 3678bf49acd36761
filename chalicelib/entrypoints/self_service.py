"""What people do themselves by a link: the part of ``compose`` for it, who holds the link, and the headers of answers.

These routes have no authorizer of the gateway: each checks the link itself, and a test walks them.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from functools import cache, partial, wraps
from typing import TYPE_CHECKING, Any

from chalice.app import Request, Response

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import (
    door_services,
    history,
    key_ring,
    profiles,
    read_services,
    settings,
    tenant,
)
from chalicelib.entrypoints.request import Caller

if TYPE_CHECKING:
    # Few calls are people's own; the others' start should not wait for what serves these.
    from chalicelib.flows.link_services import Linked, LinkServices
    from chalicelib.flows.show_person import ShowServices
    from chalicelib.privacy.links import Action
    from chalicelib.privacy.tenants import Tenant

_PAGE = "/v1/me"
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept, Accept-Language, Authorization",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of every answer to a person: nothing of it is kept, framed, guessed at or sent on, and no script but ours runs."""
_HOST = re.compile(r"[A-Za-z0-9.\[\]:-]{1,255}", re.ASCII)


@cache
def link_services() -> LinkServices:
    """What making, using and revoking links needs."""
    from chalicelib.flows.link_services import LinkServices

    return LinkServices(profiles(), history(), tenant, link_keys)


def link_keys(of: Tenant) -> tuple[bytes, ...]:
    """The keys that sign a tenant's links, that which signs new ones first. Raises Unavailable when one cannot be had."""
    from chalicelib.privacy.links import link_key

    ring, written = key_ring(), of.index_written(now())
    versions = sorted(of.index_keys, key=lambda version: version != written)
    return tuple(link_key(ring.index_key(of, version)) for version in versions)


def show_services(tenant_id: str) -> ShowServices:
    """What showing a person what is held of them needs. For the function that may open what is sealed."""
    from chalicelib.entrypoints.insights import group_tags
    from chalicelib.entrypoints.opening import open_services
    from chalicelib.entrypoints.outreach import outreach_store
    from chalicelib.flows.show_person import ShowServices

    return ShowServices(
        open_services(),
        read_services(tenant_id),
        group_tags(tenant_id),
        partial(_source_name, tenant_id),
        outreach_store(),
    )


def _source_name(tenant_id: str, source_id: str) -> str:
    """What a source is called; what is none (the person, the staff) stays as it is."""
    found = door_services().source(source_id)
    return source_id if found is None or found.tenant_id != tenant_id else found.name


def linked(request: Request, action: Action) -> Linked:
    """The person who holds the link that a request shows; that it was used is kept first.

    Raises NotAuthorised, Forbidden ``action_not_allowed``, TooOften, Unavailable.
    """
    from chalicelib.flows.open_link import LinkUse, open_link

    use = LinkUse(request.headers.get("authorization"), action, secrets.token_hex(16))
    return open_link(use, link_services(), now())


def by_link(
    action: Action, without: Callable[[Request], Response | None] = lambda _: None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a view: it gets the request and the person, whose link must be for this action.

    ``without`` may answer a request in its place, with what holds nothing of anybody.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def opened(request: Request) -> Any:
            return without(request) or view(request, linked(request, action))

        opened.action = action  # type: ignore[attr-defined]  # read by the test that walks these routes
        return opened

    return decorate


def private(view: Callable[..., Response]) -> Callable[..., Response]:
    """Decorate a served view: its answers, refusals too, carry ``HEADERS``."""

    @wraps(view)
    def answered(**path: str) -> Response:
        response = view(**path)
        response.headers = {**HEADERS, **response.headers}
        return response

    return answered


def page_url(request: Request) -> str:
    """Where people find their page: as the deployment says, else where the gateway was asked by this request.

    ``…/v1/me``. The local cloud's gateway does not know its own name; its front tells it.
    """
    if settings().public_url:
        return settings().public_url.rstrip("/") + _PAGE
    told: dict[str, Any] = request.context
    if told.get("domainName"):
        stage, _, _ = str(told.get("path", "")).partition("/v1/")
        return f"https://{told['domainName']}{stage}{_PAGE}"
    host = str(request.headers.get("x-forwarded-host", ""))
    return f"http://{host}{_PAGE}" if _HOST.fullmatch(host) else _PAGE


def as_caller(linked: Linked) -> Caller:
    """The person as the caller of an idempotent request: a key of theirs names what this link made, and nothing else."""
    from chalicelib.flows.link_services import PERSON

    return Caller(linked.claims.tenant, f"{PERSON}:{linked.claims.link_id}", PERSON, frozenset(), "")
