"""Operators' words: what a merge ties and a split cuts, against later events, other writers and repeats.

Promises have a mutant beside them that must fail: a store without ties, without records or without versions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.events.model import Event
from chalicelib.flows.describe_links import LinksView, describe_links
from chalicelib.flows.describe_profile import describe_profile
from chalicelib.flows.find_person import by_id
from chalicelib.flows.identity_records import AUDIT, MERGE, SPLIT, Audited, Merged, find_merge, find_split
from chalicelib.flows.merge_people import ATTEMPTS, MergeOrder, merge_people
from chalicelib.flows.preview_merge import PreviewView, preview_merge
from chalicelib.flows.read_timeline import read_timeline
from chalicelib.flows.split_people import SplitOrder, split_people
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Conflict, NotFound, Unavailable, ZhiyinError
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.store.memory import MemoryHistory, MemoryProfiles
from chalicelib.store.rows import Change, Outcome, Record
from tests.flows.test_any_order import Interrupted, WithoutVersions
from tests.flows.world import NOW, TENANT_ID, World, event, paid

USER, OTHER = ("user_id", "u1"), ("user_id", "u2")
PHONE, EMAIL = ("phone", "+8613907551234"), ("email", "reader@shop.test")
BROWSER = ("anonymous_id", "browser-1")


class WithoutTies(MemoryProfiles):
    """Forgets what operators said as soon as it was said."""

    def save(self, change: Change) -> Outcome:
        return super().save(replace(change, profiles=tuple((replace(row, ties=b""), v) for row, v in change.profiles)))


class WithoutRecords(MemoryProfiles):
    """Keeps no record of merges and splits."""

    def save(self, change: Change) -> Outcome:
        return super().save(replace(change, records=()))


def world_of(store: Callable[[MemoryHistory], MemoryProfiles] = MemoryProfiles, *people: tuple[str, str]) -> World:
    """People who bought once each, at different times."""
    world = World()
    world.profiles = store(world.history)
    for number, who in enumerate(people):
        world.apply(paid(f"o{number}", "1.00", who, days_ago=9 - number))
    world.published.clear()
    return world


def id_of(world: World, who: tuple[str, str]) -> str:
    return world.person(*who).profile_id


def people(world: World) -> Mapping[str, tuple[str, bytes]]:
    """State and body of whoever lives, by id."""
    rows = world.profiles.rows.values()
    return {row.profile_id: (row.state, row.body) for row in rows if row.state in ("active", "restricted")}


def owners(world: World) -> Mapping[str, str]:
    """Whom each identifier leads to."""
    return {key: row.profile_id for (_, key), row in world.profiles.identifiers.items() if row.profile_id}


def links(world: World, profile_id: str) -> LinksView:
    return describe_links(profile_id, world.tenant(TENANT_ID), world.identity())


def link_between(world: World, anchor: tuple[str, str], other: str) -> str:
    (found,) = [one for one in links(world, id_of(world, anchor)).links if one.other.namespace == other]
    return found.link_id


def preview(world: World, *profile_ids: str, force: bool = False) -> PreviewView:
    order = MergeOrder("", profile_ids, "", "t_admin", force)
    return preview_merge(order, "phone", world.tenant(TENANT_ID), world.identity(), world.reading(), world.now)


def refusal(asked: Callable[[], object]) -> str:
    with pytest.raises(ZhiyinError) as raised:
        asked()
    return raised.value.code


# -- merge, split, and what comes later


@pytest.mark.parametrize("store", [MemoryProfiles, WithoutTies])
def test_merge__later_events_of_either__stay_one_only_with_ties(store: Callable[..., MemoryProfiles]) -> None:
    """Negative control: without the tie the next event that is settled afresh parts them again."""
    world = world_of(store, USER, BROWSER)
    kept, lost = id_of(world, USER), id_of(world, BROWSER)
    world.merge(lost, kept)
    world.apply(event("page.viewed", USER, PHONE), event("page.viewed", BROWSER, EMAIL))
    one = {by_id(TENANT_ID, asked, world.reading()).profile_id for asked in (kept, lost)}
    assert (one == {kept}) is (store is MemoryProfiles)


@pytest.mark.parametrize("store", [MemoryProfiles, WithoutTies])
def test_split__later_event_that_links_them_again__stay_two_only_with_ties(
    store: Callable[..., MemoryProfiles],
) -> None:
    """Negative control: without what the split said, the same evidence would join them once more."""
    world = world_of(store, USER, BROWSER)
    world.apply(event("page.viewed", USER, BROWSER))
    assert len(people(world)) == 1
    world.split(link_id=link_between(world, USER, "anonymous_id"))
    assert len(people(world)) == 2
    world.apply(event("page.viewed", USER, BROWSER, at=NOW - 20 * DAY_MS))
    parted = id_of(world, USER) != id_of(world, BROWSER)
    assert parted is (store is MemoryProfiles)
    if parted:
        assert "kept_apart" in {one.reason for one in links(world, id_of(world, USER)).links}


def test_merge_then_split__with_events_between__each_facet_returns_with_what_arrived() -> None:
    """The ids they came from, and each its own events; as if nobody had ever merged them."""
    world, twin = World(), World()
    twin.secrets = world.secrets
    first = [paid("o1", "1.00", USER), paid("o2", "1.00", BROWSER)]
    between = [paid("o7", "5.00", USER, PHONE), paid("o8", "7.00", BROWSER, ("device", "d1"))]
    world.apply(*first)
    kept, lost = id_of(world, USER), id_of(world, BROWSER)
    merged = world.merge(lost, kept)
    world.apply(*between)
    assert world.person("device", "d1").profile_id == kept
    split = world.split(merge_id=merged.merge_id)
    twin.apply(*first, *between)
    assert set(split.profile_ids) == {kept, lost}
    assert (people(world), owners(world)) == (people(twin), owners(twin))
    services = world.reading()
    for one in (kept, lost):
        assert len(read_timeline(TENANT_ID, one, 100, "", services, world.now).events) == 2


def test_redirects__a_chain_of_merges_and_one_split__every_id_leads_where_its_facet_is() -> None:
    """Browser into phone into account; the first merge is cut below the second."""
    world = world_of(MemoryProfiles, BROWSER, PHONE, USER)
    browser, phone, user = (id_of(world, one) for one in (BROWSER, PHONE, USER))
    before = people(world)
    first = world.merge(browser, phone)
    second = world.merge(browser, user)
    assert (first.profile_id, second.profile_id) == (phone, user)
    services = world.reading()
    assert {by_id(TENANT_ID, one, services).profile_id for one in (browser, phone, user)} == {user}
    world.split(merge_id=first.merge_id)
    # The second merge was of the browser with the account: that is what still holds.
    assert {one: by_id(TENANT_ID, one, services).profile_id for one in (browser, phone, user)} == {
        browser: user,
        phone: phone,
        user: user,
    }
    world.split(merge_id=second.merge_id)
    assert people(world) == before


def test_merge__of_three_people_at_once__one_and_one_split_parts_all() -> None:
    """What one merge tied, its split cuts."""
    world = world_of(MemoryProfiles, BROWSER, PHONE, USER)
    before = people(world), owners(world)
    merged = world.merge(*(id_of(world, one) for one in (BROWSER, PHONE, USER)))
    assert list(people(world)) == [merged.profile_id]
    split = world.split(merge_id=merged.merge_id)
    assert len(split.profile_ids) == 3
    assert (people(world), owners(world)) == before


def test_merge__of_people_whom_links_join_later__split_leaves_them_joined() -> None:
    """A split of a merge says that they are two: the later evidence of a link does not outweigh it."""
    world = world_of(MemoryProfiles, USER, BROWSER)
    merged = world.merge(id_of(world, BROWSER), id_of(world, USER))
    world.apply(event("page.viewed", USER, BROWSER))
    world.split(merge_id=merged.merge_id)
    assert id_of(world, USER) != id_of(world, BROWSER)


@pytest.mark.parametrize("who", [USER, BROWSER])
@pytest.mark.parametrize("mutant", [False, True])
def test_merge__of_a_restricted_person__restricts_and_a_split_opts_nobody_in(
    who: tuple[str, str], mutant: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: were the state that of the survivor or of nobody, who opted out would be profiled."""
    world = world_of(MemoryProfiles, USER, BROWSER)
    place = (TENANT_ID, id_of(world, who))
    world.profiles.rows[place] = replace(world.profiles.rows[place], state="restricted")
    if mutant:
        monkeypatch.setattr("chalicelib.flows.plan_save._state", lambda *_: "active")
    merged = world.merge(id_of(world, BROWSER), id_of(world, USER))
    expected = "active" if mutant else "restricted"
    assert {state for state, _ in people(world).values()} == {expected}
    world.split(merge_id=merged.merge_id)
    assert people(world)[place[1]][0] == expected


