"""What time alone sets and clears, against evaluating at every hour or minute: no change missed, none invented."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.kernel.moments import DAY_MS, HOUR_MS, MINUTE_MS, Millis
from chalicelib.profiles.model import Profile
from chalicelib.tags import timers, timetable
from chalicelib.tags.catalogue import Catalogue, load_catalogue
from chalicelib.tags.changes import Changes, changes
from chalicelib.tags.engine import assess
from chalicelib.tags.model import Assessment, Failure
from chalicelib.tags.timers import earliest, next_change, walk
from tests.bench.world import KINDS
from tests.unit.tags.persons import NOW, happened, person
from tests.unit.tags.rules import catalogue, rule, signal

type Net = tuple[frozenset[str], frozenset[str]]
MIDNIGHT = NOW + 12 * HOUR_MS


def lived(drawn: random.Random) -> Profile:
    """Somebody with a past of every kind of event, near and far."""
    events = []
    for _ in range(drawn.randrange(1, 40)):
        kind, channel, data = drawn.choice(KINDS)
        told = {name: one.format(n=drawn.randrange(6)) if isinstance(one, str) else one for name, one in data.items()}
        events.append(happened(kind, drawn.random() * drawn.choice([0.1, 2, 40, 400]), channel, **told))
    return person(events)


def ids(changed: Changes) -> Net:
    return frozenset(one.id for one in changed.set), frozenset(one.id for one in changed.cleared)


def unlike_brute_force(rules: Catalogue, someone: Profile, until: Millis, step: int) -> list[str]:
    """Where a walk says something else than evaluating at every ``step``, and just before and at each of its turns."""
    turns = walk(rules, someone, NOW, until).turns
    found = [
        f"invented at {turn.at}"
        for turn in turns
        if ids(changes(assess(rules, someone, turn.at - 1), assess(rules, someone, turn.at))) != ids(turn.changes)
    ]
    at, state = NOW, assess(rules, someone, NOW)
    while at < until:
        following = min(at + step, until)
        after = assess(rules, someone, following)
        told = toggled([ids(turn.changes) for turn in turns if at < turn.at <= following])
        if told != ids(changes(state, after)):
            found.append(f"missed after {at}: {told} for {ids(changes(state, after))}")
        at, state = following, after
    return found


def toggled(told: list[Net]) -> Net:
    """What several changes in a row come to: set and cleared again is nothing."""
    on, off = set[str](), set[str]()
    for now_set, now_cleared in told:
        on, off = (on | (now_set - off)) - (now_cleared & on), (off | (now_cleared - on)) - (now_set & off)
    return frozenset(on), frozenset(off)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1 << 30))
def test_walk__of_anyone_by_the_shipped_library__misses_and_invents_nothing(seed: int) -> None:
    """Forty-five days of hours, among them every midnight."""
    someone = lived(random.Random(seed))
    assert unlike_brute_force(load_catalogue(), someone, NOW + 45 * DAY_MS, HOUR_MS) == []


PARTS: list[Any] = [
    {"<": [{"var": "p.minutes_silent"}, 30]},
    {">=": [{"var": "p.minutes_silent"}, 45]},
    {"==": [{"var": "p.minutes_silent"}, 61]},
    {">=": [{"%": [{"var": "p.minutes_silent"}, 100]}, 50]},
    {">": [30, {"var": "m.contacts.days_since_last"}]},
    {"<=": [1, {"var": "m.contacts.count_3d"}, 2]},
    {"!": [{"var": "m.contacts.count_1d"}]},
    {"<": [{"trend": ["contacts", 7]}, 1]},
    {">=": [{"share": ["orders_paid", "contacts", 7]}, 0.5]},
    {">": [{"sum": ["orders_paid", 7]}, 28.5]},
    {"<=": [{"mean": ["orders_paid", 3]}, 38.5]},
    {">=": [{"active_days": ["contacts", 7]}, 2]},
    {"within": ["orders_paid", 2.5]},
    {">": [{"??": [{"var": "m.orders_paid.days_since_last"}, 99]}, 1.5]},
    {">": [{"-": [{"var": "p.days_known"}, {"var": "p.days_silent"}]}, 1]},
    {"==": [{"var": "orders.undelivered_days"}, 1]},
]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 1 << 30),
    st.lists(
        st.tuples(st.lists(st.sampled_from(PARTS), min_size=1, max_size=3), st.booleans()), min_size=1, max_size=4
    ),
    st.sampled_from([None, 0.9, 20]),
    st.sampled_from([None, 0.7, 3]),
)
def test_walk__by_rules_of_every_form__minute_by_minute_the_same(
    seed: int, signals: list[tuple[list[Any], bool]], half_life: float | None, expires: float | None
) -> None:
    """Comparisons either way round, windows, trends, sums, arithmetic on what counts, decay and expiry."""
    weights = [round(1 / len(signals), 6)] * len(signals)
    weights[0] += 1 - sum(weights)
    declared = [
        signal(f"s{place}", weight, {"and" if whole else "or": parts})
        for place, ((parts, whole), weight) in enumerate(zip(signals, weights, strict=True))
    ]
    rules = catalogue(rule(signals=declared, threshold=0.4, half_life_days=half_life, expires_days=expires))
    someone = lived(random.Random(seed))
    with pytest.MonkeyPatch.context() as patched:
        # Arithmetic on minutes has an instant every minute.
        patched.setattr(timers, "MOST_WALKED", 3_000)
        assert unlike_brute_force(rules, someone, NOW + 2 * DAY_MS, 5 * MINUTE_MS) == []
    assert unlike_brute_force(rules, someone, NOW + 3 * HOUR_MS, MINUTE_MS) == []


MUTANTS = {
    "no instants but expiries": ("next_possible", timers, lambda *_: None),
    "no expiries": (
        "earliest",
        timers,
        lambda rules, someone, _, after: timetable.next_possible(rules, someone, after),
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_walk__that_looks_at_too_little__is_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The comparison sees a walk that leaves out windows and thresholds, or decay and expiry."""
    patched, module, mutant = MUTANTS[name]
    monkeypatch.setattr(module, patched, mutant)
    people = [lived(random.Random(seed)) for seed in range(4)]
    assert any(unlike_brute_force(load_catalogue(), one, NOW + 45 * DAY_MS, 6 * HOUR_MS) for one in people)


