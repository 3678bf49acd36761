"""Whose profile is read along with the identifiers is guessed, and no guess is ever believed."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.events.model import Event, Identifier
from chalicelib.flows import find_person
from chalicelib.flows.answer_route import make_decision
from chalicelib.flows.find_person import by_identifiers
from chalicelib.flows.met_lately import REMEMBERED_SECONDS, MetLately
from chalicelib.flows.services import ReadServices
from chalicelib.kernel.moments import DAY_MS
from chalicelib.privacy.tenants import Tenant
from chalicelib.routing.model import NamedIdentifier, RouteRequest
from chalicelib.store.rows import IdentifierRow, ProfileRow
from tests.flows.sequences import NAMES, Command, Life, commands, events
from tests.flows.test_erasure import erase
from tests.flows.world import TENANT_ID, World, described, paid

type Name = tuple[str, str]
USER, OTHER, PHONE, EMAIL = ("user_id", "u1"), ("user_id", "u2"), ("phone", "+8613907551234"), ("email", "a@shop.test")
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
LIVES = settings(max_examples=int(os.environ.get("LIVES", "60")), suppress_health_check=QUIET)
SOME = settings(max_examples=300, suppress_health_check=QUIET, phases=[Phase.generate], report_multiple_bugs=False)
lives = st.lists(events() | commands, min_size=2, max_size=10)


class Reads:
    """A store that counts what is read of it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.made: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.made.append(name)
        return getattr(self._world.profiles, name)


class Desk:
    """A world that is asked by what remembers, and by what does not."""

    def __init__(self, world: World, tenant: Tenant | None = None) -> None:
        self.world, self.seconds = world, 0.0
        self.met = MetLately(lambda: self.seconds)
        self.tenant = tenant or world.tenant(TENANT_ID)

    def remembering(self) -> ReadServices:
        """What answers with the memory."""
        return replace(self.world.reading(), met=self.met)

    def asked(self, services: ReadServices, *who: Name) -> Any:
        """A decision about somebody, and who that is."""
        request = RouteRequest(
            channel="web_chat", purpose="service", identifiers=tuple(NamedIdentifier(*one) for one in who)
        )
        made = make_decision(request, self.tenant, "d_1", services, self.world.now)
        return made.decision, made.profile_id

    def same(self, *who: Name) -> None:
        """Twice with the memory, so that it is used, and once without: the same is answered."""
        plain = self.asked(self.world.reading(), *who)
        assert self.asked(self.remembering(), *who) == plain
        assert self.asked(self.remembering(), *who) == plain

    def reads(self, *who: Name) -> list[str]:
        """What one more call about somebody reads."""
        store: Any = Reads(self.world)
        self.asked(replace(self.remembering(), profiles=store), *who)
        return store.made


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def linked(desk: Desk) -> str:
    """Somebody with an account, known by a phone, and asked about once."""
    desk.world.apply(described(USER, PHONE, city="杭州"), paid("o1", "1.00", PHONE))
    desk.same(PHONE)
    return desk.world.person(*PHONE).profile_id


def test_guess__of_who_was_met_a_moment_ago__saves_the_second_read(desk: Desk) -> None:
    """The first call reads the identifier and then the profile; each later one reads both at once."""
    desk.world.apply(described(USER, PHONE, city="杭州"))
    assert desk.reads(PHONE) == ["find_and_load", "load"]
    assert desk.reads(PHONE) == ["find_and_load"]
    assert desk.reads(PHONE, EMAIL) == ["find_and_load"]


def test_guess__of_who_came_by_this_very_identifier__saves_it_the_first_time(desk: Desk) -> None:
    """Whose strongest identifier is asked for has the profile that bears its name."""
    desk.world.apply(paid("o1", "1.00", PHONE))
    assert desk.reads(PHONE) == ["find_and_load"]


def test_guess__of_a_stranger__is_one_read_and_nobody(desk: Desk) -> None:
    """Nobody is made up, and nothing is remembered of who is not known."""
    desk.same(PHONE, EMAIL)
    assert len(desk.met) == 0
    assert desk.reads(PHONE) == ["find_and_load"]