# -- protections


def test_merge__of_two_accounts__protected_unless_forced() -> None:
    """One account is one person; force lifts that, and a split puts it back."""
    world = world_of(MemoryProfiles, USER, OTHER)
    ids = id_of(world, USER), id_of(world, OTHER)
    before = people(world), owners(world)
    with pytest.raises(Conflict) as raised:
        world.merge(*ids)
    assert raised.value.code == "protected" and "too_many_user_id" in raised.value.message
    assert (people(world), owners(world), world.history.kept_records) == (*before, {})
    forced = world.merge(*ids, force=True)
    assert list(people(world)) == [forced.profile_id]
    (tie,) = links(world, forced.profile_id).merges
    assert tie.forced and set(tie.profile_ids) == set(ids)
    world.split(merge_id=forced.merge_id)
    assert (people(world), owners(world)) == before


def test_forced_merge__later_link_to_a_third_account__is_refused() -> None:
    """Force lifts the limit for whom it names, and opens the door to nobody else."""
    world = world_of(MemoryProfiles, USER, OTHER, ("user_id", "u3"))
    world.merge(id_of(world, USER), id_of(world, OTHER), force=True)
    world.apply(event("page.viewed", USER, PHONE), event("page.viewed", ("user_id", "u3"), PHONE))
    assert id_of(world, ("user_id", "u3")) != id_of(world, USER)
    assert "too_many_user_id" in world.codes()


