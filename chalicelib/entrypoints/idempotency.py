"""``Idempotency-Key``: the same request sent again is the same effect.

A view whose effect is not idempotent by nature names what it makes by ``idempotency_key`` and makes it
only if it is not there. So nothing needs to be locked, and no answer needs to be kept: a repeat
finds what the first try made, however far that came.
"""

from __future__ import annotations

import hmac
import secrets

import msgspec
from chalice.app import Request

from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.compose import history
from chalicelib.entrypoints.request import Caller, raw_body
from chalicelib.kernel.errors import BadInput, Conflict
from chalicelib.kernel.moments import DAY_MS

_HEADER = "idempotency-key"
_LONGEST = 256
_ID_BYTES = 16
_CLAIMED_MS = DAY_MS


def idempotency_key(request: Request, caller: Caller) -> str:
    """32 hexadecimal digits: a new name for every request without a key, and with one the same for the same request.

    It follows from tenant, principal, method, path, key and body, so that it can never name what another request
    made. Call it once the request is known to be well formed. Raises BadInput ``bad_idempotency_key``,
    and Conflict ``idempotency_key_reused`` when the key came with another body within a day.
    """
    key = request.headers.get(_HEADER)
    if key is None:
        return secrets.token_hex(_ID_BYTES)
    if not (1 <= len(key) <= _LONGEST and key.isascii() and key.isprintable()):
        raise BadInput("bad_idempotency_key", f"A key has 1 to {_LONGEST} printable ASCII characters.", _HEADER)
    named = [caller.tenant_id, caller.principal, request.method, request.path, request.uri_params or {}]
    name = _digest(key, msgspec.json.encode(named, order="deterministic"))
    # Under the key, which is not kept: a body holds identifiers that could be guessed from its bare hash.
    body = _digest(key, raw_body(request))
    if _claimed(caller.tenant_id, name, body) != body:
        raise Conflict("idempotency_key_reused", "This key came with another body: a new request takes a new key.")
    return _digest(name.hex(), body).hex()


def _claimed(tenant_id: str, name: bytes, body: bytes) -> bytes:
    at = now()
    return history().claim(tenant_id, name.hex(), body, now=at, expires_at=at + _CLAIMED_MS)


def _digest(key: str, content: bytes) -> bytes:
    return hmac.digest(key.encode(), content, "sha256")[:_ID_BYTES]
