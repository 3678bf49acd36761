"""The answers about probable matches as types. No value of a person stands in them."""

from __future__ import annotations

import msgspec

from chalicelib.kernel.texts import Text


class MatchFieldView(msgspec.Struct, frozen=True):
    """What one field says for (above 0) or against (below 0) one person, in bits."""

    field: str
    name: Text
    level: str
    says: Text
    weight: float


class MergeCandidateView(msgspec.Struct, frozen=True):
    """A pair of profiles: ``weight`` = ``prior_weight`` + the weights of the fields; ``score`` is its chance."""

    id: str
    profile_ids: tuple[str, str]
    state: str
    score: float
    weight: float
    prior_weight: float
    fields: tuple[MatchFieldView, ...]
    proposed_at: str
    decided_at: str | None
    decided_by: str | None
    reason: str | None


class MergeCandidatesView(msgspec.Struct, frozen=True):
    """A page of the review list. ``cursor`` is empty on the last page; a page may have fewer than asked."""

    candidates: tuple[MergeCandidateView, ...]
    cursor: str
