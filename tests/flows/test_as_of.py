"""As of an earlier moment, case by case: what counts, what is refused, and readers beside writers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from chalicelib.flows import past_facet, past_people, rebuild_profile
from chalicelib.flows.rebuild_profile import profile_as_of
from chalicelib.flows.split_people import link_id
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import Unavailable, ZhiyinError
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.profiles.model import Body, Profile
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.rows import EventRow
from tests.flows.world import NOW, TENANT_ID, World, described, paid

USER, OTHER, PHONE, TILL = ("user_id", "u1"), ("user_id", "u2"), ("phone", "+8613907551231"), ("device", "till-1")


def id_of(world: World, who: tuple[str, str]) -> str:
    """The id that the facet of an identifier gives."""
    return world.keys.index(world.tenant(TENANT_ID)).profile_id(world.key(*who))


def seen(world: World, who: tuple[str, str], at: Millis) -> Profile:
    """A person as of a moment, by the id of an identifier's own facet."""
    return profile_as_of(world.tenant(TENANT_ID), id_of(world, who), at, world.reading(), world.now)


def test_as_of__merge_that_was_split_again__counts_for_the_time_between(world: World) -> None:
    """Before, between and after: one, the other, and again the first."""
    world.apply(paid("o1", "1.00", USER), paid("o2", "2.00", PHONE))
    before, world.now = world.now, world.now + 1
    merged = world.merge(id_of(world, USER), id_of(world, PHONE))
    between, world.now = world.now, world.now + 1
    world.split(merge_id=merged.merge_id)
    world.now += 1
    world.apply(paid("o3", "4.00", USER), paid("o4", "4.00", PHONE))
    for at, count in ((before, 1), (between, 2), (world.now - 1, 1), (world.now, 2)):
        assert seen(world, PHONE, at).series["orders_paid"].count == count
    assert seen(world, PHONE, between).profile_id == id_of(world, USER) == merged.profile_id


def test_as_of__merge_cut_by_a_split_of_its_link__still_counts_before_it(world: World) -> None:
    """A split of a link takes back the merge of the same two, and says so."""
    world.apply(paid("o1", "1.00", USER), paid("o2", "2.00", PHONE), paid("o3", "2.00", USER, PHONE))
    world.merge(id_of(world, USER), split_first(world, USER, PHONE))
    between, world.now = world.now, world.now + 1
    world.split(link_id=link_id(world.key(*USER), world.key(*PHONE)))
    world.now += 1
    world.apply(paid("o4", "4.00", USER), paid("o5", "4.00", PHONE))
    assert seen(world, PHONE, between).series["orders_paid"].count == 3
    assert seen(world, PHONE, between + 1).series["orders_paid"].count == 1


def split_first(world: World, one: tuple[str, str], other: tuple[str, str]) -> str:
    """Part two who are linked; returns the id of the second."""
    world.now += 1
    world.split(link_id=link_id(world.key(*one), world.key(*other)))
    world.now += 1
    return id_of(world, other)


def test_as_of__late_event__is_not_in_what_was_answered_before_it_came(world: World) -> None:
    """What counts is when it was saved, not when it happened."""
    world.apply(paid("o1", "1.00", USER))
    at, world.now = world.now, world.now + DAY_MS
    world.apply(paid("o2", "1.00", USER, days_ago=300))
    assert seen(world, USER, at).series["orders_paid"].count == 1
    assert seen(world, USER, world.now).series["orders_paid"].count == 2