def test_walk__where_sides_are_confused__is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reached, or just above: one bucket or one day makes the difference."""
    swapped = {name: (right, left) for name, (left, right) in timetable._SIDES.items()}
    monkeypatch.setattr(timetable, "_SIDES", swapped)
    rules = catalogue(rule(signals=[signal("a", 1, {">=": [{"var": "m.contacts.days_since_last"}, 3]})], threshold=1))
    assert unlike_brute_force(rules, person([happened("call.started", 1)]), NOW + 5 * DAY_MS, HOUR_MS)


# -- one rule each


def one_rule(when: Any, **changed: Any) -> Catalogue:
    return catalogue(rule(signals=[signal("only", 1, when)], threshold=1, **changed))


def test_next_change__of_an_expiry__is_its_millisecond() -> None:
    """Three days and a half after the last evidence, whatever the time of day."""
    rules = one_rule({">=": [{"var": "m.contacts.count"}, 1]}, expires_days=3.5)
    someone = person([happened("call.started", 1.25)])
    assert next_change(rules, someone, NOW) == someone.last_seen + int(3.5 * DAY_MS)
    (turn,) = walk(rules, someone, NOW, NOW + 9 * DAY_MS).turns
    assert ids(turn.changes) == (frozenset(), frozenset({"sample"}))


def test_next_change__of_decay__is_when_the_confidence_falls_below_the_threshold() -> None:
    """A weight of 1 with a threshold of a quarter lasts two half-lives."""
    rules = catalogue(
        rule(signals=[signal("a", 1, {">=": [{"var": "m.contacts.count"}, 1]})], threshold=0.25, half_life_days=0.5)
    )
    someone = person([happened("call.started", 0.1)])
    at = next_change(rules, someone, NOW)
    assert at == someone.last_seen + DAY_MS + 1
    assert assess(rules, someone, at - 1).tags and not assess(rules, someone, at).tags


def test_next_change__of_lifetime_counts_and_traits__is_the_end_of_their_retention() -> None:
    """Else they wait for events alone; and what may no longer be kept sets no tag."""
    rules = one_rule({"and": [{">=": [{"var": "m.contacts.count"}, 1]}, {"==": [{"var": "t.region"}, "east"]}]})
    someone = person([happened("call.started", 1)], {"region": "east"})
    at = next_change(rules, someone, NOW)
    assert at == someone.last_seen + 1095 * DAY_MS
    assert assess(rules, someone, at - 1).tags and not assess(rules, someone, at).tags
    assert next_change(rules, someone, at) is None


def test_next_change__behind_very_many_instants__is_a_moment_to_go_on_from() -> None:
    """The bound makes it earlier than the change, never later, and going on from there finds the change."""
    rules = one_rule({">=": [{"+": [{"var": "p.minutes_silent"}, 0]}, 500]})
    someone = person([happened("call.started", 0)])
    at, looked = NOW, 0
    while not assess(rules, someone, at).tags:
        following = next_change(rules, someone, at)
        assert following is not None and at < following <= NOW + 500 * MINUTE_MS
        at, looked = following, looked + 1
    assert (at, looked) == (NOW + 500 * MINUTE_MS, 9)


def test_earliest__after_an_event__is_no_later_than_the_next_change() -> None:
    """What ingestion notes without evaluating anything, for the rules concerned and for all."""
    rules = load_catalogue()
    for seed in range(40):
        someone = lived(random.Random(seed))
        following = next_change(rules, someone, NOW)
        noted = earliest(rules, someone, [assess(rules, someone, NOW)], NOW)
        assert following is None or (noted is not None and NOW < noted <= following)


def test_walk__through_a_rule_that_fails_for_a_while__tells_what_it_left_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A rule that could not be evaluated in between has not swallowed the clearing."""
    rules = one_rule({"<": [{"var": "m.contacts.days_since_last"}, 2]})
    someone = person([happened("call.started", 0.5)])
    ends = someone.last_seen + 2 * DAY_MS

    def failing(*asked: Any, **more: Any) -> Assessment:
        if asked[2] == ends:
            return Assessment((), (Failure("sample", "Thrown"),))
        return assess(*asked, **more)

    monkeypatch.setattr(timers, "assess", failing)
    monkeypatch.setattr(
        timers, "next_possible", lambda *asked: next((t for t in (ends, ends + 5) if t > asked[2]), None)
    )
    (turn,) = walk(rules, someone, NOW, NOW + 9 * DAY_MS).turns
    assert (turn.at, [one.id for one in turn.changes.cleared]) == (ends + 5, ["sample"])


