"""The paths that rules may read, and why others may not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import cached_property
from types import MappingProxyType

from chalicelib.privacy.fields import FIELDS, Field
from chalicelib.profiles.measures import Measure
from chalicelib.profiles.stats import STATS
from chalicelib.profiles.uses import measure_use
from chalicelib.profiles.values import CASE_PATHS, NAMESPACE_PATHS, PERSON_PATHS
from chalicelib.tags.model import TagRule
from chalicelib.tags.uses import Uses

_JUDGED = frozenset({"score", "segment"})
_OF_MODELS = (
    "is what a model says of somebody; a tag follows from events, so that it can be told of any moment and why."
)


class Vocabulary:
    """Known measures and traits. Sealed traits are known so that reading one is refused by name.

    ``reads_judged``: whether paths of what models say are among those that there are.
    """

    reads_judged = False

    def __init__(
        self,
        measures: Mapping[str, Measure],
        traits: Mapping[str, Field] = FIELDS,
        scenes: Collection[str] = (),
        rules: Mapping[str, TagRule] = MappingProxyType({}),
    ) -> None:
        self.measures = measures
        self.rules = rules
        self.traits = traits
        self.scenes = scenes

    @cached_property
    def uses(self) -> Uses:
        """What may be done with the values at those paths."""
        return Uses({name: measure_use(one) for name, one in self.measures.items()}, self.rules)

    @cached_property
    def paths(self) -> frozenset[str]:
        """Every path that a rule may read."""
        clear = {f"t.{name}" for name, field in self.traits.items() if not field.is_sealed}
        measured = {f"m.{name}.{stat}" for name in self.measures for stat in STATS}
        return frozenset(
            measured | clear | PERSON_PATHS | NAMESPACE_PATHS | CASE_PATHS | {f"scene.{one}" for one in self.scenes}
        )

    def mistake(self, path: str) -> tuple[str, str, str | None] | None:
        """Code, sentence and suggestion for a path that may not be read; None for one that may."""
        head, _, rest = path.partition(".")
        if head == "t" and rest in self.traits and self.traits[rest].is_sealed:
            return "sealed_trait", f"“{path}” is sealed; rules read clear traits only.", self._coarse(rest)
        if head in _JUDGED and not self.reads_judged:
            return "judged_path", f"“{path}” {_OF_MODELS}", None
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

    def _coarse(self, sealed: str) -> str | None:
        """The path of the clear trait that is derived from a sealed one at ingest."""
        derived = (name for name, field in sorted(self.traits.items()) if field.derived_from == sealed)
        return next((f"t.{name}" for name in derived if f"t.{name}" in self.paths), None)


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that was probably meant."""
    found = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None
