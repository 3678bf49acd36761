"""What rules read: windows, ratios, ages, cases; and the evidence behind each."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.kernel.moments import DAY_MS
from chalicelib.profiles.cases import cases
from chalicelib.profiles.fold import fold
from chalicelib.profiles.join import body_of, join
from chalicelib.profiles.model import Contribution, Delta, Profile, Step, Trait
from chalicelib.profiles.values import Row, at_path, evidence, present, stem, values

NOW = 1_760_000_000_000 // DAY_MS * DAY_MS + 15 * 3_600_000


def person(*contributions: Contribution) -> Profile:
    facet = fold(None, contributions)
    return join("p_1", 1, "active", 1, body_of({"user_id:a": facet} if facet else {}))


def event(number: int, days_ago: float, *, amount: int = 0, step: Step | None = None, **traits: Trait) -> Contribution:
    at = NOW - int(days_ago * DAY_MS)
    return Contribution(
        number.to_bytes(2),
        "order.paid",
        at,
        "shop",
        1,
        "web",
        "user_id:a",
        {"user_id:a": "a*"},
        traits,
        (Delta("orders", amount),),
        step,
    )


def step(number: int, days_ago: float, kind: str, ref: str, status: str) -> Contribution:
    at = NOW - int(days_ago * DAY_MS)
    return event(number, days_ago, step=Step(at, number.to_bytes(2), kind, ref, status))


def value(profile: Profile, path: str) -> Any:
    return at_path(values(profile, [path], NOW, {"orders"}), path)


SPENT = person(*(event(n, days, amount=10_000_000 * n) for n, days in enumerate([0, 3, 20, 45, 80, 300], 1)))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("m.orders.count", 6),
        ("m.orders.count_1d", 1),
        ("m.orders.count_7d", 2),
        ("m.orders.count_30d", 3),
        ("m.orders.count_90d", 5),
        ("m.orders.count_365d", 6),
        ("m.orders.sum", 210.0),
        ("m.orders.sum_30d", 60.0),
        ("m.orders.mean", 35.0),
        ("m.orders.mean_7d", 15.0),
        ("m.orders.max", 60.0),
        ("m.orders.days_since_last", 0),
        ("m.orders.days_since_first", 300),
        ("m.orders.trend_30d", 3.0),
        ("m.never.count", 0),
        ("m.never.sum_30d", 0),
        ("m.never.mean", None),
        ("m.never.days_since_last", None),
        ("p.days_known", 300),
        ("p.days_silent", 0),
        ("p.identifiers", 1),
        ("p.channels", 1),
        ("orders.open", 0),
        ("orders.undelivered_days", None),
        ("t.city", None),
    ],
)
def test_values__a_path__is_what_the_events_say(path: str, expected: object) -> None:
    """Each path has exactly the value that counting the events by hand gives."""
    assert value(SPENT, path) == expected


def test_values__mean_of_an_empty_window__is_unknown() -> None:
    """No occurrence has no mean; it is not zero."""
    assert value(person(event(1, 40, amount=5)), "m.orders.mean_7d") is None


def test_values__ratio_without_a_past__is_unknown() -> None:
    """A change against nothing is not a change."""
    assert value(person(event(1, 1)), "m.orders.trend_30d") is None


def test_values__a_sealed_trait__is_never_read() -> None:
    """A rule that reads a sealed trait reads nothing."""
    sealed = Trait(b"sealed", NOW, 1, b"k", "shop", masked="张**")
    clear = Trait("Shanghai", NOW, 1, b"k", "shop")
    profile = person(event(1, 0, name=sealed, city=clear))
    assert (value(profile, "t.name"), value(profile, "t.city")) == (None, "Shanghai")


def test_values__an_unknown_kind_of_path__raises() -> None:
    """A path of no kind is a mistake of the rule's author, never a silent None."""
    with pytest.raises(KeyError):
        values(SPENT, ["x.y"], NOW)


def test_values__open_cases__count_and_age() -> None:
    """Open orders, tickets and complaints are counted, and aged by when they began."""
    profile = person(
        step(1, 9, "order", "o1", "paid"),
        step(2, 8, "order", "o1", "shipped"),
        step(3, 5, "order", "o2", "paid"),
        step(4, 1, "order", "o2", "delivered"),
        step(5, 4, "complaint", "t1", "filed"),
        step(6, 3, "ticket", "t1", "opened"),
    )
    assert value(profile, "orders.open") == 1
    assert value(profile, "orders.total") == 2
    assert value(profile, "orders.undelivered_days") == 9
    assert value(profile, "tickets.open") == 1
    assert value(profile, "complaints.oldest_open_days") == 4


