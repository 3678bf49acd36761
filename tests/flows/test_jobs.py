"""Dry runs and apply jobs: what they count, what they publish, and that a part that is repeated counts once."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.flows.catalogue_job import Declared, part_of
from chalicelib.flows.compare_people import sides_of
from chalicelib.flows.current_tags import current_tags
from chalicelib.flows.describe_job import describe_job, list_jobs
from chalicelib.flows.find_person import by_id
from chalicelib.flows.open_job import APPLY_SECONDS, DryRunRequest, checked, drafts_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import BadInput, NotFound, Unavailable
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, Millis, format_moment
from chalicelib.kernel.texts import Text
from chalicelib.profiles.join import join
from chalicelib.profiles.model import Body
from chalicelib.routing.policy import shipped_policy
from chalicelib.store.jobs import MemoryJobs
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.engine import assess
from chalicelib.tags.health import Health, SourceHealth
from tests.flows.job_world import JobWorld, at_least, draft, ids_of, rules_of, tag_of, withdrawn
from tests.flows.world import NOW, TENANT_ID, World, event, paid

BUYER = at_least("orders_paid", 2)


def shop(people: int = 12, **services: Any) -> JobWorld:
    """Person n paid n % 4 times in the last days."""
    world = World()
    for one in range(people):
        who = ("user_id", f"u{one}")
        world.apply(
            event("page.viewed", who), *(paid(f"o{one}-{n}", "10", who, days_ago=n + 1) for n in range(one % 4))
        )
    world.published.clear()
    world.now += HOUR_MS
    return JobWorld(world, **services)


def holders(jobs: JobWorld, tag_id: str) -> set[str]:
    """Who has a tag, as reads answer now."""
    rules = jobs.services().rules(TENANT_ID, ())
    reading = replace(jobs.world.reading(), catalogue=rules.catalogue)
    ids = [row.profile_id for row in jobs.world.profiles.rows.values() if row.state == "active"]
    people = (by_id(TENANT_ID, one, reading) for one in ids)
    return {
        one.profile_id
        for one in people
        if one and any(tag.id == tag_id for tag in current_tags(one, reading, jobs.world.now))
    }


def test_dry_run__of_a_new_tag__names_those_who_gain_it() -> None:
    """Counts and ids are those of the people who have it once it is published, and nothing is published."""
    jobs = shop()
    view = jobs.dry_run(draft("buyer", BUYER))
    found = tag_of(view, "buyer")
    assert (view.state, view.people, view.people_estimated, view.is_sample) == ("finished", 12, 12, False)
    assert (found.before.count, found.after.count, found.gained.people.count, found.lost.people.count) == (0, 6, 6, 0)
    assert found.gained.people.share == 0.5 and found.gained.people.share_between is None
    assert not jobs.world.published
    jobs.publish(draft("buyer", BUYER))
    assert holders(jobs, "buyer") == set(ids_of(found.gained.listed))


def test_publish__after_a_dry_run__tells_exactly_what_was_foretold() -> None:
    """Gains and losses, by ids and by fingerprint, are those of the events and of the reads."""
    jobs = shop(40)
    jobs.publish(draft("buyer", BUYER))
    before = holders(jobs, "buyer")
    changed = draft("buyer", {"or": [at_least("orders_paid", 3), {"==": [{"var": "m.orders_paid.count_30d"}, 1]}]})
    foretold = tag_of(jobs.dry_run(changed), "buyer")
    jobs.world.published.clear()
    happened = tag_of(jobs.publish(changed), "buyer")
    after = holders(jobs, "buyer")
    gained, lost = set(ids_of(foretold.gained.listed)), set(ids_of(foretold.lost.listed))
    assert gained == after - before == set(jobs.told("tag.set", "buyer")) and len(gained) == 10
    assert lost == before - after == set(jobs.told("tag.cleared", "buyer")) and len(lost) == 10
    assert (happened.gained.fingerprint, happened.lost.fingerprint) == (
        foretold.gained.fingerprint,
        foretold.lost.fingerprint,
    )


def test_dry_run__tag_kept_with_another_weight__is_a_shift_and_no_change() -> None:
    """A confidence that rises by 0.3 stands in the histogram at 0.3, and nobody gains or loses."""
    jobs = shop()
    signals = [{"id": "a", "weight": 0.6, "when": BUYER, "says": {"zh": "a", "en": "a"}}]
    rest = {"id": "b", "weight": 0.4, "when": at_least("orders_paid", 9), "says": {"zh": "b", "en": "b"}}
    published = draft("buyer", BUYER)
    body = msgspec.json.decode(published.body)
    body["signals"] = [*signals, rest]
    jobs.publish(Declared("tags", "buyer", msgspec.json.encode(body)))
    body["signals"] = [{**signals[0], "weight": 0.9}, {**rest, "weight": 0.1}]
    found = tag_of(jobs.dry_run(Declared("tags", "buyer", msgspec.json.encode(body))), "buyer")
    assert [(one.from_, one.to, one.count) for one in found.shifts] == [(0.3, 0.4, 6)]
    assert found.gained.people.count == found.lost.people.count == 0


def test_part__killed_before_or_after_its_checkpoint__counts_everybody_once() -> None:
    """Wherever a call of the worker dies, the next one goes on, and the counts are those of an undisturbed run."""
    calm = tag_of(shop(30).dry_run(draft("buyer", BUYER)), "buyer")
    world = shop(30).world
    for fatal in range(1, 11):
        for after in (False, True):
            jobs = JobWorld(world, page_items=4)
            view = jobs.dry_run(draft("buyer", BUYER), run=False)
            dying = Dying(jobs.jobs, fatal, after=after)
            while jobs.queue:
                try:
                    jobs.deliver(jobs.queue[0], services=replace(jobs.services(), jobs=dying))
                except Killed:
                    continue
                jobs.queue.pop(0)
            view = jobs.view(view.job_id)
            assert (view.state, view.people, dying.left < 1) == ("finished", 30, True)
            assert tag_of(view, "buyer") == calm


def test_part__two_at_once__the_second_stops_at_its_checkpoint() -> None:
    """A message that was delivered twice does no harm: the slower worker finds the other's checkpoint."""
    jobs = shop(30, page_items=4)
    view = jobs.dry_run(draft("buyer", BUYER), run=False)
    jobs.deliver(jobs.queue.pop(0))
    message = jobs.queue.pop(0)
    stale = MemoryJobs()
    stale.rows.update(jobs.jobs.rows)
    jobs.deliver(message)
    services = replace(jobs.services(), jobs=Overtaken(stale, jobs.jobs))
    jobs.deliver(message, services=services)
    assert jobs.view(view.job_id).people == 30


