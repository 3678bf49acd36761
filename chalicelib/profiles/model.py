"""The values a profile is made of. All are frozen; bytes of equal values are equal.

Those that hold numbers and texts only can be in no cycle, so the garbage collector need not know them (``gc``).

Contribution  what one event adds: personal values are already sealed in it
Facet         everything that came through one anchor identifier
Body          the facets of one profile: what is stored
Profile       the join of its facets: what is asked
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import msgspec

from chalicelib.kernel.moments import Millis

type FacetId = str
"""The key of the anchor, ``namespace:blind_index``."""
type IdentifierKey = str
"""``namespace:blind_index``; holds no clear value."""


class Trait(msgspec.Struct, frozen=True, array_like=True):
    """A declared attribute as a last-writer-wins register.

    The writer with the greatest (``observed_at``, ``source_rank``, ``event_key``) wins.
    ``value`` is the clear value, or the sealed bytes when ``masked`` is not None.
    """

    value: Any
    observed_at: Millis
    source_rank: int
    event_key: bytes
    source: str
    masked: str | None = None

    def __repr__(self) -> str:
        # A personal value must not be readable in a log that a trait reaches by accident.
        return f"<trait from {self.source}>" if self.masked is None else f"<sealed trait from {self.source}>"


class Link(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An identifier seen together with the anchor: first and last time, and its masked form.

    A facet keeps the first sighting of the earliest identifiers of a namespace and the last of the latest (see
    ``fold.LINKS_KEPT``). Without an ``event_key`` the first one is not kept; a ``last_seen`` of 0 is not either.
    """

    first_seen: Millis
    last_seen: Millis
    masked: str
    event_key: bytes
    source: str


class Bucket(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Count and sum of one day or month. ``total`` is in the measure's unit (micros for money)."""

    period: int
    """The day or month, counted as ``kernel.moments`` does."""
    count: int
    total: int


class Series(msgspec.Struct, frozen=True, array_like=True):
    """One measure over time: lifetime totals, day buckets, and month buckets past 90 days, both sorted."""

    first_at: Millis
    last_at: Millis
    count: int
    total: int
    largest: int
    days: tuple[Bucket, ...]
    months: tuple[Bucket, ...]


class Step(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """One step in the life of an order, ticket or complaint. Ordered by time, then event."""

    at: Millis
    event_key: bytes
    kind: str
    ref: str
    status: str
    amount: int | None = None
    topic: str | None = None


STEP_ORDER = attrgetter("at", "event_key")
"""The total order of steps: by time, then event."""
STEPS_KEPT = 32
"""Per kind (order, ticket, complaint). The latest k of a total order is itself a join."""


class Delta(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one event adds to one measure."""

    measure: str
    amount: int = 0


class Contribution(msgspec.Struct, frozen=True, array_like=True):
    """One event's addition to the facet of its anchor. Needs no key to be folded again."""

    event_key: bytes
    type: str
    at: Millis
    source: str
    source_rank: int
    channel: str
    facet: FacetId
    identifiers: dict[IdentifierKey, str]
    """Identifier key → masked form, the anchor included."""
    traits: dict[str, Trait]
    deltas: tuple[Delta, ...]
    step: Step | None = None


class Facet(msgspec.Struct, frozen=True, array_like=True):
    """Everything that came through one anchor. ``last_seen`` is the watermark that pruning goes by."""

    first_seen: Millis
    last_seen: Millis
    links: dict[IdentifierKey, Link]
    traits: dict[str, Trait]
    series: dict[str, Series]
    steps: tuple[Step, ...]
    channels: dict[str, Millis]
    """Channel → when it was last used."""
    claims: dict[str, tuple[Trait, ...]] = {}
    """Trait → what other sources than the winner's said last, the latest first (see ``claims``)."""


class Body(msgspec.Struct, frozen=True, array_like=True):
    """What the store keeps of a profile, in one Binary attribute.

    ``refused`` are identifiers that its facets carry and that do not belong to it: their links were refused.
    """

    schema: int
    facets: dict[FacetId, Facet]
    refused: tuple[IdentifierKey, ...] = ()


class Claim(msgspec.Struct, frozen=True):
    """What one source says of a trait, and the facet it said it in: sealed values compare within one facet only."""

    trait: Trait
    facet: FacetId


class Profile(msgspec.Struct, frozen=True):
    """The join of the facets of one person."""

    profile_id: str
    version: int
    state: str
    generation: int
    first_seen: Millis
    last_seen: Millis
    links: dict[IdentifierKey, Link]
    traits: dict[str, Trait]
    series: dict[str, Series]
    steps: tuple[Step, ...]
    channels: dict[str, Millis]
    claims: dict[str, tuple[Claim, ...]] = {}
    """Trait → what each source says of it, the winner first; of traits that more than one source told."""
    filled: dict[str, str] = {}
    """Trait whose winner could not be used → the source whose value was set aside for another's."""
    said: dict[str, bool] = {}
    """Purpose → whether the person's last word on it was yes."""
    is_profiled: bool = True
    """Whether rules and models may judge this person. Restricted people, children and who refused are not judged."""
    judged: bytes = b""
    """What models said of this person when it was saved last: a coded ``segments.model.Judged``."""
    outreach: bytes = b""
    """The risks that were raised of this person and still count: a coded ``outreach.model.Ledger``."""
