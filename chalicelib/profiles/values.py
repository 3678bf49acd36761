"""The values that rules and policies read, by flat path.

``t.<trait>``             the clear value of a trait; a sealed one reads as None
``m.<measure>.<stat>``    count, sum, mean, max, days_since_first, days_since_last, gap_days; count/sum/mean with
                          a window: _1d _3d _7d _14d _30d _60d _90d (exact days) _180d _365d _730d (whole months
                          before the last 90 days); trend_7d, trend_30d; active_days_7d, _30d, _90d
``p.<…>``                 days_known, days_silent, minutes_silent, identifiers, channels
``ids.<namespace>``       how many identifiers of a namespace
``orders|tickets|complaints.<…>``   open, total, oldest_open_days; of orders also placed, paid, shipped (open ones
                          of that status), undelivered_days, delivered_days (since the last delivery)
``scene.<id>``            whether a scene is on; false where nobody asks in a scene

Money reads in units of the currency. Days are whole and counted down, by UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import msgspec

from chalicelib.events.types import NAMESPACES
from chalicelib.identity.blind_index import namespace_of
from chalicelib.kernel.moments import DAY_MS, MINUTE_MS, Millis
from chalicelib.profiles.cases import OfKind, standing
from chalicelib.profiles.model import Profile
from chalicelib.profiles.stats import LONG, STATS, Reader, Value, never

PERSON_PATHS: frozenset[str] = frozenset(
    {"p.days_known", "p.days_silent", "p.minutes_silent", "p.identifiers", "p.channels"}
)
NAMESPACE_PATHS: frozenset[str] = frozenset(f"ids.{namespace}" for namespace in NAMESPACES)
CASE_KINDS: Mapping[str, str] = {"orders": "order", "tickets": "ticket", "complaints": "complaint"}
CASE_PATHS: frozenset[str] = frozenset(
    {f"{name}.{stat}" for name in CASE_KINDS for stat in ("open", "total", "oldest_open_days")}
    | {f"orders.{stat}" for stat in ("placed", "paid", "shipped", "undelivered_days", "delivered_days")}
)
type CaseReader = Callable[[OfKind, Millis], int | None]
"""What reads a statistic of the cases of a kind at a moment."""

_PLANS_KEPT = 1_024
_PATHS_KEPT = 4_096
_NO_CASES = OfKind((), {}, {}, ())
NOTHING: Mapping[str, Millis] = MappingProxyType({})


def values(
    profile: Profile,
    paths: Collection[str],
    now: Millis,
    money: Collection[str] = frozenset(),
    *,
    scenes: Container[str] = (),
    known_until: Mapping[str, Millis] = NOTHING,
) -> dict[str, Any]:
    """A nested mapping with just the asked paths, absent ones as None. It is for reading only.

    ``money`` names the measures whose unit is micros; their sums, means and maxima read in units. ``scenes`` are
    those that are on. ``known_until`` names measures of which nothing is known later: what they come to over 30
    days and more reads as of then; what happened in the last days, and how long ago, is not made to last.
    ``p.silent`` stands for how long the person is silent, ``orders.*`` for orders, and so on.
    Raises KeyError for a path of no known kind: rules are checked before they get here.
    """
    plan = _plan(frozenset(paths), frozenset(money))
    asked: dict[str, Any] = {}
    if plan.traits:
        asked["t"] = {name: _trait(profile, name) for name in plan.traits}
    if plan.measures:
        asked["m"] = {**plan.never_measured, **_measured(profile, plan, now, known_until)}
    return asked | _beside_measures(profile, plan, now, scenes, known_until)


def _beside_measures(
    profile: Profile, plan: _Plan, now: Millis, scenes: Container[str], known_until: Mapping[str, Millis]
) -> dict[str, dict[str, Any]]:
    """What is asked of the person, of their identifiers, scenes and cases."""
    asked: dict[str, dict[str, Any]] = {}
    if plan.person:
        then = _then(known_until, "p.silent", now)
        asked["p"] = {stat: read(profile, then if stat in _SILENT else now) for stat, read in plan.person}
    if plan.namespaces:
        held = [namespace_of(key) for key in profile.links]
        asked["ids"] = {one: held.count(one) for one in plan.namespaces}
    if plan.scenes:
        asked["scene"] = {one: one in scenes for one in plan.scenes}
    if plan.cases:
        by_kind = standing(profile.steps)
        for head, stats in plan.cases.items():
            of_kind = by_kind.get(CASE_KINDS[head], _NO_CASES)
            then = _then(known_until, f"{head}.*", now) if known_until else now
            asked[head] = {stat: read(of_kind, then) for stat, read in stats}
    return asked


class Row:
    """Values in an order of their own, for who asks one person after the other for the same: a row is made and read by
    places, without looking for names.

    ``paths`` are those of the places of a row; ``money`` is as for ``values``.
    """

    def __init__(self, paths: Collection[str], money: Collection[str] = frozenset()) -> None:
        plan = _plan(frozenset(paths), frozenset(money))
        ordered = [f"t.{name}" for name in plan.traits]
        self._plan = plan
        self._measures: dict[str, slice] = {}
        for name, reader in plan.measures.items():
            self._measures[name] = slice(len(ordered), len(ordered) + len(reader.order))
            ordered += [f"m.{name}.{stat}" for stat in reader.order]
        unmeasured = [never(path.rpartition(".")[2]) for path in ordered[len(plan.traits) :]]
        self._never: list[Any] = [*(None for _ in plan.traits), *unmeasured]
        # The rest is read each time, and stands behind what is not there of most people.
        ordered += [f"p.{stat}" for stat, _ in plan.person]
        ordered += [f"ids.{one}" for one in plan.namespaces]
        ordered += [f"scene.{one}" for one in plan.scenes]
        ordered += [f"{head}.{stat}" for head, stats in plan.cases.items() for stat, _ in stats]
        self.paths = tuple(ordered)

    def of(
        self,
        profile: Profile,
        now: Millis,
        *,
        scenes: Container[str] = (),
        known_until: Mapping[str, Millis] = NOTHING,
    ) -> list[Any]:
        """What ``values`` says of these paths, in their order."""
        plan, row = self._plan, self._never.copy()
        for place, name in enumerate(plan.traits):
            if name in profile.traits:
                row[place] = _trait(profile, name)
        for name, found in _measured(profile, plan, now, known_until).items():
            row[self._measures[name]] = found.values()
        for told in _beside_measures(profile, plan, now, scenes, known_until).values():
            row += told.values()
        return row


def _measured(
    profile: Profile, plan: _Plan, now: Millis, known_until: Mapping[str, Millis]
) -> dict[str, dict[str, Value]]:
    """Of the measures that are asked for what there is."""
    measured: dict[str, dict[str, Value]] = {}
    for name, series in profile.series.items():
        reader = plan.measures.get(name)
        if reader is not None:
            measured[name] = reader.read(series, now)
    if known_until:
        for name in known_until.keys() & measured.keys():
            before = plan.measures[name].read(profile.series[name], _then(known_until, name, now))
            measured[name] |= {stat: value for stat, value in before.items() if stat in LONG}
    return measured


def _then(known_until: Mapping[str, Millis], name: str, now: Millis) -> Millis:
    """The moment that something is read for: nothing is known of it later."""
    return min(now, known_until.get(name, now))


class _Plan(msgspec.Struct, frozen=True):
    """Paths taken apart once, because rules and policies ask for the same ones of every profile."""

    traits: tuple[str, ...]
    measures: dict[str, Reader]
    never_measured: dict[str, dict[str, Value]]
    person: tuple[tuple[str, Callable[[Profile, Millis], int]], ...]
    namespaces: tuple[str, ...]
    scenes: tuple[str, ...]
    cases: dict[str, tuple[tuple[str, CaseReader], ...]]


@lru_cache(maxsize=_PLANS_KEPT)
def _plan(paths: frozenset[str], money: frozenset[str]) -> _Plan:
    by_head: dict[str, list[str]] = {}
    for path in sorted(paths):
        head, _, rest = path.partition(".")
        by_head.setdefault(head, []).append(rest)
    traits, measured, person, namespaces, scenes = (by_head.pop(head, []) for head in ("t", "m", "p", "ids", "scene"))
    stats: dict[str, list[str]] = {}
    for rest in measured:
        name, _, stat = rest.partition(".")
        stats.setdefault(name, []).append(stat)
    return _Plan(
        traits=tuple(traits),
        measures={name: Reader(asked, money=name in money) for name, asked in stats.items()},
        never_measured={name: {stat: never(stat) for stat in asked} for name, asked in stats.items()},
        person=tuple((stat, _PERSON[stat]) for stat in person),
        namespaces=tuple(namespaces),
        scenes=tuple(scenes),
        cases={
            head: tuple((stat, _CASE[stat]) for stat in asked) for head, asked in by_head.items() if CASE_KINDS[head]
        },
    )


def is_known(path: str, measures: Collection[str]) -> bool:
    """Whether a path is of a known kind, given the measures there are."""
    head, _, rest = path.partition(".")
    if head == "m":
        name, _, stat = rest.partition(".")
        return name in measures and stat in STATS
    return head in {"t", "scene"} or path in PERSON_PATHS or path in NAMESPACE_PATHS or path in CASE_PATHS


def at_path(nested: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path of a nested mapping, or None."""
    found: Any = nested
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def evidence(profile: Profile, path: str) -> tuple[Millis, Millis] | None:
    """First and last time of the events behind a path, or None where there are none."""
    head, name = _stem_parts(path)
    if head == "m":
        series = profile.series.get(name)
        return None if series is None else (series.first_at, series.last_at)
    if head == "t":
        trait = profile.traits.get(name)
        return None if trait is None else (trait.observed_at, trait.observed_at)
    if head == "ids":
        seen = [link for key, link in profile.links.items() if namespace_of(key) == name]
        known = [at for link in seen for at in (link.first_seen, link.last_seen) if at]
        return (min(known), max(known)) if known else None
    if head == "scene":
        return None
    if head == "p":
        return (profile.first_seen, profile.last_seen) if profile.first_seen else None
    of_kind = standing(profile.steps).get(CASE_KINDS.get(head, ""))
    return None if of_kind is None else (of_kind.steps[0].at, of_kind.steps[-1].at)


