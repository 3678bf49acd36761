"""What stores of jobs and of people in slices promise, whichever they are."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.store.jobs import DynamoJobs, JobRow, JobStore, MemoryJobs
from chalicelib.store.memory import MemoryProfiles
from chalicelib.store.people import DynamoPeople, MemoryPeople, PeopleStore, Slice
from tests.store import rows
from tests.store.backends import Stores

SLICES = 5


@pytest.fixture
def jobs(stores: Stores) -> JobStore:
    return DynamoJobs(stores.api.call, stores.tables["TABLE_HISTORY"]) if stores.api else MemoryJobs()


@pytest.fixture
def people(stores: Stores) -> PeopleStore:
    if stores.api:
        return DynamoPeople(stores.api.call, stores.tables["TABLE_PROFILES"])
    assert isinstance(stores.profiles, MemoryProfiles)
    return MemoryPeople(stores.profiles.rows)


def row(tenant: str, part: str = "", version: int = 1, content: bytes = b"job", job_id: str = "d_1") -> JobRow:
    return JobRow(tenant, job_id, part, version, content, rows.AT, rows.EXPIRES)


def test_advance__new__is_kept_once(jobs: JobStore, tenant: str) -> None:
    """A job and each part of it are rows of their own; another tenant's are others."""
    assert jobs.advance(row(tenant)) and jobs.advance(row(tenant, "0", content=b"part"))
    assert jobs.load(tenant, "d_1") == row(tenant)
    assert jobs.load(tenant, "d_1", "0") == row(tenant, "0", content=b"part")
    assert jobs.load(tenant, "d_1", "1") is None and jobs.load(tenant + "x", "d_1") is None
    assert not jobs.advance(row(tenant, content=b"another"))


def test_advance__from_the_version_read__replaces_it(jobs: JobStore, tenant: str) -> None:
    """Of two checkpoints from one place the second is refused."""
    jobs.advance(row(tenant, "0"))
    assert jobs.advance(row(tenant, "0", 2, b"first"))
    assert not jobs.advance(row(tenant, "0", 2, b"second"))
    assert not jobs.advance(row(tenant, "0", 4, b"ahead"))
    assert jobs.load(tenant, "d_1", "0") == row(tenant, "0", 2, b"first")


def test_advance__the_same_again__is_the_success_it_was(jobs: JobStore, tenant: str) -> None:
    """A checkpoint that was written without our knowing is not taken for somebody else's."""
    jobs.advance(row(tenant))
    assert jobs.advance(row(tenant, version=2, content=b"mine"))
    assert jobs.advance(row(tenant, version=2, content=b"mine"))


def test_parts__of_a_job__are_those_that_began(jobs: JobStore, tenant: str) -> None:
    """Parts are asked for by name; a job of a longer id does not lend its own."""
    for part in ("0", "2", "10"):
        jobs.advance(row(tenant, part))
    jobs.advance(row(tenant, "1", job_id="d_10"))
    assert {one.part for one in jobs.parts(tenant, "d_1", map(str, range(11)))} == {"0", "2", "10"}


def test_newest__many__come_newest_first_in_whole_instants(jobs: JobStore, tenant: str) -> None:
    """Parts are not listed, and an instant is not cut in two."""
    for number, at in enumerate((1, 2, 2, 3)):
        jobs.advance(replace(row(tenant, job_id=f"d_{number}"), at=rows.AT + at))
    jobs.advance(row(tenant, "0"))
    ids = lambda before, limit: [one.job_id for one in jobs.newest(tenant, before=before, limit=limit)]  # noqa: E731
    assert ids(rows.AT + 9, 9) == ["d_3", "d_2", "d_1", "d_0"]
    assert ids(rows.AT + 9, 2) == ["d_3", "d_2", "d_1"]
    assert ids(rows.AT + 2, 9) == ["d_0"]


def test_slices__together__hold_everybody_once(stores: Stores, people: PeopleStore, tenant: str) -> None:
    """Page after page of slice after slice: all people who are there, and nobody of another tenant or merged."""
    ids = {f"p_{number}" for number in range(60)}
    for one in sorted(ids):
        stores.profiles.save(rows.change(tenant, (rows.profile(tenant, one), 0)))
    merged = replace(rows.profile(tenant, "p_merged"), state="merged", merged_into="p_1", body=b"")
    stores.profiles.save(rows.change(tenant, (merged, 0), identifiers=(rows.points("user_id:aa"),)))
    other = f"{tenant}x"
    stores.profiles.save(rows.change(other, (rows.profile(other, "p_other"), 0)))
    found = [one for number in range(SLICES) for one in _slice(people, tenant, Slice(number, SLICES), limit=7)]
    assert sorted(found) == sorted(ids)
    assert sum(people.count(tenant, Slice(number, SLICES)) for number in range(SLICES)) == len(ids)
    assert people.size() >= len(ids)
    assert _slice(people, tenant, Slice(1, SLICES), limit=1_000) == _slice(people, tenant, Slice(1, SLICES), limit=3)


def _slice(people: PeopleStore, tenant: str, one: Slice, *, limit: int) -> list[str]:
    found: list[str] = []
    after = ""
    while True:
        page = people.page(tenant, one, after, limit=limit, fresh=True)
        assert all(row == rows.profile(tenant, row.profile_id) for row in page.rows)
        found += [row.profile_id for row in page.rows]
        after = page.after
        if not after:
            return found