def crowd(world: World, first: int, many: int) -> str:
    """One person of many phones, each with an order, put together by operators, ten at a time; its id."""
    ids = []
    for number in range(first, first + many):
        who = ("phone", f"+861390755{number:04}")
        world.apply(paid(f"o{number}", "1.00", who))
        ids.append(id_of(world, who))
    while len(ids) > 1:
        tens = [ids[start : start + 10] for start in range(0, len(ids), 10)]
        ids = [world.merge(*ten).profile_id if len(ten) > 1 else ten[0] for ten in tens]
    return ids[0]


def test_merge__of_more_identifiers_than_one_person_may_have__refused_even_by_force() -> None:
    """An answer that says merged, and people who are not, would be worse than a refusal."""
    world = World()
    world.tenants[TENANT_ID] = replace(world.tenants[TENANT_ID], limits={"phone": 200})
    ids = crowd(world, 1000, 81), crowd(world, 2000, 10)
    before, records = people(world), dict(world.history.kept_records)
    assert len(before) == 2
    with pytest.raises(Conflict) as raised:
        world.merge(*ids, force=True)
    assert "too_many_identifiers" in raised.value.message
    assert (people(world), world.history.kept_records) == (before, records)
    shown = preview(world, *ids, force=True)
    assert (shown.protections, shown.needs_force) == (("too_many_identifiers",), False)


def test_merge__of_more_merges_than_a_tenant_allows__protected() -> None:
    """``most_merges`` counts the facets that a profile may gain."""
    world = world_of(MemoryProfiles, USER, PHONE, BROWSER)
    world.tenants[TENANT_ID] = replace(world.tenants[TENANT_ID], most_merges=1)
    world.merge(id_of(world, USER), id_of(world, PHONE))
    with pytest.raises(Conflict) as raised:
        world.merge(id_of(world, USER), id_of(world, BROWSER))
    assert "too_many_merges" in raised.value.message


def test_merge__of_one_person_or_of_nobody__says_so() -> None:
    """Each refusal has its code, and nothing is written."""
    world = world_of(MemoryProfiles, USER, BROWSER)
    kept, lost = id_of(world, USER), id_of(world, BROWSER)
    world.merge(lost, kept)
    assert refusal(lambda: world.merge(lost, kept)) == "already_one"
    assert refusal(lambda: world.merge(kept, kept)) == "bad_profile_ids"
    assert refusal(lambda: world.merge(kept)) == "bad_profile_ids"
    assert refusal(lambda: world.merge(*(f"p_{one}" for one in range(11)))) == "bad_profile_ids"
    assert refusal(lambda: world.merge(kept, "p_none")) == "no_such_profile"
    assert refusal(lambda: world.split(merge_id="m_none")) == "no_such_merge"
    assert len(world.history.kept_records) == 2


