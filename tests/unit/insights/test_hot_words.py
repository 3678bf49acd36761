"""How mentions are tallied and read again."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.insights.hot_words import (
    EVERY,
    WEEK_HOURS,
    WINDOW_HOURS,
    Mention,
    against_usual,
    expires_at,
    family_of,
    hours_needed,
    span_of,
    tallied,
)
from chalicelib.kernel.moments import HOUR_MS, Millis

NOW: Millis = 1_760_000_000_000


def tallies_of(*mentions: Mention, region: str = EVERY) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for mention in mentions:
        for family, hour, key in tallied(mention):
            if family == family_of(region):
                of_hour = found.setdefault(hour, {})
                of_hour[key] = of_hour.get(key, 0) + 1
    return found


def said(
    *words: str, hours_ago: float = 0, region: str = "上海", segment: str = "vip", channel: str = "web"
) -> Mention:
    return Mention(int(NOW - hours_ago * HOUR_MS), region, segment, channel, frozenset(words))


def test_mentions__of_a_window__are_counted_by_filter() -> None:
    """Region, segment and channel each count for themselves and all together."""
    many = [said("refund")] * 6 + [said("refund", region="浙江", segment="other", channel="app")] * 7
    span = span_of("24h", NOW)
    everywhere, shanghai = tallies_of(*many), tallies_of(*many, region="上海")
    assert against_usual(everywhere, span, of_all=True).words["refund"].count == 13
    assert against_usual(everywhere, span, of_all=True).messages == 13
    assert against_usual(shanghai, span).words["refund"].count == 5
    assert against_usual(everywhere, span, segment="other").words["refund"].count == 5
    assert against_usual(everywhere, span, channel="web").words["refund"].count == 5
    assert against_usual(everywhere, span, segment="vip", channel="app").words == {}


@cache
def left(hidden: int, shown: int) -> int:
    """What all channels have more than the web, as answered, where so many said it in the app and on the web."""
    span = span_of("24h", NOW)
    tallies = tallies_of(*[said("refund")] * shown, *[said("refund", channel="app")] * hidden)
    told = [against_usual(tallies, span, of_all=all_, channel=one) for all_, one in ((True, EVERY), (False, "web"))]
    assert against_usual(tallies, span, channel="app").words == {} or hidden >= 5
    return told[0].words["refund"].count - told[1].words["refund"].count


@given(st.integers(5, 60), st.integers(5, 60))
def test_counts__of_a_filter__tell_nobody_by_subtraction(web: int, app: int) -> None:
    """Whatever one channel has, the answers for all and for the other are the same as if it had up to four more or fewer."""
    fives = {left(few, web) for few in range(5)}
    assert len({few - left(few, web) for few in range(5)}) == 1 and len(fives) == 5
    others = {few for few in range(5) for shown in range(5, 61) if left(few, shown) == left(2, web)}
    assert len(others) >= 3
    assert abs(left(app, web) - app) <= 2


def test_week__without_any_message__is_not_compared_with() -> None:
    """A tenant of two weeks is compared with two weeks, and not with emptiness before it came."""
    past = [said("refund", hours_ago=week * WEEK_HOURS + 1) for week in (1, 2) for _ in range(10)]
    found = against_usual(tallies_of(*past, *[said("refund")] * 10), span_of("24h", NOW))
    assert found.weeks == 2
    assert found.words["refund"].expected is not None and 9 < found.words["refund"].expected <= 10


def test_forecast__of_a_day__reads_the_same_hours_of_past_weeks() -> None:
    """What comes in the next 24 hours is what came in those hours of the weeks before."""
    ahead = [said("refund", hours_ago=week * WEEK_HOURS - 5) for week in (1, 2, 3, 4) for _ in range(8)]
    past = [said("price", hours_ago=week * WEEK_HOURS + 1) for week in (1, 2, 3, 4)]
    found = against_usual(tallies_of(*ahead, *past, *[said("refund")] * 6), span_of("24h", NOW), of_all=True)
    forecast = found.words["refund"].forecast
    assert forecast is not None and forecast.expected == 8.0


@given(st.sampled_from(sorted(WINDOW_HOURS)), st.integers(NOW, NOW + 400 * HOUR_MS))
def test_hours_needed__any_window__hold_all_that_is_compared(window: str, now: Millis) -> None:
    """Reading more hours than are asked for changes nothing; no needed hour is left out; none expired is needed."""
    span = span_of(window, now)
    every = range(span.first - 6 * WEEK_HOURS, span.last + 1)
    whole = {hour: {f"{word}~vip~web": 5 + hour % 7 for word in (EVERY, "refund")} for hour in every}
    needed = {hour for hours in hours_needed(span) for hour in hours}
    asked = {hour: whole[hour] for hour in needed}
    assert against_usual(asked, span) == against_usual(whole, span)
    assert all(expires_at(hour * HOUR_MS) > now for hour in needed)
    assert max(needed) <= now // HOUR_MS


def test_window__hour_that_goes_on__counts_for_its_part() -> None:
    """At a quarter past, a window of one whole hour and a quarter is compared with as much of the past."""
    quarter = span_of("1h", NOW // HOUR_MS * HOUR_MS + HOUR_MS // 4)
    assert (quarter.hours, quarter.exposure) == (2, 0.625)
