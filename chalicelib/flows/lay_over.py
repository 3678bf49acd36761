"""Declarations laid over what is in force, as jobs compare them, and the job that a publication opens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from chalicelib.flows.catalogue_job import Declared
from chalicelib.flows.catalogue_services import Published
from chalicelib.flows.effective import InForce
from chalicelib.flows.job_services import JobDoor, Rules
from chalicelib.flows.open_job import open_apply
from chalicelib.kernel.moments import Millis
from chalicelib.store.declarations import DeclarationStore, Draft, Kind, Version


def rules_over(in_force: InForce, over: Iterable[Declared]) -> Rules:
    """The rules with these declarations laid over those in force, each over the ones before it."""
    laid = in_force
    for one in over:
        laid = laid.with_entry(cast(Kind, one.kind), one.id, 0, None if one.is_shipped else one.body)
    return Rules(laid.catalogue, laid.policy, in_force.version)


def declared(one: Draft | Version) -> Declared:
    """A draft or version as a job keeps it."""
    return Declared(one.kind, one.id, one.body, one.state == "shipped")


def tell_published(published: Published, store: DeclarationStore, door: JobDoor, now: Millis) -> None:
    """Open the job that tells of a publication.

    From the versions that are kept, and not from what was in force before: the same may be told again later.
    """
    of = (published.tenant_id, published.kind, published.id)
    made, earlier = (store.version(*of, number) for number in (published.number, published.number - 1))
    assert made is not None, "a version stays"
    before = Declared(made.kind, made.id, b"", is_shipped=True) if earlier is None else declared(earlier)
    after = declared(made)
    open_apply(published.tenant_id, [before], [after], published.version, made.principal, door, now)
