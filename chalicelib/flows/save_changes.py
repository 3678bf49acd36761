"""What a save changes, for the bus: ids, tags and versions, never a value of the person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.flows.plan_save import Person, Plan
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import Change
from chalicelib.flows.snapshot import Snapshot
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Contribution
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.changes import changes
from chalicelib.tags.engine import assess

RULE_FAILED = "rule.failed"
"""Published when a tag rule cannot be evaluated: the event is applied, and somebody must look."""


def changes_of(
    planned: Plan, contributions: Sequence[Contribution], snapshot: Snapshot, now: Millis, catalogue: Catalogue
) -> tuple[Change, ...]:
    """Everything that the save of a plan is to publish."""
    return tuple(
        change
        for person in planned.people
        if person.is_changed
        for change in _of_person(person, planned, contributions, snapshot, now, catalogue)
    )


def _of_person(
    person: Person,
    planned: Plan,
    contributions: Sequence[Contribution],
    snapshot: Snapshot,
    now: Millis,
    catalogue: Catalogue,
) -> Iterator[Change]:
    row = person.row
    about = {"tenant": row.tenant, "profile_id": row.profile_id, "version": row.version}
    yield Change("profile.updated", about)
    yield from _of_sides(person, planned, about)
    before = snapshot.body(row.profile_id)
    # Where people changed sides every tag may have; where a facet grew, those that read what it touched.
    only = _touched(person, contributions) if before.facets.keys() == person.body.facets.keys() else None
    old, new = (assess(catalogue, profile_of(row, body), now, only=only) for body in (before, person.body))
    changed = changes(old, new)
    for one in changed.set:
        yield Change("tag.set", {**about, "tag": one.id, "confidence": one.confidence})
    for one in changed.cleared:
        yield Change("tag.cleared", {**about, "tag": one.id})
    for failed in new.failed:
        yield Change(RULE_FAILED, {**about, "tag": failed.tag_id, "error": failed.error})


def _of_sides(person: Person, planned: Plan, about: dict[str, object]) -> Iterator[Change]:
    """Who joined this profile, and from whom it was split."""
    row = person.row
    lost = {one.profile_id for one, _ in planned.redirects}
    merged = sorted(lost.intersection(person.sources))
    if merged:
        yield Change("profile.merged", {**about, "merged": merged})
    left = [one for one in person.sources if one != row.profile_id and one not in lost]
    if left:
        yield Change("profile.split", {**about, "from": left})


def _touched(person: Person, contributions: Sequence[Contribution]) -> frozenset[str]:
    """The stems of the values that the events of a person can change."""
    stems = frozenset[str]()
    for one in contributions:
        if one.facet in person.component.facets:
            stems |= _stems(one)
    return stems


def _stems(one: Contribution) -> frozenset[str]:
    case = {"order": ("orders",), "ticket": ("tickets", "complaints"), "complaint": ("complaints",)}
    stems = {f"t.{name}" for name in one.traits} | {f"m.{delta.measure}" for delta in one.deltas} | {"p", "ids"}
    return frozenset(stems.union(case[one.step.kind] if one.step else ()))
