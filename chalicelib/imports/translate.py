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
from chalicelib.channels.shape import keep_members
from chalicelib.channels.traits import shape_traits
from chalicelib.channels.values import read, read_any_id, read_id
from chalicelib.events.check import check
from chalicelib.events.model import UNDATED, Event, Identifier
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


class _Told(msgspec.Struct, frozen=True):
    """What a record says of each of its events."""

    identifiers: tuple[Identifier, ...]
    channel: str
    data: dict[str, Any]


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
        fields = self._kind.data_fields
        self._data = [(name, fields[name], f"data.{name}", one) for name, one in _group(get, "data")]
        self._extra = _group(get, "extra")
        self._traits = _group(get, "traits")
        self._times = _group(get, "times")
        self._id, self._time, self._status, self._channel = (
            get.get(path) for path in ("id", "time", "status", "channel")
        )

    def translate(self, content: Any) -> Translated:
        """The events of one record. Raises BadInput with the path of what cannot be accepted."""
        notes = Notes()
        identifiers = self._people(content)
        channel = _got(self._channel, content) or self._source.channel
        told = _Told(identifiers, channel if isinstance(channel, str) else "", self._facts(content, notes))
        events = tuple(self._event(content, verb, at, told) for verb, at in self._moments(content))
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

    def _facts(self, content: Any, notes: Notes) -> dict[str, Any]:
        """The data of every event of the record."""
        if not self._kind.key:
            return {"traits": shape_traits(_told(self._traits, content), self._source.traits, notes)}
        cells = ((name, kind, path, get(content)) for name, kind, path, get in self._data)
        data = {name: read(kind, value, path) for name, kind, path, value in cells if value is not None}
        if self._kind.key.removeprefix("data.") not in data:
            raise BadInput("missing_value", "The line does not say what it is about.", self._kind.key)
        return {**keep_members(_told(self._extra, content), notes, "extra"), **data} if self._extra else data

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

    def _event(self, content: Any, verb: str, at: Millis, told: _Told) -> Event:
        own_id = _got(self._id, content)
        if own_id is not None:
            name = read_id(own_id, "id")
        elif self._kind.key:
            name = event_id(self._kind_name, [told.data[self._kind.key.removeprefix("data.")], verb, at])
        else:
            said_at = at if self._time is not None else None
            name = event_id(self._kind_name, [sorted(told.identifiers), _told(self._traits, content), said_at])
        return Event(
            id=name,
            type=self._kind.types[verb],
            time=at,
            received_at=self._now,
            tenant=self._source.tenant,
            source=self._source.source_id,
            channel=told.channel,
            identifiers=told.identifiers,
            data=told.data,
            # The time of the import is none of the person's: it must not pass for a new registration of who was erased.
            context=UNDATED if not self._kind.key and self._time is None else {},
        )


def event_id(kind: str, named: Sequence[Any]) -> str:
    """The id of what a record tells: the same for the same key, status and time, or for the same description."""
    return f"import:{kind}:" + hashlib.sha256(raw_of(named)).hexdigest()


def _told(group: Sequence[tuple[str, Get]], content: Any) -> dict[str, Any]:
    return {name: value for name, get in group if (value := get(content)) is not None}


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
