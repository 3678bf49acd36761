"""Any order and any repetition of the same events leave the same bytes, through the living cloud."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random

import pytest

from infra.demo import commands
from infra.demo.day import make_day
from infra.demo.people import make_people
from infra.demo.sending import Sending
from tests.journeys.live import Live, again

pytestmark = pytest.mark.deployed

SEED, PEOPLE, EVENTS = 11, 200, 5_000


def _shuffled_and_repeated(day: Sequence[Sending]) -> list[Sending]:
    """All events in a random order, and every tenth of them a second time somewhere else."""
    mixed = [*day, *(again(one) for one in day[::10])]
    Random(SEED).shuffle(mixed)
    return mixed


def test_shuffle__same_events_mixed_and_repeated__leave_equal_bodies(live: Live) -> None:
    """5,000 events as they came, and the same shuffled with every tenth repeated, give byte-equal profile bodies."""
    moment = datetime.now(UTC)
    people = make_people(PEOPLE, SEED, moment.date())
    day = make_day(people, seed=SEED, now=int(moment.timestamp() * 1000), total=EVENTS)
    live.send(day)
    before = commands.bodies(live.tenant.tenant_id)
    commands.reset(live.tenant.tenant_id)
    assert commands.bodies(live.tenant.tenant_id) == {}

    live.send(_shuffled_and_repeated(day))
    after = commands.bodies(live.tenant.tenant_id)
    assert len(before) >= PEOPLE
    differing = (Counter(before.values()) - Counter(after.values())).total()
    assert Counter(after.values()) == Counter(before.values()), f"{differing} of {len(before)} bodies differ"
