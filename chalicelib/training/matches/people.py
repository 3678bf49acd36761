"""From people to probable matches: their values in the forms that are compared, and then a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from chalicelib.matching.forms import date, digits, email, plain, together
from chalicelib.matching.model import LIKELY, Found, Person, Row
from chalicelib.matching.schema import SCHEMA
from chalicelib.training.matches.names import name_parts
from chalicelib.training.matches.propose import propose

_FORMS: Mapping[str, Callable[[str], str]] = {
    "birth_date": date,
    "phone": digits,
    "email": email,
    "address": plain,
    "city": plain,
    "region": plain,
}


def find_matches(people: Iterable[Person], least: float = LIKELY) -> Found:
    """The pairs of people that are probably one person, by weights learned from these people alone."""
    run = propose([row_of(person) for person in people], SCHEMA, least)
    return Found(run.matches, run.compared)


def row_of(person: Person) -> Row:
    """One person's values in the forms that are compared."""
    given, family = name_parts(person.traits.get("name", ""))
    values = {"given_name": given, "family_name": family}
    for name, form in _FORMS.items():
        values[name] = form(person.traits.get(name, ""))
    values["habits"] = together(person.habits)
    values["presence"] = together(map(str, person.days))
    return Row(person.profile_id, {name: value for name, value in values.items() if value})
