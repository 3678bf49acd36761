"""Chooses the anchor: the identifier whose facet an event folds into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chalicelib.events.model import Identifier
from chalicelib.events.types import NAMESPACES
from chalicelib.kernel.errors import BadInput

DEFAULT_ORDER: tuple[str, ...] = NAMESPACES
"""Strongest first: an account before a number, a number before a browser."""


def anchor_of(identifiers: Iterable[Identifier], order: Sequence[str] = DEFAULT_ORDER) -> Identifier:
    """The strongest of (normalised) identifiers. Raises BadInput ``no_identifier`` for none.

    Depends on the set only: of two in one namespace the lesser value wins, and namespaces that the
    order does not name come last, by name.
    """
    rank = {namespace: place for place, namespace in enumerate(order)}
    anchor = min(
        identifiers,
        key=lambda each: (rank.get(each.namespace, len(rank)), each.namespace, each.value),
        default=None,
    )
    if anchor is None:
        raise BadInput("no_identifier", "An event names at least one identifier.", "identifiers")
    return anchor


def rank_of(namespace: str, order: Sequence[str] = DEFAULT_ORDER) -> int:
    """How strong a namespace is: 0 for the strongest, and one past the last for an unnamed one."""
    return order.index(namespace) if namespace in order else len(order)
