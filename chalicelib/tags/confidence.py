"""The arithmetic of a tag: weights of true signals, decay, and how long it lasts. Knows no profile."""

from __future__ import annotations

from math import floor, log2

from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.tags.model import TagRule

_PLACES = 6


def weight_of(rule: TagRule, bits: int) -> float:
    """The weights of the true signals, summed without binary dust. Bit n stands for signal n."""
    total = sum(signal.weight for place, signal in enumerate(rule.signals) if bits >> place & 1)
    return round(total, _PLACES)


def reaches(rule: TagRule, weight: float) -> bool:
    """Whether signals of this weight set the tag while they are fresh."""
    return weight >= round(rule.threshold, _PLACES)


def decay(rule: TagRule, last: Millis, now: Millis) -> float:
    """The share of confidence left at ``now`` of evidence from ``last``: 1 fresh, 0.5 after a half-life."""
    if rule.half_life_days is None or now <= last:
        return 1.0
    return float(0.5 ** ((now - last) / (rule.half_life_days * DAY_MS)))


def lasts_ms(rule: TagRule, weight: float) -> int | None:
    """How long after its last evidence the tag stops being set, if its signals stay true; None: never.

    The declared expiry, or the moment decay takes ``weight`` below the threshold, whichever is earlier.
    """
    ends: list[int] = []
    if rule.expires_days is not None:
        ends.append(floor(rule.expires_days * DAY_MS))
    if rule.half_life_days is not None:
        ends.append(floor(rule.half_life_days * DAY_MS * log2(max(1.0, weight / rule.threshold))) + 1)
    return min(ends, default=None)
