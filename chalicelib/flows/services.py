"""What the flows need from outside, as values: entry points compose them, tests put fakes in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from chalicelib.flows.met_lately import MetLately
from chalicelib.flows.models import NO_MODELS, Models, no_models
from chalicelib.flows.outreach import Outreach, OutreachOf, no_outreach
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.tenants import Tenant
from chalicelib.segments.purposes import Purposes, purposes_of
from chalicelib.store.catalogue import SourceRecord
from chalicelib.store.rows import HistoryStore, ProfileStore, SecretStore
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.model import Failure

if TYPE_CHECKING:
    from chalicelib.flows.tally import Tally
    from chalicelib.insights.lexicon import Lexicon
    from chalicelib.privacy.receipts import Signature
    from chalicelib.routing.policy import Policy
    from chalicelib.segments.segmentation import Segmentations
    from chalicelib.store.jobs import JobStore
    from chalicelib.store.ledger import ErasureLedger

MOST_PEOPLE = 10
"""How many profiles one merge may be of."""


class IngestKeys(msgspec.Struct, frozen=True):
    """A tenant's opened keys, as ingestion has them."""

    index: BlindIndex
    branch_keys: Mapping[int, bytes]
    ingest_private: bytes
    written: int = 0
    """The version that new facets are sealed under; 0: the newest."""

    @property
    def branch_version(self) -> int:
        """The branch key's version that new facets are sealed under."""
        return self.written or max(self.branch_keys)

    def __repr__(self) -> str:
        return "<ingest keys>"


class Change(msgspec.Struct, frozen=True, array_like=True):
    """Something to publish: its type (``profile.updated``, ``tag.set`` …) and detail without personal values."""

    type: str
    detail: dict[str, Any]


class DoorServices(msgspec.Struct, frozen=True):
    """What a door needs to pass events on: who sends, and where to."""

    tenant: Callable[[str], Tenant]
    source: Callable[[str], SourceRecord | None]
    webhook_secrets: Callable[[SourceRecord], Sequence[bytes]]
    send: Callable[[Sequence[str]], None]
    message_limit_bytes: int


class Patience(msgspec.Struct, frozen=True):
    """How long a flow may go on trying when other writers are faster: full jitter within a deadline, in seconds.

    Without a deadline and a pause it tries at once, as often as it is told.
    """

    seconds_left: Callable[[], float] = lambda: 60.0
    pause: Callable[[float], None] = lambda _: None
    random: Callable[[], float] = lambda: 0.0
    reserve_seconds: float = 8.0
    """What one more attempt may take: six tries of a call, and the answer."""
    base_seconds: float = 0.02
    longest_seconds: float = 1.0

    def allows(self, idle: int, attempts: int) -> bool:
        """Whether to try (again), after ``idle`` attempts in vain. Pauses before a repeat."""
        bound = min(self.base_seconds * 2.0**idle, self.longest_seconds) if idle else 0.0
        if idle >= attempts or self.seconds_left() < self.reserve_seconds + bound:
            return False
        if idle:
            self.pause(self.random() * bound)
        return True

    def attempts(self, most: int) -> Iterator[int]:
        """The attempts that are allowed when each is in vain, counted from 0. Pauses before a repeat."""
        return takewhile(lambda idle: self.allows(idle, most), range(most))


def _shipped_words(tenant_id: str) -> Lexicon:
    # Read when the first text comes, not at the start of a function.
    from chalicelib.insights.lexicon import shipped_lexicon

    return shipped_lexicon()


def _shipped_segmentations() -> Segmentations:
    # Read when a segment is shown.
    from chalicelib.segments.segmentation import shipped_segmentations

    return shipped_segmentations()


class IngestServices(msgspec.Struct, frozen=True):
    """What ingestion needs. ``random`` draws the secrets of new facets."""

    profiles: ProfileStore
    history: HistoryStore
    secrets: SecretStore
    tenant: Callable[[str], Tenant]
    keys: Callable[[Tenant], IngestKeys]
    publish: Callable[[Sequence[Change]], None]
    catalogue: Callable[[str], Catalogue]
    """A tenant's tag rules and measures, as they are in force."""
    random: Callable[[int], bytes]
    patience: Patience = Patience()
    tally: Tally | None = None
    """Counts what was applied. Without one nothing is counted."""
    words: Callable[[str], Lexicon] = _shipped_words
    """The words that a tenant counts in what people write."""
    models: Callable[[str], Models] = no_models
    """A tenant's learned models, as they are in force."""
    outreach: OutreachOf = no_outreach
    """A tenant's proactive service, where it has one."""


class IdentityServices(msgspec.Struct, frozen=True):
    """What merging and splitting needs: no key but the index's, for nothing is opened or sealed."""

    profiles: ProfileStore
    history: HistoryStore
    index: Callable[[Tenant], BlindIndex]
    publish: Callable[[Sequence[Change]], None]
    catalogue: Catalogue
    patience: Patience = Patience()
    models: Models = NO_MODELS


class Forgets(Protocol):
    """A store that knows people by their profile's id, and can forget them."""

    def forget(self, tenant: str, profile_id: str, *, at_most: int = 1 << 30) -> int:
        """Forget a person; how many things of theirs there were, up to ``at_most``. 0 alone says that none is left."""


class ErasureServices(msgspec.Struct, frozen=True):
    """What erasing needs: it deletes keys, and opens none but the one that it signs receipts with."""

    profiles: ProfileStore
    history: HistoryStore
    secrets: SecretStore
    ledger: ErasureLedger
    jobs: JobStore
    sign: Callable[[Tenant, Any], Signature]
    """Signs a document with the tenant's own key. Raises Unavailable when there is none yet, or it cannot be had."""
    index: Callable[[Tenant], BlindIndex]
    publish: Callable[[Sequence[Change]], None]
    patience: Patience = Patience()
    desk: tuple[Forgets, ...] = ()
    """What the desk keeps of people."""
    lag_ms: Millis = 0
    """So long after the tombstones a look may still miss what was written just before them: the receipt waits for it."""


class ReadServices(msgspec.Struct, frozen=True):
    """What answering needs: no branch key, no facet secret."""

    profiles: ProfileStore
    history: HistoryStore
    tenant: Callable[[str], Tenant]
    index: Callable[[Tenant], BlindIndex]
    catalogue: Catalogue
    policy: Policy
    alarm: Callable[[Sequence[Failure]], None]
    """Told of tag rules that could not be evaluated: somebody must look."""
    outreach: Callable[[], Outreach | None] = lambda: None
    """The proactive service that is in force; asked for of who has a risk that was raised."""
    patience: Patience = Patience()
    """How long an answer may wait for what was written a moment ago. Only the past waits."""
    models: Callable[[], Models] = lambda: NO_MODELS
    """The learned models in force, asked for when a score is shown. Raises Unavailable."""
    segmentations: Callable[[], Segmentations] = _shipped_segmentations
    """The segmentations in force, asked for when a segment is shown."""
    segment_purposes: Callable[[], Purposes] = lambda: purposes_of("segments")
    """What each of them may be used for."""
    met: MetLately | None = None
    """Whom identifiers led to a moment ago. It spares a read where it is right, and changes no answer."""
