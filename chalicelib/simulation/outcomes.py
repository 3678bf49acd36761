"""How contacts would go, by what came of past ones: handling times are drawn from theirs, chances are their shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from chalicelib.desk.model import Agent, Track
from chalicelib.desk.score import ALL_INTENTS
from chalicelib.simulation.model import Contact, Work
from chalicelib.simulation.past import PastContact
from chalicelib.simulation.play import Tracks, learn

USUAL_SECONDS = 300
"""Where no handling time is known at all."""
USUAL_RESOLVED = 0.5
LEAST_OF_A_POOL = 5
"""Fewer handling times of a kind say too little: those of its channel, or of all, are drawn from."""
_KINDS = 3


class Outcomes:
    """What is known of past contacts. ``tracks`` are the agents' records in them."""

    def __init__(self, past: Iterable[PastContact], prior: float) -> None:
        self._prior = prior
        self._pools: dict[tuple[str, ...], list[int]] = {}
        self.tracks: Tracks = {}
        handed_on = told = 0
        for one in past:
            if one.handling_seconds is not None:
                for kind in _kinds(one.channel, one.intent):
                    self._pools.setdefault(kind, []).append(one.handling_seconds)
            if one.resolved is not None and one.agent_id:
                learn(self.tracks, one.agent_id, one.intent, Work(0, resolved=one.resolved))
            if one.transferred is not None:
                told += 1
                handed_on += one.transferred
        self.transferred = handed_on / told if told else 0.0
        self._everybody = _together(self.tracks)

    def handling_ms(self, channel: str, intent: str, drawn: float) -> int:
        """A past handling time: of this intent by this channel, or the next wider kind of which enough are known."""
        for kind in _kinds(channel, intent):
            pool = self._pools.get(kind, ())
            if len(pool) >= LEAST_OF_A_POOL:
                return pool[int(drawn * len(pool))] * 1000
        return USUAL_SECONDS * 1000

    def resolves(self, agent_id: str, intent: str) -> float:
        """How often an agent resolves an intent, drawn to everybody's as the desk's own scores are."""
        own = self.tracks.get(agent_id, {}).get(intent, Track())
        usual = self._everybody.get(intent) or self._everybody.get(ALL_INTENTS) or Track()
        share = usual.resolved / usual.outcomes if usual.outcomes else USUAL_RESOLVED
        whole = own.outcomes + self._prior
        return (own.resolved + self._prior * share) / whole if whole else share


class Drawn:
    """A worker whose dice were cast before anybody was chosen: two desks of one seed differ by what they do alone."""

    def __init__(self, outcomes: Outcomes, contacts: int, seed: str, like: dict[str, str]) -> None:
        self._outcomes = outcomes
        dice = Random(seed)  # noqa: S311 - repeatable, not secret
        self._dice = [[dice.random() for _ in range(_KINDS)] for _ in range(contacts)]
        self._like = like

    def __call__(self, contact: Contact, agent: Agent, attempt: int) -> Work:
        """How the contact goes with the agent."""
        long, resolved, handed_on = self._dice[contact.key]
        if attempt > 1:
            long, resolved, handed_on = _turned((long, resolved, handed_on), attempt)
        need = contact.need
        transferred = handed_on < self._outcomes.transferred
        known_as = self._like.get(agent.agent_id, agent.agent_id)
        return Work(
            handling_ms=self._outcomes.handling_ms(need.channel, need.intent, long),
            resolved=not transferred and resolved < self._outcomes.resolves(known_as, need.intent),
            transferred=transferred,
        )


def _turned(drawn: Sequence[float], attempt: int) -> Sequence[float]:
    """Dice of another attempt: as evenly spread, and as repeatable."""
    return [(one + 0.6180339887 * (attempt - 1)) % 1.0 for one in drawn]


def _kinds(channel: str, intent: str) -> tuple[tuple[str, ...], ...]:
    return ((channel, intent), (channel,), ())


def _together(tracks: Tracks) -> dict[str, Track]:
    found: dict[str, Track] = {}
    for rows in tracks.values():
        for intent, one in rows.items():
            was = found.get(intent, Track())
            found[intent] = Track(was.outcomes + one.outcomes, was.resolved + one.resolved)
    return found
