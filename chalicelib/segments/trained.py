"""What training one model came to, told by those who learn to those who keep."""

from __future__ import annotations

import msgspec

from chalicelib.segments.model import SegmentModel
from chalicelib.segments.score_model import ScoreModel


class Trained(msgspec.Struct, frozen=True):
    """``report`` is JSON of how it was won; ``held`` says why it may not go live, '' = it may. None: nothing learned."""

    model: SegmentModel | ScoreModel | None
    report: bytes = b"{}"
    held: str = ""
