"""Everything a policy may read about one call, as a nested mapping for JSONLogic.

Inputs: ``tags t m p orders tickets complaints`` of the profile, ``recent`` from its cases, ``channel``,
``known``, ``now``, ``message``, ``mood``, ``stated`` (an intent given or read from the message).
Derived while judging: ``intent`` and ``urgency``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.kernel.moments import DAY_MS, Millis, local_quarter
from chalicelib.privacy.plain import is_plain_word
from chalicelib.profiles.cases import Case
from chalicelib.routing.declaration import Night
from chalicelib.routing.intent import Reading
from chalicelib.routing.model import UNKNOWN_INTENT, Caller, RouteRequest

type Facts = dict[str, Any]

OTHER_CHANNEL = "other"

INPUT_PATHS: frozenset[str] = frozenset(
    {
        *("now.hour", "now.weekday", "now.night", "channel", "known", "mood"),
        *("message.present", "message.language", "message.urgency", "message.wants_human"),
        *("stated.intent", "stated.confidence", "stated.source", "stated.evidence"),
        *("recent.order_status", "recent.order_days", "recent.refund_days", "recent.ticket_topic"),
        *("recent.ticket_days", "recent.complaint_days"),
    }
)
INTENT_PATHS: frozenset[str] = frozenset({"intent.id", "intent.confidence", "intent.source", "intent.evidence"})
URGENCY_PATHS: frozenset[str] = frozenset({"urgency.level", "urgency.score"})
_AGED = ("order", "refund", "ticket", "complaint")
PROFILE_STEMS: frozenset[str] = frozenset({"t", "m", "p", "orders", "tickets", "complaints"})


def facts_of(
    request: RouteRequest, reading: Reading, caller: Caller, *, now: Millis, timezone: str, night: Night
) -> Facts:
    """The inputs of one call. Nothing of a caller who opted out gets in."""
    facts: Facts = dict(caller.values) if caller.personalised else {}
    at = local_quarter(now, _zone(timezone))
    facts["tags"] = caller.tags if caller.personalised else {}
    facts["recent"] = recent(caller.cases, now) if caller.personalised else {}
    facts["known"] = caller.profile_id is not None and caller.personalised
    facts["channel"] = kept_channel(request.channel)
    facts["mood"] = reading.mood
    facts["now"] = {"hour": at.hour, "weekday": at.weekday(), "night": is_night(at.hour, night)}
    facts["message"] = {
        "present": bool(request.message),
        "language": reading.language,
        "urgency": reading.urgency,
        "wants_human": reading.wants_human,
    }
    facts["stated"] = _stated(request, reading)
    return facts


def kept_channel(channel: str) -> str:
    """The channel as it may be kept: callers of the API name it as they like, and a number may stand in it."""
    return channel if _names_nobody(channel) else OTHER_CHANNEL


def _names_nobody(word: str) -> bool:
    return word.isalpha() or not any(map(str.isdigit, word)) or is_plain_word(word)


def is_night(hour: int, night: Night) -> bool:
    """Whether an hour lies in the night, which may pass midnight."""
    if night.start <= night.end:
        return night.start <= hour < night.end
    return hour >= night.start or hour < night.end


def recent(cases: Iterable[Case], now: Millis) -> dict[str, Any]:
    """The latest order and refund, the latest open ticket and complaint; whole days since their last step."""
    latest: dict[str, Case] = {}
    for case in cases:
        if case.kind == "order":
            latest["order"] = case
            if case.status == "refunded":
                latest["refund"] = case
        elif case.open:
            latest[case.kind] = case
    days = {name: max(0, now - case.changed_at) // DAY_MS for name, case in latest.items()}
    found: dict[str, Any] = {f"{name}_days": days[name] for name in _AGED if name in days}
    if "order" in latest:
        found["order_status"] = latest["order"].status
    if "ticket" in latest:
        found["ticket_topic"] = latest["ticket"].topic
    return found


def changed(facts: Facts, changes: Mapping[str, Any]) -> Facts:
    """A copy of the facts with other values at some paths; nothing shared is touched."""
    copy = dict(facts)
    for path, value in changes.items():
        *stems, last = path.split(".")
        inner = copy
        for stem in stems:
            inner[stem] = dict(inner.get(stem) or {})
            inner = inner[stem]
        inner[last] = value
    return copy


def value_at(facts: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, or None."""
    found: Any = facts
    for part in _parts(path):
        # Facts are dicts all through; an abstract class would be asked at ten times the price.
        if not isinstance(found, dict):
            return None
        found = found.get(part)
    return found


@cache
def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _stated(request: RouteRequest, reading: Reading) -> dict[str, Any]:
    if request.intent is not None and request.intent != UNKNOWN_INTENT and _names_nobody(request.intent):
        return {"intent": request.intent, "confidence": 1.0, "source": "given"}
    if reading.topic is not None:
        told = {"intent": reading.topic, "confidence": reading.confidence, "source": "message"}
        return {**told, "evidence": list(reading.evidence)} if reading.evidence else told
    return {}


@cache
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)
