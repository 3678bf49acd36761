"""CPU of this process, a subject beside its yardstick, and what a subject's time goes to."""

from __future__ import annotations

import cProfile
import pstats
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import msgspec

ROOT = Path(__file__).resolve().parents[2]

type Action = Callable[[], object]


class Pair(msgspec.Struct, frozen=True):
    """Medians of one call, in milliseconds of CPU, measured in turns."""

    subject_ms: float
    yardstick_ms: float


class Row(msgspec.Struct, frozen=True):
    """One budget. ``ratio`` is what is bounded; ``goes_to`` says where the time of a missed one went."""

    what: str
    measured: str
    yardstick: str
    ratio: float | None
    bound: float
    note: str = ""
    goes_to: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """met, MISSED, or not measured."""
        if self.ratio is None:
            return "not measured"
        return "met" if self.ratio <= self.bound else "MISSED"


def in_turns(subject: Action, yardstick: Action, *, rounds: int, calls: int) -> Pair:
    """Measure both in alternating rounds, so that what disturbs the machine disturbs both."""
    for _ in range(calls):
        subject()
        yardstick()
    seen: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for action, kept in zip((subject, yardstick), seen, strict=True):
            kept.append(_cpu_ms(action, calls))
    return Pair(median(seen[0]), median(seen[1]))


def row_of(what: str, pair: Pair, bound: float, subject: Action, *, per: int = 1, note: str = "") -> Row:
    """The row of a pair, per event where a subject takes ``per`` of them. A missed one is profiled."""
    row = Row(
        what=what,
        measured=f"{pair.subject_ms / per:.3f} ms",
        yardstick=f"{pair.yardstick_ms:.3f} ms",
        ratio=pair.subject_ms / per / pair.yardstick_ms,
        bound=bound,
        note=note,
    )
    return row if row.verdict == "met" else msgspec.structs.replace(row, goes_to=top(subject))


def top(subject: Action, *, calls: int = 100, lines: int = 15) -> tuple[str, ...]:
    """Where a subject's time goes: the functions with most time of their own, as shares of all."""
    profiler = cProfile.Profile(time.process_time)
    profiler.enable()
    for _ in range(calls):
        subject()
    profiler.disable()
    stats = pstats.Stats(profiler)
    total: float = stats.total_tt  # type: ignore[attr-defined]
    entries = sorted(stats.stats.items(), key=lambda entry: -entry[1][2])[:lines]  # type: ignore[attr-defined]
    return tuple(
        f"{own / total:5.1%} own, {cumulated / total:5.1%} with what it calls, {count // calls:3d} × {_place(place)}"
        for place, (_, count, own, cumulated, _) in entries
    )


def shares(parts: Sequence[tuple[str, float]], *, lines: int = 15) -> tuple[str, ...]:
    """The largest parts of a whole, as lines."""
    total = sum(size for _, size in parts) or 1
    largest = sorted(parts, key=lambda part: -part[1])[:lines]
    return tuple(f"{size / total:5.1%} {size:7.1f} ms {name}" for name, size in largest)


def _place(place: tuple[str, int, str]) -> str:
    file, line, name = place
    if line == 0:
        return name
    short = file.removeprefix(f"{ROOT}/").rpartition("site-packages/")[2]
    return f"{short}:{line} {name}"


def _cpu_ms(action: Action, calls: int) -> float:
    began = time.process_time_ns()
    for _ in range(calls):
        action()
    return (time.process_time_ns() - began) / calls / 1e6
