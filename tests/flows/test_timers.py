"""Tags that time alone changes: told at their exact instant, at least once, whatever else happens meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.flows import time_told
from chalicelib.flows.fire_timers import Fired, TimerServices, fire_timers, look_after_timers
from chalicelib.flows.pin_tag import PinOrder, pin_tag
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.retime import retiming
from chalicelib.flows.services import Change
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, MINUTE_MS, Millis, format_moment, parse_moment
from chalicelib.profiles.measures import load_measures
from chalicelib.profiles.model import Body, Profile
from chalicelib.store import rows
from chalicelib.tags.catalogue import Catalogue, load_catalogue
from chalicelib.tags.engine import assess
from chalicelib.tags.model import TagRule
from chalicelib.tags.timers import next_change
from tests.flows.test_erasure import erase
from tests.flows.world import NOW, TENANT_ID, World, event
from tests.unit.tags.rules import declaration, signal


def rule(id_: str, when: object, **changed: object) -> TagRule:
    return msgspec.convert(declaration(id=id_, signals=[signal("only", 1, when)], threshold=1, **changed), TagRule)


CALLED = {">=": [{"var": "m.contacts.count"}, 1]}
RULES = Catalogue(
    [
        rule("called", CALLED, expires_days=2),
        rule("gone_quiet", {">=": [{"var": "p.minutes_silent"}, 30]}, **{"class": "contact_volume"}),
        rule("today", {">=": [{"var": "m.contacts.count_1d"}, 1]}, **{"class": "contact_volume"}),
        rule("lasting", CALLED),
    ],
    load_measures(),
)


class Timed:
    """A world with a job that looks after timers, and a clock that the test moves."""

    def __init__(self, world: World, rules: Catalogue = RULES) -> None:
        self.world = world
        self.rules = rules
        self.waited: list[float] = []
        self.seconds_left = 60.0
        self.world.profiles.rows.clear()

    def services(self, **changed: object) -> TimerServices:
        services = TimerServices(
            profiles=self.world.profiles,
            timers=self.world.profiles,
            catalogue=lambda _: self.rules,
            publish=self.world._publish,
            clock=lambda: self.world.now,
            wait=self._wait,
            seconds_left=lambda: self.seconds_left,
        )
        return replace(services, **changed)

    def sweep(self, at: Millis | None = None, **changed: object) -> Fired:
        self.world.now = at or self.world.now
        fired = Fired()
        fire_timers(self.services(**changed), 0, fired)
        return fired

    def call(self, at: Millis, *who: tuple[str, str]) -> None:
        """Somebody calls, and it is ingested at once."""
        self.world.now = at
        one = replace(event("call.started", *who, at=at), received_at=at)
        self.world.accept(one)
        services = replace(self.world.ingestion(), catalogue=lambda _: self.rules)
        assert self.world.ingest(services).applied == 1

    def told(self, *types: str) -> list[tuple[str, str, Millis]]:
        """Type, tag or segment, and instant of what was published."""
        types = types or ("tag.set", "tag.cleared", "segment.entered", "segment.left")
        return [
            (one.type, one.detail.get("tag") or one.detail["segment"], parse_moment(one.detail["at"]))
            for one in self.world.published
            if one.type in types
        ]

    def row(self) -> rows.ProfileRow:
        (row,) = (one for one in self.world.profiles.rows.values() if one.state == "active")
        return row

    def profile(self) -> Profile:
        row = self.row()
        return profile_of(row, decode(row.body, Body))

    def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.world.now += max(1, round(seconds * 1000))


@pytest.fixture
def timed(world: World) -> Timed:
    return Timed(world)


PHONE = ("phone", "+8613907551234")
MIDNIGHT = (NOW // DAY_MS + 1) * DAY_MS
QUIET, EXPIRED = NOW + 30 * MINUTE_MS, NOW + 2 * DAY_MS


def test_expiry__crosses_its_threshold_at_the_predicted_minute__with_no_event(timed: Timed) -> None:
    """Swept every minute, each change is told within its minute and says its exact instant."""
    timed.call(NOW)
    timed.world.published.clear()
    told: dict[tuple[str, str, Millis], Millis] = {}
    for minute in range(NOW + 17_000, EXPIRED + 3 * MINUTE_MS, MINUTE_MS):
        if timed.row().due_at and timed.row().due_at <= minute:
            timed.sweep(minute)
            told |= {one: minute for one in timed.told() if one not in told}
    assert list(told) == [
        ("tag.set", "gone_quiet", QUIET),
        ("tag.cleared", "today", MIDNIGHT),
        ("tag.cleared", "called", EXPIRED),
        ("segment.left", "called", EXPIRED),
    ]
    assert all(0 <= at - instant < MINUTE_MS for (_, _, instant), at in told.items())
    assert timed.row().due_at == NOW + 1095 * DAY_MS, "nothing more will change by itself until the retention ends"
    assert len(timed.told()) == len(told), "each is told once"


def test_decay__crosses_its_threshold__to_the_millisecond(world: World) -> None:
    """A half-life of a day and a threshold of a quarter: two days."""
    fading = msgspec.convert(
        declaration(id="fading", signals=[signal("a", 1, CALLED)], threshold=0.25, half_life_days=1), TagRule
    )
    timed = Timed(world, Catalogue([fading], load_measures()))
    timed.call(NOW)
    assert timed.row().due_at == NOW + 2 * DAY_MS + 1
    assert timed.sweep(NOW + 2 * DAY_MS).changes == 0
    assert timed.sweep(NOW + 2 * DAY_MS + 1).changes == 2
    assert timed.told("tag.cleared") == [("tag.cleared", "fading", NOW + 2 * DAY_MS + 1)]


def test_segments__of_customer_groups__are_entered_and_left_with_their_tags(timed: Timed) -> None:
    """Only tags of that class are segments; each change names tenant, profile and version."""
    timed.call(NOW)
    timed.sweep(EXPIRED)
    assert timed.told("segment.entered", "segment.left") == [
        ("segment.entered", "called", NOW),
        ("segment.entered", "lasting", NOW),
        ("segment.left", "called", EXPIRED),
    ]
    left = next(one for one in timed.world.published if one.type == "segment.left")
    assert left.detail == {
        "tenant": TENANT_ID,
        "profile_id": timed.row().profile_id,
        "version": 1,
        "segment": "called",
        "at": format_moment(EXPIRED),
        "purposes": ["service"],
    }


# -- the save


def test_save__of_somebody_who_is_due__tells_first_what_time_had_changed(timed: Timed) -> None:
    """The job was late: the event that makes them called again does not hide that they had not been."""
    timed.call(NOW)
    timed.world.published.clear()
    timed.call(EXPIRED + HOUR_MS)
    assert timed.told() == [
        ("tag.set", "gone_quiet", QUIET),
        ("tag.cleared", "today", MIDNIGHT),
        ("tag.cleared", "called", EXPIRED),
        ("segment.left", "called", EXPIRED),
        ("tag.set", "called", EXPIRED + HOUR_MS),
        ("segment.entered", "called", EXPIRED + HOUR_MS),
        ("tag.set", "today", EXPIRED + HOUR_MS),
        ("tag.cleared", "gone_quiet", EXPIRED + HOUR_MS),
    ]
    versions = [one.detail["version"] for one in timed.world.published if one.type.startswith("tag.")]
    assert versions == [1, 1, 1, 2, 2, 2], "what time changed is of the profile as it was"
    assert timed.row().due_at == EXPIRED + HOUR_MS + 30 * MINUTE_MS


def test_save__told_again_after_a_crash__holds_what_time_had_changed(timed: Timed) -> None:
    """What a save publishes stands with its event, so a redelivery tells all of it."""
    timed.call(NOW)
    timed.call(EXPIRED + HOUR_MS)
    (note,) = (row.changes for row in timed.world.history.markers.values() if row.version == 2)
    again = [(one.type, one.detail.get("tag")) for one in decode(note, list[Change])]
    assert ("tag.cleared", "called") in again and ("tag.set", "called") in again


def test_save__within_a_session__moves_no_entry_of_the_index(timed: Timed) -> None:
    """The instant that is noted stays the earliest; that it is too early now costs one look."""
    timed.call(NOW)
    timed.call(NOW + 10 * MINUTE_MS)
    assert timed.row().due_at == QUIET
    assert timed.sweep(QUIET).changes == 0
    assert timed.row().due_at == QUIET + 10 * MINUTE_MS
    timed.sweep(QUIET + 10 * MINUTE_MS)
    assert ("tag.set", "gone_quiet", QUIET + 10 * MINUTE_MS) in timed.told()


def test_save__of_a_late_event__keeps_what_others_wait_for(timed: Timed) -> None:
    """An event from the past changes nothing that is still to come."""
    timed.call(NOW)
    timed.world.accept(event("call.started", at=NOW - 40 * DAY_MS))
    assert timed.world.ingest(replace(timed.world.ingestion(), catalogue=lambda _: RULES)).applied == 1
    assert timed.row().due_at == QUIET


# -- races and kills


def test_kill__between_telling_and_noting__tells_again(timed: Timed, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least once: what was told and not noted is told by the next run, alike."""
    timed.call(NOW)
    timed.world.published.clear()

    class Killed(BaseException):
        pass

    def die(row: rows.ProfileRow, due_at: Millis) -> bool:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(timed.world.profiles, "settle", die)
        with pytest.raises(Killed):
            timed.sweep(QUIET + 5)
    first = list(timed.world.published)
    timed.sweep(QUIET + MINUTE_MS)
    assert first and timed.world.published == first + first
    assert timed.row().due_at == MIDNIGHT


