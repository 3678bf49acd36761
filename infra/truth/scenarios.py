"""One seed under every scenario: people live once, what arrives of it differs, and all of it is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

import msgspec

from chalicelib.events.model import Event
from chalicelib.profiles.model import Profile
from chalicelib.quality.judge import SourceReport
from chalicelib.tags.catalogue import Catalogue, load_catalogue
from chalicelib.tags.health import Health
from infra.truth.arrivals import faulty, without
from infra.truth.ledger import Past
from infra.truth.moments import DAYS, END, HOUR_MS, Millis, midnight
from infra.truth.pathway import Arrived, Door, profile_of
from infra.truth.scoring import Verdicts, says, score, truly
from infra.truth.silence import noticed
from infra.truth.world import Lived, make_world

SILENT = ("s_web", "s_chat")
RANDOM_DAYS = 2


class Outcome(msgspec.Struct, frozen=True):
    """What one seed came to: verdicts by scenario, events taken, and those refused by code."""

    seed: int
    people: int
    events: int
    verdicts: dict[str, Verdicts]
    refused: dict[str, int]


class Seed:
    """The people of a seed, what is true of them, and what arrived of it when all went well."""

    def __init__(self, seed: int, people_per_trade: int, catalogue: Catalogue) -> None:
        self.rng = Random(f"scenario/{seed}")  # noqa: S311 - scenarios must be repeatable, not secret
        self.catalogue = catalogue
        self.door = Door(catalogue.measures)
        self.world = make_world(seed, people_per_trade)
        self.arrived = {one.who.key: self._taken(one.events) for one in self.world}
        self._health: dict[str, Health] = {}
        self.reports: dict[str, list[SourceReport]] = {}
        self._true: dict[tuple[str, Millis], frozenset[str]] = {}

    def _taken(self, events: Iterable[Event]) -> list[Arrived]:
        return [one for event in events if (one := self.door.take(event)) is not None]

    def judged(self, profiles: Callable[[Lived], Profile | None], now: Millis, catalogue: Catalogue) -> Verdicts:
        """Everybody's profile against the truth of the moment."""
        here = [one for one in self.world if one.events[0].time <= now]
        rows = ((one.who.trade, self.true(one, now), says(catalogue, profiles(one), now)) for one in here)
        return score(rows, self.catalogue.rules)

    def true(self, one: Lived, now: Millis) -> frozenset[str]:
        """What is true of somebody at a moment; looked up once."""
        key = (one.who.key, now)
        if key not in self._true:
            self._true[key] = truly(Past(one.who, one.deeds, now))
        return self._true[key]

    def profile(self, one: Lived, *, without: str = "", now: Millis = END) -> Profile | None:
        """Somebody's profile when all went well, or when one source was silent."""
        return profile_of(self.missing(one, without) if without else self.arrived[one.who.key], now)

    def said(self, one: Lived, now: Millis = END) -> frozenset[str]:
        """What somebody's profile says when all went well."""
        return says(self.catalogue, self.profile(one, now=now), now)

    def well(self, now: Millis = END) -> Verdicts:
        """Everything arrived, at once."""
        return self.judged(lambda one: self.profile(one, now=now), now, self.catalogue)

    def badly(self, *, lost: bool) -> Verdicts:
        """Late, twice and broken."""
        return self.judged(
            lambda one: profile_of(self._taken(faulty(one.events, self.rng, lost=lost)), END), END, self.catalogue
        )

    def silent(self, source: str, *, believed: bool) -> Verdicts:
        """A week without a source: ``believed`` in full all the same, or weighed by what is known of it."""
        catalogue = self.catalogue if believed else self.catalogue.under(self.health(source))
        return self.judged(lambda one: self.profile(one, without=source), END, catalogue)

    def health(self, source: str) -> Health:
        """What the service notices of a source that has been silent."""
        if source not in self._health:
            all_ = (arrived for one in self.world for arrived in self.missing(one, source))
            self._health[source], self.reports[source] = noticed((one.event, one.contribution) for one in all_)
        return self._health[source]

    def missing(self, one: Lived, source: str) -> list[Arrived]:
        """What arrived of somebody while the source was silent."""
        return without(self.arrived[one.who.key], source)


CLEAN = "clean"
DIRTY = "5% late, 5% twice, 5% broken"
LOST = "the same, and the broken ones were true"


def on_day(day: int) -> str:
    """The name of the scenario in which all is well and somebody looks earlier."""
    return f"clean, in the middle of day {day}"


def silent(source: str, *, believed: bool) -> str:
    """The name of the scenario of a silent source."""
    return f"{source.removeprefix('s_')} silent for 7 days, {'believed all the same' if believed else 'down-weighted'}"


def run(seed: int, people_per_trade: int, catalogue: Catalogue | None = None) -> Outcome:
    """One seed under every scenario."""
    one = Seed(seed, people_per_trade, catalogue or load_catalogue())
    taken = sum(map(len, one.arrived.values()))
    verdicts = {CLEAN: one.well()}
    for day in sorted(one.rng.sample(range(45, DAYS), RANDOM_DAYS)):
        verdicts[on_day(day)] = one.well(midnight(day) + one.rng.randrange(8, 22) * HOUR_MS)
    verdicts[DIRTY], verdicts[LOST] = one.badly(lost=False), one.badly(lost=True)
    for source in SILENT:
        for believed in (True, False):
            verdicts[silent(source, believed=believed)] = one.silent(source, believed=believed)
    return Outcome(seed, len(one.world), taken, verdicts, dict(one.door.refused))
