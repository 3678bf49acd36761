"""Counting people: each once whatever happens to a run, and told without telling of anybody."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.flows import count_people as counting
from chalicelib.flows.count_people import LATEST, CountReport, count_people
from chalicelib.flows.counting_services import CountServices, InsightServices
from chalicelib.flows.describe_profile import describe_profile
from chalicelib.flows.read_counts import read_groups, read_tag_counts, read_tag_distribution
from chalicelib.flows.record_consent import ConsentOrder, record_consent
from chalicelib.insights.counting import Counts
from chalicelib.insights.groupings import CROWD
from chalicelib.insights.results import Result
from chalicelib.insights.shown_tags import NOTHING, STANDS_MS, GroupTags
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import NotFound, Unavailable
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.profiles.model import Body
from chalicelib.store.counts import Kept, MemoryCounts
from chalicelib.store.people import MemoryPeople, Page, Slice
from chalicelib.tags.catalogue import load_catalogue
from tests.flows.world import NOW, TENANT_ID, World, described, event


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of three people and a checkpoint for every second one, so that a run has many places to stop."""
    monkeypatch.setattr(counting, "PAGE_ITEMS", 3)
    monkeypatch.setattr(counting, "PAGES_PER_CHECKPOINT", 2)


class Town:
    """A world with people of two provinces, and what counts them."""

    def __init__(self, people: int = 60) -> None:
        self.world = World()
        self.counts = MemoryCounts()
        for number in range(people):
            self.move_in(number)

    def move_in(self, number: int) -> None:
        """Two in three live in 浙江, where every second one has an open complaint."""
        who, in_zhejiang = ("user_id", f"u{number}"), number % 3 != 0
        more = {"city": "杭州" if in_zhejiang else "上海", "member_level": "gold" if number % 4 == 0 else "silver"}
        self.world.apply(described(who, source="s_crm", **more), source=self.world.crm)
        if in_zhejiang and number % 2:
            self.world.apply(event("complaint.filed", who, at=NOW - HOUR_MS, ticket_id=f"t{number}", channel="phone"))

    def services(self, people: Any = None) -> CountServices:
        rows = people or MemoryPeople(self.world.profiles.rows)
        return CountServices(rows, self.counts, self.counts, lambda _: load_catalogue())

    def reading(self) -> InsightServices:
        return InsightServices(self.counts, lambda _: load_catalogue())

    def count(self, has_time: Callable[[], bool] = lambda: True, *, now: int = NOW, again: bool = False) -> CountReport:
        return count_people(TENANT_ID, self.services(), now, has_time, again=again)

    def result(self) -> Result:
        return decode(self.counts.kept[TENANT_ID, LATEST].content, Result)

    def group_tags(self) -> GroupTags:
        return decode(self.counts.group_tags_kept[TENANT_ID], GroupTags)


def for_calls(number: int) -> Callable[[], bool]:
    """Time for so many questions."""
    left = [number]

    def has_time() -> bool:
        left[0] -= 1
        return left[0] >= 0

    return has_time


def test_run__in_one_go__counts_everybody_once() -> None:
    """All people, by tag and group, from their clear traits and tags."""
    town = Town()
    report = town.count()
    groups = town.result().counts.groups
    assert (report.finished, report.people, groups[CROWD].people) == (True, 60, 60)
    assert groups["region:浙江"].people == 40 and groups["region:上海"].people == 20
    assert groups["member_level:gold"].people == 15
    assert groups[CROWD].tags["open_complaint"] == groups["region:浙江"].tags["open_complaint"] == 20
    assert groups[CROWD].measures["complaints"] == (20, 0)
    assert sum(town.result().counts.confidence["open_complaint"]) == 20


@pytest.mark.parametrize("calls", [1, 2, 3, 5, 8])
def test_run__stopped_again_and_again__comes_to_the_same_bytes(calls: int) -> None:
    """However little time an invocation has, the result is that of a run in one go."""
    whole, town = Town(), Town()
    whole.count()
    invocations = 0
    while not town.count(for_calls(calls)).finished:
        invocations += 1
        assert invocations < 200
    assert invocations > 1
    assert town.counts.kept[TENANT_ID, LATEST].content == whole.counts.kept[TENANT_ID, LATEST].content


class Dying(MemoryCounts):
    """Dies at the n-th writing, before or after it took effect."""

    def __init__(self, dies_at: int, *, after: bool) -> None:
        super().__init__()
        self.left, self.after = dies_at, after

    def keep(self, tenant: str, one: Kept) -> bool:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Unavailable("throttled", "Try again.")
        kept = super().keep(tenant, one)
        if self.left == 0:
            raise Unavailable("throttled", "Try again.")
        return kept


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("dies_at", range(1, 32, 3))
def test_run__killed_at_any_writing__counts_each_person_once(dies_at: int, after: bool) -> None:
    """A range that is repeated forgets what it had counted beyond its checkpoint."""
    whole, town = Town(), Town()
    whole.count()
    town.counts = Dying(dies_at, after=after)
    try:
        town.count()
    except Unavailable:
        town.count()
    assert town.counts.kept[TENANT_ID, LATEST].content == whole.counts.kept[TENANT_ID, LATEST].content


