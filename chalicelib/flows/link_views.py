"""Links for people as officers ask for them and get them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from chalicelib.privacy.links import ACTIONS, DEFAULT_HOURS, Action
from chalicelib.routing.model import NamedIdentifier

type _Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
LONGEST_REASON = 500
type _Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON, pattern=r"\S")]
type _Identifiers = Annotated[tuple[NamedIdentifier, ...], msgspec.Meta(max_length=10)]


class LinkRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom a link is for, what it allows, for how many hours (1 to 72), and why. Exactly one of ``profile_id`` and
    ``identifiers`` is given. The reason stands in the audit.
    """

    reason: _Reason
    profile_id: _Id | None = None
    identifiers: _Identifiers = ()
    actions: tuple[Action, ...] = ACTIONS
    hours: int = DEFAULT_HOURS

    def __post_init__(self) -> None:
        if (self.profile_id is None) == (not self.identifiers):
            raise ValueError("give either profile_id or identifiers")

    def __repr__(self) -> str:
        return "<link request>"


class PersonLinkView(msgspec.Struct, frozen=True):
    """A link as it is handed out. Its secret stands behind the ``#``, which no browser sends anywhere."""

    link_id: str
    url: str
    expires_at: str

    def __repr__(self) -> str:
        return f"<link {self.link_id}>"


class RevokedLinkView(msgspec.Struct, frozen=True):
    """A link that opens nothing any more."""

    link_id: str
    revoked: bool = True