def test_mutant__that_notes_before_it_tells__loses_a_change_to_a_kill(timed: Timed) -> None:
    """The control of the test above: the other way round nobody hears of it."""
    timed.call(NOW)
    timed.world.published.clear()
    assert timed.world.profiles.settle(timed.row(), MIDNIGHT)
    timed.sweep(QUIET + MINUTE_MS)
    assert timed.told() == []


def test_bus_that_is_down__leaves_everybody_due(timed: Timed) -> None:
    """Nothing is noted that was not told; the next minute tells it."""
    timed.call(NOW)
    timed.world.published.clear()
    timed.world.bus_down = True
    assert timed.sweep(QUIET).failed == {"throttled": 1}
    assert timed.row().due_at == QUIET
    timed.world.bus_down = False
    assert timed.sweep(QUIET + MINUTE_MS).failed == {}
    assert timed.told() == [("tag.set", "gone_quiet", QUIET)]


def test_event__between_reading_and_noting__wins_and_is_not_undone(timed: Timed) -> None:
    """Who saved meanwhile has told of the same and said when it is due: the job's note is refused."""
    timed.call(NOW)

    class Slow:
        due = timed.world.profiles.due

        def settle(self, row: rows.ProfileRow, due_at: Millis) -> bool:
            timed.call(QUIET + 7_000)
            return timed.world.profiles.settle(row, due_at)

    timed.sweep(QUIET + 5_000, timers=Slow())
    row = timed.row()
    assert (row.version, row.due_at) == (2, QUIET + 7_000 + 30 * MINUTE_MS)
    assert timed.told("tag.cleared")[-1] == ("tag.cleared", "gone_quiet", QUIET + 7_000)


