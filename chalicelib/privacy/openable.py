"""What may be opened of a person: fields by their paths, and why one is withheld for a purpose."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import msgspec

from chalicelib.kernel.errors import BadInput, ManyMistakes
from chalicelib.privacy.fields import FIELDS, NAMESPACES
from chalicelib.privacy.permission import withholding

MOST_FIELDS = 10
"""How many fields one call may open: who needs a whole person has the export, which somebody else must allow."""
_NAMESPACE = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_LAWFUL_WHILE_RESTRICTED = frozenset({"legal"})
"""Whoever had their data restricted is read for claims before the law alone (GDPR art. 18, 2)."""


class Openable(msgspec.Struct, frozen=True):
    """A field that may be asked for: ``section`` is traits or identifiers, ``name`` the trait's or the namespace's."""

    section: str
    name: str
    class_: str
    purposes: tuple[str, ...]
    legal_basis: str

    @property
    def path(self) -> str:
        """As it is asked for."""
        return f"{self.section}.{self.name}"


def openable(paths: Sequence[str]) -> tuple[Openable, ...]:
    """The fields that these paths name, each once. Raises BadInput with every path that names none."""
    if not 1 <= len(paths) <= MOST_FIELDS:
        raise BadInput("bad_fields", f"One call opens 1 to {MOST_FIELDS} named fields.", "fields")
    found = [(place, _named(path)) for place, path in enumerate(paths)]
    unknown = [
        BadInput("unknown_field", "A field is traits.<name> or identifiers.<namespace>.", f"fields.{place}")
        for place, one in found
        if one is None
    ]
    if unknown:
        raise ManyMistakes("unknown_field", "Some fields are none of the data map.", tuple(unknown))
    return tuple(dict.fromkeys(one for _, one in found if one is not None))


def withheld(field: Openable, purpose: str, state: str, said: Mapping[str, bool], asked_first: Collection[str]) -> str:
    """Why a field of a person in this state stays sealed for a purpose; '' where it may be opened."""
    if state == "restricted" and purpose not in _LAWFUL_WHILE_RESTRICTED:
        return "restricted"
    return withholding(field.purposes, field.legal_basis, purpose, said, asked_first)


def _named(path: str) -> Openable | None:
    section, _, name = path.partition(".")
    if section == "traits" and name in FIELDS:
        of = FIELDS[name]
        return Openable(section, name, of.class_, of.purposes, of.legal_basis)
    if section == "identifiers" and _NAMESPACE.fullmatch(name):
        kept = NAMESPACES.get(name)
        if kept is not None:
            return Openable(section, name, kept.class_, kept.purposes, kept.legal_basis)
        # A namespace that a tenant registered is what every one of ours is.
        return Openable(section, name, "personal", ("service", "security"), "contract")
    return None
