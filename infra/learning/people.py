"""Many invented people as stored rows: a few lives that were really lived, each told again with other numbers.

To live 200,000 lives takes an hour; what a scan costs follows from the bytes, and what is learned from how people
differ. So each body is the life of one of 200, its counts and sums drawn anew around it, and there are 2,000 of them.
A quarter of them ended some day of the last 200: otherwise nobody would have gone, and no risk of it could be learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from random import Random

from msgspec.structs import replace

from chalicelib.kernel.codec import encode
from chalicelib.kernel.moments import DAY_MS, Millis, day_of, first_day_of
from chalicelib.profiles.measures import load_measures
from chalicelib.profiles.model import Body, Bucket, Facet, Link, Profile, Series, Trait
from chalicelib.store.items import TypedItem, typed
from chalicelib.store.rows import ProfileRow
from infra.segments.folding import Counter
from infra.segments.people import Life, somebody, today

TENANT = "t_learning"
LIVES, TOLD = 200, 2_000
_GONE, _GONE_DAYS = 0.25, 200
_SEALED = ("name", "phone", "birth_date", "address")
NOW: Millis = today()


@cache
def lives(how_many: int = LIVES) -> tuple[Profile, ...]:
    """Lives that were really lived."""
    counter, found = Counter(load_measures()), list[Profile]()
    for index in range(how_many):
        life = Life(1, somebody(1, index))
        found.append(counter.profile(life.lived(), NOW))
    return tuple(found)


def row_of(number: int) -> ProfileRow:
    """One person; the same number is the same person."""
    name = blake2b(str(number).encode(), digest_size=16).hexdigest()
    return ProfileRow(TENANT, f"p_{name[:22]}", 1, "active", 1, NOW - DAY_MS, body_of(number % TOLD))


@cache
def body_of(told: int) -> bytes:
    """One of the bodies, as the product codes it."""
    rng = Random(told)  # noqa: S311 - invented people must be repeatable, not secret
    lived = rng.choice(lives())
    key = f"user_id:{rng.randbytes(16).hex()}"
    links = {key: Link(lived.first_seen, lived.last_seen, "u***1", rng.randbytes(16), "s_shop")}
    sealed = {one: rng.randbytes(60) for one in _SEALED}
    traits = {one: Trait(value, lived.first_seen, 1, b"e" * 16, "s_shop", "***") for one, value in sealed.items()}
    series = {measure: _told_again(one, rng) for measure, one in lived.series.items()}
    last_seen = lived.last_seen
    if rng.random() < _GONE:
        last_seen = max(lived.first_seen, NOW - rng.randint(1, _GONE_DAYS) * DAY_MS)
        series = {name: one for name, known in series.items() if (one := _until(known, last_seen)) is not None}
    facet = Facet(lived.first_seen, last_seen, links, traits, series, (), lived.channels)
    return encode(Body(1, {key: facet}))


def _told_again(series: Series, rng: Random) -> Series:
    times = rng.lognormvariate(0, 0.2)
    days, months = (
        tuple(Bucket(one.period, max(1, round(one.count * times)), round(one.total * times)) for one in part)
        for part in (series.days, series.months)
    )
    both = (*days, *months)
    return replace(
        series, days=days, months=months, count=sum(one.count for one in both), total=sum(one.total for one in both)
    )


def _until(series: Series, end: Millis) -> Series | None:
    """What of a series was before somebody went; None where nothing was."""
    days = tuple(one for one in series.days if one.period < day_of(end))
    months = tuple(one for one in series.months if first_day_of(one.period + 1) <= day_of(end))
    both = (*days, *months)
    if not both:
        return None
    count, total = sum(one.count for one in both), sum(one.total for one in both)
    last_at = max(series.first_at, days[-1].period * DAY_MS if days else first_day_of(months[-1].period) * DAY_MS)
    return replace(series, days=days, months=months, count=count, total=total, last_at=last_at)


def item_of(row: ProfileRow) -> TypedItem:
    """The item as the product writes it."""
    return typed(
        {
            "pk": f"{row.tenant}#p#{row.profile_id}",
            "v": row.version,
            "state": row.state,
            "generation": row.generation,
            "updated_at": row.updated_at,
            "body": row.body,
        }
    )


def items(start: int, end: int) -> Iterator[TypedItem]:
    """The items of some people."""
    return (item_of(row_of(number)) for number in range(start, end))
