"""Where the workers of a trial get their jobs: the queue, the operators' commands, the people who ask."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.proofs.material import Command, Who
from tests.proofs.queueing import Letter, Queue

_BATCH = 10
_NOT_YET = frozenset({"no_such_profile", "no_such_link", "no_such_merge"})
"""What a command waits for: its people are still in the queue, or its merge is."""
_MOST_TRIES = 60
"""How often a command is given that fails for another reason. Only a mutant needs as many."""
GIVEN_UP = "given up"
_REFUSED = frozenset({"bad_profile_ids", "already_one", "protected", "not_linked", "already_split", "too_tangled"})


class QueueDesk:
    """Batches of a queue for one worker; what is not answered is handed out again, unless it is ``forgetful``."""

    def __init__(self, queue: Queue, lane: int, reports: list[Any], *, forgetful: bool = False) -> None:
        self._queue, self._lane, self._reports, self._forgetful = queue, lane, reports, forgetful
        self._batch: list[Letter] = []

    def take(self) -> list[tuple[str, str]] | None:
        self._batch = self._queue.receive(self._lane, _BATCH)
        return [(one.message_id, one.body) for one in self._batch] or None

    def settle(self, job: Any, report: Any) -> None:
        self._reports.append(report)
        self._queue.settle(self._batch, () if self._forgetful else report.failed)

    def never_answered(self, job: Any) -> None:
        if self._forgetful:
            self._queue.settle(self._batch, ())
        else:
            self._queue.never_answered(self._batch)

    @property
    def is_done(self) -> bool:
        return self._queue.is_drained


class CommandDesk:
    """Commands for all operators, one for each four messages. One that cannot be obeyed yet, or whose operator died, is given out again.

    What waits for people whose events are among the dead letters stays in ``waiting``.
    """

    def __init__(self, commands: Sequence[Command], queue: Queue) -> None:
        self.waiting = list(commands)
        self.ended: Counter[str] = Counter()
        self._queue = queue
        self._away = self._given = 0
        self._in_vain = 0
        self._tries: Counter[str] = Counter()

    def take(self) -> Command | None:
        if (
            self.is_done
            or not self.waiting
            or (self._given > self._queue.handed_out // 4 and not self._queue.is_drained)
        ):
            return None
        self._given += 1
        self._away += 1
        return self.waiting.pop(0)

    def ask_again(self) -> None:
        """Whatever is left is given out once more before this desk is done.

        Under faults it may be done while a command whose operator died waits behind others that were asked twice: that
        one may have been obeyed, and is told by its repeat alone. To insist there would mean to ask all others again
        for each that dies; once nobody dies any more, one round is all it takes.
        """
        self._in_vain = 0

    def settle(self, command: Command, code: str) -> None:
        self._away -= 1
        if not code or code in _REFUSED:
            self.ended[f"{command.kind} {code}".strip()] += 1
            self._in_vain = 0
        elif self._tries[command.command_id] == _MOST_TRIES:
            self.ended[GIVEN_UP] += 1
        else:
            self._tries[command.command_id] += code not in _NOT_YET
            self.waiting.append(command)
            self._in_vain = self._in_vain + 1 if code in _NOT_YET and self._queue.is_drained else 0

    def never_answered(self, command: Command) -> None:
        self._away -= 1
        self.waiting.append(command)

    @property
    def is_done(self) -> bool:
        """Nothing is left, or all that is left was asked once more after the last event and is still not there."""
        return not self._away and self._in_vain >= len(self.waiting) and (not self.waiting or self._queue.is_drained)


class LookingDesk:
    """Somebody asks for people as long as the queue is not drained, once for each four messages."""

    def __init__(self, queue: Queue, chance: random.Random, who: Sequence[Who]) -> None:
        self._queue, self._chance, self._who = queue, chance, who
        self.seen: list[tuple[str, int, int]] = []

    def take(self) -> Who | None:
        if self.is_done or len(self.seen) > self._queue.handed_out // 4:
            return None
        return self._chance.choice(self._who)

    def settle(self, job: Any, seen: tuple[str, int, int]) -> None:
        self.seen.append(seen)

    def never_answered(self, job: Any) -> None:
        """Nobody waits for it."""

    @property
    def is_done(self) -> bool:
        return self._queue.is_drained
