"""In which order those who wait are served: by priority, and a point more for each stretch of waiting.

Ageing is linear and the same for all, so two who wait never change places: the order can be a key that is written once.
"""

from __future__ import annotations

from chalicelib.desk.declaration import DeskRules
from chalicelib.kernel.moments import Millis


def order(waits_since: Millis, priority: int, rules: DeskRules) -> int:
    """The place in the list, least first: who has a point more priority stands as if they came a stretch earlier."""
    return max(0, waits_since - priority * rules.ageing_seconds * 1000)
