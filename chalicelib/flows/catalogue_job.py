"""A job over stored people: what it compares, how it is cut into parts, and how far it is. Kept as bytes by the store.

A *dry run* says what a draft would change. An *apply* job tells what a published version has changed, of everybody.
A *what-if* plays past contacts again (``flows.what_if_job``).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.store.jobs import JobRow
from chalicelib.store.people import Slice
from chalicelib.tags.compare import Comparison

KEPT_DAYS = 30
"""A result names people; it is for deciding, and not for keeping."""

type Sort = Literal["dry_run", "apply", "what_if"]
type State = Literal["waiting", "running", "finished", "failed"]


class Declared(msgspec.Struct, frozen=True, array_like=True):
    """One declaration laid over those in force. An empty ``body`` withdraws it, unless it is to be as it is shipped."""

    kind: str
    id: str
    body: bytes
    is_shipped: bool = False


class Window(msgspec.Struct, frozen=True, array_like=True):
    """Past events from an instant up to and without another."""

    begins: Millis
    ends: Millis


class Plan(msgspec.Struct, frozen=True, array_like=True):
    """The slices to read, and about how many people the tenant has. ``is_sample``: these slices are not all."""

    slices: tuple[Slice, ...]
    people: int
    is_sample: bool

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts' names, in the order of the slices."""
        return tuple(map(str, range(len(self.slices))))


class Job(msgspec.Struct, frozen=True):
    """One job as its last checkpoint left it.

    ``before`` and ``after`` are laid over what is in force, and kept here, so that a draft that is written anew or a
    version published meanwhile changes nothing. ``version`` is the catalogue's: a dry run's, that it was begun with (-1
    until then); an apply job's, that it tells of. ``what_if`` is a coded ``WhatIfAsked``.
    """

    tenant_id: str
    job_id: str
    sort: Sort
    kind: str
    id: str
    principal: str
    at: Millis
    before: tuple[Declared, ...]
    after: tuple[Declared, ...]
    version: int = -1
    sample: int | None = None
    window: Window | None = None
    begins_at: Millis = 0
    state: State = "waiting"
    plan: Plan | None = None
    result: Comparison | None = None
    failure: str = ""
    finished_at: Millis | None = None
    what_if: bytes = b""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be done."""
        return self.state in ("finished", "failed")


class Part(msgspec.Struct, frozen=True):
    """One slice: where the next page begins, and what was counted up to there."""

    after: str = ""
    is_done: bool = False
    counted: Comparison = Comparison()


def apply_id(version: int) -> str:
    """The job that tells of a version: one, however often it is asked for."""
    return f"apply_{version}"


def job_row(job: Job, version: int) -> JobRow:
    """A job as it is kept."""
    return JobRow(job.tenant_id, job.job_id, "", version, encode(job), job.at, job.at + KEPT_DAYS * DAY_MS)


def part_row(job: Job, name: str, part: Part, version: int) -> JobRow:
    """A part as it is kept."""
    return JobRow(job.tenant_id, job.job_id, name, version, encode(part), job.at, job.at + KEPT_DAYS * DAY_MS)


def job_of(row: JobRow) -> Job:
    """A job as it was kept."""
    return decode(row.content, Job)


def part_of(row: JobRow | None) -> Part:
    """A part as it was kept; one that has not begun is at its start."""
    return Part() if row is None else decode(row.content, Part)
