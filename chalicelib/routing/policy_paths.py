"""Which paths a policy reads, where, and whether each exists there: JSONLogic takes an unknown one for null."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec

from chalicelib.profiles.stats import STATS
from chalicelib.profiles.values import CASE_PATHS, PERSON_PATHS
from chalicelib.routing.declaration import PolicyDeclaration
from chalicelib.routing.facts import INPUT_PATHS, INTENT_PATHS, URGENCY_PATHS
from chalicelib.routing.policy_reads import paths_outside_conditions
from chalicelib.routing.shape import Mistake, nearest

_BOTH = INTENT_PATHS | URGENCY_PATHS
DERIVED: Mapping[str, frozenset[str]] = {
    "intents": frozenset(),
    "urgency": INTENT_PATHS,
    "rules": _BOTH,
    "hints": _BOTH,
    "what_if": _BOTH,
}
"""Section → the derived facts that are there when it is evaluated."""


class Known(msgspec.Struct, frozen=True):
    """The ids that a policy may name; None means: not checked."""

    tags: Collection[str] | None = None
    traits: Collection[str] | None = None
    measures: Collection[str] | None = None


def mistakes_of_paths(
    declared: PolicyDeclaration, reads: Mapping[str, tuple[tuple[str, ...], ...]], known: Known
) -> Iterator[Mistake]:
    """Paths that no fact has, or that are not there yet where they are read."""
    for section, derived in DERIVED.items():
        where = "urgency.rules" if section == "urgency" else section
        for position, paths in enumerate(reads[section]):
            for path in paths:
                yield from _of_path(path, f"{where}[{position}].when", known, derived)
    for place, path in paths_outside_conditions(declared):
        # A what-if changes what went in; an intent is named before any is derived.
        inputs_only = place.endswith((".set", ".intent"))
        yield from _of_path(path, place, known, frozenset() if inputs_only else _BOTH)


def _of_path(path: str, place: str, known: Known, derived: frozenset[str]) -> Iterator[Mistake]:
    head, _, rest = path.partition(".")
    plain = INPUT_PATHS | PERSON_PATHS | CASE_PATHS | derived
    if head == "m":
        suggest = _near_measure(rest, known.measures)
    elif head in {"tags", "t"}:
        listed = known.tags if head == "tags" else known.traits
        suggest = _near_id(head, rest, listed)
    else:
        suggest = () if path in plain else (nearest(path, plain),)
    # The search for what was meant is dear; it is made for wrong paths only.
    for suggestion in suggest:
        yield Mistake(place, "unknown_path", f"Nothing is at '{path}' here.", suggestion)


def _near_id(head: str, id_: str, listed: Collection[str] | None) -> tuple[str | None, ...]:
    """Nothing for an id that is there; else the suggestion, which may be None."""
    if id_ and (listed is None or id_ in listed):
        return ()
    near = nearest(id_, listed or ())
    return (near and f"{head}.{near}",)


def _near_measure(rest: str, measures: Collection[str] | None) -> tuple[str | None, ...]:
    measure, _, stat = rest.partition(".")
    if stat not in STATS:
        near = nearest(stat, STATS)
        return (near and f"m.{measure}.{near}",)
    if measures is None or measure in measures:
        return ()
    near = nearest(measure, measures)
    return (near and f"m.{near}.{stat}",)
