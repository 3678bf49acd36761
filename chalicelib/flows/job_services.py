"""What jobs over stored people need from outside, as values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from chalicelib.flows.catalogue_job import Declared
from chalicelib.flows.services import Change, ReadServices
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Profile
from chalicelib.routing.policy import Policy
from chalicelib.store.jobs import JobStore
from chalicelib.store.people import PeopleStore
from chalicelib.store.rows import ProfileRow
from chalicelib.tags.catalogue import Catalogue


class Rules(msgspec.Struct, frozen=True):
    """A tenant's rules: those in force with some declarations laid over them. ``version`` is that of those in force."""

    catalogue: Catalogue
    policy: Policy
    version: int


def _keep_timers(_row: ProfileRow, _profile: Profile, _catalogue: Catalogue, _now: Millis) -> None:
    """Timers as they are."""


class JobDoor(msgspec.Struct, frozen=True):
    """What opening a job needs."""

    jobs: JobStore
    go_on: Callable[[str, str, Sequence[str], int], None]


class JobServices(msgspec.Struct, frozen=True):
    """What jobs need: where they and people are kept, both sets of rules, the bus, and a queue of their own."""

    jobs: JobStore
    people: PeopleStore
    reading: ReadServices
    """History, tenants and the alarm; its rules are not used."""
    rules: Callable[[str, Sequence[Declared]], Rules]
    """A tenant's rules, asked for anew: with these declarations laid over those in force. Raises BadInput."""
    draft: Callable[[str, str, str], Declared | None]
    """A draft by tenant, kind and id."""
    go_on: Callable[[str, str, Sequence[str], int], None]
    """Queues parts of a job (tenant, job, names) after some seconds; '' is the job itself, to be planned."""
    publish: Callable[[Sequence[Change]], None]
    retime: Callable[[ProfileRow, Profile, Catalogue, Millis], None] = _keep_timers
    """Told of everybody whom an apply job has looked at: when their tags change next may be another moment now."""
    most_named: int = 100
    """People listed of each side of a tag."""
    most_listed: int = 8_000
    """People on all lists together: a job of very many tags lists fewer of each, or its row would be too large."""
    whole_people: int = 50_000
    """Up to about so many people all are looked at, unless a sample is asked for."""
    sample_people: int = 5_000
    page_items: int = 1_000
    """Items of one page: between two checkpoints everything is in memory, and a kill repeats it."""
    page_items_past: int = 30

    @property
    def door(self) -> JobDoor:
        """Just what opening needs."""
        return JobDoor(self.jobs, self.go_on)

    def named_of(self, tags: int) -> int:
        """How many are listed of each side, with so many tags."""
        return min(self.most_named, max(self.most_listed // (2 * tags), 1)) if tags else self.most_named
