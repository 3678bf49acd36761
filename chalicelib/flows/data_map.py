"""The data map of a tenant: of each thing that is kept of people what for, on what ground, how long, whence and to whom.

What was told is declared (``privacy/fields.json``), what is made of it is derived: measures of events and fields,
tags of what their rules read. Who receives it follows from the roles. So the map cannot say other than the code does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from chalicelib.flows.effective import InForce
from chalicelib.kernel.texts import Text
from chalicelib.privacy.credentials import SCOPES
from chalicelib.privacy.fields import EVENT_FIELDS, FAMILIES, FIELDS, NAMESPACES, RECORDS, REGISTERS, STANDING, Field
from chalicelib.privacy.uses import Declared, FieldClass, Use
from chalicelib.profiles.measures import Measure
from chalicelib.profiles.uses import fields_of
from chalicelib.profiles.values import stem
from chalicelib.tags.model import TagRule
from chalicelib.tags.uses import Uses, reads_of

type Kind = Literal["trait", "identifier", "standing", "measure", "tag", "consent", "event", "event_field", "record"]

LEGAL = "legal"
KINDS: tuple[Kind, ...] = (
    "trait",
    "identifier",
    "standing",
    "measure",
    "tag",
    "consent",
    "event",
    "event_field",
    "record",
)
BUS = "subscribers"
"""Who hears the tags that are set and cleared: what the company has put behind the bus of changes."""
_WRITERS: Mapping[str, str] = {
    "source": "any_source",
    "trusted": "named_source",
    "derived": "derived",
    "desk": "derived",
}
_PROFILE, _TIMELINE, _BRIEFED = "profiles:read", "timeline:read", "context:read"
_TIMELINE_PURPOSES = frozenset({"service", "security", LEGAL})


class Entry(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """One line of the map. ``retention_days`` 0: while the person is kept. ``made_of``: the paths it is derived from.

    ``sources``: ``any_source``, ``named_source`` (listed in its credential), ``derived``, ``staff``, ``person``.
    ``recipients``: roles that see it for some purpose, masked where it is sealed; ``subscribers`` of the bus of changes.
    """

    path: str
    kind: Kind
    names: Text
    class_: FieldClass
    purposes: tuple[str, ...]
    legal_basis: str
    retention_days: int
    sources: tuple[str, ...]
    recipients: tuple[str, ...]
    made_of: tuple[str, ...] = ()


class DataMapView(msgspec.Struct, frozen=True):
    """The data map of a tenant, its own declarations among it."""

    catalogue_version: int
    entries: tuple[Entry, ...]


def data_map(in_force: InForce) -> DataMapView:
    """Every line, by kind and path."""
    found = sorted(_entries(in_force), key=lambda one: (KINDS.index(one.kind), one.path))
    return DataMapView(in_force.version, tuple(found))


def entry_of(path: str, in_force: InForce) -> Entry | None:
    """The line of a path as rules write it: ``t.city``, ``m.orders.sum_30d``, ``ids.phone``, ``p.days_known``.

    Or of ``tags.<id>``, ``identifiers.<namespace>``, ``consents.<purpose>``, ``events.<family>``, ``data.<field>``.
    None for a path that nothing has.
    """
    head, *rest = path.split(".")
    asked = ".".join((head, *(() if head in STANDING else rest[:1])))
    return next((one for one in _entries(in_force) if one.path == asked), None)


def recipients(purposes: Iterable[str], scopes: Iterable[str]) -> tuple[str, ...]:
    """The roles that may read for one of these purposes by one of these scopes. The law may always."""
    grants = {f"purpose:{one}" for one in (*purposes, LEGAL)}
    return tuple(role for role, has in SCOPES.items() if has & set(scopes) and has & grants)


def _entries(in_force: InForce) -> Iterator[Entry]:
    yield from map(_trait, FIELDS.values())
    yield from (_declared("identifier", "identifiers.", one) for one in NAMESPACES.values())
    yield from (_declared("standing", "", one) for one in STANDING.values())
    yield from (_declared("consent", "consents.", one) for one in REGISTERS.values())
    yield from (_event("event", "events.", one) for one in FAMILIES.values())
    yield from (_event("event_field", "data.", one) for one in EVENT_FIELDS.values())
    yield from (_record(one) for one in RECORDS.values())
    for measure in in_force.measures.measures.values():
        yield _measure(measure, in_force.measures.uses[measure.id])
    uses = Uses(in_force.measures.uses, in_force.rules())
    yield from (_tag(rule, uses.of_rule(rule)) for rule in in_force.rules().values())


def _trait(field: Field) -> Entry:
    made_of = (f"t.{field.derived_from}",) if field.derived_from else ()
    sources = (_WRITERS[field.writable_by], *(() if field.writable_by == "desk" else ("staff",)))
    return _line(f"t.{field.name}", "trait", field, field.use, sources, (_PROFILE,), made_of)


def _declared(kind: Kind, prefix: str, one: Declared) -> Entry:
    sources = ("any_source", "staff", "person") if kind == "consent" else ("any_source",)
    return _line(f"{prefix}{one.name}", kind, one, one.use, sources, (_PROFILE,))


def _event(kind: Kind, prefix: str, one: Declared) -> Entry:
    # A timeline is shown for few purposes; what is sealed in an event is shown in none.
    shown = tuple(purpose for purpose in one.purposes if purpose in _TIMELINE_PURPOSES)
    made = _line(f"{prefix}{one.name}", kind, one, one.use, ("any_source",), ())
    told = () if one.is_sealed else recipients(shown, (_TIMELINE,))
    return msgspec.structs.replace(made, recipients=told)


def _record(one: Declared) -> Entry:
    # Whoever may route may read decisions; tickets and conversations are read at the desk.
    scope = "route" if one.name.startswith("decision") else "desk:read"
    return _line(f"records.{one.name}", "record", one, one.use, ("any_source", "derived", "staff"), (scope,))


def _measure(measure: Measure, use: Use) -> Entry:
    families = dict.fromkeys(one.partition(".")[0] for one in measure.on)
    made_of = (*(f"events.{one}" for one in families), *(f"data.{one}" for one in fields_of(measure)))
    return _line(f"m.{measure.id}", "measure", measure, use, ("derived",), (_PROFILE,), made_of)


def _tag(rule: TagRule, use: Use) -> Entry:
    made_of = tuple(sorted({stem(path) for path in reads_of(rule)}))
    found = _line(f"tags.{rule.id}", "tag", rule, use, ("derived", "staff"), (_PROFILE, _BRIEFED), made_of)
    return msgspec.structs.replace(found, recipients=(*found.recipients, BUS))


def _line(
    path: str,
    kind: Kind,
    of: Declared | Measure | TagRule,
    use: Use,
    sources: tuple[str, ...],
    scopes: tuple[str, ...],
    made_of: tuple[str, ...] = (),
) -> Entry:
    return Entry(
        path=path,
        kind=kind,
        names=of.name if isinstance(of, TagRule) else of.names,
        class_=of.class_ if isinstance(of, Declared) else "internal",
        purposes=use.purposes if LEGAL in use.purposes else (*use.purposes, LEGAL),
        legal_basis=use.legal_basis,
        retention_days=use.retention_days,
        sources=sources,
        recipients=recipients(use.purposes, scopes),
        made_of=made_of,
    )
