"""Translates the items of one request one by one, so that a broken one refuses only itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.channels.model import Note, Refusal, Translated
from chalicelib.events.check import OutOfTime
from chalicelib.events.model import Event
from chalicelib.kernel.errors import BadInput, Forbidden, TooLarge

MAX_ITEMS = 2_500

_EXACT = msgspec.json.Encoder(decimal_format="number", order="deterministic")
_TENANT_MEMBERS = ("tenant", "tenant_id", "tenantId", "tenantid")


class Notes:
    """Collects what an item goes on without."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []

    def add(self, path: str, code: str) -> None:
        """Note that the member at ``path`` was left out."""
        self.entries.append((path, code))


type TranslateOne = Callable[[Mapping[str, Any], Notes], Event]


def translate_each(items: Sequence[Any], tenant: str, translate_one: TranslateOne) -> Translated:
    """Every item as an event or a refusal.

    Raises TooLarge ``too_many_items``, and Forbidden ``tenant_mismatch`` for the whole request: a
    forged tenant is an attack or a grave mistake, and neither may half succeed.
    """
    if len(items) > MAX_ITEMS:
        raise TooLarge("too_many_items", f"A request holds at most {MAX_ITEMS} events.")
    events: list[Event] = []
    refused: list[Refusal] = []
    notes: list[Note] = []
    for index, item in enumerate(items):
        refuse_other_tenant(item, tenant)
        found = Notes()
        try:
            events.append(translate_one(members_of(item, ""), found))
        except BadInput as error:
            event = error.event if isinstance(error, OutOfTime) else None
            refused.append(Refusal(index, error.code, error.message, error.path, raw_of(item), event))
        else:
            notes.extend(Note(index, path, code) for path, code in found.entries)
    return Translated(tuple(events), tuple(refused), tuple(notes))


def members_of(value: object, path: str) -> Mapping[str, Any]:
    """The members of a JSON object; those of null or nothing are none. Raises BadInput ``bad_type``."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadInput("bad_type", "An object is needed here.", path)
    return value


def refuse_other_tenant(item: object, tenant: str) -> None:
    """Raise Forbidden ``tenant_mismatch`` if the item names a tenant that the credential is not of."""
    if isinstance(item, dict) and any(item.get(name, tenant) != tenant for name in _TENANT_MEMBERS):
        raise Forbidden("tenant_mismatch", "The tenant follows from the credential and is another one.")


def raw_of(item: object) -> bytes:
    """An item as JSON again, with its numbers exact, in one spelling for equal items."""
    return _EXACT.encode(item)


def content_id(item: Mapping[str, Any], *, without: Sequence[str]) -> str:
    """An id for an item that came without one: equal contents are taken as one event, sent twice.

    ``without`` names the members that change between two tries of one sender.
    """
    stable = {name: value for name, value in item.items() if name not in without}
    return "sha256:" + hashlib.sha256(raw_of(stable)).hexdigest()
