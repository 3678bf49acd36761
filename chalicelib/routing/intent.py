"""What a message is about: by the word lists and by the model together for routes, by the lists alone at ingest."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.routing.intent_grams import READ, grams, grams_of
from chalicelib.routing.intent_model import NO_GUESS, Guess, shipped_model
from chalicelib.routing.words import WEIGHTS, covered, marks_of, names_of, plain, ranks_of, shipped_words, words_of

OTHER_TOPIC = "other"
COMPLAINT = "complaint"
_SAID = 0.9
SUREST = 0.99
"""What reading may claim at most; certain is only what the caller of the API states."""
_MOST_EVIDENCE = 4
_ENOUGH = 2
_NONE: Mapping[str, float] = {}


class Reading(msgspec.Struct, frozen=True):
    """What a message tells: topic (None below the threshold) with confidence 0–1, mood, urgency words, language.

    ``evidence`` are the words that spoke for the topic: of the lists, or of the model's vocabulary. So they are words
    that we wrote, and never a name or number of whoever sent the message.
    """

    topic: str | None = None
    confidence: float = 0.0
    mood: str | None = None
    urgency: str | None = None
    wants_human: bool = False
    language: str | None = None
    evidence: tuple[str, ...] = ()


class _Heard(msgspec.Struct, frozen=True):
    """A message as it is read once: as it is compared, and what the lists say of it."""

    text: str
    read: str
    marks: Mapping[str, Mapping[str, float]]
    trade: str | None

    @classmethod
    def of(cls, text: str, trade: str | None) -> _Heard:
        """What is heard in a message."""
        read = plain(text)
        return cls(text, read, marks_of(read, trade), trade)

    def pieces(self) -> list[str]:
        """What the model reads: the text without the phrases that swallow their words, so that "not a complaint" is
        none for the model either, and without those that ask for a person, which are about no topic.
        """
        words, said = shipped_words(), None
        for kind, phrases in (("ignored", words.ignored), ("wants_human", words.wants_human)):
            if kind in self.marks:
                said = self.read if said is None else plain(said)
                for phrase in phrases:
                    said = said.replace(phrase, " ")
        if said is not None:
            return grams(said)
        return grams_of(self.read) if len(self.text) <= READ else grams(self.text)


def read_message(text: str | None, trade: str | None = None) -> Reading:
    """Read a message by the words of all trades and those of one. An empty one tells nothing."""
    if not text or not text.strip():
        return Reading()
    message = _Heard.of(text, trade)
    marks, guess = message.marks, NO_GUESS
    pieces: list[str] = []
    topics = marks.get("topic", _NONE)
    heard, surely = _topic(_as_of_trade(topics, trade), trade)
    if topics.get(COMPLAINT, 0.0) >= WEIGHTS["strong"]:
        # Who says that they complain does, whatever it is about: no topic may outweigh that.
        heard, surely = COMPLAINT, max(surely, _SAID)
    else:
        pieces, guess = _guessed(message, heard)
    named = _named(guess, trade)
    topic, confidence = _together(heard, surely, named)
    listed = words_of(message.read, topic, trade) if topic is not None and topic == heard else ()
    # A listed word reads better than a piece; the model's are told where the lists had little to say.
    if len(listed) < _ENOUGH and guess.intent is not None and topic == named.intent:
        listed += shipped_model().speaking_of(pieces, guess.intent)
    return Reading(
        topic=topic,
        confidence=confidence,
        mood=_first(marks.get("mood", _NONE), shipped_words().moods),
        urgency=_first(marks.get("urgency", _NONE), shipped_words().urgency),
        wants_human="wants_human" in marks,
        language=_language(text),
        evidence=_evidence(listed),
    )


def matter_of(text: str, trade: str | None = None) -> str:
    """What somebody who complains complains about: the topic of the message beside the complaint itself.

    The complaint, where nothing else is said of it.
    """
    message = _Heard.of(text, trade)
    weights = {topic: weight for topic, weight in message.marks.get("topic", _NONE).items() if topic != COMPLAINT}
    heard, surely = _topic(_as_of_trade(weights, trade), trade)
    _, guess = _guessed(message, heard)
    return _together(heard, surely, NO_GUESS if guess.intent == COMPLAINT else guess)[0] or COMPLAINT


def topic_of(text: str, trade: str | None = None) -> str:
    """The topic of a message for its record: one of the word lists' topics, or ``other``.

    The model has no say: what is folded into a profile must be the same whenever an event is folded again, and a model
    that is taught anew would change it.
    """
    if not text.strip():
        return OTHER_TOPIC
    return _topic(marks_of(plain(text), trade).get("topic", _NONE), trade)[0] or OTHER_TOPIC


def _guessed(message: _Heard, heard: str | None) -> tuple[list[str], Guess]:
    """The pieces of a message, and the model's guess of them."""
    model = shipped_model()
    # Of a topic that the model was never taught, the words alone can tell.
    if heard is not None and heard not in model.weights.intents:
        return [], NO_GUESS
    pieces = message.pieces()
    return pieces, model.guess_of(pieces, among=names_of(message.trade))


