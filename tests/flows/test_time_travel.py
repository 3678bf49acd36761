"""As of an earlier moment: the same bytes that were answered then.

The property records what is answered after every step of a story, and asks for all of it again at the end. A mutant
that ignores when an event was saved, and those that take the present for the past, must fail it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.events.model import Event, Identifier
from chalicelib.flows import past_facet, past_ties
from chalicelib.flows.bot_context import context_for_bot
from chalicelib.flows.describe_profile import describe_profile
from chalicelib.flows.explain_tag import explain_tag
from chalicelib.flows.find_person import by_id
from chalicelib.flows.rebuild_profile import profile_as_of
from chalicelib.flows.split_people import link_id
from chalicelib.identity.partition import NOBODY_SAID
from chalicelib.kernel.errors import BadInput, Conflict, NotFound
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, Millis
from chalicelib.profiles.model import Profile
from chalicelib.store.rows import IdentifierRow
from tests.flows.test_as_of import id_of
from tests.flows.test_erasure import erase
from tests.flows.world import NOW, TENANT_ID, World, described, event, paid

WHO: Sequence[tuple[str, str]] = (
    ("user_id", "u1"),
    ("user_id", "u2"),
    ("user_id", "u3"),
    ("phone", "+8613907551231"),
    ("phone", "+8613907551232"),
    ("email", "reader@shop.test"),
    ("device", "till-1"),
)
KINDS = ("order.paid", "complaint.filed", "message.received", "profile.described", "consent.withdrawn")
type Answers = dict[str, bytes]


@st.composite
def events(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from(KINDS))
    who = draw(st.lists(st.sampled_from(WHO), min_size=1, max_size=3, unique=True))
    data: dict[str, Any] = {"text": "退款"}
    if kind == "consent.withdrawn":
        data = {"purpose": draw(st.sampled_from(["marketing", "analytics"]))}
    if kind == "order.paid":
        data = {"order_id": draw(st.sampled_from(["o1", "o2"])), "amount": "12.50"}
    if kind == "profile.described":
        data = {
            "traits": {"city": draw(st.sampled_from(["上海", "北京"])), "name": draw(st.sampled_from(["张三", "李四"]))}
        }
    return Event(
        id=draw(st.uuids()).hex,
        type=kind,
        time=NOW - HOUR_MS - draw(st.sampled_from((0, 1, 29, 89, 91, 400))) * DAY_MS + draw(st.integers(0, 1)),
        received_at=NOW,
        tenant=TENANT_ID,
        source="s_web",
        channel=draw(st.sampled_from(["web", "phone"])),
        identifiers=tuple(Identifier(*one) for one in who),
        data=data,
    )


class Step(msgspec.Struct, frozen=True):
    """Some events, in one batch or several, some of them again; an operator's word; then time passes."""

    events: list[Event]
    at_once: int = 10
    again: int = 0
    merge: tuple[int, int] | None = None
    force: bool = False
    split: int | tuple[int, int] | None = None
    erase: int | None = None
    passes: Millis = 1


pairs = st.tuples(st.integers(0, len(WHO) - 1), st.integers(0, len(WHO) - 1))
steps = st.builds(
    Step,
    events=st.lists(events(), min_size=0, max_size=4, unique_by=lambda one: one.id),
    at_once=st.integers(1, 3),
    again=st.integers(0, 1),
    merge=st.none() | pairs,
    force=st.booleans(),
    split=st.none() | st.integers(0, 2) | pairs,
    passes=st.sampled_from((1, 1_000, DAY_MS, 31 * DAY_MS)),
)


def ids(world: World) -> list[str]:
    """The id that each identifier's own facet gives."""
    return [id_of(world, one) for one in WHO]


def answers(world: World, find: Callable[[str], Profile], at: Millis) -> Answers:
    """What is answered of everybody: the profile with its tags, one tag's why, and a bot's context."""
    services, told = world.reading(), {}
    for profile_id in ids(world):
        try:
            found = find(profile_id)
        except (NotFound, Conflict) as refused:
            told[profile_id] = refused.code.encode()
            continue
        parts = (
            describe_profile(found, services, at),
            explain_tag(found, "open_complaint", services, at),
            context_for_bot(found, "web", services, at, "Asia/Shanghai"),
        )
        told[profile_id] = b"\n".join(map(msgspec.json.encode, parts))
    return told


def then(world: World, at: Millis) -> Answers:
    """What is answered now of an earlier moment."""
    tenant, services = world.tenant(TENANT_ID), world.reading()
    return answers(world, lambda one: profile_as_of(tenant, one, at, services, world.now), at)


