"""A world of a seed: who lives in it, what they did, and what the sources of the company told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from chalicelib.events.model import Event
from infra.truth import finance, habits, it_desk, retail, telecom
from infra.truth.ledger import Deed
from infra.truth.life import HOURS, Life
from infra.truth.moments import DAYS
from infra.truth.persona import TRADES, Persona, Trade, persona
from infra.truth.telling import tell

_OWN: Mapping[Trade, Callable[[Random], dict[str, Any]]] = {
    "retail": retail.own,
    "finance": finance.own,
    "telecom": telecom.own,
    "it_desk": it_desk.own,
}
_DAILY: Mapping[Trade, Callable[[Life, int], None]] = {
    "retail": retail.daily,
    "finance": finance.daily,
    "telecom": telecom.daily,
    "it_desk": it_desk.daily,
}
_PAST_DAYS = 380
"""How far back the past is lived day by day; nobody's past is longer than that in what tags read by the day."""
_SYNC_DAYS = 40
"""How often the company's own records are sent again, as they stand."""


class Lived(msgspec.Struct, frozen=True):
    """A person with all deeds, and the events that tell them."""

    who: Persona
    deeds: list[Deed]
    events: list[Event]


def make_world(seed: int, people_per_trade: int, trades: Sequence[Trade] = TRADES) -> list[Lived]:
    """Everybody of a seed. The same arguments make the same world, to the last event."""
    return [live(seed, trade, index) for trade in trades for index in range(people_per_trade)]


def live(seed: int, trade: Trade, index: int) -> Lived:
    """One life, from the first day to the last."""
    rng = Random(f"truth/{seed}/{trade}/{index}")  # noqa: S311 - invented people must be repeatable, not secret
    who = persona(rng, index, trade, _OWN[trade](rng))
    life = Life(who, rng)
    habits.arrive(life)
    if trade == "finance":
        finance.past_of_advice(life)
    for day in range(max(who.first_day + 1, min(-_PAST_DAYS, who.last_day - 90)), min(who.last_day, DAYS - 1) + 1):
        _day(life, day)
    deeds = [deed for deed in life.deeds if deed.at >= life.deeds[0].at]
    return Lived(who, deeds, list(tell(who, deeds, rng)))


def _day(life: Life, day: int) -> None:
    who = life.who
    habits.daily(life, day)
    if who.stage != "stranger":
        _DAILY[who.trade](life, day)
        if day >= 0 and (day - who.first_day) % _SYNC_DAYS == 0:
            at = life.moment(day, HOURS["day"])
            life.did("entered", at, "shop", traits=habits.recorded(who))
