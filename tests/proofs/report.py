"""How a trial is printed."""

from __future__ import annotations

from tests.proofs.trial import Ended

_COLUMNS = (
    ("rate", 5),
    ("mutant", 18),
    ("calls", 6),
    ("faults", 6),
    ("kills", 5),
    ("merged, split, cut", 18),
    ("accepted", 8),
    ("applied", 7),
    ("duplicate", 9),
    ("quarantined", 11),
    ("dead, replayed to", 17),
    ("adds up", 7),
    ("bodies", 9),
    ("s", 3),
)
HEAD = " | ".join(f"{name:>{width}}" for name, width in _COLUMNS)


def row_of(ended: Ended) -> str:
    """One line of the table of trials."""
    final = ended.final
    figures = (
        f"{ended.rate:.0%}",
        ended.mutant or "-",
        ended.calls,
        sum(ended.faults.values()),
        ended.deaths,
        ", ".join(str(ended.commands.get(kind, 0)) for kind in ("merge", "split", "cut")),
        final.accepted,
        final.applied,
        final.duplicate,
        final.quarantined,
        f"{ended.chaotic.dead} -> {final.dead}",
        "yes" if ended.adds_up else "NO",
        "NOT EQUAL" if ended.wrong else "equal",
        f"{ended.seconds:.0f}",
    )
    return " | ".join(f"{one!s:>{width}}" for one, (_, width) in zip(figures, _COLUMNS, strict=True))