def play(world: World, story: Sequence[Step]) -> dict[Millis, Answers]:
    """Let it happen; returns what was answered after each step."""
    services, merges, told = world.reading(), list[str](), {}
    for step in story:
        world.accept(*step.events, *step.events[: step.again])
        world.ingest(at_once=step.at_once)
        world.now += 1
        speak(world, step, merges)
        if step.erase is not None:
            world.now += 1
            with suppress(NotFound):
                erase(world, ids(world)[step.erase], f"e{world.now}")
        world.now += step.passes
        told[world.now] = answers(world, lambda one: by_id(TENANT_ID, one, services), world.now)
        world.now += 1
    return told


def speak(world: World, step: Step, merges: list[str]) -> None:
    """An operator merges and splits, as far as it is possible."""
    if step.merge is not None:
        with suppress(NotFound, BadInput, Conflict):
            one, other = (ids(world)[place] for place in step.merge)
            merges.append(world.merge(one, other, force=step.force).merge_id)
    if step.split is not None:
        world.now += 1
        with suppress(NotFound, Conflict, IndexError):
            if isinstance(step.split, int):
                world.split(merge_id=merges[step.split])
            else:
                world.split(link_id=link_id(*(world.key(*WHO[place]) for place in step.split)))


def few_share(world: World) -> World:
    """A tenant where an identifier of three people is shared already."""
    world.tenants[TENANT_ID] = replace(world.tenants[TENANT_ID], shared_after=2)
    return world


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(story=st.lists(steps, min_size=2, max_size=5))
def test_as_of__any_story__answers_as_it_was_answered(story: list[Step]) -> None:
    """Every field and byte: late events, contested and shared identifiers and duplicates included."""
    world = few_share(World())
    for at, told in play(world, story).items():
        assert then(world, at) == told


with_erasures = st.builds(replace, steps, erase=st.none() | st.none() | st.integers(0, len(WHO) - 1))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(story=st.lists(with_erasures, min_size=2, max_size=5))
def test_as_of__a_story_with_erasures__answers_as_it_was_answered_or_not_at_all(story: list[Step]) -> None:
    """Who was erased is not brought back by looking back, and nobody else's past is told wrongly."""
    world = few_share(World())
    for at, told in play(world, story).items():
        seen = then(world, at)
        for profile_id, answered in seen.items():
            gone = world.profiles.identifiers.get((TENANT_ID, facet_of(world, profile_id)), IdentifierRow()).erased_at
            is_refused = answered == b"history_erased" or (gone > 0 and answered == b"no_such_profile")
            assert answered == told[profile_id] or is_refused


def facet_of(world: World, profile_id: str) -> str:
    return next(world.key(*who) for who in WHO if id_of(world, who) == profile_id)


# -- the mutants: what the proof above must catch

USER, OTHER, PHONE, TILL = WHO[0], WHO[1], WHO[3], WHO[6]
STORY = (
    Step([event("complaint.filed", USER, ticket_id="k1"), described(USER, city="上海")], passes=HOUR_MS),
    Step([paid("o1", "12.50", PHONE, days_ago=3)], passes=31 * DAY_MS),
    Step([described(USER, city="北京", at=NOW - DAY_MS), paid("o2", "1.00", USER, PHONE, days_ago=400)], passes=DAY_MS),
    Step([paid("o3", "1.00", OTHER, PHONE, days_ago=401)], merge=(0, 1), force=True, passes=DAY_MS),
    Step([], split=0, passes=DAY_MS),
    Step([paid("o4", "2.00", PHONE), paid("o5", "2.00", USER), paid("o6", "2.00", OTHER)]),
)
"""A late link that unites, an earlier one that comes later and wins, a merge that is split again."""


def arrival_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    saved = past_facet._rows
    monkeypatch.setattr(past_facet, "_rows", lambda *of: [replace(row, saved_at=0) for row in saved(*of)])


def words_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_ties.PastTies, "then", lambda _: NOBODY_SAID)


def words_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_ties.PastTies, "_split", lambda self: [one for one in self._splits.values() if one])


def versions_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_ties.PastTies, "versions", lambda _: {})


MUTANTS = (None, arrival_ignored, words_ignored, words_of_today, versions_ignored)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_as_of__a_story_with_everything__answers_so_unless_mutated(
    mutant: Callable[[pytest.MonkeyPatch], None] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative controls: each mutant answers something else at some moment."""
    world = World()
    told = play(world, STORY)
    if mutant is not None:
        mutant(monkeypatch)
    assert all(then(world, at) == answered for at, answered in told.items()) is (mutant is None)


def test_as_of__tags_evaluated_at_the_present__are_others() -> None:
    """Negative control: a tag that has faded since was set then."""
    world = World()
    told = play(world, STORY)
    tenant, services = world.tenant(TENANT_ID), world.reading()
    at, answered = next(iter(told.items()))
    mutated = answers(world, lambda one: profile_as_of(tenant, one, at, services, world.now), world.now)
    assert mutated != answered == then(world, at)