def test_note__between_an_events_reading_and_its_save__costs_one_look_more(timed: Timed) -> None:
    """The save puts back the instant that it read: it tells again and is looked at again, and nothing is lost."""
    timed.call(NOW)
    profiles = timed.world.profiles

    class Slow:
        find, load = profiles.find, profiles.load

        def save(self, change: rows.Change) -> rows.Outcome:
            timed.sweep(QUIET + 5_000)
            return profiles.save(change)

    timed.world.now = QUIET + 5_000
    timed.world.accept(replace(event("call.started", at=QUIET + 5_000), received_at=QUIET + 5_000))
    services = replace(timed.world.ingestion(Slow()), catalogue=lambda _: RULES)
    assert timed.world.ingest(services).applied == 1
    assert timed.told("tag.set")[-2:] == [("tag.set", "gone_quiet", QUIET)] * 2
    assert timed.told("tag.cleared")[-1] == ("tag.cleared", "gone_quiet", QUIET + 5_000)
    assert 0 < timed.row().due_at <= QUIET + 5_000 + 30 * MINUTE_MS


def called_again_about_its_expiry(timed: Timed) -> bool:
    """A save begins before the tag expires and is made after; the job tells of the expiry in between. Who has the tag?"""
    timed.call(NOW)
    timed.sweep(MIDNIGHT)
    profiles = timed.world.profiles

    class Slow:
        find, load = profiles.find, profiles.load

        def save(self, change: rows.Change) -> rows.Outcome:
            timed.sweep(EXPIRED + 1_000)
            return profiles.save(change)

    timed.world.now = EXPIRED - 2_000
    timed.world.accept(replace(event("call.started", at=EXPIRED - 2_000), received_at=EXPIRED - 2_000))
    services = replace(timed.world.ingestion(Slow()), catalogue=lambda _: RULES)
    assert timed.world.ingest(services).applied == 1
    told = [one for one in timed.world.published if one.detail.get("tag") == "called"]
    last = max(told, key=lambda one: (one.detail["version"], one.detail["at"]))
    return last.type == "tag.set"