def test_merge__of_people_whom_a_split_parted__lifts_it_and_its_split_puts_it_back() -> None:
    """The latest word counts; to take it back is to be where one was, also against the events of before."""
    world = world_of(MemoryProfiles, USER, OTHER)
    world.apply(event("page.viewed", USER, PHONE, at=NOW - 3 * HOUR_MS))
    world.apply(event("page.viewed", OTHER, PHONE, at=NOW - 2 * HOUR_MS))
    assert world.person(*PHONE).profile_id == id_of(world, USER)
    first = world.split(link_id=link_between(world, USER, "phone"))
    assert world.person(*PHONE).profile_id == id_of(world, OTHER), "the link that was refused for the first one"
    before = people(world), owners(world)
    merged = world.merge(id_of(world, USER), id_of(world, OTHER), force=True)
    record = find_merge(world.history, TENANT_ID, merged.merge_id)
    assert record is not None and [one.split_id for one in record.lifted] == [first.split_id]
    assert links(world, merged.profile_id).kept_apart == ()
    world.split(merge_id=merged.merge_id)
    assert (people(world), owners(world)) == before


# -- splits of links


def test_split__of_a_link_between_two_facets__both_return_to_their_ids() -> None:
    """The phone had a profile of its own before it was linked, and has it again, at its old id."""
    world = world_of(MemoryProfiles, PHONE, USER)
    phone, user = id_of(world, PHONE), id_of(world, USER)
    before = {key: decode_facets(body) for key, (_, body) in people(world).items()}
    world.apply(event("page.viewed", USER, PHONE))
    assert by_id(TENANT_ID, phone, world.reading()).profile_id == user
    split = world.split(link_id=link_between(world, USER, "phone"))
    assert set(split.profile_ids) == {phone, user}
    assert {key: decode_facets(body) for key, (_, body) in people(world).items()} == before
    assert by_id(TENANT_ID, phone, world.reading()).series["orders_paid"].count == 1


def decode_facets(body: bytes) -> set[str]:
    from chalicelib.profiles.model import Body

    return set(decode(body, Body).facets)


def test_split__of_a_link_whose_other_end_has_no_facet__leads_nowhere_until_somebody_else_has_it() -> None:
    """The phone was only ever seen beside the account: cut off, it is nobody's, and then another's."""
    world = world_of(MemoryProfiles, USER)
    world.apply(event("page.viewed", USER, PHONE))
    link_id = link_between(world, USER, "phone")
    split = world.split(link_id=link_id)
    assert split.profile_ids == (id_of(world, USER),)
    assert world.key(*PHONE) not in owners(world)
    world.apply(event("page.viewed", USER, PHONE))
    assert world.key(*PHONE) not in owners(world)
    assert refusal(lambda: world.split(link_id=link_id)) == "not_linked"
    world.apply(event("page.viewed", OTHER, PHONE))
    assert world.person(*PHONE).profile_id == id_of(world, OTHER)


def test_split__of_a_link_of_another_person_or_of_none__not_found() -> None:
    """A link id is made of keys: keys that no facet links are no link."""
    world = world_of(MemoryProfiles, USER, PHONE)
    from chalicelib.flows.split_people import link_id

    unlinked = link_id(world.key(*USER), world.key(*PHONE))
    backwards = link_id(world.key(*PHONE), world.key(*USER))
    unknown = link_id(world.key(*BROWSER), world.key(*EMAIL))
    for one in (unlinked, backwards, unknown):
        assert refusal(lambda one=one: world.split(link_id=one)) == "no_such_link"


# -- what is kept, and what is told


@pytest.mark.parametrize("store", [MemoryProfiles, WithoutRecords])
def test_merge_and_split__repeated__same_answer_and_told_again_only_with_records(
    store: Callable[..., MemoryProfiles],
) -> None:
    """Negative control: without its record a repeated merge cannot be told from a second one."""
    world = world_of(store, USER, BROWSER)
    order = MergeOrder("m_1", (id_of(world, BROWSER), id_of(world, USER)), "one person", "sup-1")

    def merge() -> Merged:
        return merge_people(order, world.tenant(TENANT_ID), world.identity(), world.now)

    first = merge()
    told, rows = list(world.published), dict(world.profiles.rows)
    world.published.clear()
    world.now += HOUR_MS
    if store is WithoutRecords:
        assert refusal(merge) == "already_one"
        return
    assert merge() == first
    assert world.profiles.rows == rows
    assert world.published == [one for one in told if one.type in ("profile.merged", "profile.updated")]

    asked = SplitOrder("x_1", "two people", "sup-1", merge_id="m_1")
    split = split_people(asked, world.tenant(TENANT_ID), world.identity(), world.now)
    rows = dict(world.profiles.rows)
    assert split_people(asked, world.tenant(TENANT_ID), world.identity(), world.now + HOUR_MS) == split
    assert (merge(), world.profiles.rows) == (first, rows), "a repeat of the merge does not merge again"


