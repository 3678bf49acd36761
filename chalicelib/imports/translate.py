"""Translates one record into events by its import's declaration.

An event's id follows from what the record says, and not from where it stands: a range that is read twice, a
file that is sent twice, or a line that stands in two files comes to the same ids, and counts once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.channels.each import Notes, raw_of
from chalicelib.channels.model import SourceProfile
from chalicelib.channels.shape import shape
from chalicelib.channels.traits import shape_traits
from chalicelib.channels.values import read_any_id, read_id
from chalicelib.events.check import check
from chalicelib.events.model import Event, Identifier
from chalicelib.identity.normalise import normalise_all
from chalicelib.imports.cells import Get, getter
from chalicelib.imports.model import Declaration, Job
from chalicelib.imports.paths import KINDS
from chalicelib.imports.times import reader
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis


class Translated(msgspec.Struct, frozen=True):
    """The events of one record, and how many members they go on without."""

    events: tuple[Event, ...]
    left_out: int


class Translator:
    """Reads records of one import, for one source, at one time."""

    def __init__(self, job: Job, source: SourceProfile, now: Millis, *, region: str) -> None:
        """``region`` is where phone numbers without a country code are from."""
        declaration = job.declaration
        self._kind = KINDS[declaration.kind]
        self._kind_name = declaration.kind
        self._source = source
        self._now = now
        self._imported_at = job.created_at
        self._region = region
        self._read_time = reader(declaration.time_format, declaration.timezone)
        get = _getters(declaration, job)
        self._identifiers = _group(get, "identifiers")
        self._data = [*_group(get, "data"), *_group(get, "extra")]
        self._traits = _group(get, "traits")
        self._times = _group(get, "times")
        self._id, self._time, self._status, self._channel = (
            get.get(path) for path in ("id", "time", "status", "channel")
        )

    def translate(self, content: Any) -> Translated:
        """The events of one record. Raises BadInput with the path of what cannot be accepted."""
        notes = Notes()
        identifiers = self._people(content)
        members = self._members(content)
        channel = _got(self._channel, content) or self._source.channel
        events = tuple(
            self._event(content, verb, at, identifiers, members, channel, notes) for verb, at in self._moments(content)
        )
        for one in events:
            check(one, self._now, horizon_days=self._source.horizon_days)
        # Ingestion would quarantine such an event; here its line has a number.
        normalise_all(identifiers, region=self._region)
        return Translated(events, len(notes.entries))

    def _people(self, content: Any) -> tuple[Identifier, ...]:
        found = ((name, get(content)) for name, get in self._identifiers)
        return tuple(
            Identifier(name, read_any_id(value, f"identifiers.{name}")) for name, value in found if value is not None
        )

    def _members(self, content: Any) -> dict[str, Any]:
        group = self._data if self._kind.key else self._traits
        return {name: value for name, get in group if (value := get(content)) is not None}

    def _moments(self, content: Any) -> Sequence[tuple[str, Millis]]:
        """What happened according to the record, and when."""
        if self._times:
            cells = ((verb, get(content)) for verb, get in self._times)
            told = [(verb, self._read_time(at, f"times.{verb}")) for verb, at in cells if at is not None]
            if not told:
                raise BadInput("missing_value", "The line has none of the mapped times.", "times")
            return told
        verb = "described" if not self._kind.key else self._verb(content)
        at = _got(self._time, content)
        if at is None and (self._kind.key or self._time is not None):
            raise BadInput("missing_value", "The line has no time.", "time")
        return [(verb, self._imported_at if at is None else self._read_time(at, "time"))]

    def _verb(self, content: Any) -> str:
        status = _got(self._status, content)
        if not isinstance(status, str) or status not in self._kind.types:
            raise BadInput("unknown_status", "The import does not say what this status means.", "status")
        return status

    def _event(
        self,
        content: Any,
        verb: str,
        at: Millis,
        identifiers: tuple[Identifier, ...],
        members: Mapping[str, Any],
        channel: Any,
        notes: Notes,
    ) -> Event:
        event_type = self._kind.types[verb]
        if self._kind.key:
            data = shape(event_type, members, notes, path="data")
            key = data.get(self._kind.key.removeprefix("data."))
            if key is None:
                raise BadInput("missing_value", "The line does not say what it is about.", self._kind.key)
            named = [key, verb, at]
        else:
            data = {"traits": shape_traits(members, self._source.traits, notes)}
            told_at = at if self._time is not None else None
            named = [[list(one) for one in _plain(identifiers)], members, told_at]
        own_id = _got(self._id, content)
        return Event(
            id=read_id(own_id, "id") if own_id is not None else event_id(self._kind_name, named),
            type=event_type,
            time=at,
            received_at=self._now,
            tenant=self._source.tenant,
            source=self._source.source_id,
            channel=channel if isinstance(channel, str) else "",
            identifiers=identifiers,
            data=data,
        )


def event_id(kind: str, named: Sequence[Any]) -> str:
    """The id of what a record tells: the same for the same key, status and time, or for the same description."""
    return f"import:{kind}:" + hashlib.sha256(raw_of(named)).hexdigest()


def _plain(identifiers: Sequence[Identifier]) -> list[tuple[str, str]]:
    return sorted((one.namespace, one.value) for one in identifiers)


def _getters(declaration: Declaration, job: Job) -> dict[str, Get]:
    positions = job.header.positions if job.header else {}
    read_time = reader(declaration.time_format, declaration.timezone)
    paths = (*declaration.mapping, *declaration.constants)
    return {path: getter(path, declaration, positions, read_time) for path in paths}


def _group(getters: Mapping[str, Get], group: str) -> list[tuple[str, Get]]:
    start = f"{group}."
    return [(path.removeprefix(start), get) for path, get in getters.items() if path.startswith(start)]


def _got(get: Get | None, content: Any) -> Any:
    return None if get is None else get(content)
