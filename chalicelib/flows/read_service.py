"""The meters of service over some days, from the counters that decisions and outcomes leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from chalicelib.flows.hear_decisions import FAMILY
from chalicelib.flows.service_views import ServiceCell, ServiceView
from chalicelib.insights.rates import Durations, Mean, Share, durations_of, mean_of, share_of
from chalicelib.insights.results import shown
from chalicelib.insights.usual import LEAST_SHOWN, coarse
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import DAY_MS, Millis, day_of, format_moment
from chalicelib.routing.meters import BETWEEN, DIMENSIONS, EVERY, REPEATS_MS
from chalicelib.store.tallies import Buckets, TallyStore

MOST_DAYS = 92
USUAL_DAYS = 28
BY_DAY = "day"
BY: tuple[str, ...] = (*DIMENSIONS[1:], BY_DAY)

type Cells = Mapping[str, Counter[str]]
"""Value of a dimension → its counters."""


def read_service(
    tenant_id: str, since: Millis | None, until: Millis | None, by: str, tallies: TallyStore, now: Millis
) -> ServiceView:
    """The meters of the UTC days from that of ``since`` to that of ``until``. Raises BadInput ``bad_range``, ``bad_by``."""
    if by and by not in BY:
        raise BadInput("bad_by", f"Meters are told by one of {', '.join(BY)}.", "by")
    last = day_of(now if until is None else until - 1)
    first = last - USUAL_DAYS + 1 if since is None else day_of(since)
    if not 0 <= last - first < MOST_DAYS:
        raise BadInput("bad_range", f"Meters are told of at least one day and at most {MOST_DAYS}.", "from")
    days = tallies.read(tenant_id, f"{FAMILY}.{DIMENSIONS[0]}", first, last)
    whole = _summed(days).get(EVERY, Counter())
    if by == BY_DAY:
        cells: Cells = {format_moment(day * DAY_MS)[:10]: _summed({day: days[day]})[EVERY] for day in sorted(days)}
    else:
        cells = _summed(tallies.read(tenant_id, f"{FAMILY}.{by}", first, last)) if by else {}
    there = shown({value: counts["n"] for value, counts in cells.items()})
    told = sorted(value for value, contacts in there.items() if contacts)
    return ServiceView(
        since=format_moment(first * DAY_MS),
        until=format_moment((last + 1) * DAY_MS),
        settled_until=format_moment(day_of(now - REPEATS_MS) * DAY_MS),
        by=by or None,
        all=cell_of(EVERY, whole) if whole["n"] >= LEAST_SHOWN else None,
        cells=tuple(cell_of(value, cells[value]) for value in told),
        hidden=sum(contacts is None for contacts in there.values()),
    )


def cell_of(value: str, counts: Counter[str]) -> ServiceCell:
    """The meters of one cell."""
    answers = {answer: counts[f"csat.{answer}"] for answer in range(1, 6) if counts[f"csat.{answer}"] > 0}
    asked = sum(answers.values())
    return ServiceCell(
        value=value,
        contacts=coarse(counts["n"]),
        human=_share(counts["mode.human"], counts["n"]),
        resolved=_told(counts, "resolved"),
        first_contact_resolved=_told(counts, "fcr"),
        transferred=_told(counts, "transferred"),
        repeated=_told(counts, "repeat"),
        satisfied=_share(answers.get(4, 0) + answers.get(5, 0), asked),
        csat=_mean(answers, asked),
        first_response=_durations(counts, "first"),
        handling=_durations(counts, "handling"),
        proposals_adopted=_told(counts, "adopted"),
        sla_kept=_told(counts, "sla"),
    )


def _summed(days: Buckets) -> dict[str, Counter[str]]:
    cells: dict[str, Counter[str]] = {}
    for names in days.values():
        for name, amount in names.items():
            value, _, counter = name.rpartition(BETWEEN)
            cells.setdefault(value, Counter())[counter] += amount
    return cells


def _told(counts: Counter[str], name: str) -> Share | None:
    return _share(counts[f"{name}.y"], counts[f"{name}.n"])


def _share(holds: int, n: int) -> Share | None:
    """None below five. A repeat that was counted twice may leave more than there are."""
    if n < LEAST_SHOWN:
        return None
    found = share_of(min(max(holds, 0), n), n)
    return msgspec.structs.replace(found, n=coarse(n))


def _mean(answers: Mapping[int, int], asked: int) -> Mean | None:
    return None if asked < LEAST_SHOWN else msgspec.structs.replace(mean_of(answers), n=coarse(asked))


def _durations(counts: Counter[str], name: str) -> Durations | None:
    buckets = {
        int(counter.removeprefix(f"{name}.")): count
        for counter, count in counts.items()
        if counter.startswith(f"{name}.") and not counter.endswith(".sum") and count > 0
    }
    n = sum(buckets.values())
    if n < LEAST_SHOWN:
        return None
    return msgspec.structs.replace(durations_of(buckets, counts[f"{name}.sum"]), n=coarse(n))
