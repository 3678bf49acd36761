"""Contacts counted off the stream of decisions, and the forecast that is told of them."""

from __future__ import annotations

import pytest

from chalicelib.flows.read_forecast import read_forecast
from chalicelib.flows.read_volume import past_volume, slot_in_day, volume_family
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, day_of, format_moment
from chalicelib.routing.outcome import Outcome
from chalicelib.store.tallies import MemoryTallies
from tests.flows.test_service_meters import TENANT, Desk
from tests.unit.routing.calls import NOON

QUEUE = "payments"


def counted(days: int, queue: str = QUEUE) -> MemoryTallies:
    """Two contacts in each half hour of working hours, for so many days before ``NOON``."""
    tallies = MemoryTallies()
    for day in range(day_of(NOON) - days, day_of(NOON)):
        tallies.add(TENANT, volume_family(queue), day, {str(half): 2 + half % 2 for half in range(16, 32)}, NOON)
    return tallies


def test_hear__decisions_made__are_counted_to_their_queue_and_half_hour() -> None:
    """One for each decision in the half hour of its instant; what is told of it later counts nothing more."""
    desk = Desk()
    made = [desk.make(f"d{at}", NOON + at * 20 * 60_000, who=f"p{at}") for at in range(3)]
    desk.hear(*made)
    desk.hear(desk.tell("d0", Outcome(resolved=True)))
    queue = desk.counts("queue", "")
    kept = {key: names for key, names in desk.tallies.kept.items() if key[1].startswith("volume.")}
    assert not queue and len(kept) == 1
    ((tenant, _, day), halves) = next(iter(kept.items()))
    assert (tenant, day, halves) == (TENANT, day_of(NOON), {slot_in_day(NOON): 2, slot_in_day(NOON + HOUR_MS // 2): 1})


def test_hear__what_was_counted__is_what_is_learnt_from() -> None:
    """The counters that hearing keeps are the series that forecasts read, half hour by half hour."""
    desk = Desk()
    for day in range(3):
        for at in range(day + 1):
            id_ = f"d{day}-{at}"
            desk.hear(desk.make(id_, NOON + day * DAY_MS + at * 1_000, who=id_))
    queue = next(key[1] for key in desk.tallies.kept if key[1].startswith("volume.")).removeprefix("volume.")
    past = past_volume(TENANT, queue, "UTC", desk.tallies, NOON + 3 * DAY_MS)
    assert [count for count in past.counts if count] == [2, 3] and len(past.days) == 2


def test_forecast__ten_weeks__is_told_with_errors_and_coverage() -> None:
    """From the next half hour on, for as many days as are asked for, with both yardsticks' errors beside its own."""
    view = read_forecast(TENANT, QUEUE, "3", "UTC", counted(70), NOON + 1)
    assert (view.confidence, view.history.days, len(view.slots)) == ("usual", 69, 3 * 48)
    assert view.slots[0].at == format_moment(NOON + HOUR_MS // 2)
    working = [one for one in view.slots if one.at[11:13] == "10"]
    assert all(one.mean == pytest.approx(2.5, abs=0.6) for one in working)
    assert view.errors.forecast is not None and view.errors.seasonal_naive is not None and view.coverage is not None
    assert set(view.says) == {"zh", "en"} and "69" in view.says["zh"]


def test_forecast__little_history__is_told_as_none() -> None:
    """No slot, no method, no figure: and both languages say why. Another queue's and tenant's contacts are not ours."""
    for asked in (
        read_forecast(TENANT, QUEUE, "", "UTC", counted(10), NOON),
        read_forecast(TENANT, "vip", "", "UTC", counted(70), NOON),
        read_forecast("other", QUEUE, "", "UTC", counted(70), NOON),
    ):
        assert (asked.confidence, asked.method, asked.slots, asked.coverage) == ("none", None, (), None)
        assert asked.errors.forecast is None and "两周" in asked.says["zh"] and "two weeks" in asked.says["en"]


def test_forecast__before_the_first_contact__is_no_past() -> None:
    """A queue that began to be counted three weeks ago was not silent before."""
    past = past_volume(TENANT, QUEUE, "UTC", counted(21), NOON)
    assert len(past.days) == 20 and sum(past.counts[:48]) > 0


@pytest.mark.parametrize(
    ("queue", "days", "code"),
    [
        ("", "", "bad_queue"),
        ("a#b", "", "bad_queue"),
        (QUEUE, "0", "bad_days"),
        (QUEUE, "15", "bad_days"),
        (QUEUE, "x", "bad_days"),
    ],
)
def test_forecast__asked_wrongly__is_refused(queue: str, days: str, code: str) -> None:
    """Each mistake has its code."""
    with pytest.raises(BadInput) as refused:
        read_forecast(TENANT, queue, days, "UTC", MemoryTallies(), NOON)
    assert refused.value.code == code