def test_work__out_of_time__goes_on_from_the_checkpoint() -> None:
    """A call that has time for one page queues the rest, and progress shows meanwhile."""
    jobs = shop(30, page_items=4)
    view = jobs.dry_run(draft("buyer", BUYER), run=False)
    jobs.deliver(jobs.queue.pop(0))
    times = iter([True, False])
    jobs.deliver(jobs.queue.pop(0), lambda: next(times))
    halfway = jobs.view(view.job_id)
    assert (halfway.state, halfway.people, halfway.parts_done) == ("running", 4, 0)
    jobs.work()
    assert jobs.view(view.job_id).people == 30


def test_dry_run__sampled__says_how_sure_it_is() -> None:
    """A sample reads some slices alone; its bounds hold what is true of all."""
    jobs = shop(400)
    true = tag_of(jobs.dry_run(draft("buyer", BUYER)), "buyer").gained.people
    view = jobs.dry_run(draft("buyer", BUYER), sample=100)
    found = tag_of(view, "buyer").gained.people
    assert view.is_sample and 50 < view.people < 150
    assert found.share_between is not None and found.of_all_between is not None
    assert found.share_between.low < true.share < found.share_between.high
    assert found.of_all_between.low < true.count < found.of_all_between.high


def test_dry_run__many_people__is_sampled_of_itself() -> None:
    """Above the limit for all a sample is taken without being asked for; an apply job leaves nobody out."""
    jobs = shop(120, whole_people=60, sample_people=40)
    assert jobs.dry_run(draft("buyer", BUYER)).is_sample
    applied = jobs.publish(draft("buyer", BUYER))
    assert not applied.is_sample and applied.people == 120