def test_merge_and_split__bus_down__saved_and_told_by_the_repeat() -> None:
    """The change stands; who sends the order again has it told."""
    world = world_of(MemoryProfiles, USER, BROWSER)
    order = MergeOrder("m_1", (id_of(world, BROWSER), id_of(world, USER)), "one person", "sup-1")
    world.bus_down = True
    with pytest.raises(Unavailable):
        merge_people(order, world.tenant(TENANT_ID), world.identity(), world.now)
    assert len(people(world)) == 1 and world.published == []
    world.bus_down = False
    merge_people(order, world.tenant(TENANT_ID), world.identity(), world.now)
    assert [one.type for one in world.published] == ["profile.merged", "profile.updated"]


def test_merge_and_split__published__whom_what_and_no_reason() -> None:
    """``profile.merged`` names the ids that became redirects, ``profile.split`` the others of the split."""
    world = world_of(MemoryProfiles, USER, BROWSER)
    kept, lost = id_of(world, USER), id_of(world, BROWSER)
    merged = world.merge(lost, kept)
    first = world.published[0]
    assert (first.type, first.detail) == (
        "profile.merged",
        {"tenant": TENANT_ID, "profile_id": kept, "version": 2, "merged": [lost], "merge_id": merged.merge_id},
    )
    assert sum(one.type == "profile.merged" for one in world.published) == 1
    assert {one.detail["profile_id"] for one in world.published if one.type == "profile.updated"} == {kept}
    world.published.clear()
    split = world.split(merge_id=merged.merge_id)
    first = world.published[0]
    assert first.type == "profile.split" and first.detail["split_id"] == split.split_id
    assert {first.detail["profile_id"], *first.detail["from"]} == {kept, lost}
    assert {one.detail["profile_id"] for one in world.published if one.type == "profile.updated"} == {kept, lost}
    assert "person" not in repr(world.published)


def test_merge_and_split__records__say_who_whom_when_and_why() -> None:
    """One row of its kind and one of the audit each, written with the change itself."""
    world = world_of(MemoryProfiles, USER, BROWSER)
    ids = id_of(world, BROWSER), id_of(world, USER)
    merged = world.merge(*ids)
    world.now += HOUR_MS
    split = world.split(merge_id=merged.merge_id)
    assert find_merge(world.history, TENANT_ID, merged.merge_id) == merged
    assert find_split(world.history, TENANT_ID, split.split_id) == split
    kinds = sorted(kind for _, kind, _ in world.history.kept_records)
    assert kinds == sorted([AUDIT, AUDIT, MERGE, SPLIT])
    newest, oldest = world.history.records(TENANT_ID, AUDIT, before=NOW * 2, limit=9)
    assert (oldest.at, newest.at) == (NOW, NOW + HOUR_MS)
    assert decode(oldest.content, Audited) == Audited("profiles.merge", "t_admin", ids, "one person", merged.profile_id)
    assert decode(newest.content, Audited) == Audited(
        "profiles.split", "t_admin", split.profile_ids, "two people", merged.merge_id
    )


# -- other writers


def beside(world: World) -> World:
    """Another writer on the same stores."""
    other = World(secrets=world.secrets)
    other.history, other.profiles, other.tenants = world.history, world.profiles, world.tenants
    return other


def interrupt(world: World, meanwhile: Callable[[World, int], None]) -> Interrupted:
    """The world's saves, before each of which another writer does something."""
    other, really = beside(world), world.profiles
    store = Interrupted(really, lambda number: meanwhile(other, number))
    world.profiles = store  # type: ignore[assignment]  # what the flows ask of a store it has
    return store