def test_cases__a_resolved_ticket__settles_its_complaint() -> None:
    """A complaint is settled when the ticket of the same reference is."""
    profile = person(step(1, 4, "complaint", "t1", "filed"), step(2, 1, "ticket", "t1", "resolved"))
    assert {case.kind: case.open for case in cases(profile.steps)} == {"complaint": False, "ticket": False}


@pytest.mark.parametrize(
    ("path", "ages"),
    [
        ("m.orders.sum_30d", (300, 0)),
        ("p.days_known", (300, 0)),
        ("m.never.count", None),
        ("t.city", None),
        ("orders.open", None),
    ],
)
def test_evidence__of_a_path__first_and_last_time(path: str, ages: tuple[int, int] | None) -> None:
    """The evidence of a value is when its events began and ended; no events, no evidence."""
    expected = None if ages is None else (NOW - ages[0] * DAY_MS, NOW - ages[1] * DAY_MS)
    assert evidence(SPENT, path) == expected


def test_evidence__of_traits_cases_and_nobody() -> None:
    """A trait's evidence is its writing, a case's its steps, and of nobody there is none."""
    profile = person(step(1, 4, "order", "o", "paid"), event(2, 2, city=Trait("x", NOW - 7, 1, b"k", "s")))
    at = NOW - 4 * DAY_MS
    assert evidence(profile, "orders.open") == (at, at)
    assert evidence(profile, "t.city") == (NOW - 7, NOW - 7)
    assert evidence(person(), "p.days_known") is None


def test_present_and_stem__name_what_an_event_can_touch() -> None:
    """The stems that are present are those whose paths can have a value."""
    profile = person(step(1, 4, "order", "o", "paid"))
    assert present(profile) == {"m.orders", "p", "ids", "orders"}
    assert [stem(path) for path in ("m.orders.sum_30d", "t.city", "orders.open", "p.channels")] == [
        "m.orders",
        "t.city",
        "orders",
        "p",
    ]


def test_at_path__through_something_that_is_no_mapping__is_none() -> None:
    """A path that leads nowhere reads as None."""
    assert at_path({"a": 1}, "a.b") is None


PATHS = (
    *("m.orders.count_30d", "m.orders.sum_365d", "m.orders.trend_30d", "m.orders.mean", "m.orders.days_since_last"),
    *("m.orders.active_days_30d", "m.never.count", "m.never.mean_90d", "m.never.days_since_first"),
    *("t.city", "t.secret", "t.none", "p.days_known", "p.days_silent", "p.channels", "ids.user_id", "ids.phone"),
    *("scene.night", "scene.campaign", "orders.undelivered_days", "orders.open", "tickets.open"),
)


@pytest.mark.parametrize(
    "profile",
    [
        person(),
        SPENT,
        person(event(1, 400, amount=7), event(2, 0, city=Trait("杭州", NOW, 1, b"e", "shop")), event(3, 90)),
        person(event(1, 2, secret=Trait(b"x", NOW, 1, b"e", "shop", "1**")), step(2, 3, "order", "o", "paid")),
    ],
)
@pytest.mark.parametrize(
    "known_until", [{}, {"orders": NOW - 20 * DAY_MS, "orders.*": NOW - DAY_MS, "p.silent": NOW - 9}]
)
@pytest.mark.parametrize("money", [frozenset(), frozenset({"orders"})])
def test_row__of_anybody__is_what_is_read_by_names(
    profile: Profile, known_until: dict[str, int], money: frozenset[str]
) -> None:
    """A row tells the same of each path as the values do, in the order of its paths."""
    row = Row(PATHS, money)
    assert sorted(row.paths) == sorted(PATHS)
    nested = values(profile, PATHS, NOW, money, scenes={"night"}, known_until=known_until)
    told = row.of(profile, NOW, scenes={"night"}, known_until=known_until)
    assert told == [at_path(nested, path) for path in row.paths]
    assert row.of(person(), NOW) == [at_path(values(person(), PATHS, NOW, money), path) for path in row.paths]
