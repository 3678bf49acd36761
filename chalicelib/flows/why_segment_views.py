"""Why somebody is in a segment as it is answered. Loaded with the first call that asks why."""

from __future__ import annotations

import msgspec

from chalicelib.flows.views import MaskedPath, SegmentView
from chalicelib.kernel.texts import Text


class NamedSegment(msgspec.Struct, frozen=True):
    """A segment by its id among those of all segmentations, and what it is called."""

    id: str
    name: Text


class NoSegment(msgspec.Struct, frozen=True):
    """Why somebody is in no segment of a segmentation: ``not_profiled`` (nothing judges them for this purpose),
    ``no_model`` (none is in force), ``not_for_them`` (it does not group people like them), ``not_judged`` (nobody
    judged them since), ``withheld`` (what it reads may not be used for this purpose).
    """

    code: str
    says: Text


class PullView(msgspec.Struct, frozen=True):
    """A feature that pulls somebody to their segment. ``value`` is theirs, null where there is none; ``typical`` that of
    the segment's middle, ``typical_there`` that of the next best's. ``share`` (0–1) is of all that pulls this way.
    """

    feature: str
    name: Text
    value: float | None
    typical: float
    typical_there: float
    share: float
    says: Text


class MoveView(msgspec.Struct, frozen=True):
    """The least change of one feature, all others as they are, that would put somebody into another segment."""

    segment: NamedSegment
    feature: str
    name: Text
    value: float | None
    to: float
    says: Text


class ConditionView(msgspec.Struct, frozen=True):
    """A condition that holds, of a segmentation by rule: ``value`` ``op`` ``bound``. ``times`` is the feature of which
    the bound is a multiple, null where it is a number.
    """

    feature: str
    name: Text
    value: float
    op: str
    bound: float
    times: str | None
    says: Text


class SegmentWhyView(msgspec.Struct, frozen=True):
    """In which segment of a segmentation somebody is, since when, and why; or in none, and ``none`` says why.

    ``segment`` is what is kept, with the version that put them there first or was the last to be written. The reasons
    are those of ``told_by``, the version in force, for the person as of ``judged_at``; ``told_segment`` is where it puts
    them, mostly the same. Both are null where nothing in force can tell. ``confidence`` (0–1) is 1 by rule. ``against``
    is the next best segment, ``beyond`` how far past the middle towards it somebody stands who stays nonetheless, as a
    part of the way. ``masked`` names the features that may not be used for the purpose: no reason is made of them.
    """

    profile_id: str
    segmentation: str
    name: Text
    by: str
    segment: SegmentView | None
    none: NoSegment | None
    told_by: str | None
    told_segment: NamedSegment | None
    confidence: float | None
    against: NamedSegment | None
    beyond: float
    pulls: tuple[PullView, ...]
    moves: tuple[MoveView, ...]
    conditions: tuple[ConditionView, ...]
    says: tuple[Text, ...]
    judged_at: str | None
    as_of: str
    masked: tuple[MaskedPath, ...]
