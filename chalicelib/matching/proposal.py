"""A probable match as it is kept for review: the score with its reasons, and what was decided about it."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.kernel.moments import Millis
from chalicelib.matching.model import FieldPart

type State = Literal["open", "rejected", "accepted", "withdrawn"]
"""``withdrawn``: a later run no longer found the pair; it may be opened again."""

AUTOMATIC = "automatic"
"""Who accepted a pair that the tenant's own threshold merged."""


class Proposal(msgspec.Struct, frozen=True, array_like=True):
    """The content of a proposal's row. No value of a person stands in it, only how alike two values are."""

    score: float
    weight: float
    prior: float
    parts: tuple[FieldPart, ...]
    proposed_at: Millis
    decided_at: Millis | None = None
    decided_by: str = ""
    reason: str = ""
