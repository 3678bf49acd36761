"""What a bot gets to know before it speaks: at most 4 KB of JSON, the least needed parts left out first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec

from chalicelib.kernel.amounts import format_amount
from chalicelib.kernel.moments import format_moment
from chalicelib.kernel.texts import Text
from chalicelib.profiles.cases import Case
from chalicelib.routing.model import UNKNOWN_INTENT, Advice, Decision
from chalicelib.routing.policy import Policy

LIMIT_BYTES = 4_096
MOST_OF_A_KIND = 5
MOST_TAGS = 12
MOST_SUGGESTIONS = 2
LONGEST_WORD, LONGEST_SUMMARY = 64, 300

TRIMMING: tuple[tuple[str, int], ...] = (
    ("tags", 5),
    ("suggestions", 1),
    ("orders", 2),
    ("tickets", 2),
    ("reasons", 1),
    ("tags", 0),
    ("ask", 1),
    ("orders", 1),
    ("reasons", 0),
    ("next_best_path", 1),
    ("tickets", 1),
    ("orders", 0),
    ("ask", 0),
    ("tickets", 0),
    ("next_best_path", 0),
    ("suggestions", 0),
    ("do_not_ask", 0),
)
"""The order in which parts are shortened from their ends, each down to the number given, until all fits."""


class NamedTag(Protocol):
    """What is read of a tag."""

    @property
    def id(self) -> str:
        """The tag's id."""

    @property
    def name(self) -> Text:
        """Its name in both languages."""

    @property
    def confidence(self) -> float:
        """How sure it is, 0–1."""


def bot_context(
    policy: Policy,
    decision: Decision,
    *,
    summary: Text | None = None,
    tags: Iterable[NamedTag] = (),
    cases: Sequence[Case] = (),
    suggestions: Sequence[dict[str, Any]] = (),
    limit_bytes: int = LIMIT_BYTES,
) -> dict[str, Any]:
    """Summary, hints, what not to ask, next-best path, recent orders and tickets, strongest tags.

    Always encodes to ``limit_bytes`` or less; ``trimmed`` names the parts that were shortened. Nothing of a
    person who opted out is in it.
    """
    known = decision.personalised
    context: dict[str, Any] = {
        "profile_id": decision.profile_id,
        "personalised": known,
        "summary": _clipped(summary, LONGEST_SUMMARY) if known and summary is not None else None,
        "intent": msgspec.to_builtins(decision.intent),
        "urgency": decision.urgency.level,
        "hints": _hints(decision),
        "do_not_ask": [_advice(advice) for advice in decision.hints.do_not_ask],
        "ask": [_advice(advice) for advice in decision.hints.ask],
        "route": {"mode": decision.mode, "queue": decision.queue, "skill": decision.skill},
        "next_best_path": [_text(step) for step in next_best(policy, decision.intent.id)],
        "orders": _recent(cases, ("order",)) if known else [],
        "tickets": _recent(cases, ("ticket", "complaint")) if known else [],
        "reasons": [_text(reason.says) for reason in decision.reasons[:3]],
        "tags": _strongest(tags) if known else [],
        "suggestions": [*suggestions[:MOST_SUGGESTIONS]] if known else [],
        "trimmed": [],
        "as_of": decision.decided_at,
    }
    return _fitting(context, limit_bytes)


def next_best(policy: Policy, intent: str) -> tuple[Text, ...]:
    """The steps that solve such a call best, by intent; those for an unknown one where there are none."""
    steps = policy.declared.next_best
    return steps.get(intent, steps.get(UNKNOWN_INTENT, ()))


def _fitting(context: dict[str, Any], limit_bytes: int) -> dict[str, Any]:
    for part, keep in TRIMMING:
        while _size(context) > limit_bytes and len(context[part]) > keep:
            context[part].pop()
            if part not in context["trimmed"]:
                context["trimmed"].append(part)
    if _size(context) > limit_bytes:
        # Only a policy with very long words gets here; who it is about is still told.
        return {**{name: context[name] for name in ("profile_id", "personalised", "as_of")}, "trimmed": ["all"]}
    return context


def _size(context: dict[str, Any]) -> int:
    return len(msgspec.json.encode(context))


def _hints(decision: Decision) -> dict[str, Any]:
    hints = decision.hints
    return {
        "tone": hints.tone,
        "format": hints.format,
        "language": hints.language,
        "scene": hints.scene,
        "offer": None if hints.offer is None else _advice(hints.offer),
    }


def _advice(advice: Advice) -> dict[str, Any]:
    return {"id": advice.id, "says": _text(advice.says)}


def _text(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _clipped(text: Text, longest: int) -> dict[str, str]:
    return {"zh": text.zh[:longest], "en": text.en[:longest]}


def _recent(cases: Iterable[Case], kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    """The cases of some kinds: open ones first, then the latest."""
    listed = sorted(
        (case for case in cases if case.kind in kinds), key=lambda case: (not case.open, -case.changed_at, case.ref)
    )
    return [_case(case) for case in listed[:MOST_OF_A_KIND]]


def _case(case: Case) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": case.kind,
        "ref": case.ref[:LONGEST_WORD],
        "status": case.status[:LONGEST_WORD],
        "open": case.open,
        "changed_at": format_moment(case.changed_at),
    }
    if case.topic:
        told["topic"] = case.topic[:LONGEST_WORD]
    if case.amount is not None:
        told["amount"] = format_amount(case.amount)
    return told


def _strongest(tags: Iterable[NamedTag]) -> list[dict[str, Any]]:
    ranked = sorted(tags, key=lambda tag: (-tag.confidence, tag.id))[:MOST_TAGS]
    return [
        {"id": tag.id[:LONGEST_WORD], "name": _clipped(tag.name, LONGEST_WORD), "confidence": round(tag.confidence, 2)}
        for tag in ranked
    ]