@pytest.mark.parametrize("store", [MemoryProfiles, WithoutVersions])
def test_merge__while_events_arrive__loses_only_without_versions(store: Callable[..., MemoryProfiles]) -> None:
    """Negative control: without the versions the merge writes over the order that was paid meanwhile."""
    world = world_of(store, USER, BROWSER)
    ids = id_of(world, BROWSER), id_of(world, USER)
    orders = [paid("late-1", "1.00", USER), paid("late-2", "1.00", BROWSER)]

    def meanwhile(other: World, number: int) -> None:
        if number <= len(orders):
            other.apply(orders[number - 1])

    interrupted = interrupt(world, meanwhile)
    world.merge(*ids)
    counted = by_id(TENANT_ID, ids[0], world.reading()).series["orders_paid"].count
    if store is MemoryProfiles:
        assert (interrupted.saves, counted) == (3, 4)
    else:
        assert counted < 4


def test_split__while_events_arrive__loses_nothing() -> None:
    """Each event counts in the facet that it came through, on whichever side of the split it fell."""
    world = world_of(MemoryProfiles, USER, BROWSER)
    ids = id_of(world, BROWSER), id_of(world, USER)
    merged = world.merge(*ids)
    interrupt(world, lambda other, number: number == 1 and bool(other.apply(paid("late", "1.00", BROWSER))))
    world.split(merge_id=merged.merge_id)
    counts = [by_id(TENANT_ID, one, world.reading()).series["orders_paid"].count for one in ids]
    assert counts == [2, 1]


def test_merge__while_another_operator_merges_the_same__one_of_them_is_told() -> None:
    """Two operators, one person: the second hears that they are one already."""
    world = world_of(MemoryProfiles, USER, BROWSER)
    ids = id_of(world, BROWSER), id_of(world, USER)
    interrupt(world, lambda other, number: number == 1 and bool(other.merge(*ids)))
    assert refusal(lambda: world.merge(*ids)) == "already_one"
    assert len(links(world, ids[1]).merges) == 1


@pytest.mark.parametrize("moment", ["before the save", "before the reading"])
def test_merge_and_split__obeyed_meanwhile_by_a_call_that_was_killed__same_answer_and_told(moment: str) -> None:
    """Who repeats an order whose first call is still under way is neither refused nor left without the news: there is
    nobody else to tell it. So it is where the save was done and its answer lost.
    """
    world = world_of(MemoryProfiles, USER, BROWSER)
    merge = MergeOrder("m_1", (id_of(world, BROWSER), id_of(world, USER)), "one person", "sup-1")
    split = SplitOrder("x_1", "two people", "sup-1", merge_id="m_1")
    for order, obey, told in ((merge, merge_people, "profile.merged"), (split, split_people, "profile.split")):
        world.published.clear()
        first = [partial(obey, order, world.tenant(TENANT_ID), beside(world).identity(), world.now)]

        def meanwhile(first: list[Any] = first) -> None:
            while first:
                # Of what it publishes nobody hears: it was killed before.
                first.pop()()

        services = replace(
            world.identity(),
            profiles=Interrupted(world.profiles, lambda _, now=meanwhile: now()),
            history=world.history,
        )
        if moment == "before the reading":
            services = replace(services, history=_Late(world.history, meanwhile), profiles=world.profiles)
        done = obey(order, world.tenant(TENANT_ID), services, world.now + HOUR_MS)
        assert not first, "it was obeyed meanwhile"
        assert done.at == world.now, "what was done then, not now"
        assert [one.type for one in world.published][:2] == [told, "profile.updated"]


class _Late:
    """A history in which somebody does something just after a record was looked for in vain."""

    def __init__(self, history: MemoryHistory, meanwhile: Callable[[], None]) -> None:
        self._history, self._meanwhile = history, meanwhile

    def record_of(self, tenant: str, kind: str, record_id: str) -> Record | None:
        found = self._history.record_of(tenant, kind, record_id)
        if found is None:
            self._meanwhile()
        return found


def test_merge__while_a_linking_event_arrives__sees_who_is_whom_then() -> None:
    """The browser joins another account while it is being merged into this one: two accounts are protected."""
    world = world_of(MemoryProfiles, USER, OTHER, BROWSER)
    ids = id_of(world, BROWSER), id_of(world, USER)
    interrupt(world, lambda other, number: number == 1 and bool(other.apply(event("page.viewed", OTHER, BROWSER))))
    assert refusal(lambda: world.merge(*ids)) == "protected"
    assert id_of(world, BROWSER) == id_of(world, OTHER)


