"""The operator's way to the audit: whether its chain holds, and what a principal saw."""

from __future__ import annotations

import argparse
import time
from typing import Any

import msgspec

from chalicelib.flows.chain_audit import verify_audit
from chalicelib.flows.paging import MOST_ROWS
from chalicelib.flows.read_exposure import ExposureQuestion, read_exposure
from chalicelib.kernel.moments import format_moment
from chalicelib.store.dynamo_history import DynamoHistory
from chalicelib.store.items import Call
from infra.failures import Failure

VERBS = ("verify", "exposure")
MOST_SHOWN = 1_000
"""Findings that are printed; how many there are is always said."""


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of ``audit``."""
    command.add_argument("verb", choices=VERBS)
    command.add_argument("--tenant", required=True)
    command.add_argument("--head", default="", help="verify: a head that the log was told, which must be in the chain")
    command.add_argument("--principal", default="", help="exposure: whose sights")
    command.add_argument("--from", dest="from_", default="", help="exposure: from an instant, RFC 3339 with zone")
    command.add_argument("--to", default="", help="exposure: before an instant")
    command.add_argument("--people", type=int, default=20, help="exposure: how many people to list, at most 100")
    command.add_argument("--after", default="", help="exposure: list them after this id")


def run(asked: argparse.Namespace, call: Call, table: str) -> dict[str, Any]:
    """Carry out one command. ``holds`` false in the answer makes the command end with 3."""
    now, history = time.time_ns() // 1_000_000, DynamoHistory(call, table)
    if asked.verb == "verify":
        return _verify(asked.tenant, asked.head, history, now)
    if not asked.principal:
        raise Failure("Say whose sights: --principal NAME.")
    question = ExposureQuestion(asked.principal, asked.from_, asked.to)
    page = min(asked.people, MOST_ROWS), asked.after
    told: dict[str, Any] = msgspec.to_builtins(read_exposure(asked.tenant, question, page, history, now))
    return told


def _verify(tenant_id: str, head: str, history: DynamoHistory, now: int) -> dict[str, Any]:
    verdict = verify_audit(tenant_id, history, now, head)
    first = verdict.findings[0].checkpoint if verdict.findings else None
    return {
        "holds": verdict.holds,
        "head": verdict.head,
        "checkpoints": verdict.checkpoints,
        "rows": verdict.rows,
        "expired": verdict.expired,
        "waiting": verdict.waiting,
        "chained_to": format_moment(verdict.chained_to) if verdict.chained_to else None,
        "first_checkpoint_that_does_not_hold": first,
        "found": len(verdict.findings),
        "findings": msgspec.to_builtins(verdict.findings[:MOST_SHOWN]),
    }