@lru_cache(maxsize=_PATHS_KEPT)
def _stem_parts(path: str) -> tuple[str, str]:
    """The head of a path, and what of it has evidence of its own."""
    head, _, rest = path.partition(".")
    return head, rest.partition(".")[0] if head == "m" else rest


def present(profile: Profile) -> frozenset[str]:
    """The stems that have any value: ``t.<trait>``, ``m.<measure>``, ``p``, ``orders`` …"""
    stems = ["p", *map(_stem_of_trait, profile.traits), *map(_stem_of_measure, profile.series)]
    kinds = standing(profile.steps)
    stems += [name for name, kind in CASE_KINDS.items() if kind in kinds]
    if profile.links:
        stems.append("ids")
    return frozenset(stems)


@lru_cache(maxsize=_PATHS_KEPT)
def _stem_of_trait(name: str) -> str:
    return f"t.{name}"


@lru_cache(maxsize=_PATHS_KEPT)
def _stem_of_measure(name: str) -> str:
    return f"m.{name}"


def stem(path: str) -> str:
    """What an event must touch for the value at ``path`` to change: ``m.orders.sum_30d`` → ``m.orders``."""
    head, _, rest = path.partition(".")
    return f"{head}.{rest.partition('.')[0]}" if head in {"t", "m"} else head