def test_merge__of_three_one_of_whom_moves_between_the_reads__reads_again() -> None:
    """A link moves the browser into a profile that was read already: what does not fit together is read again."""
    world = world_of(MemoryProfiles, BROWSER, USER, EMAIL)
    ids = id_of(world, BROWSER), id_of(world, USER), id_of(world, EMAIL)
    other, really, reads = beside(world), world.profiles.find, count()

    def find(*asked: Any, **how: Any) -> Any:
        if next(reads) == 0:
            other.apply(event("page.viewed", USER, BROWSER))
        return really(*asked, **how)

    world.profiles.find = find  # type: ignore[method-assign]
    assert world.merge(*ids).profile_id == ids[1]
    assert id_of(world, EMAIL) == id_of(world, BROWSER) == ids[1]


def test_merge__always_beaten__gives_up_with_nothing_written() -> None:
    """Bounded: the caller is told to try again."""
    world = world_of(MemoryProfiles, USER, BROWSER)
    ids = id_of(world, BROWSER), id_of(world, USER)
    numbers = count()
    beaten = interrupt(world, lambda other, _: bool(other.apply(paid(f"late-{next(numbers)}", "1.00", USER))))
    with pytest.raises(Unavailable) as raised:
        world.merge(*ids)
    assert (raised.value.code, beaten.saves) == ("contended", ATTEMPTS)
    assert world.history.kept_records == {}


# -- a preview is what the merge then does

NAMES = [USER, OTHER, PHONE, EMAIL, BROWSER, ("phone", "+8613907550000")]


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """A few visits and orders by people who share some identifiers."""
    made = []
    for number in range(draw(st.integers(2, 8))):
        who = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True))
        at = NOW - draw(st.integers(1, 9)) * HOUR_MS
        kind = draw(st.sampled_from(["order.paid", "page.viewed"]))
        amount = {"order_id": f"o{number}", "amount": "1.00"} if kind == "order.paid" else {}
        made.append(event(kind, *who, at=at, **amount))
    return made


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sent=events(), pick=st.randoms(use_true_random=False), force=st.booleans())
def test_preview__of_any_merge__is_what_the_merge_then_stores_and_a_split_takes_back(
    sent: list[Event], pick: object, force: bool
) -> None:
    """The people after are those of the preview; it wrote nothing; the split restores every byte and every lead."""
    world = World()
    world.apply(*sent)
    living = sorted(people(world))
    if len(living) < 2:
        return
    chosen = pick.sample(living, pick.randint(2, min(3, len(living))))  # type: ignore[attr-defined]
    before = people(world), owners(world), dict(world.profiles.rows), dict(world.profiles.identifiers)
    shown = preview(world, *chosen, force=force)
    assert (dict(world.profiles.rows), dict(world.profiles.identifiers)) == before[2:]
    assert world.history.kept_records == {}
    if shown.needs_force:
        assert refusal(lambda: world.merge(*chosen, force=force)) == "protected"
        assert (people(world), owners(world)) == before[:2]
        return
    merged = world.merge(*chosen, force=force)
    assert merged.profile_id == shown.profile_id
    for one in shown.after:
        really = describe_profile(by_id(TENANT_ID, one.profile_id, world.reading()), world.reading(), world.now)
        assert (really.profile_id, really.summary) == (one.profile_id, one.summary)
        assert really.identifiers == one.identifiers
        had = {tag for told in shown.people if told.profile_id == one.profile_id for tag in told.tags}
        assert {tag.id for tag in really.tags} == (had | set(one.tags_set)) - set(one.tags_cleared)
    assert people(world).keys() - {one.profile_id for one in shown.after} <= before[0].keys()
    world.split(merge_id=merged.merge_id)
    assert (people(world), owners(world)) == before[:2]


def test_preview__of_others__is_not_what_a_merge_stores() -> None:
    """Negative control: the comparison above sees a difference where there is one."""
    world = world_of(MemoryProfiles, USER, BROWSER, PHONE)
    shown = preview(world, id_of(world, USER), id_of(world, PHONE))
    merged = world.merge(id_of(world, USER), id_of(world, BROWSER))
    really = describe_profile(by_id(TENANT_ID, merged.profile_id, world.reading()), world.reading(), world.now)
    assert really.identifiers != shown.after[0].identifiers


def test_preview__unknown_id__not_found() -> None:
    """As the merge itself would say."""
    world = world_of(MemoryProfiles, USER)
    with pytest.raises(NotFound):
        preview(world, id_of(world, USER), "p_none")
