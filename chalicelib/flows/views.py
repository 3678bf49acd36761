"""The answers of api.md as types: they are encoded for callers and make the OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from chalicelib.kernel.texts import Text


class IdentifierView(msgspec.Struct, frozen=True):
    """An identifier, masked; times are RFC 3339."""

    namespace: str
    masked: str
    first_seen: str
    last_seen: str


class TraitView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A trait. ``masked`` says that ``value`` is a masked form.

    ``filled`` says that it is not the latest source's value but another's, because that of ``instead_of`` cannot be
    used now: there is none, or that source is not well.
    """

    value: Any
    source: str
    observed_at: str
    masked: bool = False
    filled: bool = False
    instead_of: str = ""


class MeasureView(msgspec.Struct, frozen=True):
    """A measure: counts in windows of days; sums of money are decimal strings."""

    count: int
    count_7d: int
    count_30d: int
    count_90d: int
    sum: str | int
    max: str | int
    first_at: str
    last_at: str


class TagView(msgspec.Struct, frozen=True):
    """A tag that is set, with its confidence (0–1) now."""

    id: str
    name: Text
    class_: str = msgspec.field(name="class")
    dimension: str
    value: Any
    confidence: float
    since: str
    expires_at: str | None
    source: str


class MaskedPath(msgspec.Struct, frozen=True):
    """A path whose value is masked or withheld, and why.

    ``sealed``: shown masked, because nothing here opens it. Withheld altogether: ``purpose`` (not for the stated one),
    ``consent`` (the person has not agreed), ``restricted``, ``under_14``, ``expired`` (older than it may become).
    """

    path: str
    reason: str


class ClaimView(msgspec.Struct, frozen=True):
    """One source's last word on a trait; ``agrees`` with the first one's, null where that cannot be said."""

    source: str
    observed_at: str
    freshness_seconds: int
    agrees: bool | None


class TraitQuality(msgspec.Struct, frozen=True):
    """A trait that several sources told: agreed, corrected, conflict or unknown, and who said it when."""

    state: str
    said: tuple[ClaimView, ...]


class SourceQuality(msgspec.Struct, frozen=True):
    """One source's part in a profile: its traits, how often it agrees with the value in force, and its state."""

    traits: int
    agrees: int
    differs: int
    freshness_seconds: int
    state: str
    weight: float


class Quality(msgspec.Struct, frozen=True):
    """Completeness is the share of core traits known; accuracy the share of compared traits whose sources agree.

    Accuracy is null where nothing can be compared: no trait has two sources, or only sealed values of two facets.
    """

    completeness: float
    freshness_seconds: int
    accuracy: float | None
    compared: int = 0
    conflicts: int = 0
    corrections: int = 0
    filled: int = 0
    traits: dict[str, TraitQuality] = {}
    sources: dict[str, SourceQuality] = {}


class SegmentView(msgspec.Struct, frozen=True):
    """A segment that the person is in. ``model_version`` is null of one that a rule makes."""

    id: str
    name: Text
    since: str
    model_version: str | None = None


class FactorView(msgspec.Struct, frozen=True):
    """A feature that moved a score: which way, and by how much of the model's own scale. ``value`` is the person's."""

    feature: str
    name: Text
    direction: Literal["raises", "lowers"]
    effect: float
    value: float | None


class ScoreView(msgspec.Struct, frozen=True):
    """What a learned score says. ``confidence`` 0–1 is low for somebody of whom little is known; ``label`` is the
    likeliest topic of a score that tells topics, whose probability ``value`` is then.
    """

    value: float
    confidence: float
    model_version: str
    label: str | None = None
    top_factors: tuple[FactorView, ...] = ()


class ConsentView(msgspec.Struct, frozen=True):
    """What a person said of a purpose. ``version``: of the text agreed to; ``proof``: the id of what proves it."""

    purpose: str
    granted: bool
    at: str
    source: str
    channel: str
    version: str
    proof: str


class ProfileView(msgspec.Struct, frozen=True):
    """One person as the stated purpose may see them. The times are null where nothing of them may be used."""

    profile_id: str
    state: str
    generation: int
    version: int
    first_seen: str | None
    last_seen: str | None
    summary: Text
    identifiers: tuple[IdentifierView, ...]
    traits: dict[str, TraitView]
    measures: dict[str, MeasureView]
    tags: tuple[TagView, ...]
    quality: Quality
    masked: tuple[MaskedPath, ...]
    as_of: str
    segments: tuple[SegmentView, ...] = ()
    scores: dict[str, ScoreView] = {}
    consents: tuple[ConsentView, ...] = ()


class TagsView(msgspec.Struct, frozen=True):
    """The tags of a profile that serve the stated purpose; ``masked`` says whether any are withheld, not which."""

    profile_id: str
    tags: tuple[TagView, ...]
    as_of: str
    masked: tuple[MaskedPath, ...] = ()


class TimelineEvent(msgspec.Struct, frozen=True):
    """One event; ``data`` holds its public and internal fields only."""

    event: str
    type: str
    time: str
    received_at: str
    channel: str
    source: str
    data: dict[str, Any]


class TimelineView(msgspec.Struct, frozen=True):
    """A page of events, newest first. ``cursor`` is empty on the last page."""

    profile_id: str
    events: tuple[TimelineEvent, ...]
    cursor: str
    masked: tuple[MaskedPath, ...] = ()


class AcceptedView(msgspec.Struct, frozen=True):
    """How many events were queued, and which were not and why."""

    accepted: int
    refused: tuple[RefusedView, ...] = ()


class RefusedView(msgspec.Struct, frozen=True):
    """One item that was not accepted."""

    index: int
    code: str
    message: str


class Success(msgspec.Struct, frozen=True):
    """The answer that clients of the Segment family expect."""

    success: bool = True


class Mistake(msgspec.Struct, frozen=True, omit_defaults=True):
    """One mistake of a request. ``suggestion`` is what was probably meant, or what to do, where that can be said."""

    path: str
    code: str
    message: str
    suggestion: str = ""


class Problem(msgspec.Struct, frozen=True):
    """Every error."""

    code: str
    message: str
    request_id: str
    errors: tuple[Mistake, ...] = ()


class Health(msgspec.Struct, frozen=True):
    """That the service answers, and which version."""

    status: str
    version: str