def test_dry_run__tag_that_the_policy_reads__tells_which_routes_change() -> None:
    """Who would be sent elsewhere with the draft in force, by mode and queue; those who stay are not told."""
    jobs = shop(8)
    rule = load_catalogue().rules["vip"]
    changed = msgspec.json.decode(msgspec.json.encode(rule))
    changed["signals"] = [{**changed["signals"][0], "weight": 1.0, "when": BUYER}]
    view = jobs.dry_run(Declared("tags", "vip", msgspec.json.encode(changed)))
    assert [(one.to, one.people.count) for one in view.routes] == [("human/vip", 4)]


def test_dry_run__of_a_policy__tells_which_routes_change() -> None:
    """A draft of the policy moves people, and no tag."""
    jobs = shop(8)
    policy = msgspec.json.decode(msgspec.json.encode(shipped_policy().declared))
    assert not jobs.dry_run(Declared("policies", "default", msgspec.json.encode(policy))).routes
    policy["queues"]["complaints"]["base"] = 1_000.0
    view = jobs.dry_run(Declared("policies", "default", msgspec.json.encode(policy)))
    assert sum(one.people.count for one in view.routes) == 8 and not view.tags
    assert {one.to for one in view.routes} == {"human/complaints"}


def test_dry_run__published_meanwhile__fails_and_says_so() -> None:
    """A result whose parts are about different rules would be worth nothing."""
    jobs = shop(8)
    view = jobs.dry_run(draft("buyer", BUYER), run=False)
    jobs.deliver(jobs.queue.pop(0))
    jobs.version += 1
    jobs.work()
    failure = jobs.view(view.job_id).failure
    assert failure is not None and failure.code == "catalogue_changed"


def test_publish__too_early__waits_until_all_functions_know() -> None:
    """The apply job's first message is delayed, and one that comes too early is queued again."""
    jobs = shop(8)
    view = jobs.publish(draft("buyer", BUYER), run=False)
    jobs.deliver(jobs.queue.pop(0))
    assert jobs.delays == [APPLY_SECONDS, APPLY_SECONDS]
    assert jobs.view(view.job_id).state == "waiting" and not jobs.world.published


def test_apply__saved_after_the_publish__is_told_whole() -> None:
    """Who was saved while functions differed in their rules is told what they have, not what changed."""
    jobs = shop(4)
    jobs.publish(draft("buyer", BUYER), run=False)
    jobs.world.apply(event("page.viewed", ("user_id", "u0")))
    jobs.world.published.clear()
    jobs.world.now += 90_000
    jobs.work()
    assert len(jobs.told("tag.cleared", "buyer")) == 1 and len(jobs.told("tag.set", "buyer")) == 2
    assert {one.detail["catalogue_version"] for one in jobs.world.published} == {2}
    entered = [one for one in jobs.world.published if one.type == "segment.entered"]
    assert [one.detail["segment"] for one in entered] == ["buyer", "buyer"]


def test_apply__time_passes_since_the_publish__is_told_as_it_is() -> None:
    """A tag that expired by the old rules in the minute after the publish: nobody else may have told, so the job does."""
    jobs = shop(4)
    last = max(row.updated_at for row in jobs.world.profiles.rows.values())
    seconds = {"half_life_days": None, "expires_days": (jobs.world.now + 60_000 - (NOW - HOUR_MS)) / DAY_MS}
    lately = draft("lately", {">=": [{"var": "m.page_views.count"}, 1]}, **seconds)
    assert last < jobs.world.now
    jobs.publish(lately)
    jobs.world.now -= 90_000
    assert len(holders(jobs, "lately")) == 4
    jobs.publish(draft("lately", {">=": [{"var": "m.page_views.count"}, 9]}))
    assert len(jobs.told("tag.cleared", "lately")) == 4


