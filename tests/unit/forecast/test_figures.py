"""What `make forecast` holds forecasts to: it fails where a yardstick is better, bounds lie, or a control does not tell."""

from __future__ import annotations

from msgspec.structs import replace

from infra.forecast.__main__ import fortnight
from infra.forecast.figures import figures, mistakes
from infra.forecast.invented import WORLDS, invent
from infra.forecast.page import page
from infra.forecast.picture import picture
from infra.forecast.trial import MEAN, NO_WEEKDAY, OURS, cut, invented_trials, series_of_invented

TRIALS = [invented_trials(("odd_days", 3))]
FOUND = figures(TRIALS)


def test_mistakes__good_figures__are_none() -> None:
    """A seed on which it is as it must be: and whoever ignores the weekday, or halves the bounds, is not."""
    good = replace(FOUND, coverage=(0.8, 0.95))
    assert not list(mistakes({"odd_days": good}))
    assert FOUND.wape[NO_WEEKDAY] > 1.3 * FOUND.wape[OURS] and FOUND.halved[0] < 0.6 and FOUND.halved[1] < 0.8


def test_mistakes__each_of_them__is_said() -> None:
    """Worse than a yardstick, bounds that lie, controls that pass: one sentence each."""
    worse = {**FOUND.wape, MEAN: FOUND.wape[OURS] / 2, NO_WEEKDAY: FOUND.wape[OURS] / 2}
    bad = replace(FOUND, wape=worse, coverage=(0.7, 0.95), halved=(0.9, 0.95))
    told = " ".join(mistakes({"x": bad}))
    assert all(words in told for words in ("errs more than", "hold 70.0%", "ignores the weekday", "half as wide"))
    assert len(list(mistakes({"x": bad}))) == 4


def test_invented__same_seed__is_the_same_and_known() -> None:
    """Equal seeds give equal series; without disturbance counts add to about their means."""
    one, again = invent(WORLDS["steady"], 3), invent(WORLDS["steady"], 3)
    assert one.counts == again.counts != invent(WORLDS["steady"], 4).counts
    assert abs(sum(one.counts.values()) / sum(one.means.values()) - 1) < 0.05


def test_cut__day__learns_from_nothing_after_it() -> None:
    """Thirteen weeks before the day, and the fortnight after it."""
    made = invent(WORLDS["steady"], 3)
    series = series_of_invented(made.counts, made.first)
    past, ahead, counts = cut(series, series.days[0].day + 100)
    assert len(past.days) == 91 and past.days[-1].day == series.days[0].day + 99
    assert ahead[0].day == series.days[0].day + 100 and len(counts) == 14 * 48


def test_page__figures__are_on_it_with_their_picture() -> None:
    """Every series has its row, and the picture is one SVG."""
    found = {"odd_days": FOUND}
    made = invent(WORLDS["odd_days"], 3)
    told = page("2026-11-22", "a machine", "3", found)
    drawn = picture(found, fortnight(series_of_invented(made.counts, made.first)), "A fortnight")
    assert told.count("| `odd_days`") == 2 and "could not be fetched" in told
    assert drawn.startswith("<svg") and drawn.rstrip().endswith("</svg>") and "nan" not in drawn
