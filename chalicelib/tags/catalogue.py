"""A catalogue: tag rules with the measures they rest on, indexed and compiled.

Loading decodes; a rule is read, indexed and compiled when it is first asked for, so that a cold start
pays only for what it uses. Declarations are checked (``tags.check``) when they are published, and the
shipped ones by the tests; a loaded catalogue is taken to be checked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from copy import copy
from functools import cache, cached_property
from pathlib import Path

import msgspec

from chalicelib.kernel.errors import NotFound
from chalicelib.privacy.permission import ASKED_FIRST
from chalicelib.profiles.measures import MeasureSet, load_measures
from chalicelib.profiles.values import is_known
from chalicelib.tags.compiled import Compiled
from chalicelib.tags.families import Families
from chalicelib.tags.health import WELL, Health
from chalicelib.tags.index import RuleIndex
from chalicelib.tags.model import Failure, TagRule
from chalicelib.tags.programs import Apart, Together
from chalicelib.tags.scenes import Scene, Stage, load_scenes
from chalicelib.tags.uses import Uses, reads_of

LIBRARY = Path(__file__).with_name("library")
LEGAL = "legal"
"""The purpose that nothing is withheld from."""
_SELECTIONS_KEPT = 256
_TOGETHER_KEPT = 64
UNKNOWN_PATH = "UnknownPath"
"""Why a rule cannot be evaluated that reads what nothing has: a measure that was withdrawn, a word that no path is."""

type _Asked = tuple[frozenset[str] | None, frozenset[str] | None, frozenset[str] | None, frozenset[str], bool]


class Selection(msgspec.Struct, frozen=True):
    """The rules to evaluate together."""

    rules: tuple[Compiled, ...]
    programs: Apart | Together
    related: bool = False
    """Whether any of them bears on others, or others on it."""
    broken: tuple[Failure, ...] = ()
    """Rules that cannot be evaluated, because they read what nothing has."""
    beyond: bool = False
    """Whether any of them, or of those they bear on, names a purpose that what it reads does not allow."""


class Catalogue:
    """Tag rules by id, with their index. Equal sets of rules behave alike whatever their order.

    ``rules`` are those of single persons, ``group_rules`` those of segments and of the crowd. ``version`` counts a
    tenant's publishings; 0 is what ships. Rules that are ``switched_off`` set nothing until they are published anew.
    """

    def __init__(
        self,
        rules: Iterable[TagRule],
        measures: MeasureSet,
        *,
        scenes: Iterable[Scene] = (),
        version: int = 0,
        switched_off: Collection[str] = (),
    ) -> None:
        declared = sorted(rules, key=lambda rule: rule.id)
        self.measures = measures
        self.version = version
        self.health = WELL
        self.asked_first: tuple[str, ...] = ASKED_FIRST
        self.switched_off = frozenset(switched_off)
        self.stage = Stage(scenes)
        self.rules: Mapping[str, TagRule] = {one.id: one for one in declared if one.granularity == "person"}
        self.group_rules = tuple(one for one in declared if one.granularity != "person")
        self.families = Families(self.rules)
        self._ordered = tuple(self.rules.values())
        self._index = RuleIndex(self._ordered)
        self._looked_at: set[int] = set()
        self._broken: dict[int, Failure] = {}
        self._positions = {rule.id: position for position, rule in enumerate(self._ordered)}
        self._for: dict[str, Catalogue] = {}
        self._beyond: dict[str, frozenset[str]] = {}
        self._compiled: dict[str, Compiled] = {}
        self._selections: dict[_Asked, Selection] = {}
        self._together: dict[tuple[str, ...], Together] = {}

    def under(self, health: Health) -> Catalogue:
        """The same rules, where sources are as ``health`` says."""
        if health == self.health:
            return self
        # What is indexed and compiled is shared: it does not depend on how the sources are.
        changed = copy(self)
        changed.health = health
        return changed

    def for_purpose(self, purpose: str) -> Catalogue:
        """The same without the rules that may not speak for a purpose, by their own word or by what they read.

        A family is settled among those that are left: a tag that is left out implies nothing and takes no tag's place.
        """
        if purpose == LEGAL:
            return self
        found = self._for.get(purpose)
        if found is None:
            found = self._for[purpose] = self._serving(purpose)
        return found.under(self.health).asking(self.asked_first)

    @cached_property
    def uses(self) -> Uses:
        """What may be done with the values that rules read."""
        return Uses(self.measures.uses, self.rules)

    def asking(self, first: tuple[str, ...]) -> Catalogue:
        """The same rules, for a tenant that uses nobody's profile for these purposes without a yes."""
        if first == self.asked_first:
            return self
        changed = copy(self)
        changed.asked_first = first
        return changed

    def beyond(self, tag_id: str) -> frozenset[str]:
        """The purposes that a rule names and what it reads does not allow: none, of a rule that was published since."""
        found = self._beyond.get(tag_id)
        if found is None:
            rule, place = self.rules.get(tag_id), self._positions.get(tag_id, 0)
            named = () if rule is None else rule.purposes
            paths = self._index.paths[place] if named else frozenset[str]()
            over = frozenset(one for one in named if rule is not None and not self.uses.serves(rule, one, paths))
            found = self._beyond[tag_id] = over
        return found

    def unknown_of(self, tag_id: str) -> frozenset[str]:
        """The paths that a rule reads and that nothing has."""
        return self._unknown(self._positions[tag_id])

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
        self,
        present: frozenset[str] | None,
        only: frozenset[str] | None = None,
        among: frozenset[str] | None = None,
        also: frozenset[str] = frozenset(),
        *,
        again: bool = False,
    ) -> Selection:
        """The rules that may be set where just these stems have values; None: whatever a profile has.

        With ``only``, those of them that read one of these paths or stems; with ``among``, those of these ids.
        ``also``: these, too, whatever they read. Who bears on a rule is selected with it. ``again``: the same are asked
        for of one person after the other, so that they are worth being made one program.

        Few people have just the same stems, so a selection by them is mostly made anew, and that costs more than to
        evaluate a few rules that cannot be set: who names the rules asks for them whatever a profile has.
        """
        key = (present, only, among, also, again)
        found = self._selections.get(key)
        if found is None:
            if len(self._selections) >= _SELECTIONS_KEPT:
                self._selections.clear()
            found = self._selections[key] = self._select(*key)
        return found

    def concerned(self, paths: Iterable[str]) -> tuple[str, ...]:
        """The ids of the rules that read one of these paths or stems."""
        return tuple(self._ordered[position].id for position in sorted(self._index.reading(paths)))

    def _serving(self, purpose: str) -> Catalogue:
        paths, serves = self._index.paths, self.uses.serves
        rules = [rule for place, rule in enumerate(self._ordered) if serves(rule, purpose, paths[place])]
        groups = tuple(rule for rule in self.group_rules if serves(rule, purpose, reads_of(rule)))
        if len(rules) == len(self._ordered):
            # Most tags are for service, and what is compiled and indexed for it need not be made twice.
            same = copy(self)
            same.group_rules = groups
            return same
        return Catalogue(
            (*rules, *groups),
            self.measures,
            scenes=self.stage.scenes.values(),
            version=self.version,
            switched_off=self.switched_off,
        )

    def _select(
        self,
        present: frozenset[str] | None,
        only: frozenset[str] | None,
        among: frozenset[str] | None,
        also: frozenset[str],
        again: bool,
    ) -> Selection:
        asked = also if among is None else also | (among & self.rules.keys())
        if among is not None:
            positions = {self._positions[one] for one in asked if one in self._positions}
        else:
            positions = self._index.reading(only) if only is not None else self._possible(present)
            positions.update(self._positions[one] for one in also if one in self._positions)
        with_kin = positions.union(
            self._positions[one] for place in positions for one in self.families.kin(self._ordered[place].id)
        )
        # A rule that reads what nothing has is never possible; it is reported, not taken for false.
        wholly = only is None and among is None
        self._look_at(range(len(self._ordered)) if wholly else with_kin)
        broken = tuple(self._broken[one] for one in sorted(self._broken if wholly else self._broken.keys() & positions))
        possible = [one for one in sorted(with_kin) if one not in self._broken]
        if present is not None:
            possible = self._index.possible_of(possible, present)
        beyond = any(self.beyond(self._ordered[position].id) for position in with_kin)
        return self._selection(possible, broken, beyond=beyond, again=again)

    def _look_at(self, positions: Collection[int]) -> None:
        """Find out which of these rules cannot be evaluated: of each once, as nothing of it changes."""
        if len(self._looked_at) == len(self._ordered):
            return
        new = set(positions) - self._looked_at
        self._broken |= {one: Failure(self._ordered[one].id, UNKNOWN_PATH) for one in new if self._unknown(one)}
        self._looked_at |= new

    def _unknown(self, position: int) -> frozenset[str]:
        paths = self._index.paths[position]
        return frozenset(path for path in paths if not is_known(path, self.measures.measures))

    def _possible(self, present: frozenset[str] | None) -> set[int]:
        return set(range(len(self._ordered)) if present is None else self._index.possible(present))

    def _selection(
        self, positions: Iterable[int], broken: tuple[Failure, ...], *, beyond: bool, again: bool
    ) -> Selection:
        ids = [self._ordered[position].id for position in positions]
        rules = tuple(self.compiled(one) for one in ids if one not in self.switched_off)
        return Selection(
            rules=rules,
            programs=self._as_one(rules) if again else Apart(rules, self.measures.money),
            related=any(self.families.kin(one.rule.id) for one in rules),
            broken=tuple(one for one in broken if one.tag_id not in self.switched_off),
            beyond=beyond,
        )

    def _as_one(self, rules: tuple[Compiled, ...]) -> Together:
        """The rules as one program: whatever else is selected beside, they are compiled once."""
        ids = tuple(one.rule.id for one in rules)
        found = self._together.get(ids)
        if found is None:
            if len(self._together) >= _TOGETHER_KEPT:
                self._together.clear()
            found = self._together[ids] = Together(rules, self.measures.money)
        return found


@cache
def load_catalogue(library: Path = LIBRARY) -> Catalogue:
    """The catalogue of a folder of declaration files; the shipped one unless told. Raises msgspec errors."""
    decoder = msgspec.json.Decoder(list[TagRule])
    files = sorted(library.rglob("*.json"))
    rules = (rule for file in files for rule in decoder.decode(file.read_bytes()))
    return Catalogue(rules, load_measures(), scenes=load_scenes())
