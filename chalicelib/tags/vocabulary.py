"""The paths that rules may read, and why others may not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import cached_property

from chalicelib.profiles.measures import Measure
from chalicelib.profiles.stats import STATS
from chalicelib.profiles.values import CASE_PATHS, PERSON_PATHS

COARSE: Mapping[str, str] = {
    "birth_date": "age_band",
    "address": "region",
    "city": "region",
    "phone": "region",
}
"""Sealed trait → the coarse one that is derived from it at ingest."""


class Vocabulary:
    """Known measures and traits. Sealed traits are known so that reading one is refused by name."""

    def __init__(
        self, measures: Mapping[str, Measure], clear_traits: Collection[str], sealed_traits: Collection[str]
    ) -> None:
        self.measures = measures
        self.clear_traits = frozenset(clear_traits)
        self.sealed_traits = frozenset(sealed_traits)

    @cached_property
    def paths(self) -> frozenset[str]:
        """Every path that a rule may read."""
        measured = {f"m.{name}.{stat}" for name in self.measures for stat in STATS}
        return frozenset(measured | {f"t.{name}" for name in self.clear_traits} | PERSON_PATHS | CASE_PATHS)

    def mistake(self, path: str) -> tuple[str, str, str | None] | None:
        """Code, sentence and suggestion for a path that may not be read; None for one that may."""
        head, _, rest = path.partition(".")
        if head == "t" and rest in self.sealed_traits:
            coarse = COARSE.get(rest)
            return (
                "sealed_trait",
                f"“{path}” is sealed; rules read clear traits only.",
                f"t.{coarse}" if coarse in self.clear_traits else None,
            )
        if path not in self.paths:
            return "unknown_path", f"Nothing has the path “{path}”.", nearest(path, self.paths)
        name, _, stat = rest.partition(".")
        if head == "m" and stat.startswith(("sum", "mean", "max")) and self.measures[name].amount is None:
            kind = stat.partition("_")[2]
            return (
                "no_amount",
                f"The measure “{name}” only counts; it has no {stat.partition('_')[0]}.",
                f"m.{name}.count_{kind}" if kind else f"m.{name}.count",
            )
        return None


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that was probably meant."""
    found = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None