def test_run__whose_place_is_lost_but_not_its_counts__would_count_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: place and counts must move together; a mutant that keeps only the counts is found out."""
    town = Town()
    kept = MemoryCounts.keep

    def forgetful(self: MemoryCounts, tenant: str, one: Kept) -> bool:
        if one.name.startswith("range/") and one.version == 1:
            progress = decode(one.content, counting.Progress)
            one = replace(one, content=counting.encode(replace(progress, after="", done=False)))
        return kept(self, tenant, one)

    monkeypatch.setattr(MemoryCounts, "keep", forgetful)
    while not town.count(for_calls(2)).finished:
        pass
    assert town.result().counts.people > 60


class Crowded(MemoryPeople):
    """In the middle of a range somebody else works on it."""

    def __init__(self, town: Town) -> None:
        super().__init__(town.world.profiles.rows)
        self.town = town
        self.disturbed = False

    def page(self, tenant: str, one: Slice, after: str, *, limit: int, fresh: bool) -> Page:
        if after and not self.disturbed:
            self.disturbed = True
            count_people(TENANT_ID, self.town.services(), NOW, lambda: True)
        return super().page(tenant, one, after, limit=limit, fresh=fresh)


def test_runs__two_at_once__count_each_person_once() -> None:
    """The slower one's checkpoint is refused, and it leaves the range to the other."""
    town = Town()
    count_people(TENANT_ID, town.services(Crowded(town)), NOW, lambda: True)
    town.count()
    assert town.result().counts.people == 60


def test_run__of_a_day__is_not_repeated_unless_asked() -> None:
    """A finished day costs one read; by hand it is counted again, and takes its own place in the history."""
    town = Town()
    town.count()
    town.move_in(61)
    assert town.count() == CountReport(finished=True)
    assert town.result().counts.people == 60
    town.count(again=True)
    assert town.result().counts.people == 61
    assert [people for _, people in town.result().sizes[CROWD]] == [61]
    town.count(now=NOW + DAY_MS)
    assert [people for _, people in town.result().sizes[CROWD]] == [61, 61]


def test_person__whose_profile_is_restricted__is_not_counted() -> None:
    """Who asked that their data rest is in no statistic."""
    town = Town()
    key = next(iter(town.world.profiles.rows))
    town.world.profiles.rows[key] = replace(town.world.profiles.rows[key], state="restricted")
    assert town.count().people == 59


def test_person__who_refused_analytics_or_to_be_profiled__is_not_counted() -> None:
    """Who refused to be counted is in no group; who refused marketing is."""
    town = Town()
    who = [min(facet) for facet in (decode(row.body, Body).facets for row in town.world.profiles.rows.values())]
    refused = zip(sorted(who)[:3], ("analytics", "profiling", "marketing"), strict=True)
    for facet, purpose in refused:
        _refuse(town.world, facet, purpose)
    assert town.count().people == 58


def _refuse(world: World, facet: str, purpose: str) -> None:
    profile_id = world.keys.index(world.tenant(TENANT_ID)).profile_id(facet)
    order = ConsentOrder(sha256(facet.encode()).hexdigest()[:32], profile_id, (purpose,), False, "asked", "t_officer")
    record_consent(order, world.tenant(TENANT_ID), world.identity(), NOW)


def test_tags__told__are_counted_named_and_never_below_five() -> None:
    """Shares, confidence and steps as of the count; a tag of four people says null."""
    town = Town(12)
    town.count()
    told = read_tag_counts(TENANT_ID, None, town.reading())
    found = {one.id: one for one in told.tags}
    assert told.people == 12 and told.day == "2025-10-09"
    assert (found["open_complaint"].people, found["open_complaint"].share) == (None, None)
    assert found["member"].people == 12 and found["member"].share == 1.0
    assert all(count is None or count == 0 or count >= 5 for one in told.tags for count in one.confidence)
    spread = {one.id: one for one in told.measures}
    assert spread["complaints"].per_person is None
    assert all(step.people is None or step.people == 0 or step.people >= 5 for step in spread["complaints"].steps)


