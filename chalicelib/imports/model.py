"""An import as it is declared, and where it stands. All of it is plain: no line of a file is kept here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from chalicelib.kernel.moments import Millis

type State = Literal["waiting", "running", "finished", "failed"]
"""``waiting`` for the upload · ``running`` · ``finished`` · ``failed`` as a whole, with a reason."""

LONGEST_RECORD_BYTES = 256 * 1024
"""A longer line is refused with its number and passed over."""


class Declaration(msgspec.Struct, frozen=True):
    """How a file is to be read: which column is which member of an event. Checked by ``declaration``.

    ``mapping`` leads from a path (``identifiers.phone``, ``data.amount``, ``time``) to a column of the file,
    ``constants`` from a path to a value for every line; ``values`` says what a column's words mean.
    """

    source_id: str
    kind: str
    format: str
    mapping: Mapping[str, str]
    values: Mapping[str, Mapping[str, Any]] = {}
    constants: Mapping[str, Any] = {}
    time_format: str = "rfc3339"
    timezone: str = ""
    delimiter: str = ","


class Place(msgspec.Struct, frozen=True):
    """Where in its file an import goes on: the next record's first byte and line.

    ``skipping``: the bytes there are the rest of a line that was refused for its length.
    """

    offset: int = 0
    line: int = 1
    skipping: bool = False


class RefusedLine(msgspec.Struct, frozen=True, array_like=True):
    """A record that was refused: the number of its first line, why, and which part of it. Holds no value."""

    line: int
    code: str
    path: str


class Counts(msgspec.Struct, frozen=True):
    """What became of a file's records. ``records`` = ``accepted`` + ``refused`` + ``blank``, always.

    ``events`` are what the accepted ones became; ``left_out`` counts traits that they go on without.
    """

    records: int = 0
    accepted: int = 0
    refused: int = 0
    blank: int = 0
    events: int = 0
    left_out: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__))


class Header(msgspec.Struct, frozen=True):
    """A CSV file's first record as far as it matters: how many columns, and where the mapped ones are."""

    width: int
    positions: Mapping[str, int]


class Job(msgspec.Struct, frozen=True):
    """One import with its progress: what is kept at every checkpoint."""

    tenant_id: str
    import_id: str
    principal: str
    declaration: Declaration
    created_at: Millis
    upload_until: Millis
    state: State = "waiting"
    started_at: Millis | None = None
    updated_at: Millis | None = None
    finished_at: Millis | None = None
    size_bytes: int = 0
    etag: str = ""
    header: Header | None = None
    place: Place = Place()
    counts: Counts = Counts()
    refused_by_code: Mapping[str, int] = {}
    failure: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("finished", "failed")


def with_refused(job: Job, refused: tuple[RefusedLine, ...]) -> dict[str, int]:
    """A job's refusals by code, with some more."""
    return dict(sorted((Counter(job.refused_by_code) + Counter(one.code for one in refused)).items()))
