"""Who waits at a simulated desk, in the order in which they are given agents."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

import msgspec

from chalicelib.desk.model import Relaxation
from chalicelib.kernel.moments import Millis
from chalicelib.simulation.model import Contact


class Talk(msgspec.Struct):
    """A contact on its way through the desk. It keeps its place whoever declines it."""

    contact: Contact
    order: int
    is_waiting: bool = False
    attempt: int = 0
    transfers: int = 0
    waited: Millis | None = None
    is_timed: bool = False
    relaxation: Relaxation = "skilled"
    declined: tuple[str, ...] = ()
    busy: tuple[tuple[str, Millis], ...] = ()


class Waiting:
    """Everybody who waits, most pressing first."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int]] = []
        self._talks: dict[int, Talk] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Talk]:
        return iter([self._talks[key] for _, key in self._rows])

    def add(self, talk: Talk) -> None:
        """Let somebody wait at the place that their order gives them."""
        talk.is_waiting = True
        self._talks[talk.contact.key] = talk
        insort(self._rows, (talk.order, talk.contact.key))

    def take(self, talk: Talk) -> None:
        """Somebody waits no longer."""
        talk.is_waiting = False
        del self._talks[talk.contact.key]
        del self._rows[bisect_left(self._rows, (talk.order, talk.contact.key))]
