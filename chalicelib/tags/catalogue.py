"""A catalogue: tag rules with the measures they rest on, indexed and compiled.

Loading decodes and indexes; a rule is compiled when a profile first concerns it, so that a cold start
pays only for what it uses. Declarations are checked (``tags.check``) when they are published, and the
shipped ones by the tests; a loaded catalogue is taken to be checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import msgspec
from datalogic_py import Rule

from chalicelib.kernel.errors import NotFound
from chalicelib.profiles.conditions import ENGINE, reads
from chalicelib.profiles.measures import MeasureSet, load_measures
from chalicelib.profiles.operators import expand
from chalicelib.profiles.values import stem
from chalicelib.tags.confidence import lasts_ms, reaches, weight_of
from chalicelib.tags.index import ALWAYS_PRESENT, RuleIndex
from chalicelib.tags.model import TagRule

LIBRARY = Path(__file__).with_name("library")
_SELECTIONS_KEPT = 256


class Basis(msgspec.Struct, frozen=True):
    """What a set of true signals amounts to.

    Their weight, the paths to look for evidence at (one per stem), and how long the tag lasts after the
    last of it.
    """

    weight: float
    evidence: tuple[str, ...]
    lasts_ms: int | None


class Compiled:
    """A rule ready to run. ``program`` yields the sum of 2ⁿ over the positions n of the true signals."""

    def __init__(self, rule: TagRule) -> None:
        self.conditions = tuple(expand(signal.when) for signal in rule.signals)
        flags = [{"if": [condition, 1 << place, 0]} for place, condition in enumerate(self.conditions)]
        self.rule = rule
        self.program = ENGINE.compile({"+": flags})
        self.signal_reads = tuple(map(reads, self.conditions))
        self.reads: frozenset[str] = frozenset().union(*self.signal_reads)
        self._bases: dict[int, Basis | None] = {}

    def basis(self, bits: int) -> Basis | None:
        """What these true signals amount to; None where they do not reach the threshold."""
        if bits not in self._bases:
            self._bases[bits] = self._basis(bits)
        return self._bases[bits]

    def _basis(self, bits: int) -> Basis | None:
        weight = weight_of(self.rule, bits)
        if not reaches(self.rule, weight):
            return None
        return Basis(weight, self.evidence_paths(bits), lasts_ms(self.rule, weight))

    def evidence_paths(self, bits: int) -> tuple[str, ...]:
        """One path per stem that the true signals read."""
        read = (paths for place, paths in enumerate(self.signal_reads) if bits >> place & 1)
        return evidence_paths(frozenset().union(*read))


def evidence_paths(read: frozenset[str]) -> tuple[str, ...]:
    """One path per stem, of the stems that are evidence.

    That a person was seen at all (``p.…``) is evidence only where nothing else is read: else any event
    would refresh every tag that asks how long somebody is known.
    """
    by_stem = {stem(path): path for path in sorted(read)}
    if len(by_stem) > 1:
        by_stem.pop(ALWAYS_PRESENT, None)
    return tuple(by_stem.values())


class Selection(msgspec.Struct, frozen=True):
    """The rules to evaluate together, and all they read."""

    rules: tuple[Compiled, ...]
    programs: list[Rule]
    reads: frozenset[str]


class Catalogue:
    """Tag rules by id, with their index. Equal sets of rules behave alike whatever their order."""

    def __init__(self, rules: Iterable[TagRule], measures: MeasureSet) -> None:
        self.measures = measures
        self.rules: Mapping[str, TagRule] = {rule.id: rule for rule in sorted(rules, key=lambda rule: rule.id)}
        self._ordered = tuple(self.rules.values())
        self._index = RuleIndex(self._ordered)
        self._compiled: dict[str, Compiled] = {}
        self._selections: dict[tuple[frozenset[str], frozenset[str] | None, frozenset[str] | None], Selection] = {}

    def compiled(self, tag_id: str) -> Compiled:
        """One rule, ready to run. Raises NotFound ``no_such_tag``."""
        found = self._compiled.get(tag_id)
        if found is None:
            rule = self.rules.get(tag_id)
            if rule is None:
                raise NotFound("no_such_tag", "The catalogue has no tag of that id.", "tag_id")
            found = self._compiled[tag_id] = Compiled(rule)
        return found

    def select(
        self, present: frozenset[str], only: frozenset[str] | None = None, among: frozenset[str] | None = None
    ) -> Selection:
        """The rules that may be set where just these stems have values.

        With ``only``, those of them that read one of these paths or stems; with ``among``, those of
        these ids.
        """
        key = (present, only, among)
        found = self._selections.get(key)
        if found is None:
            index = self._index
            positions = index.possible(present) if only is None else index.possible_and_reading(present, only)
            found = self._selection(one for one in positions if among is None or self._ordered[one].id in among)
            if len(self._selections) >= _SELECTIONS_KEPT:
                self._selections.clear()
            self._selections[key] = found
        return found

    def _selection(self, positions: Iterable[int]) -> Selection:
        rules = tuple(self.compiled(self._ordered[position].id) for position in positions)
        return Selection(
            rules=rules,
            programs=[one.program for one in rules],
            reads=frozenset().union(*(one.reads for one in rules)),
        )

    def concerned(self, paths: Iterable[str]) -> tuple[str, ...]:
        """The ids of the rules that read one of these paths or stems."""
        return tuple(self._ordered[position].id for position in sorted(self._index.reading(paths)))


@cache
def load_catalogue(library: Path = LIBRARY) -> Catalogue:
    """The catalogue of a folder of declaration files; the shipped one unless told. Raises msgspec errors."""
    decoder = msgspec.json.Decoder(list[TagRule])
    # Those of groups are read by the job that counts groups: nothing of a person sets them.
    files = sorted(file for file in library.rglob("*.json") if file.parent.name != "groups")
    return Catalogue((rule for file in files for rule in decoder.decode(file.read_bytes())), load_measures())
