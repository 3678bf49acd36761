"""Which handling steps are proposed for a ticket, and why: the first that fit of the list in ``knowledge.json``.

A step fits when the kind, the topic and one of the demands are among those it names (none named: any), and when all is
there that it needs. The words that it says are filled in with the facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from chalicelib.kernel.texts import Text
from chalicelib.tickets.model import Facts, Kind, Linked, Priority, Step

MOST_STEPS = 6
_CLOSED = frozenset({"resolved", "closed", "delivered", "refunded", "cancelled"})


class KnownStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A handling step as it is declared. ``has`` and ``lacks``: order, amount, deadline, linked_open, critical."""

    id: str
    says: Text
    why: Text
    kinds: tuple[Kind, ...] = ()
    topics: tuple[str, ...] = ()
    demands: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    within_seconds: int = 0


class _Knowledge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    steps: tuple[KnownStep, ...]


@cache
def shipped_steps() -> tuple[KnownStep, ...]:
    """The steps of the package, the most pressing first."""
    return msgspec.json.decode(Path(__file__).with_name("knowledge.json").read_bytes(), type=_Knowledge).steps


def proposed(kind: Kind, topic: str, priority: Priority, facts: Facts, linked: tuple[Linked, ...]) -> tuple[Step, ...]:
    """The steps to propose, at least one."""
    words = _words(priority, facts, linked)
    fitting = [one for one in shipped_steps() if _fits(one, kind, topic, facts, words)]
    return tuple(
        Step(one.id, _filled(one.says, words), _filled(one.why, words), one.within_seconds)
        for one in fitting[:MOST_STEPS]
    )


def _words(priority: Priority, facts: Facts, linked: tuple[Linked, ...]) -> Mapping[str, str]:
    """What there is, and how it is written in a step."""
    found: dict[str, str] = {}
    if facts.orders:
        found["order"] = facts.orders[0]
    if facts.amounts:
        first = facts.amounts[0]
        found["amount"] = f"{first.value} {first.currency}".strip()
    if facts.deadline is not None:
        found["deadline"] = facts.deadline.says
    if any(one.kind in ("ticket", "complaint") and one.status not in _CLOSED for one in linked):
        found["linked_open"] = "yes"
    if priority == "critical":
        found["critical"] = "yes"
    return found


def _fits(step: KnownStep, kind: Kind, topic: str, facts: Facts, words: Mapping[str, str]) -> bool:
    return (
        (not step.kinds or kind in step.kinds)
        and (not step.topics or topic in step.topics)
        and (not step.demands or not set(step.demands).isdisjoint(facts.demands))
        and all(one in words for one in step.has)
        and not any(one in words for one in step.lacks)
    )


def _filled(text: Text, words: Mapping[str, str]) -> Text:
    zh, en = text.zh, text.en
    for name, word in words.items():
        zh, en = zh.replace(f"{{{name}}}", word), en.replace(f"{{{name}}}", word)
    return Text(zh, en)
