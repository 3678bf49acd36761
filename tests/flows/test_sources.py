"""Sources judged from what was counted of them: silent, changed, drifting, and well again, all by themselves."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.events.model import Event, Identifier
from chalicelib.flows.describe_sources import describe_sources
from chalicelib.flows.judge_sources import Judged, QualityServices, judge_sources
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.profiles.measures import deltas, load_measures
from chalicelib.profiles.model import Profile
from chalicelib.profiles.values import values
from chalicelib.quality.counters import counts_of
from chalicelib.store.health import MemoryHealth
from chalicelib.store.tallies import MemoryTallies
from chalicelib.tags.health import WELL, Health
from tests.unit.tags.persons import NOW as PERSON_NOW
from tests.unit.tags.persons import happened, person

TENANT = "t_shop"
START = 20_370 * DAY_MS
"""A Thursday."""
WARM_DAYS = 35
TOPICS = ("refund", "logistics", "logistics", "invoice", "usage")

type Sends = Callable[[random.Random, int], tuple[str, dict[str, Any]] | None]


def shop(draw: random.Random, hour: int) -> tuple[str, dict[str, Any]] | None:
    """Orders and messages by day, little at night."""
    if hour % 24 < 7 and draw.random() < 0.9:
        return None
    if draw.random() < 0.4:
        return "order.paid", {"order_id": "o", "amount": str(draw.randint(60, 400)), "items": draw.randint(1, 3)}
    return "message.received", {"topic": draw.choice(TOPICS), "text": "在吗"}


def desk(draw: random.Random, hour: int) -> tuple[str, dict[str, Any]] | None:
    """Office hours of five days."""
    if (hour // 24) % 7 >= 5 or not 1 <= hour % 24 < 10:
        return None
    return "ticket.opened", {"ticket_id": "k", "topic": draw.choice(TOPICS), "priority": "high"}


class Company:
    """Two sources, counted as ingestion counts, and judged every few hours."""

    def __init__(self) -> None:
        self.services = QualityServices(MemoryTallies(), MemoryHealth())
        self.sends: dict[str, Sends] = {"s_shop": shop, "s_desk": desk}
        self.hour = START // HOUR_MS
        self._draw = random.Random(7)
        self.live(WARM_DAYS)

    def live(self, days: float) -> None:
        """Let time pass without a judge."""
        for _ in range(round(days * 24)):
            for source, sends in self.sends.items():
                for _ in range(12):
                    self._send(source, sends(self._draw, self.hour))
            self.hour += 1

    def watch(self, days: float, every: int = 3) -> Iterator[Judged]:
        """Let time pass under the judge's eyes."""
        for _ in range(round(days * 24 / every)):
            self.live(every / 24)
            yield judge_sources(TENANT, self.services, self.now)

    @property
    def now(self) -> int:
        """Ten past the hour, as the schedule."""
        return self.hour * HOUR_MS + 600_000

    def _send(self, source: str, sent: tuple[str, dict[str, Any]] | None) -> None:
        if sent is None:
            return
        at = self.hour * HOUR_MS
        one = Event("e", sent[0], at, at, TENANT, source, "web", (Identifier("user_id", "u"),), sent[1])
        for count in counts_of(one, deltas(load_measures(), one, 12), ()):
            self.services.tallies.add(TENANT, count.family, count.bucket, {count.name: 1}, count.expires_at)


@pytest.fixture(scope="module")
def five_weeks() -> dict[Any, dict[str, int]]:
    company = Company()
    assert isinstance(company.services.tallies, MemoryTallies)
    return company.services.tallies.kept


@pytest.fixture
def company(five_weeks: dict[Any, dict[str, int]], monkeypatch: pytest.MonkeyPatch) -> Company:
    """A company after five weeks in which all was well."""
    with monkeypatch.context() as patch:
        patch.setattr(Company, "live", lambda *_: None)
        made = Company()
    tallies = made.services.tallies
    assert isinstance(tallies, MemoryTallies)
    tallies.kept = {place: dict(counts) for place, counts in five_weeks.items()}
    made.hour += WARM_DAYS * 24
    return made


def turns(judged: list[Judged], source: str) -> list[str]:
    """The states that a source turned to, in order."""
    return [one.judgement.sources[source].state for one in judged if source in one.turned]


def test_judge__two_weeks_in_which_all_is_well__says_so(company: Company) -> None:
    """Negative control: nights, weekends and chance make no source ill, and nothing is doubted."""
    judged = list(company.watch(14))
    assert all(one.turned == () and one.health == WELL for one in judged)
    assert all(set(one.judgement.in_state("healthy")) == {"s_shop", "s_desk"} for one in judged)
    view = describe_sources(TENANT, company.services.health)
    assert {one.state for one in view.sources} == {"healthy"} and view.measures == ()
    assert {each.name for one in view.sources for each in one.psi} >= {"message.received|topic"}


def test_judge__source_silent_for_a_week__is_found_down_weighted_and_restored(company: Company) -> None:
    """Its measures read as of when it fell silent; once it sends again nothing is doubted any more."""
    list(company.watch(1))
    last = company.hour
    company.sends["s_shop"] = lambda _draw, _hour: None
    out = list(company.watch(7))
    assert turns(out, "s_shop") == ["silent"] and turns(out, "s_desk") == []
    found = out[-1].health
    assert (found.sources["s_shop"].state, found.sources["s_shop"].since) == ("silent", last * HOUR_MS)
    assert 0 < found.sources["s_shop"].weight < 1
    assert found.known_until["orders_paid"] == last * HOUR_MS
    assert "s_shop" in found.sources["s_shop"].says.en and "s_shop" in found.sources["s_shop"].says.zh
    assert found.known_until["orders.*"] == last * HOUR_MS
    # Four in five events are the shop's: how long somebody is silent cannot be known of the rest.
    assert "tickets.*" not in found.measures and found.measures["p.silent"].weight < 1
    company.sends["s_shop"] = shop
    back = list(company.watch(5))
    assert turns(back, "s_shop") == ["healthy"]
    assert back[-1].health == WELL