def _trait(profile: Profile, name: str) -> Any:
    trait = profile.traits.get(name)
    return None if trait is None or trait.masked is not None else trait.value


_PERSON: Mapping[str, Callable[[Profile, Millis], int]] = {
    "days_known": lambda profile, now: max(0, now - profile.first_seen) // DAY_MS,
    "days_silent": lambda profile, now: max(0, now - profile.last_seen) // DAY_MS,
    "minutes_silent": lambda profile, now: max(0, now - profile.last_seen) // MINUTE_MS,
    "identifiers": lambda profile, now: len(profile.links),
    "channels": lambda profile, now: len(profile.channels),
}


_SILENT = frozenset({"days_silent", "minutes_silent"})


def _days_since(at: Millis | None, now: Millis) -> int | None:
    return None if at is None else max(0, now - at) // DAY_MS


def _open_with(status: str) -> CaseReader:
    return lambda of_kind, now: [step.status for step in of_kind.still_open].count(status)


_CASE: Mapping[str, CaseReader] = {
    "open": lambda of_kind, now: len(of_kind.still_open),
    "total": lambda of_kind, now: len(of_kind.last),
    "oldest_open_days": lambda of_kind, now: _days_since(of_kind.opened_at, now),
    "placed": _open_with("placed"),
    "paid": _open_with("paid"),
    "shipped": _open_with("shipped"),
    "undelivered_days": lambda of_kind, now: _days_since(of_kind.opened_at, now),
    "delivered_days": lambda of_kind, now: _days_since(of_kind.delivered_at, now),
}
