"""Risk rules, ready to run: which may be seen in a person at all, and which are.

They run on the engine of tags, in one call for all that may be true. What needs nothing that a person has, and what an
event did not touch, is not looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from datalogic_py import DataHandle, DataLogicError

from chalicelib.kernel.moments import Millis
from chalicelib.outreach.model import Plan, RiskRule, Seen
from chalicelib.profiles.conditions import ENGINE, needs, reads
from chalicelib.profiles.model import Profile
from chalicelib.profiles.operators import expand
from chalicelib.profiles.values import present, stem, values
from chalicelib.segments.model import Judged
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.engine import assess
from chalicelib.tags.index import ALWAYS_PRESENT, stems_needed
from chalicelib.tags.judging import judged as readable

TAG, SCORE, SEGMENT = "tag.", "score.", "segment."
_OURS = (TAG, SCORE, SEGMENT)
_JUDGED = "judged"
"""Stands where a rule needs what models say."""
_HIGH = 0


class Looked(msgspec.Struct, frozen=True):
    """The risks that are seen in a person, and the rules that could not be evaluated, with why."""

    seen: tuple[Seen, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()


NOTHING = Looked()


class _Compiled:
    """A rule ready to run. Its program yields the sum of 2ⁿ over its true conditions: ``high`` first, then the signs."""

    def __init__(self, rule: RiskRule, catalogue: Catalogue) -> None:
        self.rule = rule
        conditions = [expand(rule.high) if rule.high is not None else False]
        conditions += [expand(sign.when) for sign in rule.signs]
        self.program = ENGINE.compile({"+": [{"if": [one, 1 << place, 0]} for place, one in enumerate(conditions)]})
        self.reads: frozenset[str] = frozenset().union(*map(reads, conditions))
        self.touched_by = _stems_behind(self.reads, catalogue)
        self.needs = _needed(conditions[1:], catalogue)


class RiskRules:
    """The risk rules of a tenant, as its plan and its trade have them, over a catalogue of tags."""

    def __init__(self, plan: Plan, trade: str, catalogue: Catalogue) -> None:
        self.plan = plan
        self.rules: Mapping[str, RiskRule] = {one.id: one for one in in_force(plan, trade)}
        self._catalogue = catalogue
        self._compiled = [_Compiled(one, catalogue) for one in self.rules.values() if _is_readable(one, catalogue)]

    def look(
        self,
        profile: Profile,
        judged: Judged | None,
        catalogue: Catalogue,
        now: Millis,
        touched: Collection[str] | None,
    ) -> Looked:
        """The risks that are seen in a person now; ``touched``: stems that an event changed, None: look at everything."""
        if not profile.is_profiled:
            return NOTHING
        there = present(profile) | ({_JUDGED} if judged is not None else frozenset[str]())
        asked = [one for one in self._compiled if _may_be(one, there, touched)]
        if not asked:
            return NOTHING
        known = _values(frozenset().union(*(one.reads for one in asked)), profile, judged, catalogue, now)
        return _looked(asked, _run(asked, known))


def in_force(plan: Plan, trade: str) -> tuple[RiskRule, ...]:
    """The rules of a plan in a trade: the tenant's own before shipped ones."""
    own = {one.id for one in plan.rules}
    shipped = (one for one in shipped_rules() if one.id not in own and (not one.trades or trade in one.trades))
    return tuple(one for one in (*plan.rules, *shipped) if one.id not in plan.off)


@cache
def shipped_rules() -> tuple[RiskRule, ...]:
    """The rules of the package, in the order in which they come first."""
    return msgspec.json.decode(Path(__file__).with_name("risks.json").read_bytes(), type=tuple[RiskRule, ...])


def risk_reads(rule: RiskRule) -> frozenset[str]:
    """The paths that a rule reads."""
    conditions = [sign.when for sign in rule.signs] + ([rule.high] if rule.high is not None else [])
    return frozenset().union(*(reads(expand(one)) for one in conditions))


