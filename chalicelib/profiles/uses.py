"""What may be done with what rules read: by declaration of traits and the like, by derivation of measures.

A measure tells that events of some types happened, and what their fields said. So it may be used for what those
types and those fields may be used for, together; a declaration may narrow that, never widen it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chalicelib.privacy.fields import EVENT_FIELDS, FAMILIES, FIELDS, STANDING, UNDECLARED
from chalicelib.privacy.uses import Use, together
from chalicelib.profiles.conditions import reads
from chalicelib.profiles.measures import Measure
from chalicelib.profiles.operators import expand

MEASURES_KEPT_DAYS = min(family.retention_days for family in FAMILIES.values())
"""Counts outlive the events that they were made of, and end so long after the last one."""


def measure_use(measure: Measure) -> Use:
    """What a measure may be used for: what its types and fields may, and of that what it is declared for."""
    whole = derived_use(measure)
    purposes = measure.purposes or whole.purposes
    return Use(tuple(one for one in whole.purposes if one in purposes), whole.legal_basis, whole.retention_days)


def derived_use(measure: Measure) -> Use:
    """What a measure could be used for at most."""
    families = [FAMILIES[_family(one)].use for one in measure.on]
    told = together([*families, *(_field(one) for one in fields_of(measure))])
    # What is kept is a count: it goes by the events' own time and not by that of their rows.
    return Use(told.purposes, told.legal_basis, MEASURES_KEPT_DAYS)


def fields_of(measure: Measure) -> tuple[str, ...]:
    """The fields of event data that a measure reads, sorted."""
    return tuple(sorted(set(_fields(measure))))


def path_use(path: str, measured: Mapping[str, Use]) -> Use | None:
    """What may be done with the value at a path of a rule; None for a path that nothing has."""
    head, _, rest = path.partition(".")
    if head == "t":
        field = FIELDS.get(rest)
        return None if field is None else field.use
    if head == "m":
        return measured.get(rest.partition(".")[0])
    standing = STANDING.get(head)
    return None if standing is None else standing.use


def _fields(measure: Measure) -> Iterator[str]:
    read = reads(expand(measure.where)) if measure.where is not None else ()
    for path in (*read, measure.amount or ""):
        head, _, name = path.partition(".")
        if head == "data":
            yield name


def _field(name: str) -> Use:
    declared = EVENT_FIELDS.get(name)
    return (FAMILIES[UNDECLARED] if declared is None else declared).use


def _family(event_type: str) -> str:
    family = event_type.partition(".")[0]
    return family if family in FAMILIES else UNDECLARED
