"""What trials come to: errors of every forecaster and coverage of the bounds, and what they must keep to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from infra.forecast.trial import MEAN, NAIVE, NO_WEEKDAY, OURS, Trial

WITHIN = 0.05
"""Coverage may be so far from what the bounds say."""
EVEN = 1.01
"""Of a yardstick's error: within a hundredth is as good."""
NOMINAL = (0.80, 0.95)


class Figures(msgspec.Struct, frozen=True):
    """Of one kind of series. ``wape``: sum of absolute errors ÷ sum of counts. ``mase``: mean absolute error ÷ the learnt past's
    own mean change from one week to the next. ``coverage`` of the bounds of 80% and 95%, and ``halved`` of those half as wide.
    """

    series: int
    fortnights: int
    wape: dict[str, float]
    mase: dict[str, float]
    coverage: tuple[float, float]
    halved: tuple[float, float]
    methods: dict[str, int]


def figures(by_series: Sequence[Sequence[Trial]]) -> Figures:
    """All fortnights weigh the same in errors, all half hours in coverage."""
    trials = [one for each in by_series for one in each]
    names, many, told = trials[0].away, len(trials), sum(one.told for one in trials)
    methods: dict[str, int] = {}
    for one in trials:
        methods[one.method] = methods.get(one.method, 0) + 1
    return Figures(
        series=len(by_series),
        fortnights=many,
        wape={name: sum(one.away[name] / one.count for one in trials) / many for name in names},
        mase={name: sum(one.away[name] / one.slots / one.scale for one in trials) / many for name in names},
        coverage=(sum(one.hits[0] for one in trials) / told, sum(one.hits[1] for one in trials) / told),
        halved=(sum(one.halved[0] for one in trials) / told, sum(one.halved[1] for one in trials) / told),
        methods=dict(sorted(methods.items(), key=lambda one: (-one[1], one[0]))),
    )


def mistakes(found: Mapping[str, Figures]) -> Iterator[str]:
    """What the forecast must keep to and does not, and controls that did not fail, in words."""
    for name, one in found.items():
        for yardstick in (NAIVE, MEAN):
            if one.wape[OURS] > EVEN * one.wape[yardstick]:
                yield f"{name}: errs more than {yardstick}: {one.wape[OURS]:.1%} and {one.wape[yardstick]:.1%}."
        for nominal, share in zip(NOMINAL, one.coverage, strict=True):
            if abs(share - nominal) > WITHIN:
                yield f"{name}: bounds of {nominal:.0%} hold {share:.1%}."
        if one.wape[NO_WEEKDAY] <= one.wape[OURS]:
            yield f"{name}: who ignores the weekday is no worse: the control does not tell."
        if one.halved[0] >= NOMINAL[0] - WITHIN or one.halved[1] >= NOMINAL[1] - WITHIN:
            yield f"{name}: bounds half as wide hold as well: the control does not tell."