def _is_readable(rule: RiskRule, catalogue: Catalogue) -> bool:
    """Whether every tag that a rule reads is there: one that was withdrawn would never be set."""
    tags = {path.removeprefix(TAG) for path in risk_reads(rule) if path.startswith(TAG)}
    return tags <= catalogue.rules.keys()


def _stems_behind(paths: Iterable[str], catalogue: Catalogue) -> frozenset[str] | None:
    """The stems whose change may change a rule; None: anything may, as scores lean on everything."""
    found = set[str]()
    for path in paths:
        if path.startswith((SCORE, SEGMENT)):
            return None
        if not path.startswith(TAG):
            found.add(stem(path))
            continue
        tag_id = path.removeprefix(TAG)
        for kin in {tag_id, *catalogue.families.kin(tag_id)} & catalogue.rules.keys():
            found.update(map(stem, catalogue.compiled(kin).reads))
            found.add(f"t.{tag_id}")
    return frozenset(found)


def _needed(conditions: Iterable[Any], catalogue: Catalogue) -> frozenset[str] | None:
    """Stems of which a person must have at least one; None: cannot be said."""
    found = set[str]()
    for condition in conditions:
        paths = needs(condition)
        if paths is None:
            return None
        for path in paths:
            stems = _needed_by(path, catalogue)
            if stems is None:
                return None
            found |= stems
    return frozenset(found)


def _needed_by(path: str, catalogue: Catalogue) -> frozenset[str] | None:
    if path.startswith((SCORE, SEGMENT)):
        return frozenset({_JUDGED})
    if not path.startswith(TAG):
        return None if stem(path) == ALWAYS_PRESENT else frozenset({stem(path)})
    tag_id, found = path.removeprefix(TAG), set[str]()
    for kin in {tag_id, *catalogue.families.kin(tag_id)} & catalogue.rules.keys():
        stems = stems_needed(catalogue.compiled(kin).conditions)
        if stems is None:
            return None
        found |= stems
    return frozenset(found)


def _may_be(one: _Compiled, there: Collection[str], touched: Collection[str] | None) -> bool:
    if one.needs is not None and one.needs.isdisjoint(there):
        return False
    return touched is None or one.touched_by is None or not one.touched_by.isdisjoint(touched)


def _values(
    paths: frozenset[str], profile: Profile, judged: Judged | None, catalogue: Catalogue, now: Millis
) -> dict[str, Any]:
    plain = frozenset(path for path in paths if not path.startswith(_OURS))
    health = catalogue.health.known_until
    known = values(readable(profile, catalogue), plain, now, catalogue.measures.money, known_until=health)
    asked = frozenset(path.removeprefix(TAG) for path in paths if path.startswith(TAG))
    tags = assess(catalogue, profile, now, among=asked).tags if asked else ()
    known["tag"] = {tag.id: tag.confidence for tag in tags}
    known["score"] = {} if judged is None else {id_: one.value for id_, one in judged.scores.items()}
    known["segment"] = {} if judged is None else {id_: one.segment for id_, one in judged.segments.items()}
    for path in paths - plain:
        head, _, name = path.partition(".")
        known[head].setdefault(name, None)
    return known


def _run(asked: Sequence[_Compiled], known: dict[str, Any]) -> Sequence[Any]:
    try:
        handle = DataHandle(known)
    except DataLogicError as error:
        return [error] * len(asked)
    return ENGINE.session().evaluate_many([one.program for one in asked], handle)


def _looked(asked: Sequence[_Compiled], outcomes: Sequence[Any]) -> Looked:
    seen, failed = list[Seen](), list[tuple[str, str]]()
    for one, outcome in zip(asked, outcomes, strict=True):
        if not isinstance(outcome, str):
            failed.append((one.rule.id, getattr(outcome, "tag", type(outcome).__name__)))
            continue
        bits = int(outcome)
        signs = tuple(sign.id for place, sign in enumerate(one.rule.signs, 1) if bits >> place & 1)
        if signs:
            seen.append(Seen(one.rule, "high" if bits >> _HIGH & 1 else "medium", signs))
    return Looked(tuple(seen), tuple(failed))
