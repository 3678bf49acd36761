"""What is told of decisions beside themselves: made again, as of earlier, and what came of them."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.routing.model import Decision
from chalicelib.routing.outcome import Outcome


class ReplayView(msgspec.Struct, frozen=True):
    """A decision made again from what was stored with it. ``differs`` names the fields that are not as they were answered.

    ``policy`` is id and version of the policy of then; ``policy_number`` which of the tenant's own it was, 0 for a
    shipped one. ``inputs`` are the values that it could read; ``agents`` how many could have been chosen.
    """

    decision_id: str
    profile_id: str | None
    equal: bool
    differs: tuple[str, ...]
    policy: str
    policy_number: int
    inputs: dict[str, Any]
    agents: int
    recomputed: dict[str, Any]


class ReplacedView(msgspec.Struct, frozen=True):
    """A field of an outcome that was corrected: when, and what it had been."""

    at: str
    field: str
    was: bool | int | str


class OutcomeView(msgspec.Struct, frozen=True):
    """What came of a decision as it is known now. ``replaced`` are earlier values of what was corrected."""

    decision_id: str
    outcome: Outcome
    reported_at: str | None
    replaced: tuple[ReplacedView, ...]


class DecisionView(Decision, frozen=True):
    """A decision as it was answered, and what came of it since."""

    outcome: OutcomeView | msgspec.UnsetType = msgspec.UNSET
