"""What becomes of each record of a range: its events, or why it was refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from chalicelib.events.model import Event
from chalicelib.imports.model import Declaration, Header, Job, RefusedLine
from chalicelib.imports.records import Range, Record
from chalicelib.imports.translate import Translator
from chalicelib.kernel.errors import BadInput

_KEPT_RAW_BYTES = 64 * 1024


class Result(msgspec.Struct, frozen=True):
    """One record's end. Neither events nor a refusal: it was blank. ``raw`` is for the sealed quarantine only."""

    events: tuple[Event, ...] = ()
    left_out: int = 0
    refused: RefusedLine | None = None
    raw: bytes = b""

    def __repr__(self) -> str:
        return f"<result {self.refused or len(self.events)}>"


def results(within: Range, job: Job, translator: Translator) -> Iterator[Result]:
    """The end of every record of a range, in order."""
    width = job.header.width if job.header else 0
    for record in within.records(job.declaration.format, job.declaration.delimiter):
        yield _result(record, width, translator)


def _result(record: Record, width: int, translator: Translator) -> Result:
    if record.broken is not None:
        return _refused(record, record.broken)
    if record.content is None:
        return Result()
    try:
        if width and len(record.content) != width:
            raise BadInput("bad_width", f"The header has {width} columns, and the line another number.")
        translated = translator.translate(record.content)
    except BadInput as bad:
        return _refused(record, bad)
    return Result(translated.events, translated.left_out)


def _refused(record: Record, bad: BadInput) -> Result:
    # Longer lines are kept in part: a queue message has to hold them.
    return Result(refused=RefusedLine(record.line, bad.code, bad.path), raw=record.raw[:_KEPT_RAW_BYTES])


def read_header(within: Range, declaration: Declaration) -> Header:
    """The columns of a CSV file, by which the range then goes on.

    Raises BadInput ``bad_header``: no readable first line, or not every mapped column exactly once. The message
    names columns of the declaration and nothing of the file.
    """
    first = next(within.records("csv", declaration.delimiter), None)
    if first is None or first.content is None:
        raise BadInput("bad_header", "The file does not start with a line of column names.")
    columns = [name.strip() for name in first.content]
    wrong = sorted({column for column in declaration.mapping.values() if columns.count(column) != 1})
    if wrong:
        raise BadInput("bad_header", f"The file needs each of these columns once: {', '.join(wrong)}.")
    return Header(len(columns), _positions(columns, declaration))


def _positions(columns: Sequence[str], declaration: Declaration) -> dict[str, int]:
    return {path: columns.index(column) for path, column in declaration.mapping.items()}
