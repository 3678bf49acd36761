"""What a message is about, by the word lists; used for routes and, at ingest, for the topic of a message."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.routing.words import marks_in, shipped_words, topics_of

OTHER_TOPIC = "other"


class Reading(msgspec.Struct, frozen=True):
    """What a message tells: topic (None below the threshold) with confidence 0–1, mood, urgency words, language."""

    topic: str | None = None
    confidence: float = 0.0
    mood: str | None = None
    urgency: str | None = None
    wants_human: bool = False
    language: str | None = None


def read_message(text: str | None, trade: str | None = None) -> Reading:
    """Read a message by the words of all trades and those of one. An empty one tells nothing."""
    if not text or not text.strip():
        return Reading()
    marks = marks_in(text, trade)
    topic, confidence = _topic(marks.get("topic", {}), trade)
    return Reading(
        topic=topic,
        confidence=confidence,
        mood=_first(marks.get("mood", {}), shipped_words().moods),
        urgency=_first(marks.get("urgency", {}), shipped_words().urgency),
        wants_human="wants_human" in marks,
        language=_language(text),
    )


def topic_of(text: str, trade: str | None = None) -> str:
    """The topic of a message for its record: one of the word lists' topics, or ``other``."""
    return read_message(text, trade).topic or OTHER_TOPIC


def _topic(weights: Mapping[str, float], trade: str | None) -> tuple[str | None, float]:
    """The heaviest topic; its confidence grows with the weight found and falls with the next topic's share."""
    if not weights:
        return None, 0.0
    order = list(topics_of(trade))
    ranked = sorted(weights, key=lambda topic: (-weights[topic], order.index(topic)))
    first = weights[ranked[0]]
    second = weights[ranked[1]] if len(ranked) > 1 else 0.0
    confidence = round((1.0 - 0.4**first) * first / (first + second / 2), 2)
    return (ranked[0], confidence) if confidence >= shipped_words().threshold else (None, confidence)


def _first(found: Mapping[str, float], order: Mapping[str, object]) -> str | None:
    return next((name for name in order if name in found), None)


def _language(text: str) -> str | None:
    if any("\u4e00" <= character <= "\u9fff" for character in text):
        return "zh"
    return "en" if any(character.isascii() and character.isalpha() for character in text) else None