def test_judge__silence__is_told_within_a_day(company: Company) -> None:
    """A shop that sends by the minute is missed the same day."""
    company.sends["s_shop"] = lambda _draw, _hour: None
    out = list(company.watch(1, every=1))
    first = next(place for place, one in enumerate(out) if "s_shop" in one.turned)
    assert first < 20


def test_rules__while_a_source_is_silent__do_not_take_it_for_the_persons_silence(company: Company) -> None:
    """Somebody who ordered daily did so still when the shop's connection broke: that is what tags go by."""
    at = company.now
    company.sends = {"s_shop": shop}
    tallies = company.services.tallies
    assert isinstance(tallies, MemoryTallies)
    tallies.kept = {place: one for place, one in tallies.kept.items() if "s_desk" not in place[1]}
    for counts in tallies.kept.values():
        counts.pop("s_desk", None)
    daily = person([happened("order.paid", day, order_id=f"o{day}", amount="100.00") for day in range(33)])
    daily = moved(daily, at - PERSON_NOW)
    company.sends["s_shop"] = lambda _draw, _hour: None
    found = list(company.watch(8))[-1].health
    paths = ["m.orders_paid.count_30d", "p.days_silent", "p.days_known"]
    read = {name: values(daily, paths, company.now, known_until=until) for name, until in told_and_not(found)}
    assert (read["told"]["m"]["orders_paid"]["count_30d"], read["told"]["p"]["days_silent"]) == (30, 0)
    assert (read["not"]["m"]["orders_paid"]["count_30d"], read["not"]["p"]["days_silent"]) == (22, 7)
    assert read["told"]["p"]["days_known"] == read["not"]["p"]["days_known"]
    assert dict(found.doubts(daily, ["p.days_silent", "p.days_known"])) == {"measure:p.silent": 0.7}


def told_and_not(health: Health) -> list[tuple[str, Mapping[str, int]]]:
    return [("told", health.known_until), ("not", {})]


def moved(profile: Profile, by: int) -> Profile:
    """The same life at another time, by whole days."""
    days = round(by / DAY_MS)
    series = {
        name: replace(
            one,
            first_at=one.first_at + days * DAY_MS,
            last_at=one.last_at + days * DAY_MS,
            days=tuple(replace(each, period=each.period + days) for each in one.days),
        )
        for name, one in profile.series.items()
    }
    first, last = profile.first_seen + days * DAY_MS, profile.last_seen + days * DAY_MS
    return replace(profile, first_seen=first, last_seen=last, series=series)


def without_amount(draw: random.Random, hour: int) -> tuple[str, dict[str, Any]] | None:
    """A release renamed a column."""
    sent = shop(draw, hour)
    if sent is not None:
        sent[1].pop("amount", None)
    return sent


def in_cents(draw: random.Random, hour: int) -> tuple[str, dict[str, Any]] | None:
    """A release sends cents for yuan."""
    sent = shop(draw, hour)
    if sent is not None and "amount" in sent[1]:
        sent[1]["amount"] = sent[1]["amount"] + "00"
    return sent


def only_messages(draw: random.Random, hour: int) -> tuple[str, dict[str, Any]] | None:
    """An export that leaves orders out."""
    sent = shop(draw, hour)
    return None if sent is not None and sent[0] == "order.paid" else sent


@pytest.mark.parametrize(
    ("sends", "state", "named"),
    [
        (without_amount, "changed", "order.paid amount"),
        (in_cents, "drifting", "order.paid amount"),
        (only_messages, "changed", "order.paid"),
    ],
)
def test_judge__source_that_changed__is_found_named_and_restored(
    company: Company, sends: Sends, state: str, named: str
) -> None:
    """Found within two days, without flapping while it lasts, and over by itself once it is repaired."""
    list(company.watch(1))
    company.sends["s_shop"] = sends
    ill = list(company.watch(5))
    assert turns(ill, "s_shop") == [state] and turns(ill, "s_desk") == []
    first = next(place for place, one in enumerate(ill) if "s_shop" in one.turned)
    assert first <= 2 * 24 / 3
    told = ill[-1].health.sources["s_shop"]
    assert named in told.says.en and named in told.says.zh and told.weight < 1
    assert ill[-1].health.measures["orders_paid"].weight < 1
    assert ill[-1].health.measures["orders_paid"].known_until is None
    company.sends["s_shop"] = shop
    well = list(company.watch(5))
    assert turns(well, "s_shop") == ["healthy"] and well[-1].health == WELL


def test_judge__change_that_stays__becomes_the_usual(company: Company) -> None:
    """After two weeks the new way is how the source is: it is not doubted for ever."""
    list(company.watch(1))
    company.sends["s_shop"] = in_cents
    assert turns(list(company.watch(45, every=12)), "s_shop")[:2] == ["drifting", "healthy"]


def test_judge__nothing_was_counted__says_nothing() -> None:
    """A new tenant has no sources to judge, and a report that says so."""
    services = QualityServices(MemoryTallies(), MemoryHealth())
    judged = judge_sources(TENANT, services, START)
    assert (judged.health, judged.judgement.sources) == (WELL, {})
    assert describe_sources("t_other", services.health).judged_at is None