def test_guess__tenant_that_rotated_its_index_key__is_not_made(desk: Desk) -> None:
    """Where an identifier may have two names, all of them are looked up as before."""
    desk.world.apply(paid("o1", "1.00", PHONE))
    desk.world.keys.index_versions, desk.world.keys.index_written = (1, 2), 2
    assert desk.reads(PHONE) == ["find", "load"]


def both(desk: Desk) -> tuple[ReadServices, ReadServices]:
    """What answers without a memory, and with it."""
    return desk.world.reading(), desk.remembering()


# -- what changed since


def merge(desk: Desk) -> None:
    desk.world.apply(paid("o2", "2.00", OTHER))
    desk.world.merge(desk.world.person(*PHONE).profile_id, desk.world.person(*OTHER).profile_id, force=True)


def split(desk: Desk) -> None:
    """The phone was merged to an account when it was asked about, and is apart again."""
    desk.world.apply(paid("o2", "2.00", EMAIL))
    merged = desk.world.merge(desk.world.person(*PHONE).profile_id, desk.world.person(*EMAIL).profile_id)
    desk.same(EMAIL)
    desk.world.split(merge_id=merged.merge_id)


def erased(desk: Desk) -> None:
    erase(desk.world, desk.world.person(*PHONE).profile_id)


def erased_and_back(desk: Desk) -> None:
    erased(desk)
    desk.world.now += 2 * DAY_MS
    desk.world.apply(paid("o3", "3.00", PHONE, days_ago=-1))


def opted_out(desk: Desk) -> None:
    place = (TENANT_ID, desk.world.person(*PHONE).profile_id)
    rows = desk.world.profiles.rows
    rows[place] = replace(rows[place], version=rows[place].version + 1, state="restricted")


def moved(desk: Desk) -> None:
    """The phone's row leads to somebody else, whose profile holds it now."""
    desk.world.apply(paid("o2", "2.00", OTHER))
    place = (TENANT_ID, desk.world.key(*PHONE))
    other = desk.world.person(*OTHER).profile_id
    desk.world.profiles.identifiers[place] = replace(desk.world.profiles.identifiers[place], profile_id=other)


def shared(desk: Desk) -> None:
    """It leads nowhere any more: too many people had it."""
    place = (TENANT_ID, desk.world.key(*PHONE))
    row = desk.world.profiles.identifiers[place]
    desk.world.profiles.identifiers[place] = replace(row, profile_id="", shared=True)


CHANGES = [merge, split, erased, erased_and_back, opted_out, moved, shared]


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_route__after_something_changed__answers_as_without_a_memory(change: Any, desk: Desk) -> None:
    """Whatever became of somebody since they were met, the memory changes no answer."""
    linked(desk)
    change(desk)
    for who in ([PHONE], [EMAIL], [USER], [OTHER], [PHONE, EMAIL], [USER, PHONE], [OTHER, PHONE]):
        desk.same(*who)


