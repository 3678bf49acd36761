"""The past of a profile: what could be known then, no more, and no less where buckets permit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.kernel.moments import DAY_MS, HOUR_MS, day_of, parse_moment
from chalicelib.profiles.fold import fold
from chalicelib.profiles.join import body_of, join
from chalicelib.profiles.measures import load_measures
from chalicelib.profiles.model import Contribution, Delta, Profile
from chalicelib.profiles.series import merge
from chalicelib.profiles.values import at_path, values
from chalicelib.segments.as_of import Pasts, Window, as_of, windows
from chalicelib.segments.features import features, measures_read, raw_vector
from chalicelib.segments.outcomes import outcome
from chalicelib.segments.score_specs import score_specs
from tests.unit.segments import plain_as_of

MEASURES = load_measures()
UNTIL = parse_moment("2026-06-20T15:00:00Z")
TODAY = day_of(UNTIL)
COUNTED = ("contacts", "orders_paid", "complaints", "surveys")
#: When a channel was first used is kept nowhere; which hour an event had is not, where only its day is.
NOT_KEPT = {"channels", "order_gap_days"}

type Happened = tuple[int, int, str, int]
"""Days before today, hour, measure, amount."""


def profile_of(happened: Sequence[Happened]) -> Profile | None:
    contributions = [
        Contribution(
            event_key=place.to_bytes(4),
            type="synthetic",
            at=(TODAY - days) * DAY_MS + hour * HOUR_MS,
            source="s",
            source_rank=0,
            channel="web",
            facet="user_id:a",
            identifiers={"user_id:a": "m"},
            traits={},
            deltas=(Delta(measure, amount),),
        )
        for place, (days, hour, measure, amount) in enumerate(happened)
    ]
    facet = fold(None, contributions)
    return None if facet is None else join("p_1", 1, "active", 1, body_of({"user_id:a": facet}))


def lives(oldest: int, latest: int = 0) -> st.SearchStrategy[list[Happened]]:
    event = st.tuples(
        st.integers(latest, oldest), st.integers(0, 23), st.sampled_from(COUNTED), st.integers(1, 5_000_000)
    )
    return st.lists(event, max_size=30)


def all_windows() -> st.SearchStrategy[Window]:
    return st.sampled_from([one for days in (7, 30, 60, 90) for one in windows(UNTIL, days, earlier=4)])


def vector(profile: Profile | None, window: Window) -> dict[str, float | None]:
    if profile is None:
        return {}
    raw = raw_vector(profile, window.now, MEASURES)
    return dict(zip((one.id for one in features()), raw, strict=True))


@given(past=lives(89), window=st.sampled_from([windows(UNTIL, days, 0)[0] for days in (7, 30, 60)]), data=st.data())
def test_as_of__where_days_are_known__is_the_profile_of_then(
    past: list[Happened], window: Window, data: st.DataObject
) -> None:
    """Within the last 90 days every feature is what the events up to then give, whatever followed."""
    cut = TODAY - day_of(window.cutoff)
    then = [one for one in past if one[0] > cut]
    whole = profile_of([*then, *(one for one in data.draw(lives(cut, 1)) if one[0] <= cut)])
    found = vector(None if whole is None else as_of(whole, window), window)
    truth = vector(profile_of(then), window)
    assert {name: one for name, one in found.items() if name not in NOT_KEPT} == {
        name: one for name, one in truth.items() if name not in NOT_KEPT
    }


@given(past=lives(900), later=lives(300, 1), window=all_windows())
def test_as_of__whatever_followed__says_the_same(past: list[Happened], later: list[Happened], window: Window) -> None:
    """Nobody's past shows what came after the cutoff, not even by how coarsely it is known."""
    cut = TODAY - day_of(window.cutoff)
    then = [one for one in past if one[0] > cut]
    whole, bare = profile_of([*then, *(one for one in later if one[0] <= cut)]), profile_of(then)
    if bare is None:
        assert whole is None or as_of(whole, window) is None
        return
    assert whole is not None
    known, same = as_of(whole, window), as_of(bare, window)
    assert known is not None and same is not None
    assert known.series == same.series
    assert vector(known, window) | {"channels": 0} == vector(same, window) | {"channels": 0}


