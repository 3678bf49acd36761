"""What was read a moment ago and is not read again yet."""

from __future__ import annotations

from collections.abc import Callable


class Recent[T]:
    """Values by id, asked for again once they are ``seconds`` old. An absent one is not remembered."""

    def __init__(self, ask: Callable[[str], T | None], seconds: float, clock: Callable[[], float]) -> None:
        self._ask, self._seconds, self._clock = ask, seconds, clock
        self._kept: dict[str, tuple[float, T]] = {}

    def __call__(self, key: str) -> T | None:
        """The value, or None."""
        kept = self._kept.get(key)
        if kept is not None and self._clock() - kept[0] < self._seconds:
            return kept[1]
        found = self._ask(key)
        if found is None:
            self._kept.pop(key, None)
        else:
            self._kept[key] = (self._clock(), found)
        return found
