"""What a file of each kind may tell, and what its lines become."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from chalicelib.channels.traits import TRAIT_NAMES
from chalicelib.events.types import NAMESPACES, fields_of

_OWN_MEMBER = re.compile(r"extra\.[a-z][a-z0-9_]{0,63}", re.ASCII)


class Kind(msgspec.Struct, frozen=True):
    """One kind of file. ``types`` leads from the words that a status comes to, to types of events.

    ``key`` is the path whose value names the thing that a line is about; a kind without one has lines
    that describe a person.
    """

    types: Mapping[str, str]
    key: str = ""

    @property
    def data_fields(self) -> Mapping[str, str]:
        """The canonical fields of its events, with their kinds of value."""
        return fields_of(next(iter(self.types.values())))


KINDS: Mapping[str, Kind] = {
    "customers": Kind({"described": "profile.described"}),
    "orders": Kind(
        {verb: f"order.{verb}" for verb in ("placed", "paid", "shipped", "delivered", "refunded", "cancelled")},
        "data.order_id",
    ),
    "tickets": Kind(
        {verb: f"ticket.{verb}" for verb in ("opened", "assigned", "replied", "resolved", "reopened", "closed")}
        | {"filed": "complaint.filed"},
        "data.ticket_id",
    ),
}


def paths_of(kind: str) -> frozenset[str]:
    """Every path that a file of the kind may map, but for members of the sender's own (``is_own_member``)."""
    known = KINDS[kind]
    paths = {"id", "time", "channel", *(f"identifiers.{name}" for name in NAMESPACES)}
    if not known.key:
        return frozenset(paths | {f"traits.{name}" for name in TRAIT_NAMES})
    paths |= {"status", *(f"times.{verb}" for verb in known.types)}
    return frozenset(paths | {f"data.{name}" for name in known.data_fields})


def is_own_member(kind: str, path: str) -> bool:
    """Whether a path is a member of the data that the sender has a use for and we have not: ``extra.colour``.

    Such members have a group of their own, so that a misspelt field is a mistake and not a member.
    """
    return (
        bool(KINDS[kind].key)
        and _OWN_MEMBER.fullmatch(path) is not None
        and path.removeprefix("extra.") not in KINDS[kind].data_fields
    )
