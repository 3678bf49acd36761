"""Who calls: write keys of sources (Basic) and tokens of principals (Bearer), known by their hashes only."""

from __future__ import annotations

from chalice.app import AuthRequest, AuthResponse, Blueprint

from chalicelib.entrypoints.access import routes_for
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import catalogue_store
from chalicelib.entrypoints.textless import without_text
from chalicelib.kernel.errors import NotAuthorised
from chalicelib.privacy.credentials import Credential, Kind, admit, read_authorization, scopes_of

blueprint = Blueprint(__name__)

_CACHED_SECONDS = 60


@blueprint.authorizer(ttl_seconds=_CACHED_SECONDS, name="source_auth")
def source_auth(auth_request: AuthRequest) -> AuthResponse:
    """A source by ``Basic base64(write_key:)``, as the Segment family sends it."""
    return _answer(auth_request.token, "source")


@blueprint.authorizer(ttl_seconds=_CACHED_SECONDS, name="principal_auth")
def principal_auth(auth_request: AuthRequest) -> AuthResponse:
    """A principal by ``Bearer <token>``."""
    return _answer(auth_request.token, "principal")


def _credential(header: str, kind: Kind) -> Credential:
    presented = read_authorization(header)
    found = admit(presented, catalogue_store().credential(presented.token_hash), now())
    if found.kind != kind:
        raise NotAuthorised
    return found


def _answer(header: str, kind: Kind) -> AuthResponse:
    try:
        found = without_text(lambda: _credential(header, kind))
    except NotAuthorised:
        # The gateway turns this very word into a 401.
        raise Exception("Unauthorized") from None  # noqa: TRY002 - API Gateway's contract for authorizers
    scopes = scopes_of(found.roles)
    return AuthResponse(
        routes=routes_for(scopes),
        principal_id=found.id,
        context={
            "tenant": found.tenant,
            "principal": found.id,
            "role": " ".join(found.roles),
            "scopes": " ".join(sorted(scopes)),
            "source_id": found.id if found.kind == "source" else "",
        },
    )
