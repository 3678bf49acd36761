"""One seed: the desk learns for some days, then every router plays the same day."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import msgspec

from chalicelib.simulation.measure import by_segment, figures, gini, grouped, load
from chalicelib.simulation.model import Desk, Served
from chalicelib.simulation.play import Tracks, play
from infra.desk.judge import Judge, expected, in_hindsight
from infra.desk.routers import ROUTERS, ZHIYIN, Router
from infra.desk.staff import UNITS, make_staff, sittings
from infra.desk.world import RULES, WARM_UP_DAYS, demand, make_day, work_of

type Figures = dict[str, float]

HINDSIGHT = "hindsight"


class Outcome(msgspec.Struct, frozen=True):
    """What a seed came to: router → figure → value; the share near the best by days of learning; how many contacts."""

    seed: int
    routers: dict[str, Figures]
    learning: dict[int, float]
    contacts: int


def run(seed: int, warm_up: int = WARM_UP_DAYS) -> Outcome:
    """Play a seed."""
    staff = make_staff(seed, demand())
    tracks: Tracks = {}
    learning: dict[int, float] = {}
    ours = ROUTERS[0]
    for number in range(warm_up):
        judge = Judge(staff) if number in (0, 2, 5) else None
        _play(seed, number, ours, tracks, judge)
        if judge:
            learning[number] = judge.near / judge.given
    found: dict[str, Figures] = {}
    for router in ROUTERS:
        judge = Judge(staff)
        learnt = {agent_id: dict(rows) for agent_id, rows in tracks.items()}
        served, desk = _play(seed, warm_up, router, learnt, judge)
        found[router.name] = _figures(served, desk, judge) | {"expected": expected(served, staff)}
        if router.name == ZHIYIN:
            learning[warm_up] = judge.near / judge.given
            found[HINDSIGHT] = {"expected": in_hindsight(served, staff)}
    return Outcome(seed, found, learning, len(served))


def _play(seed: int, number: int, router: Router, tracks: Tracks, judge: Judge | None) -> tuple[list[Served], Desk]:
    staff = make_staff(seed, demand())
    day = make_day(seed, number, staff)
    dice = Random(f"sittings/{seed}/{number}")  # noqa: S311 - repeatable, not secret
    chooser = router.chooser()
    desk = Desk(
        agents=staff.agents,
        sittings=sittings(staff, day.begins, dice),
        work=work_of(day, staff),
        choose=judge.watch(chooser) if judge else chooser,
        scored=router.scored,
        language="zh",
    )
    return play(day.contacts, desk, router.rules, tracks), desk


def _figures(served: Iterable[Served], desk: Desk, judge: Judge) -> Figures:
    rows = list(served)
    spoken = [one for one in rows if one.contact.need.channel != "email"]
    whole, segments = figures(rows), grouped(spoken, by_segment)
    shares = {channel: RULES.costs.get(channel, RULES.cost) / UNITS for channel in ("chat", "phone", "email")}
    return {
        "near": judge.near / judge.given,
        "near_chosen": judge.chosen_near / judge.chosen,
        "of_best": judge.scores / judge.best,
        "resolved": whole.resolved,
        "wait": figures(spoken).wait,
        "wait_90": figures(spoken).wait_90,
        "vip_wait": segments["vip"].wait,
        "regular_wait": segments["regular"].wait,
        "in_time": whole.in_time,
        "hung_up": sum(one.ending == "hung_up" for one in rows) / len(rows),
        "transferred": whole.transferred,
        "csat": whole.csat,
        "jain": load(rows, desk.sittings, shares).jain,
        "busy": load(rows, desk.sittings, shares).mean,
        "gini_wait": gini([one.wait for one in segments.values()]),
    }
