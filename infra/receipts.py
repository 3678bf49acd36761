"""Receipts of erasures: verified from a file alone, without deployment, network or secret; and the key that verifies them."""

from __future__ import annotations

import argparse
import os
from base64 import b64encode
from pathlib import Path
from typing import Any

import msgspec

from chalicelib.aws.key_ring import with_receipt_key
from chalicelib.aws.kms import Kms
from chalicelib.aws.settings import Settings
from chalicelib.kernel.errors import BadInput, TooLarge
from chalicelib.kernel.strict_json import parse
from chalicelib.privacy.receipts import ReceiptForged, Signature, public_key, verify
from chalicelib.store.catalogue import CatalogueStore
from infra.failures import Failure

_LIMIT_BYTES = 1 << 20


class _File(msgspec.Struct, frozen=True):
    """A receipt as the API answered it: alone, or within the state of its job."""

    document: dict[str, Any] | None = None
    signature: Signature | None = None
    receipt: _File | None = None


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which file, and the key that is to have signed it."""
    parser.add_argument("verb", choices=["verify"])
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--key", help="the tenant's public key, as receipt-key prints it; the file's own when not given"
    )


def verify_file(file: Path, key: str | None) -> dict[str, Any]:
    """What a genuine receipt is about. Raises Failure for a file that is none, and ReceiptForged."""
    try:
        # Strictly: of a name that stands there twice one would be verified, and the other read by people.
        read = msgspec.convert(parse(file.read_bytes(), limit_bytes=_LIMIT_BYTES), _File)
    except (OSError, BadInput, TooLarge, msgspec.ValidationError) as error:
        raise Failure("The file is no receipt.") from error
    found = read.receipt or read
    if found.document is None or found.signature is None:
        raise Failure("The file is no receipt.")
    verify(found.document, found.signature, public_key(key or found.signature.public_key))
    told = ("receipt_id", "tenant", "begun_at", "completed_at")
    if not all(isinstance(found.document.get(one), str) for one in told):
        raise ReceiptForged
    return {
        "verified": True,
        **{one: found.document[one] for one in told},
        "signed_by": found.signature.public_key,
        "key_was": "given" if key else "the file's own: compare it with the one that the tenant publishes",
    }


def key_of(tenant_id: str, catalogue: CatalogueStore, kms: Kms, settings: Settings) -> dict[str, Any]:
    """The public key that a tenant's receipts are verified with; a tenant without one gets it here."""
    tenant = catalogue.tenant(tenant_id)
    if tenant is None:
        raise Failure(f"There is no tenant {tenant_id}.")
    kept = with_receipt_key(kms, settings, os.urandom, tenant)
    if kept is not tenant:
        catalogue.keep(kept)
    return {"tenant_id": tenant_id, "public_key": b64encode(kept.receipt_public).decode()}