def test_apply__two_published_at_once__are_each_told_over_the_one_before() -> None:
    """A tag that either version alone takes away is taken away by the first, though both are in force by then."""
    jobs = shop(8)
    jobs.publish(draft("buyer", BUYER, exclusive="buyers"))
    had = holders(jobs, "buyer")
    jobs.world.published.clear()
    jobs.publish(draft("a_rival", BUYER, exclusive="buyers"), run=False)
    jobs.publish(draft("buyer", at_least("orders_paid", 9), exclusive="buyers"), run=False)
    jobs.world.now += 90_000
    jobs.work()
    assert set(jobs.told("tag.cleared", "buyer")) == had and len(had) == 4
    cleared = [one for one in jobs.world.published if one.type == "tag.cleared" and one.detail["tag"] == "buyer"]
    assert {one.detail["catalogue_version"] for one in cleared} == {3}


def test_apply__bus_down__is_delivered_again_and_counts_once() -> None:
    """A page whose changes could not be published is not checked off."""
    jobs = shop(8)
    view = jobs.publish(draft("buyer", BUYER), run=False)
    jobs.world.now += 90_000
    jobs.deliver(jobs.queue.pop(0))
    jobs.world.bus_down = True
    with pytest.raises(Unavailable):
        jobs.deliver(jobs.queue[0])
    jobs.world.bus_down = False
    jobs.work()
    assert len(jobs.told("tag.set", "buyer")) == 4 and jobs.view(view.job_id).people == 8


def test_apply__rolled_back__clears_what_it_had_set() -> None:
    """A tag that is withdrawn is cleared from everybody who had it."""
    jobs = shop(8)
    jobs.publish(draft("buyer", BUYER))
    told = jobs.told("tag.set", "buyer")
    jobs.publish(withdrawn("buyer"))
    assert sorted(jobs.told("tag.cleared", "buyer")) == sorted(told) and len(told) == 4


def test_apply__timers__are_told_of_everybody() -> None:
    """When tags change next may be another moment under the new rules."""
    seen: list[str] = []
    jobs = shop(8, retime=lambda row, *_: seen.append(row.profile_id))
    jobs.publish(draft("buyer", BUYER))
    assert len(set(seen)) == 8


def test_window__of_past_events__says_who_would_have_had_it_since_when() -> None:
    """People without events in the window are not counted; the others since the event that would have set it."""
    jobs = shop(8)
    begins, ends = NOW - 2 * DAY_MS - HOUR_MS, NOW - DAY_MS + HOUR_MS
    window = {"from": format_moment(begins), "to": format_moment(ends)}
    view = jobs.dry_run(draft("buyer", BUYER), window=window)
    found = tag_of(view, "buyer")
    assert view.people == 6, "two of the eight never paid, and looked at pages later"
    assert found.gained.people.count == 4
    assert {one.since for one in found.gained.listed} == {format_moment(NOW - 2 * DAY_MS), format_moment(NOW - DAY_MS)}


def test_window__refolded__is_what_was_seen_when_the_events_came() -> None:
    """Who has a tag, asked after each event as it comes, is what the window says afterwards, to the instant."""
    chance = random.Random(5)
    jobs, rule = JobWorld(), draft("buyer", {"==": [{"var": "m.orders_paid.count_7d"}, 2]})
    new = rules_of({}, [rule], 1).catalogue
    begins = NOW - 9 * DAY_MS
    seen: dict[str, Millis] = {}
    for number in range(60):
        who, at = ("user_id", f"u{chance.randrange(8)}"), NOW - 20 * DAY_MS + number * 8 * HOUR_MS
        jobs.world.now = at
        jobs.world.apply(replace(paid(f"o{number}", "1", who), time=at, received_at=at))
        for row in jobs.world.profiles.rows.values():
            profile = join(row.profile_id, row.version, row.state, row.generation, decode(row.body, Body))
            is_set = bool(assess(new, profile, at, among={"buyer"}).tags)
            # Asked at the window's begin, and then at each person's own events.
            if is_set and (at == begins or (at > begins and profile.last_seen == at)):
                seen.setdefault(row.profile_id, at)
    jobs.world.now = NOW
    view = jobs.dry_run(rule, window={"from": format_moment(begins), "to": format_moment(at + 1)})
    told = {one.profile_id: one.since for one in tag_of(view, "buyer").gained.listed}
    assert told == {profile_id: format_moment(at) for profile_id, at in seen.items()} and len(told) > 3


