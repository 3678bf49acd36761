"""What the desk's flows need from outside, as values: entry points compose them, tests put fakes in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from chalicelib.desk.declaration import DeskRules
from chalicelib.desk.model import Agent, AgentScore, Conversation, Need, Relaxation, Seat, Track
from chalicelib.flows.services import Patience
from chalicelib.kernel.moments import Millis
from chalicelib.routing.declaration import PolicyDeclaration
from chalicelib.store.desk import DeskStore, DueAtDesk

type Tracks = Mapping[str, Mapping[str, Track]]


class Best(Protocol):
    """Who may take a conversation now, best first: ``desk.score.best``."""

    def __call__(
        self,
        need: Need,
        agents: Iterable[Agent],
        seats: Mapping[str, Seat],
        tracks: Tracks,
        rules: DeskRules,
        now: Millis,
        relaxation: Relaxation,
        *,
        declined: Collection[str] = (),
        overflow: Collection[str] = (),
        timezone: str = "UTC",
        language: str = "",
    ) -> tuple[AgentScore, ...]:
        """Those who are there, have room, and may answer at this step."""


class DeskServices(msgspec.Struct, frozen=True):
    """What the desk needs. ``agents`` and ``tracks`` may be some seconds old; seats never are.

    ``call_back`` is told of a conversation that nobody could take, before it is ended: it may be told twice of one,
    and must make one of it (the conversation's key and attempt say which). ``look_at_ticket`` looks after what is due
    of tickets. ``tell`` tells people's profiles the news of a conversation, and may tell it again: each piece has an id.
    ``patience`` is how long a flow may go on while others are faster.
    """

    store: DeskStore
    agents: Callable[[str], Sequence[Agent]]
    policy: Callable[[str], PolicyDeclaration]
    """A tenant's policy, as it is by day."""
    timezone: Callable[[str], str]
    best: Best
    tracks: Callable[[str, Collection[str]], Tracks]
    call_back: Callable[[str, Conversation, Millis], None]
    look_at_ticket: Callable[[DueAtDesk, Millis], None]
    tell: Callable[[str, Conversation, Millis], None]
    patience: Patience = Patience()
