"""The words that a tenant counts: those that ship and its own lists, made once per version of its catalogue."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from chalicelib.flows.effective import InForce
from chalicelib.insights.lexicon import HotWord, Lexicon, lexicon_with, shipped_lexicon

OWN_TOPIC, OWN_TRADE = "other", "own"
_made: WeakKeyDictionary[InForce, Lexicon] = WeakKeyDictionary()


def lexicon_of(in_force: InForce) -> Lexicon:
    """A tenant's words as they are in force; a list of its own is one word, and takes the place of a shipped id."""
    if not in_force.words:
        return shipped_lexicon()
    found = _made.get(in_force)
    if found is None:
        own = (HotWord(one.id, OWN_TOPIC, one.name, one.words, OWN_TRADE) for one in in_force.words.values())
        found = _made[in_force] = lexicon_with(own)
    return found
