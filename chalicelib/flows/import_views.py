"""What is answered of imports."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.imports.model import State


class UploadView(msgspec.Struct, frozen=True):
    """Where the file goes: one request of this method, with these headers, before ``expires_at``."""

    url: str
    method: str
    headers: Mapping[str, str]
    expires_at: str


class ImportOpened(msgspec.Struct, frozen=True):
    """An import that was declared. ``upload`` is null once its file has come."""

    import_id: str
    state: State
    upload: UploadView | None


class FailureView(msgspec.Struct, frozen=True):
    """Why an import ended as a whole. What it had accepted before stays."""

    code: str
    message: str


class RefusedLineView(msgspec.Struct, frozen=True):
    """A line that was refused: its number in the file, why, and which part of it."""

    line: int
    code: str
    path: str


class ImportView(msgspec.Struct, frozen=True):
    """An import and how far it is.

    ``records`` = ``accepted`` + ``refused`` + ``blank``; ``lines`` counts lines of the file, header and lines
    inside quotes included. ``events`` were queued for the accepted ones. ``cursor`` is empty when ``refused_lines``
    ends with the last one.
    """

    import_id: str
    source_id: str
    kind: str
    format: str
    state: State
    created_at: str
    started_at: str | None
    updated_at: str | None
    finished_at: str | None
    size_bytes: int
    read_bytes: int
    lines: int
    records: int
    accepted: int
    refused: int
    blank: int
    events: int
    left_out: int
    refused_by_code: Mapping[str, int]
    refused_lines: tuple[RefusedLineView, ...]
    cursor: str
    failure: FailureView | None