@pytest.mark.parametrize("page", [1, 2, 3, 500])
def test_as_of__many_events_at_one_instant__each_counts_once(
    page: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the rows are paged."""
    monkeypatch.setattr(past_facet, "PAGE", page)
    for number in range(12):
        world.apply(paid(f"o{number}", "1.00", USER, days_ago=number // 5))
        world.now += 1
    assert [seen(world, USER, NOW + place).series["orders_paid"].count for place in range(12)] == list(range(1, 13))


def test_as_of__identifier_that_is_shared_now__linked_before_it_was(world: World) -> None:
    """The first whom a till was seen with had it until too many had; who came later never had, and reads no others."""
    world.tenants[TENANT_ID] = replace(world.tenants[TENANT_ID], shared_after=3)
    had: list[tuple[Millis, bool]] = []
    for number in range(8):
        world.apply(paid(f"o{number}", "1.00", ("user_id", f"u{number}"), TILL))
        had.append((world.now, world.key(*TILL) in world.person("user_id", "u0").links))
        world.now += 1
    world.apply(paid("o9", "1.00", ("user_id", "u0")), paid("o10", "1.00", ("user_id", "u7")))
    assert [world.key(*TILL) in seen(world, ("user_id", "u0"), at).links for at, _ in had] == [one for _, one in had]
    assert {one for _, one in had} == {True, False}
    reads = CountedHistory(world.history)
    services = replace(world.reading(), history=reads)
    later = profile_as_of(world.tenant(TENANT_ID), id_of(world, ("user_id", "u7")), had[-1][0], services, world.now)
    assert world.key(*TILL) not in later.links
    assert reads.facets == {world.key("user_id", "u7")}


def test_as_of__person_who_opted_out_since__is_shown_to_have(world: World) -> None:
    """An earlier moment is no way around an objection."""
    world.apply(paid("o1", "1.00", USER))
    at, world.now = world.now, world.now + 1
    world.apply(paid("o2", "1.00", USER))
    place = (TENANT_ID, id_of(world, USER))
    world.profiles.rows[place] = replace(world.profiles.rows[place], state="restricted")
    assert seen(world, USER, at).state == "restricted"


# -- what is refused


def refusal(world: World, who: tuple[str, str], at: Millis) -> str:
    with pytest.raises(ZhiyinError) as raised:
        seen(world, who, at)
    return raised.value.code


def test_as_of__what_cannot_be_told__refused_with_its_code(world: World) -> None:
    """Nobody, not yet, not any more, not yet now."""
    world.apply(paid("o1", "1.00", USER))
    world.now += 1
    world.apply(paid("o2", "1.00", USER))
    assert refusal(world, PHONE, NOW) == "no_such_profile"
    assert refusal(world, USER, NOW - 1) == "no_such_profile"
    assert refusal(world, USER, -1) == "no_such_profile"
    assert refusal(world, USER, world.now + 1) == "as_of_in_future"
    place = (TENANT_ID, id_of(world, USER))
    world.profiles.rows[place] = replace(world.profiles.rows[place], state="erased", body=b"")
    assert refusal(world, USER, NOW) == refusal(world, USER, world.now) == "no_such_profile"


def test_as_of__events_have_expired__refused_rather_than_answered_wrongly(world: World) -> None:
    """What was saved last still answers for every moment since."""
    world.apply(paid("o1", "1.00", USER, days_ago=700))
    world.now += DAY_MS
    world.apply(paid("o2", "1.00", USER))
    world.now += 100 * DAY_MS
    assert refusal(world, USER, NOW) == "history_expired"
    assert seen(world, USER, NOW + DAY_MS).series["orders_paid"].count == 2


def test_as_of__somebody_of_it_was_erased_since__refused(world: World) -> None:
    """Whose link came first cannot be told when one of the two is gone."""
    world.apply(paid("o1", "1.00", USER, PHONE))
    world.now += 1
    world.apply(paid("o2", "1.00", USER))
    place = (TENANT_ID, world.key(*PHONE))
    world.profiles.identifiers[place] = replace(world.profiles.identifiers[place], erased_at=world.now)
    assert refusal(world, USER, NOW) == "history_erased"


@pytest.mark.parametrize("bound", ["MOST_FACETS", "MOST_PROFILES", "MOST_EVENTS"])
def test_as_of__more_than_one_call_can_read__refused(bound: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each bound is one that a person can break."""
    world.apply(paid("o1", "1.00", USER, PHONE), paid("o2", "1.00", OTHER, PHONE), paid("o3", "1.00", PHONE))
    at, world.now = world.now, world.now + 1
    world.apply(paid("o4", "1.00", USER))
    assert seen(world, USER, at)
    for module in (past_people, rebuild_profile):
        monkeypatch.setattr(module, bound, 1, raising=False)
    assert refusal(world, USER, at) == "too_much_history"


# -- readers and writers at once


class CountedHistory:
    """The history, with a note of which facets were read, and without its newest rows at first."""

    def __init__(self, history: MemoryHistory, *, lags: int = 0) -> None:
        self._history, self._lags = history, lags
        self.facets: set[str] = set()
        self.record_of = history.record_of

    def timeline(self, tenant: str, facet: str, *, before: Millis, limit: int) -> Sequence[EventRow]:
        self.facets.add(facet)
        self._lags -= 1
        rows = self._history.timeline(tenant, facet, before=before, limit=limit)
        newest = max((row.saved_at for row in rows), default=0)
        return [row for row in rows if self._lags < 0 or row.saved_at < newest]


@pytest.mark.parametrize("lags", [0, 1, rebuild_profile.ATTEMPTS - 1, rebuild_profile.ATTEMPTS])
def test_as_of__index_lacks_the_newest_events__waits_and_never_answers_without_them(lags: int, world: World) -> None:
    """A secondary index is behind for a moment; the rows must come to what is stored."""
    for number in range(3):
        world.apply(paid(f"o{number}", "1.00", USER))
        world.now += 1
    services = replace(world.reading(), history=CountedHistory(world.history, lags=lags))

    def asked() -> Profile:
        return profile_as_of(world.tenant(TENANT_ID), id_of(world, USER), NOW + 1, services, world.now)

    if lags < rebuild_profile.ATTEMPTS:
        assert asked().series["orders_paid"].count == 2
    else:
        with pytest.raises(Unavailable) as raised:
            asked()
        assert raised.value.code == "history_behind"


def test_as_of__saved_by_writers_whose_clocks_differ__later_versions_are_not_earlier(world: World) -> None:
    """A save by a clock that is behind counts from the save before it on."""
    world.now += 1_000
    world.apply(paid("o1", "1.00", USER))
    world.now -= 500
    world.apply(paid("o2", "1.00", USER))
    world.now += 1_000
    world.apply(paid("o3", "1.00", USER))
    assert refusal(world, USER, NOW + 999) == "no_such_profile"
    told = seen(world, USER, NOW + 1_000)
    assert (told.version, told.series["orders_paid"].count) == (2, 2)


def test_as_of__stored_before_claims_were_kept__is_answered() -> None:
    """A facet of an older shape lacks what others said; that alone does not make its past untrue."""
    world = World()
    world.apply(described(USER, at=NOW - 3 * DAY_MS, city="北京"))
    world.apply(described(USER, at=NOW - 2 * DAY_MS, source="s_crm", city="上海"), source=world.crm)
    world.now += 60_000
    ((place, row),) = world.profiles.rows.items()
    body = decode(row.body, Body)
    bare = {facet: replace(one, claims={}) for facet, one in body.facets.items()}
    world.profiles.rows[place] = replace(row, body=encode(replace(body, schema=2, facets=bare)))
    world.apply(paid("o1", "1.00", USER))
    world.now += 60_000
    person = profile_as_of(world.tenant(TENANT_ID), row.profile_id, NOW + 1, world.reading(), world.now)
    assert person.traits["city"].value == "上海" and "orders_paid" not in person.series
