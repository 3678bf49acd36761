"""Why a call goes where it goes: the heaviest of what held, with the values read. Compiled once per policy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from chalicelib.kernel.texts import Text
from chalicelib.routing.declaration import NO_CAP, Floor, IntentRule, PolicyDeclaration, Rule, UrgencyRule
from chalicelib.routing.effects import SETS_KEPT, Held
from chalicelib.routing.facts import Facts, value_at
from chalicelib.routing.model import Mode, Reason
from chalicelib.routing.policy_reads import placeholders
from chalicelib.routing.sentences import Sentence, stem_of

MOST_REASONS = 8

type Reads = Sequence[Iterable[str]]
"""The paths that each of some conditions reads."""


class _Draft:
    """A reason before its values are filled in."""

    def __init__(self, id_: str, says: Text, weight: float, reads: Iterable[str]) -> None:
        self.weight = weight
        sentence = Sentence(says)
        self._id, self._says, self._sentence = id_, says, None if sentence.is_fixed else sentence
        # Nearly every path is of two parts: it is taken apart; None for the other part where it is not.
        stems = [(path, *stem_of(path)) for path in dict.fromkeys((*reads, *placeholders(says)))]
        self._reads = [(path, stem, below[0] if len(below) == 1 else None) for path, stem, below in stems]

    def reason(self, facts: Facts) -> Reason:
        """It with the values read. Absent ones are left out unless nothing else was read: their absence is the reason."""
        values: dict[str, Any] = {}
        for path, stem, leaf in self._reads:
            if leaf is None:
                value = value_at(facts, path)
            else:
                # As value_at finds it, a call less for each of a dozen paths.
                branch = facts.get(stem)
                value = branch.get(leaf) if isinstance(branch, dict) else None
            if value is not None:
                values[path] = value
        if not values:
            values = {path: None for path, _, _ in self._reads}
        says = self._says if self._sentence is None else self._sentence.told(facts)
        return Reason(self._id, says, self.weight, values)


class Reasons:
    """What the rules, urgency and presumptions of a policy say when they hold, and its floor."""

    def __init__(self, declared: PolicyDeclaration, rules: Reads, urgency: Reads, intents: Reads) -> None:
        """The paths that their conditions read."""
        self._declared = declared
        sections = (
            _drafts(declared.rules, rules),
            _drafts(declared.urgency.rules, urgency),
            _drafts(declared.intents, intents),
            _drafts(declared.floor, [floor.reads for floor in declared.floor]),
        )
        # sort() is stable: of equal weights the rules come first, then urgency, presumptions and the floor.
        self._drafts = sorted((draft for section in sections for draft in section), key=lambda draft: -draft.weight)
        ranks = {draft: rank for rank, draft in enumerate(self._drafts)}
        self._rules, self._urgency, self._intents, self._floor = (
            tuple(ranks[draft] for draft in section) for section in sections
        )
        self._speaking: dict[tuple[str, Mode], dict[int, int]] = {}
        self._heaviest = lru_cache(SETS_KEPT)(self._heaviest_of)

    def told(
        self, facts: Facts, rules: Held, urgency: Held, intent: int | None, queue: str, mode: Mode
    ) -> tuple[Reason, ...]:
        """The heaviest rules that held; the floor makes them at least two. ``intent``: the presumption that counted."""
        return tuple([draft.reason(facts) for draft in self._heaviest(rules, urgency, intent, queue, mode)])

    def _heaviest_of(
        self, rules: Held, urgency: Held, intent: int | None, queue: str, mode: Mode
    ) -> tuple[_Draft, ...]:
        # There are no more of them than pairs of a queue and a mode.
        speaking = self._speaking.get((queue, mode))
        if speaking is None:
            speaking = self._speaking[queue, mode] = self._speaking_for(queue, mode)
        ranks = [speaking[place] for place in rules if place in speaking]
        ranks += [self._urgency[place] for place in urgency]
        ranks += self._floor
        if intent is not None:
            ranks.append(self._intents[intent])
        ranks.sort()
        return tuple([self._drafts[rank] for rank in ranks[:MOST_REASONS]])

    def _speaking_for(self, queue: str, mode: Mode) -> dict[int, int]:
        """The ranks of the rules that speak for an outcome, by their positions."""
        rules = enumerate(self._declared.rules)
        return {place: self._rules[place] for place, rule in rules if _took_part(rule, queue, mode)}


def _drafts(entries: Sequence[Rule | UrgencyRule | IntentRule | Floor], reads: Reads) -> tuple[_Draft, ...]:
    return tuple(_Draft(one.id, one.says, one.weight, read) for one, read in zip(entries, reads, strict=True))


def _took_part(rule: Rule, queue: str, mode: Mode) -> bool:
    """Whether the rule speaks for the outcome; one that only fed a queue or mode that lost is no reason for it."""
    speaks_for = rule.queues.get(queue, 0) > 0 or rule.modes.get(mode, 0) > 0
    return speaks_for or rule.priority != 0 or rule.sla != NO_CAP
