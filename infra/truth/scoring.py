"""How often what a profile says of a person is what is true of that person."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache

import msgspec

from chalicelib.profiles.model import Profile
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.engine import assess
from infra.scores import Counted
from infra.truth.ledger import Past
from infra.truth.persona import Trade
from infra.truth.truths import Truth, truths

type Verdicts = dict[str, "Verdict"]


class Verdict(msgspec.Struct):
    """The judgements of one tag: of how many people it is true, was said, both; and of how many there were."""

    people: int = 0
    true: int = 0
    said: int = 0
    both: int = 0

    @property
    def counted(self) -> Counted:
        """As the figures of every score."""
        return Counted(right=self.both, found=self.said, true=self.true)

    @property
    def wrong(self) -> int:
        """Judgements that are not right."""
        return self.true + self.said - 2 * self.both

    def add(self, *, true: bool, said: bool) -> None:
        """One person more."""
        self.people += 1
        self.true += true
        self.said += said
        self.both += true and said


@cache
def judged(trade: Trade) -> Mapping[str, Truth]:
    """The tags that people of a trade are judged by: those of every trade, and its own."""
    return {tag: truth for tag, truth in truths().items() if truth.trade in (None, trade)}


def truly(past: Past) -> frozenset[str]:
    """The tags that are true of somebody."""
    return frozenset(tag for tag, truth in judged(past.who.trade).items() if truth.judge(past))


def says(catalogue: Catalogue, profile: Profile | None, now: int) -> frozenset[str]:
    """The tags that the profile has."""
    return frozenset() if profile is None else frozenset(tag.id for tag in assess(catalogue, profile, now).tags)


def score(people: Iterable[tuple[Trade, Collection[str], Collection[str]]], known: Collection[str]) -> Verdicts:
    """Verdicts by tag. Of each person: the trade, what is true, and what the profile says."""
    verdicts: Verdicts = {}
    for trade, true, said in people:
        for tag in judged(trade):
            if tag in known:
                verdicts.setdefault(tag, Verdict()).add(true=tag in true, said=tag in said)
    return verdicts


def added(all_: Iterable[Verdicts]) -> Verdicts:
    """Verdicts of several worlds together."""
    total: Verdicts = {}
    for verdicts in all_:
        for tag, one in verdicts.items():
            before = total.setdefault(tag, Verdict())
            total[tag] = Verdict(
                before.people + one.people, before.true + one.true, before.said + one.said, before.both + one.both
            )
    return total


class Overall(msgspec.Struct, frozen=True):
    """All tags together. ``micro`` counts every judgement alike, ``macro_f1`` every tag that is true of anybody."""

    judgements: int
    wrong: int
    micro: Counted
    macro_f1: float
    tags: int

    @property
    def accuracy(self) -> float:
        """The share of judgements (this person, this tag: yes or no) that are right."""
        return 1 - self.wrong / self.judgements if self.judgements else 0.0


def overall(verdicts: Verdicts, only: Callable[[str], bool] = lambda _: True) -> Overall:
    """Of the tags that ``only`` lets through."""
    chosen = {tag: one for tag, one in verdicts.items() if only(tag)}
    seen = [one.counted.f1 for one in chosen.values() if one.true]
    return Overall(
        judgements=sum(one.people for one in chosen.values()),
        wrong=sum(one.wrong for one in chosen.values()),
        micro=Counted(
            right=sum(one.both for one in chosen.values()),
            found=sum(one.said for one in chosen.values()),
            true=sum(one.true for one in chosen.values()),
        ),
        macro_f1=sum(seen) / len(seen) if seen else 0.0,
        tags=len(chosen),
    )