def _named(guess: Guess, trade: str | None) -> Guess:
    """The guess as the trade calls it."""
    own = covered(trade).get(guess.intent or "")
    return Guess(own, guess.confidence) if own else guess


def _as_of_trade(weights: Mapping[str, float], trade: str | None) -> Mapping[str, float]:
    """The weights with those of a covered topic added to the trade's own."""
    own = covered(trade)
    if own.keys().isdisjoint(weights):
        return weights
    summed: dict[str, float] = {}
    for topic, weight in weights.items():
        named = own.get(topic, topic)
        summed[named] = summed.get(named, 0.0) + weight
    return summed


def _together(heard: str | None, surely: float, guess: Guess) -> tuple[str | None, float]:
    """One topic of two opinions. Where they agree each makes the other surer; where not, the surer one counts."""
    if heard is None or guess.intent is None:
        if heard is None and guess.intent is None:
            return None, max(surely, guess.confidence)
        return (heard, surely) if guess.intent is None else (guess.intent, min(SUREST, guess.confidence))
    if heard == guess.intent:
        return heard, min(SUREST, round(1.0 - (1.0 - surely) * (1.0 - guess.confidence), 2))
    return (heard, surely) if surely > guess.confidence else (guess.intent, min(SUREST, guess.confidence))


def _evidence(spoke: tuple[str, ...]) -> tuple[str, ...]:
    """The first few that spoke, without parts of others."""
    told: list[str] = []
    for word in spoke:
        for other in told:
            if word in other or other in word:
                break
        else:
            told.append(word)
    return tuple(told[:_MOST_EVIDENCE])


def _topic(weights: Mapping[str, float], trade: str | None) -> tuple[str | None, float]:
    """The heaviest topic; its confidence grows with the weight found and falls with the next topic's share."""
    if not weights:
        return None, 0.0
    ranks = ranks_of(trade)
    ranked = sorted(weights, key=lambda topic: (-weights[topic], ranks[topic])) if len(weights) > 1 else [*weights]
    first = weights[ranked[0]]
    second = weights[ranked[1]] if len(ranked) > 1 else 0.0
    confidence = round((1.0 - 0.4**first) * first / (first + second / 2), 2)
    return (ranked[0], confidence) if confidence >= shipped_words().threshold else (None, confidence)


def _first(found: Mapping[str, float], order: Mapping[str, object]) -> str | None:
    return next((name for name in order if name in found), None) if found else None


def _language(text: str) -> str | None:
    if not text.isascii() and any("\u4e00" <= character <= "\u9fff" for character in text):
        return "zh"
    return "en" if any(character.isascii() and character.isalpha() for character in text) else None
