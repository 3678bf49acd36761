"""Suggestions, what came of them and whether they help, as they are answered."""

from __future__ import annotations

import msgspec

from chalicelib.insights.rates import Share
from chalicelib.kernel.texts import Text
from chalicelib.outreach.effect import Difference
from chalicelib.outreach.model import Result


class SignView(msgspec.Struct, frozen=True):
    """One reason why a risk is seen."""

    id: str
    says: Text


class SuggestionView(msgspec.Struct, frozen=True):
    """What is suggested for a person, and why. ``not_before`` is the end of the quiet hours that it was raised in.

    ``state``: ``open`` until somebody is said to have been approached, then ``sent``.
    """

    risk_id: str
    profile_id: str
    risk: str
    name: Text
    level: str
    suggestion: str
    says: Text
    why: tuple[SignView, ...]
    purpose: str
    channels: tuple[str, ...]
    raised_at: str
    not_before: str
    until: str
    state: str = "open"


class SuggestionsView(msgspec.Struct, frozen=True):
    """Suggestions that stand, newest first. ``cursor`` is empty on the last page."""

    suggestions: tuple[SuggestionView, ...]
    cursor: str


class SuggestionOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of a suggestion: ``sent``, and then one answer (``accepted``, ``declined`` or ``no_answer``)."""

    result: Result


class SuggestionOutcomeView(msgspec.Struct, frozen=True):
    """What is known to have come of a suggestion."""

    risk_id: str
    sent_at: str | None
    answer: Result | None
    answered_at: str | None


class EffectView(msgspec.Struct, frozen=True):
    """How often an outcome came in both arms. Null where an arm has fewer than 30 people."""

    outcome: str
    treated: Share | None
    held: Share | None
    difference: Difference | None


class AnswersView(msgspec.Struct, frozen=True):
    """Of the treated: how many were approached, and what they answered."""

    sent: int
    accepted: int
    declined: int
    no_answer: int


class EffectsView(msgspec.Struct, frozen=True):
    """Whether proactive service helps: what followed in ``days`` days, for who was approached and who was held back.

    ``treated`` and ``held``: people, each by the first risk that was raised of them. ``complete`` is false where more
    were raised than are looked at.
    """

    since: str
    until: str
    days: int
    risk: str | None
    treated: int
    held: int
    complete: bool
    answers: AnswersView
    effects: tuple[EffectView, ...]
