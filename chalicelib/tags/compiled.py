"""A tag rule ready to run, and what its true signals amount to: worked out once for each set of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import msgspec
from datalogic_py import Rule

from chalicelib.profiles.conditions import ENGINE, reads
from chalicelib.profiles.operators import expand
from chalicelib.profiles.values import stem
from chalicelib.tags.confidence import believed, half_life_ms, lasts_ms, reaches, weight_of, weights_in
from chalicelib.tags.index import ALWAYS_PRESENT
from chalicelib.tags.model import SceneWeights, TagRule


class Basis(msgspec.Struct, frozen=True, gc=False):
    """What a set of true signals amounts to.

    Their weight, where to look for their evidence (the names of measures, and the paths of what else there is, one per
    stem), how long the tag lasts after the last of it, in which time half of the confidence is gone, and how far the
    signals can be believed.
    """

    weight: float
    measures: tuple[str, ...]
    others: tuple[str, ...]
    lasts_ms: int | None
    half_life_ms: float | None
    trust: float = 1.0


class Compiled:
    """A rule ready to run."""

    def __init__(self, rule: TagRule) -> None:
        self.conditions = tuple(expand(signal.when) for signal in rule.signals)
        self.rule = rule
        self.signal_reads = tuple(map(reads, self.conditions))
        self.reads: frozenset[str] = frozenset().union(*self.signal_reads)
        self.usual = _Usual(self)
        self._bases: dict[tuple[int, str | None], Basis | None] = {}

    @cached_property
    def program(self) -> Rule:
        """The rule by itself: it yields the sum of 2ⁿ over the positions n of the true signals."""
        return ENGINE.compile({"+": [{"if": [one, 1 << place, 0]} for place, one in enumerate(self.conditions)]})

    def basis(self, bits: int, scene: SceneWeights | None = None) -> Basis | None:
        """What these true signals amount to; None where they do not reach the threshold."""
        key = (bits, None if scene is None else scene.scene)
        if key not in self._bases:
            self._bases[key] = self._basis(bits, weight_of(self.rule, bits, scene))
        return self._bases[key]

    def doubted(self, bits: int, scene: SceneWeights | None, factors: Sequence[float]) -> Basis | None:
        """The same where some signals keep but a share of their weight."""
        weight, trust = believed(weights_in(self.rule, scene), factors, bits)
        return self._basis(bits, weight, trust)

    def _basis(self, bits: int, weight: float, trust: float = 1.0) -> Basis | None:
        if not reaches(self.rule, weight):
            return None
        measures, others = _parted(self.evidence_paths(bits))
        return Basis(weight, measures, others, lasts_ms(self.rule, weight), half_life_ms(self.rule), trust)

    def evidence_paths(self, bits: int) -> tuple[str, ...]:
        """One path per stem that the true signals read."""
        read = (paths for place, paths in enumerate(self.signal_reads) if bits >> place & 1)
        return evidence_paths(frozenset().union(*read))


class _Usual(dict[int, Basis | None]):
    """True signals of a rule as bits → what it amounts to where nothing is doubted and no scene has a say."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled

    def __missing__(self, bits: int) -> Basis | None:
        found = self[bits] = self._compiled.basis(bits)
        return found


def evidence_paths(read: frozenset[str]) -> tuple[str, ...]:
    """One path per stem, of the stems that are evidence.

    That a person was seen at all (``p.…``) is evidence only where nothing else is read: else any event
    would refresh every tag that asks how long somebody is known.
    """
    by_stem = {stem(path): path for path in sorted(read)}
    if len(by_stem) > 1:
        by_stem.pop(ALWAYS_PRESENT, None)
    return tuple(by_stem.values())


def _parted(paths: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Measures by name, and what else has evidence of its own; a scene has none."""
    measures, others = list[str](), list[str]()
    for path in paths:
        head, _, rest = path.partition(".")
        if head == "m":
            measures.append(rest.partition(".")[0])
        elif head != "scene":
            # Of a person and of cases all paths have the same evidence, which is looked for once.
            others.append(path if head in _EACH_ITS_OWN else head)
    return tuple(measures), tuple(others)


_EACH_ITS_OWN = frozenset({"t", "ids"})