def test_as_of__without_making_all_equally_coarse__shows_what_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule above can fail: where each keeps days by their own last event, those who came back are told apart."""
    window = windows(UNTIL, 60, 0)[0]
    silent, returned = (
        profile_of([(100, 1, "contacts", 0)] * 2),
        profile_of([(100, 1, "contacts", 0)] * 2 + [(1, 1, "contacts", 0)]),
    )
    assert silent is not None and returned is not None
    assert as_of(silent, window).series == as_of(returned, window).series  # type: ignore[union-attr]
    monkeypatch.setattr("chalicelib.segments.timeline.prune", lambda series, until: series)
    assert as_of(silent, window).series != as_of(returned, window).series  # type: ignore[union-attr]


@given(life=lives(900, 1), window=all_windows())
def test_as_of__totals__are_parted_at_the_cutoff(life: list[Happened], window: Window) -> None:
    """What was before the cutoff and what followed up to the end are exactly what the events say, also by month."""
    whole = profile_of(life)
    past = None if whole is None else as_of(whole, window)
    cut, end = TODAY - day_of(window.cutoff), TODAY - day_of(window.end)
    for name in COUNTED:
        then = [one for one in life if one[2] == name and one[0] > cut]
        then_series = past.series.get(name) if past is not None else None
        assert (len(then), 0) == (0, 0) if then_series is None else then_series.count == len(then)
        assert (then_series.total if then_series else 0) == sum(one[3] for one in then)
        following = [one for one in life if one[2] == name and end < one[0] <= cut]
        line = Pasts(whole, UNTIL).line(name) if whole is not None else None
        assert (line.followed(TODAY - cut, TODAY - end) if line else (0, 0)) == (
            len(following),
            sum(one[3] for one in following),
        )


def test_windows__do_not_overlap__and_end_where_buckets_do() -> None:
    """The latest window ends with yesterday; the earlier ones are whole months, each before the one after it."""
    for days in (30, 60, 90):
        found = windows(UNTIL, days, earlier=3)
        assert day_of(found[0].end) == TODAY
        assert all(later.cutoff >= earlier.end for later, earlier in pairwise(found))
        assert all(abs(day_of(one.end) - day_of(one.cutoff) - days) <= 3 for one in found)


def test_as_of__a_cutoff_within_a_month__is_refused() -> None:
    """A month's bucket cannot be cut, so a cutoff within one is a mistake and not a guess."""
    profile = profile_of([(200, 1, "contacts", 1)])
    assert profile is not None
    within = Window((TODAY - 100) * DAY_MS, TODAY * DAY_MS, UNTIL)
    with pytest.raises(ValueError, match="cutoff"):
        as_of(profile, within)


def test_as_of__an_order_known_by_month__stands_in_its_middle() -> None:
    """A month's events are spread evenly: a window of 90 days reads about as many as there were."""
    profile = profile_of([(300, 1, "orders_paid", 1), (105, 1, "orders_paid", 5), (110, 2, "orders_paid", 7)])
    assert profile is not None
    window = windows(UNTIL, 90, 0)[0]
    past = as_of(profile, window)
    assert past is not None
    assert [(one.count, one.total) for one in past.series["orders_paid"].days] == [(1, 6), (1, 6)]
    assert vector(past, window)["orders_90d"] == 2


def joined(facets: Sequence[list[Happened]]) -> Profile | None:
    """One person of several facets, each with a watermark of its own: months and days of one time stand beside each other."""
    folded = [one for one in map(profile_of, facets) if one is not None]
    if not folded:
        return None
    whole = folded[0]
    for other in folded[1:]:
        series = dict(whole.series)
        for name, one in other.series.items():
            series[name] = merge(series[name], one) if name in series else one
        whole = replace(whole, first_seen=min(whole.first_seen, other.first_seen), series=series)
    return whole


@given(facets=st.lists(lives(1200), min_size=1, max_size=3))
def test_pasts__of_several_cutoffs__are_those_of_the_plain_definition(facets: list[list[Happened]]) -> None:
    """What cutoffs share is made once, and changes no byte: profiles, features and what followed are the plain ones."""
    whole = joined(facets)
    if whole is None:
        return
    person = Pasts(whole, UNTIL)
    for window in [one for days in (7, 30, 60, 90) for one in windows(UNTIL, days, earlier=3)]:
        plain = plain_as_of.as_of(whole, window)
        assert person.as_of(window) == plain
        read = person.as_of(window, measures_read())
        assert vector(read, window) == vector(plain, window)
        for spec in score_specs().values():
            assert outcome(spec, person, window) == plain_as_of.outcome(spec, whole, window)


def test_pasts__with_months_on_one_day__are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule above can fail: a month is spread over its days, not put on the first."""
    whole = joined([[(95, 1, "contacts", 1)] * 3 + [(91, 1, "contacts", 1)] * 40, [(90, 1, "contacts", 1)] * 2])
    assert whole is not None
    window = windows(UNTIL, 30, 0)[0]
    plain = plain_as_of.as_of(whole, window)
    assert Pasts(whole, UNTIL).as_of(window) == plain
    monkeypatch.setattr("chalicelib.segments.timeline._place_of", lambda number, count, days: 0)
    monkeypatch.setattr("chalicelib.segments.timeline._places", lambda count, days: range(0, days, days))
    assert Pasts(whole, UNTIL).as_of(window) != plain


@given(past=lives(900))
def test_raw_vector__read_at_once__is_what_the_paths_of_rules_read(past: list[Happened]) -> None:
    """A feature is what a rule would read at its paths, added up and divided; money is in units."""
    profile = profile_of(past)
    if profile is None:
        return
    paths = {path for one in features() for path in one.paths}
    read = values(profile, paths, UNTIL, MEASURES.money)
    plain: list[float | None] = []
    for one in features():
        value, whole = at_path(read, one.path), at_path(read, one.per) if one.per else None
        for path in one.also:
            value = (value or 0) + (at_path(read, path) or 0)
        if one.per:
            plain.append(value / whole if value is not None and whole else None)
        else:
            plain.append((0.0 if one.missing == "zero" else None) if value is None else float(value))
    assert raw_vector(profile, UNTIL, MEASURES) == tuple(plain)
