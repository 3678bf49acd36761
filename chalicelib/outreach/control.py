"""Who is in the control group: a fixed share of people, drawn by their id, so that it is the same whenever it is asked."""

from __future__ import annotations

from hashlib import sha256

from chalicelib.outreach.model import Arm

_WHOLE = 1 << 64


def arm_of(tenant_id: str, experiment: str, profile_id: str, hold_back: float) -> Arm:
    """The arm of a person. Another experiment draws anew; a greater share holds back those of a smaller one and more."""
    drawn = int.from_bytes(sha256(f"{tenant_id}\n{experiment}\n{profile_id}".encode()).digest()[:8])
    return "held" if drawn < hold_back * _WHOLE else "treated"
