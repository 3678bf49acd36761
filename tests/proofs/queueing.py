"""A queue as SQS is: at least once, in any order, given up on after some receives, replayed by one command."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from itertools import count

import msgspec

MOST_RECEIVES = 5
"""As the template's ``maxReceiveCount``."""


class Letter(msgspec.Struct):
    """One message: its body, and how often it was handed out."""

    message_id: str
    body: str
    lane: int
    receives: int = 0


class Queue:
    """Messages wait in lanes; a worker is served from its own lane first, then from any other.

    ``doubled`` is the share of hand-outs after which the message stays visible, so that another worker gets it too.
    """

    def __init__(self, chance: random.Random, *, doubled: float = 0.0, most_receives: int = MOST_RECEIVES) -> None:
        self.dead: list[Letter] = []
        self.handed_out = 0
        self.most_received = 0
        self._chance, self._doubled, self._most_receives = chance, doubled, most_receives
        self._kept: dict[str, Letter] = {}
        self._visible: list[str] = []
        self._away: dict[str, int] = {}
        self._ids = count()

    def send(self, body: str, lane: int = 0) -> str:
        """Queue one message; returns its id."""
        letter = Letter(f"m{next(self._ids)}", body, lane)
        self._kept[letter.message_id] = letter
        self._visible.append(letter.message_id)
        return letter.message_id

    @property
    def is_drained(self) -> bool:
        """Whether nothing waits and nothing is being worked on."""
        return not self._visible and not self._away

    def receive(self, lane: int, most: int) -> list[Letter]:
        """Up to ``most`` messages. What was handed out too often goes to the dead letters instead."""
        mine = [one for one in self._visible if self._kept[one].lane == lane]
        others = [one for one in self._visible if self._kept[one].lane != lane]
        batch: list[Letter] = []
        for message_id in [*mine, *others]:
            if len(batch) == most:
                break
            letter = self._kept[message_id]
            self._visible.remove(message_id)
            if letter.receives >= self._most_receives:
                if message_id not in self._away:
                    self.dead.append(self._kept.pop(message_id))
                continue
            letter.receives += 1
            self.handed_out += 1
            self.most_received = max(self.most_received, letter.receives)
            self._away[message_id] = self._away.get(message_id, 0) + 1
            batch.append(letter)
            if self._chance.random() < self._doubled:
                self._visible.append(message_id)
        return batch

    def settle(self, batch: Sequence[Letter], failed: Collection[str]) -> None:
        """The function answered: what did not fail is deleted, what failed becomes visible again."""
        for letter in batch:
            self._came_back(letter)
            if letter.message_id not in failed:
                self._kept.pop(letter.message_id, None)
                self._visible = [one for one in self._visible if one != letter.message_id]
            else:
                self._show(letter)

    def never_answered(self, batch: Sequence[Letter]) -> None:
        """The function was killed: its messages become visible again."""
        self.settle(batch, {one.message_id for one in batch})

    def replay(self) -> int:
        """The operator's one command: every dead letter goes back into the queue. Returns how many."""
        moved, self.dead = self.dead, []
        for letter in moved:
            letter.receives = 0
            self._kept[letter.message_id] = letter
            self._visible.append(letter.message_id)
        return len(moved)

    def _came_back(self, letter: Letter) -> None:
        self._away[letter.message_id] -= 1
        if not self._away[letter.message_id]:
            del self._away[letter.message_id]

    def _show(self, letter: Letter) -> None:
        """Visible again, at the end, unless another delivery of it was settled or it is visible already."""
        if letter.message_id in self._kept and letter.message_id not in self._visible:
            self._visible.append(letter.message_id)