@pytest.mark.parametrize("change", [split, erased_and_back, moved, shared], ids=lambda one: one.__name__)
def test_route__guess_that_is_believed__is_caught(change: Any, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: without the identifiers' rows the answer would be about who it was.

    Who was merged or erased would be answered right, by the profile that says so itself.
    """
    monkeypatch.setattr(find_person, "_owners", believing)
    linked(desk)
    change(desk)
    plain, believed = ([desk.asked(one, *who) for who in ([PHONE], [EMAIL])] for one in both(desk))
    assert believed != plain


def test_route__two_identifiers_of_two_people__the_stronger_leads_whoever_was_met(desk: Desk) -> None:
    """A weaker identifier that was met lately takes no stronger one's place."""
    linked(desk)
    desk.world.apply(paid("o2", "2.00", OTHER), paid("o3", "3.00", EMAIL))
    desk.same(EMAIL)
    desk.same(EMAIL, OTHER)
    desk.same(PHONE, OTHER)
    assert desk.asked(desk.remembering(), PHONE, OTHER)[1] == desk.world.person(*OTHER).profile_id


def test_memory__of_who_was_erased__is_gone_with_the_next_look(desk: Desk) -> None:
    """Nothing stays of an identifier that leads nowhere."""
    linked(desk)
    assert len(desk.met) == 1
    erased(desk)
    desk.same(PHONE)
    assert len(desk.met) == 0


def test_memory__holds_keyed_names_alone(desk: Desk) -> None:
    """No value that somebody sent stands in it."""
    linked(desk)
    assert "13907551234" not in msgspec.json.encode([[*key, *one] for key, one in desk.met._met.items()]).decode()


def test_memory__older_than_a_conversation_or_too_many__is_forgotten(desk: Desk) -> None:
    """It is bounded in time and in number, the least lately met first."""
    linked(desk)
    desk.seconds += REMEMBERED_SECONDS + 1
    desk.met.learn(TENANT_ID, ["email:b"], {"email:b": IdentifierRow("p_2", 1)})
    assert len(desk.met) == 1
    few = MetLately(lambda: 0.0, most=2)
    for one in ("phone:a", "phone:b", "phone:a", "phone:c"):
        few.learn("t", [one], {one: IdentifierRow("p_" + one[-1], 1)})
    index = desk.world.keys.index(desk.tenant)
    assert few.guess("t", ["phone:a"], index) == {"p_a"} and few.guess("t", ["phone:c"], index) == {"p_c"}
    assert few.guess("t", ["phone:b"], index) == (index.profile_id("phone:b"),)


def test_memory__of_one_tenant__tells_another_nothing(desk: Desk) -> None:
    """The same name with two tenants is two people."""
    desk.met.learn("t_1", ["phone:a"], {"phone:a": IdentifierRow("p_1", 1)})
    assert desk.met.guess("t_2", ["phone:a"], desk.world.keys.index(desk.tenant)) != {"p_1"}


# -- any life


def any_life(steps: Sequence[Event | Command]) -> None:
    """Whatever happens between two calls, who is found by names is who would be found without a memory."""
    life = Life()
    desk = Desk(life.world, life.tenant)
    for step in steps:
        life.obey(step) if isinstance(step, Command) else life.deliver(step)
        for who in groups():
            asked = [Identifier(*one) for one in who]
            plain = by_identifiers(life.tenant, asked, life.world.reading())
            assert by_identifiers(life.tenant, asked, desk.remembering()) == plain
    for who in groups():
        desk.same(*who)


def groups() -> Iterator[Collection[Name]]:
    """Each of the names alone, and neighbouring ones together."""
    yield from ([one] for one in NAMES)
    yield from combinations(NAMES[::3], 2)


@LIVES
@given(steps=lives)
def test_any_life__with_the_memory__is_answered_as_without(steps: list[Event | Command]) -> None:
    """Events that link and refuse links, merges and splits, in any order, with calls between them."""
    any_life(steps)


def test_any_life__with_a_guess_that_is_believed__is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a proof that a believing memory passes proves nothing."""
    monkeypatch.setattr(find_person, "_owners", believing)
    with pytest.raises(AssertionError):
        SOME(given(steps=lives)(any_life))()


def believing(
    tenant: Tenant, identifiers: Sequence[Identifier], services: ReadServices
) -> tuple[dict[str, IdentifierRow], dict[str, ProfileRow]]:
    """The mutant: what was remembered of an identifier stands for its row."""
    index, met = services.index(tenant), services.met
    keys = [index.identifier_key(one) for one in identifiers]
    owners = services.profiles.find(tenant.tenant_id, keys, fresh=False)
    if met is None:
        return owners, {}
    kept = {key: IdentifierRow(one[0], 1) for key in keys if (one := met._met.get((tenant.tenant_id, key)))}
    there = services.profiles.load(tenant.tenant_id, {row.profile_id for row in kept.values()}, fresh=False)
    met.learn(tenant.tenant_id, keys, owners | kept)
    return owners | kept, there
