"""The values that rules and policies read, by flat path.

``t.<trait>``             the clear value of a trait; a sealed one reads as None
``m.<measure>.<stat>``    count, sum, mean, max, days_since_first, days_since_last, ratio_30d, and
                          count/sum/mean with a window: _1d _7d _30d _90d (exact days) _365d (whole months
                          before the last 90 days)
``p.<…>``                 days_known, days_silent, identifiers, channels
``orders|tickets|complaints.<…>``   open, total, oldest_open_days, undelivered_days (orders)

Money reads in units of the currency. Days are whole and counted down, by UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from chalicelib.kernel.amounts import MICROS
from chalicelib.kernel.moments import DAY_MS, Millis, day_of, first_day_of
from chalicelib.profiles.cases import Case, cases
from chalicelib.profiles.model import Bucket, Profile, Series

WINDOWS: Mapping[str, int] = {"1d": 1, "7d": 7, "30d": 30, "90d": 90, "365d": 365}
STATS: frozenset[str] = frozenset(
    {"count", "sum", "mean", "max", "days_since_first", "days_since_last", "ratio_30d"}
    | {f"{kind}_{window}" for kind in ("count", "sum", "mean") for window in WINDOWS}
)
PERSON_PATHS: frozenset[str] = frozenset({"p.days_known", "p.days_silent", "p.identifiers", "p.channels"})
CASE_KINDS: Mapping[str, str] = {"orders": "order", "tickets": "ticket", "complaints": "complaint"}
CASE_PATHS: frozenset[str] = frozenset(
    {f"{name}.{stat}" for name in CASE_KINDS for stat in ("open", "total", "oldest_open_days")}
    | {"orders.undelivered_days"}
)


def values(
    profile: Profile, paths: Collection[str], now: Millis, money: Collection[str] = frozenset()
) -> dict[str, Any]:
    """A nested mapping with just the asked paths, absent ones as None.

    ``money`` names the measures whose unit is micros; their sums, means and maxima read in units.
    Raises KeyError for a path of no known kind: rules are checked before they get here.
    """
    asked: dict[str, Any] = {}
    standing: tuple[Case, ...] | None = None
    for path in paths:
        head, _, rest = path.partition(".")
        if head == "t":
            asked.setdefault("t", {})[rest] = _trait(profile, rest)
        elif head == "m":
            name, _, stat = rest.partition(".")
            series = profile.series.get(name)
            asked.setdefault("m", {}).setdefault(name, {})[stat] = _stat(series, stat, now, name in money)
        elif head == "p":
            asked.setdefault("p", {})[rest] = _PERSON[rest](profile, now)
        else:
            if standing is None:
                standing = cases(profile.steps)
            of_kind = [case for case in standing if case.kind == CASE_KINDS[head]]
            asked.setdefault(head, {})[rest] = _CASE[rest](of_kind, now)
    return asked


def at_path(nested: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path of a nested mapping, or None."""
    found: Any = nested
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def evidence(profile: Profile, path: str) -> tuple[Millis, Millis] | None:
    """First and last time of the events behind a path, or None where there are none."""
    head, _, rest = path.partition(".")
    if head == "t":
        trait = profile.traits.get(rest)
        return None if trait is None else (trait.observed_at, trait.observed_at)
    if head == "m":
        series = profile.series.get(rest.partition(".")[0])
        return None if series is None else (series.first_at, series.last_at)
    if head == "p":
        return (profile.first_seen, profile.last_seen) if profile.first_seen else None
    times = [step.at for step in profile.steps if step.kind == CASE_KINDS.get(head)]
    return (min(times), max(times)) if times else None


def present(profile: Profile) -> frozenset[str]:
    """The stems that have any value: ``t.<trait>``, ``m.<measure>``, ``p``, ``orders`` …"""
    stems = {f"t.{name}" for name in profile.traits} | {f"m.{name}" for name in profile.series}
    kinds = {step.kind for step in profile.steps}
    stems.update(name for name, kind in CASE_KINDS.items() if kind in kinds)
    return frozenset(stems | {"p"})


def stem(path: str) -> str:
    """What an event must touch for the value at ``path`` to change: ``m.orders.sum_30d`` → ``m.orders``."""
    head, _, rest = path.partition(".")
    return f"{head}.{rest.partition('.')[0]}" if head in {"t", "m"} else head


def _trait(profile: Profile, name: str) -> Any:
    trait = profile.traits.get(name)
    return None if trait is None or trait.masked is not None else trait.value


def _stat(series: Series | None, stat: str, now: Millis, money: bool) -> float | int | None:
    if series is None:
        return 0 if stat.startswith(("count", "sum")) else None
    found = _SERIES[stat](series, now) if stat in _SERIES else _windowed(series, stat, now)
    if money and found is not None and stat.startswith(("sum", "mean", "max")):
        return found / MICROS
    return found


def _windowed(series: Series, stat: str, now: Millis) -> float | int | None:
    kind, _, window = stat.rpartition("_")
    bucket = _between(series, day_of(now) - WINDOWS[window] + 1, day_of(now))
    if kind == "count":
        return bucket.count
    if kind == "sum":
        return bucket.total
    return bucket.total / bucket.count if bucket.count else None


def _between(series: Series, first_day: int, last_day: int) -> Bucket:
    count = total = 0
    for bucket in series.days:
        if first_day <= bucket.period <= last_day:
            count, total = count + bucket.count, total + bucket.total
    for bucket in series.months:
        if first_day <= first_day_of(bucket.period) <= last_day:
            count, total = count + bucket.count, total + bucket.total
    return Bucket(first_day, count, total)


def _ratio(series: Series, now: Millis) -> float | None:
    today = day_of(now)
    before = _between(series, today - 89, today - 30).count / 2
    return _between(series, today - 29, today).count / before if before else None


_SERIES: Mapping[str, Callable[[Series, Millis], float | int | None]] = {
    "count": lambda series, now: series.count,
    "sum": lambda series, now: series.total,
    "mean": lambda series, now: series.total / series.count,
    "max": lambda series, now: series.largest,
    "days_since_first": lambda series, now: max(0, now - series.first_at) // DAY_MS,
    "days_since_last": lambda series, now: max(0, now - series.last_at) // DAY_MS,
    "ratio_30d": _ratio,
}
_PERSON: Mapping[str, Callable[[Profile, Millis], int]] = {
    "days_known": lambda profile, now: max(0, now - profile.first_seen) // DAY_MS,
    "days_silent": lambda profile, now: max(0, now - profile.last_seen) // DAY_MS,
    "identifiers": lambda profile, now: len(profile.links),
    "channels": lambda profile, now: len(profile.channels),
}


def _oldest_open_days(of_kind: Collection[Case], now: Millis) -> int | None:
    opened = [case.opened_at for case in of_kind if case.open]
    return max(0, now - min(opened)) // DAY_MS if opened else None


_CASE: Mapping[str, Callable[[Collection[Case], Millis], int | None]] = {
    "open": lambda of_kind, now: sum(case.open for case in of_kind),
    "total": lambda of_kind, now: len(of_kind),
    "oldest_open_days": _oldest_open_days,
    "undelivered_days": _oldest_open_days,
}
