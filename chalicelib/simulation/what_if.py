"""A window of past contacts played twice with the same dice, as it was and with a change; and what that comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random

import msgspec

from chalicelib.desk.declaration import DeskRules
from chalicelib.simulation.intervals import Interval, difference, interval
from chalicelib.simulation.measure import Figures, by_queue, by_segment, figures, grouped, load
from chalicelib.simulation.model import Desk
from chalicelib.simulation.outcomes import Drawn, Outcomes
from chalicelib.simulation.past import PastContact, contacts_of
from chalicelib.simulation.play import play
from chalicelib.simulation.staffing import Staffed

ALL = "all"
SHORTER = ("wait", "wait_90", "transferred")
"""Figures of which less is better."""
LOSING = ("wait", "in_time", "resolved")


class Side(msgspec.Struct, frozen=True):
    """A desk to play: its agents, its policy's rules, and whether contacts go where the changed policy sends them."""

    staff: Staffed
    rules: DeskRules
    timezone: str
    language: str
    is_after: bool


class Played(msgspec.Struct, frozen=True, array_like=True):
    """One run of a side: figures by group (``all``, ``segment:vip``, ``queue:payments``), and how busy each agent was."""

    groups: dict[str, Figures]
    busy: dict[str, float]


class Compared(msgspec.Struct, frozen=True):
    """A figure before and after, and by how much the second is more."""

    before: Interval
    after: Interval
    change: Interval


class Loser(msgspec.Struct, frozen=True):
    """A group that a figure surely gets worse for."""

    group: str
    figure: str
    change: Interval


class Replayed(msgspec.Struct, frozen=True):
    """What a change would come to. ``contacts``: how many go to agents before and after; ``busy``: agent → both shares."""

    contacts: tuple[int, int]
    groups: dict[str, dict[str, Compared]]
    busy: dict[str, tuple[float | None, float | None]]
    losers: tuple[Loser, ...]


def run(past: Sequence[PastContact], side: Side, outcomes: Outcomes, seed: int) -> Played:
    """Play one side once. Equal arguments give equal answers."""
    desk = Desk(
        agents=side.staff.agents,
        sittings=side.staff.sittings,
        work=Drawn(outcomes, len(past), f"what-if/{seed}", side.staff.like),
        timezone=side.timezone,
        language=side.language,
    )
    tracks = {agent_id: dict(rows) for agent_id, rows in outcomes.tracks.items()}
    tracks |= {copy: dict(tracks.get(model, {})) for copy, model in side.staff.like.items()}
    served = play(contacts_of(past, after=side.is_after), desk, side.rules, tracks, learn=False)
    groups = {ALL: figures(served)}
    groups |= {f"segment:{name}": one for name, one in grouped(served, by_segment).items()}
    groups |= {f"queue:{name}": one for name, one in grouped(served, by_queue).items()}
    rules = side.rules
    channels = {one.channel for one in past}
    shares = {channel: min(1.0, rules.costs.get(channel, rules.cost) / rules.units) for channel in channels}
    return Played(groups, load(served, side.staff.sittings, shares).by_agent)


def compared(befores: Sequence[Played], afters: Sequence[Played]) -> Replayed:
    """All runs together. Two of one seed share their dice, and are taken as a pair."""
    groups: dict[str, dict[str, Compared]] = {}
    for group in sorted({name for one in (*befores, *afters) for name in one.groups}):
        pairs = [
            (one.groups.get(group, NOBODY), two.groups.get(group, NOBODY))
            for one, two in zip(befores, afters, strict=True)
        ]
        groups[group] = {figure: _compared(group, figure, pairs) for figure in FIGURES}
    return Replayed(
        contacts=(befores[0].groups[ALL].contacts, afters[0].groups[ALL].contacts),
        groups=groups,
        busy=_busy(befores, afters),
        losers=tuple(_losers(groups)),
    )


NOBODY = figures(())
FIGURES = ("contacts", "wait", "wait_90", "in_time", "answered", "resolved", "transferred")


def _compared(group: str, figure: str, pairs: Sequence[tuple[Figures, Figures]]) -> Compared:
    before = [float(getattr(one, figure)) for one, _ in pairs]
    after = [float(getattr(two, figure)) for _, two in pairs]
    dice = Random(f"{group}/{figure}")  # noqa: S311 - repeatable, not secret
    return Compared(interval(before, dice), interval(after, dice), difference(before, after, dice))


def _losers(groups: Mapping[str, Mapping[str, Compared]]) -> Iterable[Loser]:
    for group, by_figure in groups.items():
        for figure in LOSING if by_figure["contacts"].before.mean and by_figure["contacts"].after.mean else ():
            change = by_figure[figure].change
            if change.low > 0 if figure in SHORTER else change.high < 0:
                yield Loser(group, figure, change)


def _busy(befores: Sequence[Played], afters: Sequence[Played]) -> dict[str, tuple[float | None, float | None]]:
    ids = sorted({id_ for one in (*befores, *afters) for id_ in one.busy})
    return {id_: (_mean(befores, id_), _mean(afters, id_)) for id_ in ids}


def _mean(runs: Sequence[Played], agent_id: str) -> float | None:
    shares = [one.busy[agent_id] for one in runs if agent_id in one.busy]
    return sum(shares) / len(shares) if shares else None