def test_save__that_began_before_an_expiry__overrules_what_the_job_told_meanwhile(timed: Timed) -> None:
    """By version, then by instant, the tag is set: the new event had made it last before it was over."""
    assert called_again_about_its_expiry(timed)


def test_mutant__that_trusts_that_nobody_ran_ahead__loses_the_tag(
    timed: Timed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above: without the confirmation the expiry is the last word."""
    monkeypatch.setattr(time_told, "RUNS_AHEAD_MS", 0)
    assert not called_again_about_its_expiry(timed)


@pytest.mark.parametrize("sweeps", [0, 1])
def test_merge__of_people_who_are_due__tells_of_both_and_waits_for_the_whole(timed: Timed, sweeps: int) -> None:
    """What time changed of each before they were one is told of each; afterwards only the survivor is due."""
    world = timed.world
    timed.call(NOW, ("user_id", "u1"))
    timed.call(NOW + MINUTE_MS, PHONE)
    ids = [world.person(*one).profile_id for one in (("user_id", "u1"), PHONE)]
    world.published.clear()
    world.now = EXPIRED + HOUR_MS
    for _ in range(sweeps):
        timed.sweep()
    world.identity = lambda: replace(World.identity(world), catalogue=RULES)  # type: ignore[method-assign]
    merged = world.merge(*ids)
    left = [(one.detail["profile_id"], one.detail["at"]) for one in world.published if one.type == "segment.left"]
    assert sorted(left) == sorted(zip(ids, map(format_moment, (EXPIRED, EXPIRED + MINUTE_MS)), strict=True))
    due = {row.profile_id: row.due_at for row in world.profiles.rows.values()}
    assert due[next(one for one in ids if one != merged.profile_id)] == 0
    world.split(merge_id=merged.merge_id)
    assert timed.sweep(EXPIRED + 9 * DAY_MS).failed == {}
    assert len([one for one in world.published if one.type == "segment.left"]) == 2, "nothing is told twice"


def test_merge__into_somebody_quiet__is_due_for_what_it_brings(timed: Timed) -> None:
    """The facets that come over bring what they wait for."""
    world = timed.world
    timed.call(NOW - 20 * DAY_MS, ("user_id", "u1"))
    timed.sweep(NOW - DAY_MS)
    timed.call(NOW, PHONE)
    ids = [world.person(*one).profile_id for one in (("user_id", "u1"), PHONE)]
    assert world.profiles.rows[TENANT_ID, ids[0]].due_at == NOW + (1095 - 20) * DAY_MS, "the end of retention alone"
    world.identity = lambda: replace(World.identity(world), catalogue=RULES)  # type: ignore[method-assign]
    world.merge(*ids)
    assert timed.row().due_at == QUIET


def test_pin__taken_back__is_due_for_what_its_rule_does(world: World) -> None:
    """While a person's word stands nobody waits for the rule; once it is taken back somebody does."""
    timed = Timed(world, Catalogue([rule("gone", {">=": [{"var": "m.contacts.days_since_last"}, 9]})], load_measures()))
    timed.call(NOW, PHONE)
    identity = replace(world.identity(), catalogue=timed.rules)
    for number, (value, at) in enumerate([(True, NOW + 1), (None, EXPIRED)], start=1):
        order = PinOrder(f"{number:032x}", timed.row().profile_id, "gone", value, "", "lin")
        pin_tag(order, world.tenant(TENANT_ID), identity, at)
        timed.sweep(NOW + DAY_MS)
        world.profiles.settle(timed.row(), next_change(timed.rules, timed.profile(), world.now) or 0)
    timed.sweep(NOW + 9 * DAY_MS)
    assert timed.told("tag.set")[-1] == ("tag.set", "gone", NOW + 9 * DAY_MS)


def test_erased__is_never_due(timed: Timed) -> None:
    """Nothing is told of somebody who is erased, however much was to come."""
    timed.call(NOW)
    world = timed.world
    erase(world, timed.row().profile_id)
    world.published.clear()
    timed.sweep(EXPIRED + DAY_MS)
    assert world.published == [] and {row.due_at for row in world.profiles.rows.values()} == {0}


# -- rules that change


def test_retime__after_new_rules__waits_for_what_they_say(timed: Timed) -> None:
    """A published rule may turn sooner than all before it; who is due and untold stays due; others may save meanwhile."""
    timed.call(NOW)
    soon = Catalogue([rule("soon", {">=": [{"var": "p.minutes_silent"}, 10]})], load_measures())
    retime, old = retiming(timed.world.profiles, timed.world.profiles), timed.row()
    timed.call(NOW + 500)
    retime(old, profile_of(old, decode(old.body, Body)), soon, NOW + 1_000)
    assert (timed.row().version, timed.row().due_at) == (2, NOW + 500 + 10 * MINUTE_MS)
    retime(timed.row(), profile_of(old, decode(old.body, Body)), RULES, NOW + HOUR_MS)
    assert timed.row().due_at == NOW + 500 + 10 * MINUTE_MS, "what was due is still to be told"


# -- a run


def test_run__waits_for_what_falls_due_within_the_minute__and_tells_it_at_once(timed: Timed) -> None:
    """Within its minute nothing is late by more than a second; what comes after is the next run's."""
    timed.call(NOW)
    timed.world.now = QUIET - 40_000
    fired = look_after_timers(timed.services(), 3, QUIET + 15_000)
    assert (fired.changes, fired.lag_ms, timed.waited) == (1, 0, [40.0])
    assert look_after_timers(timed.services(), 3, QUIET + 15_000).people == 0
    assert timed.waited == [40.0]


def test_run__out_of_time__leaves_the_rest_and_says_so(timed: Timed) -> None:
    """What is left stays due; the next run goes on."""
    timed.call(NOW)
    timed.seconds_left = 3.0
    timed.world.now = QUIET
    assert look_after_timers(timed.services(), 0, QUIET).left
    timed.seconds_left = 60.0
    assert look_after_timers(timed.services(), 0, QUIET).changes == 1


def test_run__over_somebody_who_cannot_be_read__looks_after_the_others(timed: Timed) -> None:
    """One broken body is counted, stays due, and keeps nobody from their turn."""
    timed.call(NOW, ("user_id", "u1"))
    timed.call(NOW, ("user_id", "u2"))
    profiles = timed.world.profiles
    broken = next(iter(profiles.rows))
    profiles.rows[broken] = replace(profiles.rows[broken], body=b"\x00broken")
    fired = timed.sweep(QUIET)
    assert (fired.failed, fired.people, fired.changes) == ({"bad_body": 1}, 1, 1)
    assert timed.sweep(QUIET + 2 * MINUTE_MS).lag_ms == 2 * MINUTE_MS


def test_run__where_the_store_refuses_a_note__goes_on(timed: Timed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Throttled: told, counted, and looked at again."""
    timed.call(NOW)

    def throttled(row: rows.ProfileRow, due_at: Millis) -> bool:
        raise Unavailable("store_throttled", "Later.")

    monkeypatch.setattr(timed.world.profiles, "settle", throttled)
    assert timed.sweep(QUIET).failed == {"store_throttled": 1}


def test_shipped_library__everybody_swept_at_every_instant__reads_what_was_told(world: World) -> None:
    """For people of all kinds, following the bus gives at any moment what reading the profile gives."""
    timed = Timed(world, load_catalogue())
    kinds: Sequence[tuple[str, dict[str, object]]] = [
        ("order.paid", {"order_id": "o1", "amount": "900.00"}),
        ("message.received", {"text": "我的退款怎么还没到账", "conversation_id": "c1"}),
        ("survey.answered", {"score": 1}),
        ("session.started", {}),
        ("complaint.filed", {"complaint_id": "k1", "topic": "refund"}),
    ]
    for number, (kind, data) in enumerate(kinds):
        world.now = NOW + number * 7 * HOUR_MS
        world.accept(replace(event(kind, at=world.now, **data), received_at=world.now))
        assert world.ingest().applied == 1
    has: set[str] = set()
    for day in range(2, 130):
        timed.sweep(NOW + day * DAY_MS + day * 977_777)
        has.clear()
        for one in world.published:
            if one.type == "tag.set":
                has.add(one.detail["tag"])
            elif one.type == "tag.cleared":
                has.discard(one.detail["tag"])
        row = timed.row()
        now_set = {tag.id for tag in assess(timed.rules, profile_of(row, decode(row.body, Body)), world.now).tags}
        assert has == now_set, day
