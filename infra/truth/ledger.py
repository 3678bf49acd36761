"""What truly happened to one person, kept by whoever invents it and read by those who judge.

A deed is said in the words of life and not of events: how it reaches a profile is told by ``telling``, and what it
means by ``facts``. Nothing here knows measures, rules or the engine.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from math import inf
from typing import Any

import msgspec

from infra.truth.moments import DAY_MS, Millis, local_day
from infra.truth.persona import Persona

CONTACT = "contact"
"""Every approach to the service, whatever it is called."""


class Deed(msgspec.Struct, frozen=True):
    """One thing that happened: what, when, by which channel, and the rest. ``contact``: an approach to the service."""

    what: str
    at: Millis
    by: str
    more: dict[str, Any]
    contact: bool = False


class Past:
    """The deeds of a person up to a moment, as a judge who saw it all would look at them."""

    def __init__(self, who: Persona, deeds: Collection[Deed], now: Millis) -> None:
        self.who = who
        self.now = now
        self._all = sorted((one for one in deeds if one.at <= now), key=lambda one: one.at)
        self._by: dict[str, list[Deed]] = {}
        for one in self._all:
            self._by.setdefault(one.what, []).append(one)
            if one.contact:
                self._by.setdefault(CONTACT, []).append(one)
        self._times = {what: [one.at for one in listed] for what, listed in self._by.items()}

    def of(self, what: str, days: float | None = None, **match: Any) -> list[Deed]:
        """The deeds of a kind, perhaps of the last days, whose fields are as told: equal, or one of a tuple."""
        listed = self._by.get(what, [])
        if days is not None and listed:
            listed = listed[bisect_right(self._times[what], self.now - days * DAY_MS) :]
        return [one for one in listed if _fits(one, match)] if match else listed

    def before(self, what: str, days: float) -> list[Deed]:
        """The deeds of a kind that are older than so many days."""
        return self._by.get(what, [])[: bisect_left(self._times.get(what, []), self.now - days * DAY_MS)]

    def n(self, what: str, days: float | None = None, **match: Any) -> int:
        """How many."""
        return len(self.of(what, days, **match))

    def total(self, what: str, field: str, days: float | None = None, **match: Any) -> float:
        """The sum of a field."""
        return sum(float(one.more[field]) for one in self.of(what, days, **match))

    def mean(self, what: str, field: str, days: float | None = None, **match: Any) -> float:
        """The mean of a field; -inf of none, so that no comparison upwards holds."""
        of = self.of(what, days, **match)
        return sum(float(one.more[field]) for one in of) / len(of) if of else -inf

    def ago(self, what: str, **match: Any) -> float:
        """Days since the last; infinite when there was none."""
        of = self.of(what, **match)
        return (self.now - of[-1].at) / DAY_MS if of else inf

    def first_ago(self, what: str, **match: Any) -> float:
        """Days since the first; -inf when there was none."""
        of = self.of(what, **match)
        return (self.now - of[0].at) / DAY_MS if of else -inf

    def on_days(self, what: str, days: float, **match: Any) -> int:
        """On how many days, as people count them."""
        return len({local_day(one.at) for one in self.of(what, days, **match)})

    def mostly(self, what: str, days: float, least: int, share: float, **match: Any) -> bool:
        """Whether at least so many, and such a share of all of its kind, are as told."""
        such = self.n(what, days, **match)
        return such >= least and such >= share * self.n(what, days)

    def rise(self, what: str, days: int) -> float:
        """The last days against the person's own earlier quarter, per day; -inf without a past to compare with."""
        before = self.n(what, 90) - self.n(what, days)
        return self.n(what, days) / days / (before / (90 - days)) if before else -inf

    @property
    def silent_days(self) -> float:
        """Since anything at all happened."""
        return (self.now - self._all[-1].at) / DAY_MS if self._all else inf

    @property
    def known_days(self) -> float:
        """Since the first thing that happened."""
        return (self.now - self._all[0].at) / DAY_MS if self._all else 0.0

    def standing(self, family: str) -> dict[str, list[Deed]]:
        """The deeds of each order, ticket or complaint, by its reference."""
        cases: dict[str, list[Deed]] = {}
        for one in self._all:
            if one.more.get("case") == family:
                cases.setdefault(one.more["ref"], []).append(one)
        return cases

    def open(self, family: str, *ends: str) -> list[list[Deed]]:
        """The cases of a family whose last deed is none that ends it."""
        return [steps for steps in self.standing(family).values() if steps[-1].what not in ends]

    def oldest_open(self, family: str, *ends: str) -> float:
        """How many days the oldest open case is open; -inf without one."""
        return max(((self.now - steps[0].at) / DAY_MS for steps in self.open(family, *ends)), default=-inf)


def _fits(one: Deed, match: dict[str, Any]) -> bool:
    for field, wanted in match.items():
        found = one.by if field == "by" else one.more.get(field)
        if not (found in wanted if isinstance(wanted, tuple) else found == wanted):
            return False
    return True
