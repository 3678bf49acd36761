"""Hands people in whom a run of learning lets a risk be seen to the timers: who is silent has no event that would.

A run writes what models say of somebody and decides nothing about them. Whom the rules that read scores or segments
would raise something of now, by the very decision that a save makes, falls due within moments; the timers' job then
decides by the person's row as it is, in one write that no race and no repeat exceeds a cap by. Whoever is due sooner
anyway, or was saved since they were read, is looked at without it.

Each run asks about everybody whom it judges, whether they moved or not. So a range that was killed asks again, and who
was missed, or was within a cap, or was raised so long ago that it may be raised again, is found by the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from zlib import crc32

import msgspec
from msgspec.structs import replace

from chalicelib.flows.outreach import Outreach, OutreachOf
from chalicelib.flows.profile_of import profile_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Body
from chalicelib.store.judged import write_units_of
from chalicelib.store.rows import ProfileRow, TimerStore
from chalicelib.tags.catalogue import Catalogue

if TYPE_CHECKING:
    from chalicelib.flows.learning_job import LearningJob
    from chalicelib.flows.learning_services import LearningServices

_MODELS_ALONE = frozenset[str]()
"""What nothing but models changed: of all rules those are looked at that read what models say."""
_SPREAD_MS = 2
"""A run's people fall due over so long for each of its people: a tenth of them at risk are fifty a second, as timers manage."""
_UNITS_OF_INDEX = 2
"""Whoever is due sooner leaves one place of the index and enters another."""


class RisksOfRuns(msgspec.Struct, frozen=True):
    """What handing over needs: who has proactive service, when people are due, and the time."""

    outreach: OutreachOf
    timers: TimerStore
    clock: Callable[[], Millis]


def hand_over(job: LearningJob, judged: Iterable[ProfileRow], services: LearningServices, rate: float) -> None:
    """Let those of a page be due soon in whom a risk is to be raised, within so many write units a second.

    ``judged``: their rows as they were read, with what the models say of them now. Raises Unavailable.
    """
    risks = services.risks
    outreach = None if risks is None else risks.outreach(job.tenant_id)
    if risks is None or outreach is None:
        return
    now, catalogue = risks.clock(), services.catalogue(job.tenant_id)
    for row in judged:
        due_at = now + 1 + crc32(row.profile_id.encode()) % (job.people * _SPREAD_MS + 1)
        if 0 < row.due_at <= due_at or not is_to_be_raised(row, outreach, catalogue, now):
            continue
        services.spend(write_units_of(row, row) + _UNITS_OF_INDEX, rate)
        risks.timers.settle(row, due_at)


def is_to_be_raised(row: ProfileRow, outreach: Outreach, catalogue: Catalogue, now: Millis) -> bool:
    """Whether a save of this row would raise something by what models say: consent, caps and all that speaks against it asked."""
    if not row.judged:
        return False
    # Only who approaches people reads what decides on it.
    from chalicelib.flows.raise_risks import raise_risks

    made = replace(row, updated_at=max(now, row.updated_at))
    profile = profile_of(row, decode(row.body, Body))
    return bool(raise_risks(made, [row], profile, _MODELS_ALONE, outreach, catalogue).records)