def test_tag__by_group__hides_what_a_subtraction_would_tell() -> None:
    """Where one cell is hidden another goes with it, and where members are hidden so are theirs."""
    town = Town()
    for number in (100, 101, 102):
        who = ("user_id", f"u{number}")
        town.world.apply(described(who, source="s_crm", city="广州", member_level="gold"), source=town.world.crm)
    town.count()
    told = read_tag_distribution(TENANT_ID, "member", town.reading())
    cells = {cell.value: cell for cell in told.by["region"]}
    assert cells["广东"].members is cells["广东"].people is None
    assert cells["上海"].members is None and cells["浙江"].members == 40
    shown = sum(cell.people or 0 for cell in told.by["region"])
    assert (told.people or 0) - shown >= 5
    assert told.history[-1].people == 63 and told.history[-1].share == 1.0


def test_tag__where_nobody_was_counted__is_not_found() -> None:
    """Before the first night there is nothing to tell."""
    town = Town(0)
    for ask in (
        lambda: read_tag_counts(TENANT_ID, None, town.reading()),
        lambda: read_tag_distribution(TENANT_ID, "vip", town.reading()),
        lambda: read_groups(TENANT_ID, town.reading()),
    ):
        with pytest.raises(NotFound) as refused:
            ask()
        assert refused.value.code == "no_counts"


def test_tag__day_that_was_counted__can_be_asked_for() -> None:
    """One result is kept for each day."""
    town = Town(12)
    town.count()
    town.move_in(12)
    town.count(now=NOW + DAY_MS)
    assert read_tag_counts(TENANT_ID, NOW // DAY_MS, town.reading()).people == 12
    assert read_tag_counts(TENANT_ID, None, town.reading()).people == 13
    with pytest.raises(NotFound):
        read_tag_counts(TENANT_ID, NOW // DAY_MS - 1, town.reading())


def test_groups__with_many_complaints__have_their_tag_and_say_why() -> None:
    """Half of 浙江 waits for the end of a complaint and nobody of 上海: the first is tagged, with its figures."""
    town = Town(90)
    town.count()
    groups = {(one.grouping, one.value): one for one in read_groups(TENANT_ID, town.reading()).groups}
    tags = {tag.id: tag for tag in groups["region", "浙江"].tags}
    assert "group_complaint_hotspot" in tags or "group_open_complaints" in tags
    assert not {"group_complaint_hotspot", "group_open_complaints"} & {t.id for t in groups["region", "上海"].tags}
    why = next(iter(tags.values())).signals
    assert any(one.true and one.values for one in why)
    assert groups["crowd", ""].members == 90


def test_group_tag__shown_on_its_people__with_its_source_until_it_is_too_old() -> None:
    """Whoever lives there has it as a tag with source ``group``; nobody else, not before, and not for ever."""
    town = Town(90)
    town.count()
    zhejiang, shanghai = town.world.person("user_id", "u1"), town.world.person("user_id", "u0")

    def shown(person: Any, now: int = NOW, group_tags: GroupTags | None = None) -> dict[str, Any]:
        view = describe_profile(
            person, town.world.reading(), now, town.group_tags() if group_tags is None else group_tags
        )
        return {tag.id: tag for tag in view.tags if tag.source == "group"}

    of_region = {tag_id for tag_id, *_ in town.group_tags().groups["region:浙江"]}
    assert of_region and of_region <= shown(zhejiang).keys()
    elsewhere = {
        tag_id for key, tags in town.group_tags().groups.items() if key != "region:浙江" for tag_id, *_ in tags
    }
    assert shown(shanghai).keys() <= elsewhere
    assert shown(zhejiang, NOW - 1) == shown(zhejiang, NOW + STANDS_MS) == shown(zhejiang, group_tags=NOTHING) == {}
    one = next(iter(shown(zhejiang).values()))
    assert one.value is True and 0 < one.confidence <= 1 and one.expires_at is not None


def test_group_tag__that_goes_on__keeps_its_since() -> None:
    """A group that is still tagged the next day has been since the first."""
    town = Town(90)
    town.count()
    first = {tag_id: since for tag_id, _, since in town.group_tags().groups["region:浙江"]}
    town.count(now=NOW + DAY_MS)
    second = {tag_id: since for tag_id, _, since in town.group_tags().groups["region:浙江"]}
    assert {tag_id: second[tag_id] for tag_id in first.keys() & second.keys()} == dict.fromkeys(
        first.keys() & second.keys(), NOW
    ) and first.keys() & second.keys()


def test_standing__of_a_tenant__is_small() -> None:
    """What profile reads load beside a profile is a few kilobytes, whatever the number of people."""
    town = Town(90)
    town.count()
    assert len(town.counts.group_tags_kept[TENANT_ID]) < 20_000


def test_counts__empty__are_of_nobody() -> None:
    """A tenant without people has a result that says so."""
    town = Town(0)
    assert town.count().finished
    assert town.result().counts == Counts({}, {}, {}) and read_tag_counts(TENANT_ID, None, town.reading()).people == 0
