"""How the run-time catalogue is answered."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from chalicelib.kernel.texts import Text

type Standing = Literal["shipped", "published", "withdrawn", "draft"]
"""As it is shipped, as the tenant published it, taken away by the tenant, or not in force so far."""


class ListedView(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """One declaration of a list. ``number`` is the tenant's own version of it, 0 where there is none."""

    id: str
    name: Text | None
    state: Standing
    number: int
    draft: bool
    switched_off: bool
    class_: str | None = None
    dimension: str | None = None


class CatalogueView(msgspec.Struct, frozen=True):
    """A page of one kind, by id. ``version`` is the catalogue's; ``cursor`` is empty on the last page."""

    kind: str
    version: int
    declarations: tuple[ListedView, ...]
    cursor: str


class DraftView(msgspec.Struct, frozen=True):
    """A draft. ``digest`` names this content: give it to publish this and nothing newer.

    ``declaration`` is null where the draft withdraws.
    """

    kind: str
    id: str
    withdrawn: bool
    digest: str
    at: str
    principal: str
    declaration: dict[str, Any] | None


class VersionView(msgspec.Struct, frozen=True):
    """A published version. ``content_of`` is the one that said the same first; 0 is what is shipped.

    ``version`` is the catalogue's since it was in force.
    """

    number: int
    state: Literal["declared", "withdrawn", "shipped"]
    content_of: int
    version: int
    at: str
    principal: str
    reason: str


class DeclarationView(msgspec.Struct, frozen=True):
    """A declaration: in force, as shipped, as drafted, and the newest of its versions."""

    kind: str
    id: str
    state: Standing
    number: int
    version: int
    switched_off: bool
    declaration: dict[str, Any] | None
    shipped: dict[str, Any] | None
    draft: DraftView | None
    versions: tuple[VersionView, ...]


class PublishedView(msgspec.Struct, frozen=True):
    """What was put in force. All functions go by it within a minute."""

    kind: str
    id: str
    number: int
    version: int
    at: str
