"""What a save changes, for the bus: ids, tags and versions, never a value of the person. And when time alone may next.

Tags also change between two saves, by time alone. Whoever saves a profile that is due first tells of that, so that
no tag is set or cleared that nobody hears of; what is due later stays with those who look after timers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from chalicelib.flows.models import NO_MODELS, Models
from chalicelib.flows.outreach import Outreach
from chalicelib.flows.plan_save import Person, Plan
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.services import Change
from chalicelib.flows.snapshot import Snapshot
from chalicelib.flows.tell_changes import About, still_open, tag_changes
from chalicelib.flows.time_told import Past, confirmed, past_of
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.model import Contribution, Profile
from chalicelib.store.rows import ProfileRow, Record
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.changes import changes
from chalicelib.tags.engine import assess
from chalicelib.tags.model import Assessment
from chalicelib.tags.timers import earliest

NOTHING = Assessment((), ())
RULE_FAILED = "rule.failed"
"""Published when a tag rule cannot be evaluated: the event is applied, and somebody must look."""


class Told(msgspec.Struct, frozen=True):
    """A plan whose rows say when they are due, and everything that its save is to publish and to keep of risks."""

    planned: Plan
    changes: tuple[Change, ...]
    records: tuple[Record, ...] = ()


def tell(
    planned: Plan,
    contributions: Sequence[Contribution],
    snapshot: Snapshot,
    now: Millis,
    catalogue: Catalogue,
    models: Models = NO_MODELS,
    outreach: Outreach | None = None,
) -> Told:
    """What the save of a plan changes, when each of its people is due, what the models say of them and what is raised.

    Without ``outreach`` nothing is raised; what was raised of people before goes with them wherever they go.
    """
    told = [one for row, _ in planned.redirects for one in _past(row.profile_id, snapshot, now, catalogue).changes]
    people: list[Person] = []
    records: list[Record] = []
    for person in planned.people:
        kept = person
        if person.is_changed:
            past, grown = _stood(person, snapshot), profile_of(person.row, person.body)
            changed, due_at = _of_person(person, past, grown, planned, contributions, snapshot, now, catalogue)
            row = msgspec.structs.replace(person.row, due_at=due_at)
            row, moved = told_of_models(row, past, grown, models, catalogue, now)
            row, raised, kept_of_risks = _raised(person, row, contributions, snapshot, catalogue, outreach)
            kept = msgspec.structs.replace(person, row=row)
            told += (*changed, *moved, *raised)
            records += kept_of_risks
        people.append(kept)
    return Told(msgspec.structs.replace(planned, people=tuple(people)), tuple(told), tuple(records))


def _stood(person: Person, snapshot: Snapshot) -> Profile:
    """Who the person was until now, by what was said and done then; nobody where the profile is new."""
    before = snapshot.profile(person.row.profile_id)
    return profile_of(before or person.row, snapshot.body(person.row.profile_id))


def _of_person(
    person: Person,
    was: Profile,
    grown: Profile,
    planned: Plan,
    contributions: Sequence[Contribution],
    snapshot: Snapshot,
    now: Millis,
    catalogue: Catalogue,
) -> tuple[Sequence[Change], Millis]:
    row = person.row
    about: About = {"tenant": row.tenant, "profile_id": row.profile_id, "version": row.version}
    past = _past(row.profile_id, snapshot, now, catalogue)
    before = snapshot.body(row.profile_id)
    told = [*still_open(past.changes, grown, catalogue), Change("profile.updated", about)]
    told += _of_sides(person, planned, about)
    # Where people changed sides, or said what may be done with their profile, every tag may have; where a facet grew,
    # those that read what it touched.
    same = (was.said, was.is_profiled) == (grown.said, grown.is_profiled)
    only = _touched(person, contributions) if same and before.facets.keys() == person.body.facets.keys() else None
    new = assess(catalogue, grown, now, only=only)
    # Of nobody nothing is true: an empty profile would be somebody who has been silent since 1970.
    old = assess(catalogue, was, now, only=only) if before.facets else NOTHING
    told += tag_changes(confirmed(changes(old, new), past, catalogue, grown, now), about, now)
    told += [Change(RULE_FAILED, {**about, "tag": failed.tag_id, "error": failed.error}) for failed in new.failed]
    if past.walked is None and only is not None:
        # Never later than before, so that most saves move no entry of the index: to look once too often costs less.
        return told, earliest(catalogue, grown, [new], now, only, snapshot.due_at(row.profile_id)) or 0
    assessed = [new] if past.walked is None else [past.walked.ends_in, new]
    return told, earliest(catalogue, grown, assessed, now) or 0


def _raised(
    person: Person,
    row: ProfileRow,
    contributions: Sequence[Contribution],
    snapshot: Snapshot,
    catalogue: Catalogue,
    outreach: Outreach | None,
) -> tuple[ProfileRow, Sequence[Change], Sequence[Record]]:
    """The row with what is raised of the person, by what their events touched, and what was raised of whom they come from."""
    before = [snapshot.profile(one) for one in dict.fromkeys((row.profile_id, *person.sources))]
    if outreach is None and not any(one is not None and one.outreach for one in before):
        return row, (), ()
    # Only who approaches people reads what decides on it.
    from chalicelib.flows.raise_risks import raise_risks

    is_moved = any(one != row.profile_id for one in person.sources)
    touched = None if is_moved else _touched(person, contributions)
    found = raise_risks(row, before, profile_of(row, person.body), touched, outreach, catalogue)
    return found.row, found.changes, found.records


def told_of_models(
    row: ProfileRow, past: Profile, profile: Profile, models: Models, catalogue: Catalogue, now: Millis
) -> tuple[ProfileRow, Sequence[Change]]:
    """The row with what the models say of the person now, and what of that is to be told: segments that were left and
    entered. ``past`` is who the person was until now.
    """
    if not models and not past.judged:
        return row, ()
    # Only who has models reads what judges by them.
    from chalicelib.flows.judge import judged_anew

    return judged_anew(row, past, profile, models, catalogue, now)


def _past(profile_id: str, snapshot: Snapshot, now: Millis, catalogue: Catalogue) -> Past:
    return past_of(snapshot.profile(profile_id), snapshot.body(profile_id), now, catalogue)


def _of_sides(person: Person, planned: Plan, about: About) -> Iterator[Change]:
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