def test_window__expired_or_too_long__leaves_them_out_and_says_so() -> None:
    """What the history cannot show whole is not guessed."""
    jobs = shop(4)
    jobs.world.tenants[TENANT_ID] = replace(jobs.world.tenants[TENANT_ID], horizon_days=1)
    view = jobs.dry_run(draft("buyer", BUYER), window={"from": format_moment(NOW - 3 * DAY_MS)})
    assert view.left_out == {"history_expired": 3} and (view.people, view.people_read) == (1, 4)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"sample": 0}, "bad_sample"),
        ({"sample": 50_001}, "bad_sample"),
        ({"with": [{"kind": "tags", "id": "x"}] * 21}, "too_many_drafts"),
        ({"window": {"from": "yesterday"}}, "bad_time"),
        ({"window": {"from": format_moment(NOW + DAY_MS)}}, "bad_window"),
        ({"window": {"from": format_moment(NOW - DAY_MS), "to": format_moment(NOW + DAY_MS)}}, "bad_window"),
        ({"window": {"from": format_moment(NOW - 800 * DAY_MS)}}, "bad_window"),
    ],
)
def test_dry_run__asked_wrongly__is_refused(asked: dict[str, Any], code: str) -> None:
    """Each limit has its code."""
    with pytest.raises(BadInput) as refused:
        checked(msgspec.convert(asked, DryRunRequest), 730, NOW)
    assert refused.value.code == code


def test_dry_run__no_such_draft_or_kind__is_refused() -> None:
    """Only drafts of what bears on people can be tried."""
    jobs = shop(1)
    with pytest.raises(BadInput, match="can be tried"):
        jobs.dry_run(Declared("words", "w", b"{}"))
    with pytest.raises(NotFound):
        drafts_of(TENANT_ID, "tags", "none", DryRunRequest(), jobs.services())


def test_jobs__listed__newest_first_and_none_of_others() -> None:
    """A tenant's own jobs, and a part of one is none."""
    jobs = shop(2)
    first, second = jobs.dry_run(draft("buyer", BUYER)), jobs.publish(draft("buyer", BUYER))
    assert {one.job_id for one in list_jobs(TENANT_ID, "", jobs.jobs).jobs} == {first.job_id, second.job_id}
    assert not list_jobs("t_other", "", jobs.jobs).jobs
    for asked in (f"{first.job_id}#0", "none"):
        with pytest.raises(NotFound):
            describe_job(TENANT_ID, asked, jobs.jobs, most_named=1)
    with pytest.raises(BadInput):
        list_jobs(TENANT_ID, "x", jobs.jobs)


class Killed(Exception):
    """The worker is gone."""


class Dying(MemoryJobs):
    """The worker's ``fatal``-th write is its last: ``after`` it is written, or before."""

    def __init__(self, jobs: Any, fatal: int, *, after: bool) -> None:
        super().__init__()
        self.rows = jobs.rows
        self.left = fatal
        self._after = after

    def advance(self, row: Any) -> bool:
        self.left -= 1
        if self.left == 0 and not self._after:
            raise Killed
        done = super().advance(row)
        if self.left == 0:
            raise Killed
        return done


class Overtaken:
    """Reads what was before somebody else went on, and writes where they did."""

    def __init__(self, then: Any, now: Any) -> None:
        self._then, self._now = then, now

    def load(self, *names: str) -> Any:
        return self._then.load(*names)

    def advance(self, row: Any) -> bool:
        kept = part_of(self._now.load(row.tenant, row.job_id, row.part))
        assert kept.is_done
        replaced = bool(self._now.advance(row))
        assert not replaced
        return replaced

    def parts(self, *names: Any) -> Any:
        return self._now.parts(*names)


def test_sides__compared__are_under_the_health_in_force() -> None:
    """A source that falls silent while both sides are made is no doing of the declaration that is tried."""
    ill = Health({"s_web": SourceHealth("silent", 0.7, 0, Text("沉默", "silent"))})
    well = rules_of({}, (), 1)
    sides = sides_of(well, well, replace(well, catalogue=well.catalogue.under(ill)))
    assert sides.old.catalogue.health == sides.new.catalogue.health == ill
