"""What of a tenant the operator's command changes: limits per profile, shared identifiers, blocked values, its trade."""

from __future__ import annotations

import argparse

import msgspec

from chalicelib.events.types import NAMESPACES
from chalicelib.privacy.tenants import Tenant
from chalicelib.routing.shipped import TRADES
from infra.failures import Failure

MOST_OF_A_NAMESPACE = 90
"""A person has no more identifiers than this, whatever is allowed of one namespace."""
MOST_MERGES = 100
MOST_SHARED_AFTER = 100
_MOST_BLOCKED = 1_000


class Protections(msgspec.Struct, frozen=True):
    """What the options ask for; None and () leave a tenant as it is."""

    limits: tuple[tuple[str, int], ...] = ()
    most_merges: int | None = None
    shared_after: int | None = None
    block: tuple[str, ...] = ()
    unblock: tuple[str, ...] = ()
    trade: str | None = None

    def of(self, tenant: Tenant) -> Tenant:
        """The tenant with them. Raises Failure for more blocked values than a record should hold."""
        blocked = sorted({*tenant.blocked, *self.block} - set(self.unblock))
        if len(blocked) > _MOST_BLOCKED:
            raise Failure(f"At most {_MOST_BLOCKED} values can be blocked.")
        return msgspec.structs.replace(
            tenant,
            limits={**tenant.limits, **dict(self.limits)},
            most_merges=tenant.most_merges if self.most_merges is None else self.most_merges,
            shared_after=tenant.shared_after if self.shared_after is None else self.shared_after,
            blocked=tuple(blocked),
            trade=tenant.trade if self.trade is None else self.trade,
        )


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options, for making and for changing a tenant."""
    parser.add_argument(
        "--limit", action="append", default=[], type=_limit, metavar="NAMESPACE=N", help="most of it in one profile"
    )
    parser.add_argument("--trade", choices=TRADES, help="whose routing policy it has while it publishes none; retail")
    parser.add_argument("--most-merges", type=_Within(MOST_MERGES), help="how often one profile may grow by a merge")
    parser.add_argument(
        "--shared-after",
        type=_Within(MOST_SHARED_AFTER),
        help="an identifier seen with more people than this identifies nobody",
    )
    parser.add_argument("--block", action="append", default=[], metavar="VALUE", help="a value that names nobody")
    parser.add_argument("--unblock", action="append", default=[], metavar="VALUE", help="take a blocked value back")


def asked_for(asked: argparse.Namespace) -> Protections:
    """What was asked for. Raises Failure for an empty value."""
    if not all((*asked.block, *asked.unblock)):
        raise Failure("A blocked value has at least one character.")
    return Protections(
        tuple(asked.limit),
        asked.most_merges,
        asked.shared_after,
        tuple(asked.block),
        tuple(asked.unblock),
        asked.trade,
    )


def told(tenant: Tenant) -> dict[str, object]:
    """A tenant's protections as the command prints them."""
    return {
        "limits": tenant.limits,
        "most_merges": tenant.most_merges,
        "shared_after": tenant.shared_after,
        "blocked": list(tenant.blocked),
        "trade": tenant.trade,
    }


def _limit(text: str) -> tuple[str, int]:
    namespace, _, number = text.partition("=")
    if namespace not in NAMESPACES:
        raise argparse.ArgumentTypeError(f"there is no namespace {namespace!r}; there are {', '.join(NAMESPACES)}")
    return namespace, _Within(MOST_OF_A_NAMESPACE)(number)


class _Within:
    """A number from 1 to ``most``."""

    def __init__(self, most: int) -> None:
        self._most = most

    def __call__(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= self._most):
            raise argparse.ArgumentTypeError(f"a number from 1 to {self._most} is needed")
        return int(text)