# -- increments: per event, per session close, per day, per month


def test_increment__by_the_event__is_there_at_once() -> None:
    """What an event changes needs no timer: it is evaluated with the event."""
    rules = one_rule({">=": [{"var": "m.contacts.count_1d"}, 2]})
    before = person([happened("call.started", 0.01)])
    after = person([happened("call.started", 0.01), happened("call.started", 0)])
    assert ids(changes(assess(rules, before, NOW), assess(rules, after, NOW))) == (frozenset({"sample"}), frozenset())


def test_increment__by_the_session__comes_thirty_minutes_after_the_last_event() -> None:
    """A session is closed when nothing was heard for half an hour, to the millisecond."""
    rules = one_rule({">=": [{"var": "p.minutes_silent"}, 30]})
    someone = person([happened("session.started", 0.01), happened("page.viewed", 0.003)])
    assert next_change(rules, someone, NOW) == someone.last_seen + 30 * MINUTE_MS


def test_increment__by_the_day__comes_at_midnight() -> None:
    """Yesterday's bucket leaves the window of a day when the day is over."""
    rules = one_rule({">=": [{"var": "m.contacts.count_1d"}, 1]})
    assert next_change(rules, person([happened("call.started", 0.1)]), NOW) == MIDNIGHT


def test_increment__by_the_month__comes_when_a_month_leaves_the_window() -> None:
    """Past ninety days whole months are kept, and leave whole: by the first day of each."""
    rules = one_rule({">=": [{"var": "m.contacts.count_365d"}, 2]})
    someone = person([happened("call.started", 200), happened("call.started", 230), happened("page.viewed", 0)])
    months = someone.series["contacts"].months
    assert len(months) == 2
    at = next_change(rules, someone, NOW)
    assert at is not None and at % DAY_MS == 0
    assert len(assess(rules, someone, at - 1).tags) == 1 and not assess(rules, someone, at).tags


# -- tags that bear on one another


def test_walk__of_rivals_and_parents__hears_of_what_their_relations_hide() -> None:
    """A parent that its child keeps set loses its own weight when its own evidence ends: then a rival passes it, and both go."""
    seen = {">=": [{"var": "m.contacts.count"}, 1]}
    bought = {">=": [{"var": "m.orders_paid.count"}, 1]}
    half = [signal("a", 0.5, seen), signal("b", 0.5, {">=": [{"var": "m.contacts.count"}, 9]})]
    rules = catalogue(
        rule(id="above", signals=[signal("a", 1, seen)], threshold=1, expires_days=2, exclusive="one"),
        rule(id="below", signals=half, threshold=0.5, expires_days=9, parent="above"),
        rule(
            id="rival",
            signals=[signal("a", 0.7, bought), signal("b", 0.3, {"<": [1, 0]})],
            threshold=0.6,
            exclusive="one",
        ),
    )
    someone = person([happened("call.started", 1.1), happened("order.paid", 1, order_id="o1", amount="1.00")])
    assert {tag.id for tag in assess(rules, someone, NOW).tags} == {"above", "below"}
    turn = walk(rules, someone, NOW, NOW + 20 * DAY_MS).turns[0]
    assert turn.at == someone.series["contacts"].last_at + 2 * DAY_MS
    assert ids(turn.changes) == (frozenset({"rival"}), frozenset({"above", "below"}))
    assert unlike_brute_force(rules, someone, NOW + 20 * DAY_MS, HOUR_MS) == []
