"""Events, merges, splits, kills and the job of every minute in any order: who follows the bus knows what readers know."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.flows import time_told
from chalicelib.flows.fire_timers import Fired, TimerServices, fire_timers
from chalicelib.flows.pin_tag import PinOrder, pin_tag
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import Change
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Conflict
from chalicelib.kernel.moments import DAY_MS, HOUR_MS, MINUTE_MS, Millis
from chalicelib.profiles.model import Body
from chalicelib.store import rows
from chalicelib.tags import timers
from chalicelib.tags.engine import assess
from tests.flows.test_timers import PHONE, RULES
from tests.flows.world import TENANT_ID, World, event

PEOPLE = [("user_id", "u1"), PHONE, ("email", "a@example.com")]
KINDS = ["call.started", "page.viewed", "message.received"]


class Killed(Exception):
    """The job was ended where it stood."""


class Racing(World):
    """A world where anything may come between the reading, the telling and the noting of the job."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.drawn = random.Random(seed)
        self.merges: list[str] = []
        self.depth = 0

    def identity(self):
        return replace(super().identity(), catalogue=RULES)

    def step(self) -> None:
        # Within another's call no more time passes than a function has.
        far = [20 * MINUTE_MS, 31 * MINUTE_MS, 9 * HOUR_MS, DAY_MS] if not self.depth else [29_000, 58_000, 100_000]
        self.now += self.drawn.choice([0, 1_000, *far])
        self.drawn.choices(
            [self.something, self.merge_some, self.split_some, self.pin_some, self.sweep], [5, 1, 1, 1, 4]
        )[0]()

    def something(self) -> None:
        who = self.drawn.choice(PEOPLE)
        late = self.drawn.choice([0, 0, 0, 40 * MINUTE_MS, 3 * DAY_MS])
        self.accept(replace(event(self.drawn.choice(KINDS), who, at=self.now - late), received_at=self.now))
        services = self.ingestion(Between(self) if self.drawn.random() < 0.3 and not self.depth else None)
        assert self.ingest(replace(services, catalogue=lambda _: RULES)).failed == {}

    def merge_some(self) -> None:
        ids = [row.profile_id for row in self.profiles.rows.values() if row.state == "active"]
        if len(ids) > 1:
            self.merges.append(self.merge(*self.drawn.sample(ids, 2), force=True).merge_id)

    def split_some(self) -> None:
        if self.merges:
            with suppress(Conflict):
                self.split(merge_id=self.merges.pop())

    def pin_some(self) -> None:
        """Somebody sets or denies a tag, or takes it back."""
        live = [row.profile_id for row in self.profiles.rows.values() if row.state == "active"]
        if live:
            tag, value = self.drawn.choice(sorted(RULES.rules)), self.drawn.choice([True, False, None])
            order = PinOrder(f"{self.drawn.getrandbits(128):032x}", self.drawn.choice(live), tag, value, "", "lin")
            pin_tag(order, self.tenant(TENANT_ID), self.identity(), self.now)

    def sweep(self) -> None:
        """The job, which others may come between, and which may be killed."""
        kill = self.drawn.choice([None, None, "before", "after"])

        def publish(changes: Sequence[Change]) -> None:
            self.between()
            if kill == "before":
                raise Killed
            self._publish(changes)
            self.between()
            if kill == "after":
                raise Killed

        with suppress(Killed):
            fire_timers(self.timed(publish), self.drawn.randrange(16), Fired())

    def timed(self, publish: Callable[[Sequence[Change]], None]) -> TimerServices:
        return TimerServices(
            self.profiles, self.profiles, lambda _: RULES, publish, lambda: self.now, lambda _: None, lambda: 60.0
        )

    def between(self) -> None:
        if self.depth < 1 and self.drawn.random() < 0.4:
            self.depth += 1
            self.step()
            self.depth -= 1

    def followed(self) -> dict[str, set[str]]:
        """Profile → tags, as somebody has it who puts what the bus says in order of version and instant.

        An id that was merged has none, until it is updated again: then all it has is told anew.
        """
        found: dict[str, dict[str, tuple[tuple[int, str], bool]]] = {}
        gone, anew = set[str](), dict[str, int]()
        for one in self.published:
            profile_id, version = str(one.detail["profile_id"]), one.detail["version"]
            if one.type in ("tag.set", "tag.cleared"):
                place, tags = (version, one.detail["at"]), found.setdefault(profile_id, {})
                if place >= tags.get(one.detail["tag"], ((0, ""), False))[0]:
                    tags[one.detail["tag"]] = (place, one.type == "tag.set")
            elif one.type == "profile.merged":
                gone.update(one.detail["merged"])
            elif one.type == "profile.updated" and profile_id in gone:
                gone.discard(profile_id)
                anew[profile_id] = version
        return {
            profile_id: {tag for tag, (place, on) in tags.items() if on and place[0] >= anew.get(profile_id, 0)}
            for profile_id, tags in found.items()
            if profile_id not in gone
        }

    def read(self) -> dict[str, set[str]]:
        """Profile → tags, as reading answers now."""
        live = [row for row in self.profiles.rows.values() if row.state == "active"]
        profiles = {row.profile_id: profile_of(row, decode(row.body, Body)) for row in live}
        return {one: {tag.id for tag in assess(RULES, profile, self.now).tags} for one, profile in profiles.items()}


class Between:
    """A store before whose saves something else may happen."""

    def __init__(self, world: Racing) -> None:
        self.find, self.load, self._world = world.profiles.find, world.profiles.load, world

    def save(self, change: rows.Change) -> rows.Outcome:
        self._world.between()
        return self._world.profiles.save(change)


def unlike(seed: int) -> list[tuple[str, set[str], set[str]]]:
    """Whose tags are others on the bus than in the store after forty steps and a last run of the job."""
    world = Racing(seed)
    for _ in range(40):
        world.step()
    world.depth = 9
    fire_timers(world.timed(world._publish), 0, Fired())
    followed = world.followed()
    found = [(one, followed.get(one, set()), tags) for one, tags in world.read().items()]
    assert all(row.tenant == TENANT_ID for row in world.profiles.rows.values())
    return [one for one in found if one[1] != one[2]]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1 << 30))
@example(4691)  # A pin that stood was told again of somebody who was merged since.
def test_bus__whatever_comes_between__ends_as_readers_have_it(seed: int) -> None:
    """No set and no clearing is lost to a race or a kill."""
    assert unlike(seed) == []


def test_mutant__that_notes_what_it_has_not_told__is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A save that does not tell first what time had changed loses it."""
    monkeypatch.setattr(time_told, "turns_of", lambda row, turns: ())
    assert any(unlike(seed) for seed in range(30))


def test_mutant__whose_next_instant_is_late__is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An instant that is noted a day too late is a change that nobody hears of in time."""
    real = timers.next_possible

    def late(*asked: object) -> Millis | None:
        found = real(*asked)  # type: ignore[arg-type]
        return None if found is None else found + DAY_MS

    monkeypatch.setattr(timers, "next_possible", late)
    assert any(unlike(seed) for seed in range(30))
