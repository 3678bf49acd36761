"""Rotating a tenant's keys, as part of the operator's command: a new version, how far the sweep is, the old one's end."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from chalicelib.aws.kms import Kms
from chalicelib.aws.rotating import (
    with_new_branch_key,
    with_new_index_key,
    without_branch_key,
    without_index_key,
)
from chalicelib.aws.settings import Settings
from chalicelib.flows.remove_key import check_removable, needed
from chalicelib.flows.sweep_keys import KINDS, Kind, kept_versions, settled_at, written_version
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.catalogue import CatalogueStore
from chalicelib.store.sweeps import SweptIdentifiers, SweptSecrets
from infra.failures import Failure

DEFAULT_MINUTES = 20
"""A function may run 15 minutes by the keys it began with, and knows a tenant's record for one."""
LEAST_MINUTES = 2
"""A record that was read is used for one minute."""


class Rotation(msgspec.Struct, frozen=True):
    """What the commands need of a deployment."""

    catalogue: CatalogueStore
    secrets: SweptSecrets
    identifiers: SweptIdentifiers
    kms: Kms
    settings: Settings

    def rotate(self, tenant: Tenant, kind: Kind, now: Millis, after_minutes: int) -> dict[str, Any]:
        """Add a version, which is written with once every function knows it. Raises Conflict, Unavailable."""
        starts_at = now + after_minutes * 60_000
        add = with_new_branch_key if kind == "branch" else with_new_index_key
        rotated = add(self.kms, self.settings, os.urandom, tenant, starts_at)
        self.catalogue.keep(rotated)
        version = max(kept_versions(kind, rotated))
        return {"tenant": tenant.tenant_id, "kind": kind, "version": version, "written_from": _said(starts_at)}

    def status(self, tenant: Tenant, now: Millis) -> dict[str, Any]:
        """By kind: the versions, which is written with, how far the sweep is, and what needs the older ones."""
        return {kind: self._status_of(kind, tenant, now) for kind in KINDS}

    def _status_of(self, kind: Kind, tenant: Tenant, now: Millis) -> dict[str, Any]:
        versions, written = sorted(kept_versions(kind, tenant)), written_version(kind, tenant, now)
        told: dict[str, Any] = {"versions": versions, "written": written}
        if len(versions) == 1:
            return told
        progress = self.secrets.progress(tenant.tenant_id, kind)
        if progress is not None and progress.version == written:
            told["sweep"] = {
                "rows_looked_at": progress.looked,
                "moved": progress.moved,
                "stuck": progress.stuck,
                "ended": _said(progress.finished_at) if progress.finished_at else "not yet",
            }
        older = [one for one in versions if one < written]
        if older:
            held = needed(kind, tenant, max(older), self.secrets, self.identifiers, now)
            told["needed"] = {"rows": held.rows, "identifiers_of_erased_people": held.erased}
            told["removable_from"] = _said(max(settled_at(kind, tenant, written), held.erased_until))
        return told

    def remove(self, tenant: Tenant, kind: Kind, version: int, now: Millis) -> dict[str, Any]:
        """Forget an older version. Raises Conflict, which says why, while anything may need it."""
        check_removable(kind, tenant, version, self.secrets, self.identifiers, now)
        self.catalogue.keep(without_branch_key(tenant, version) if kind == "branch" else without_index_key(tenant))
        return {"tenant": tenant.tenant_id, "kind": kind, "removed": version}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the noun ``key``."""
    parser.add_argument("verb", choices=["rotate", "status", "remove"])
    parser.add_argument("--tenant", required=True)
    parser.add_argument("--kind", choices=KINDS, help="which key to rotate or remove a version of")
    parser.add_argument("--version", type=int, help="the one to remove")
    parser.add_argument(
        "--after-minutes",
        type=int,
        default=DEFAULT_MINUTES,
        help="when the new version begins to be written with; less than 20 only where a key has leaked",
    )


def run(asked: argparse.Namespace, tenant: Tenant, rotation: Rotation, now: Millis) -> Mapping[str, Any]:
    """Carry out one command. Raises Failure for options that do not fit, and what the command raises."""
    if asked.verb == "status":
        return rotation.status(tenant, now)
    if asked.kind is None:
        raise Failure("Say which key: --kind branch or --kind index.")
    if asked.verb == "rotate":
        if asked.after_minutes < LEAST_MINUTES:
            raise Failure(f"A new key is written with after {LEAST_MINUTES} minutes at the earliest.")
        return rotation.rotate(tenant, asked.kind, now, asked.after_minutes)
    if asked.version is None:
        raise Failure("Say which version to remove: --version N.")
    return rotation.remove(tenant, asked.kind, asked.version, now)


def _said(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
