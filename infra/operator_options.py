"""The nouns, verbs and options of the operator's command."""

from __future__ import annotations

import argparse

from infra import audit, declarations, protections, receipts, restore, rotation


def parser(says: str) -> argparse.ArgumentParser:
    """The parser of the whole command. ``says`` is its first line."""
    whole = argparse.ArgumentParser(prog="python -m infra.operator", description=says)
    whole.add_argument("--stack", help="a stack in AWS; the local cloud when not given")
    whole.add_argument("--json", action="store_true", help="print one JSON object")
    nouns = whole.add_subparsers(dest="noun", required=True)
    tenant = nouns.add_parser("tenant", help="make a tenant, or change its protections and trade")
    tenant.add_argument("verb", choices=["create", "update"])
    tenant.add_argument("--name", help="of a new tenant")
    tenant.add_argument("--tenant", help="the one to change")
    protections.add_options(tenant)
    tenant.add_argument("--timezone", default="Asia/Shanghai")
    tenant.add_argument("--region", default="CN", help="country of phone numbers without a code")
    tenant.add_argument("--horizon-days", type=int, default=730, help="how old an event may be")
    source = nouns.add_parser("source", help="make a source, or say whether it may bring consents")
    source.add_argument("verb", choices=["create", "update"])
    source.add_argument("--tenant", required=True)
    source.add_argument("--name", help="of a new source")
    source.add_argument("--source", help="the one to change")
    source.add_argument("--channel", default="api")
    source.add_argument("--trusted", action="store_true", help="may write member level and VIP")
    consents = argparse.BooleanOptionalAction
    source.add_argument("--consents", action=consents, default=False, help="may say that somebody agreed")
    token = nouns.add_parser("token", help="make a principal's token")
    token.add_argument("verb", choices=["create"])
    token.add_argument("--tenant", required=True)
    token.add_argument("--role", required=True)
    token.add_argument("--principal", required=True)
    matches = nouns.add_parser("matches", help="merge probable matches by itself, or never")
    matches.add_argument("--tenant", required=True)
    sure = matches.add_mutually_exclusive_group(required=True)
    sure.add_argument("--merge-above", type=float, metavar="SCORE")
    sure.add_argument("--never", action="store_true")
    rotation.add_options(nouns.add_parser("key", help="rotate a tenant's keys, and see how far it is"))
    receipts.add_options(nouns.add_parser("receipt", help="verify the receipt of an erasure"))
    key = nouns.add_parser("receipt-key", help="the public key of a tenant's receipts")
    key.add_argument("--tenant", required=True)
    restore.add_options(nouns.add_parser("restore", help="make restored copies of tables fit to serve"))
    declarations.add_options(nouns.add_parser("catalogue", help="a tenant's own tags, measures, scenes, policy, words"))
    for noun, help_ in (
        ("counts", "what is stored"),
        ("bodies", "hashes of stored bodies"),
        ("reset", "forget people"),
    ):
        command = nouns.add_parser(noun, help=help_)
        command.add_argument("--tenant", required=True)
        if noun == "reset":
            command.add_argument("--yes", action="store_true", required=True)
    audit.add_options(nouns.add_parser("audit", help="whether its chain holds, and what a principal saw"))
    dead = nouns.add_parser("dead-letters", help="what was given up on, and moving it back")
    dead.add_argument("verb", choices=["list", "replay"])
    dead.add_argument("--queue", help="of one queue, such as events; of all when not given")
    for command in nouns.choices.values():
        command.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    return whole
