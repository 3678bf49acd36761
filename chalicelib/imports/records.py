"""Cuts a range of a file into records, one by one, so that a broken one harms only itself.

A range starts where a record starts and ends wherever it ends; what is left of its last record belongs to
the next range. A CSV record may span lines inside quotes. One that does not parse is refused by its first
line, and reading goes on with the line after it: a quote that is never closed costs one line, not the rest.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from chalicelib.imports.model import LONGEST_RECORD_BYTES, Place
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.strict_json import parse

_BOM = b"\xef\xbb\xbf"


class Record(msgspec.Struct, frozen=True):
    """One record: the number of its first line, its bytes, and its cells or members unless it is broken.

    Neither ``content`` nor ``broken``: it is blank.
    """

    line: int
    raw: bytes
    content: Any = None
    broken: BadInput | None = None

    def __repr__(self) -> str:
        return f"<record of line {self.line}>"


class _RanOut(Exception):
    """The range ends inside a record."""


class _TooLong(Exception):
    """A record goes on for longer than any may."""


class Range:
    """The records of a range of a file. ``place`` says, at any moment of reading, where the next one starts."""

    def __init__(
        self, content: bytes, start: Place, *, at_end: bool, longest_bytes: int = LONGEST_RECORD_BYTES
    ) -> None:
        """``at_end``: nothing comes after ``content``, so its last line needs no line end."""
        self._start = start
        self._longest_bytes = longest_bytes
        self._at_end = at_end
        self._size = len(content)
        head = content.find(b"\n") + 1 if start.skipping else 0
        self._is_skipped = start.skipping and not head
        if start.offset == 0 and content.startswith(_BOM):
            head = len(_BOM)
        self._first_line = start.line + (start.skipping and not self._is_skipped)
        self._head = head
        lines = content[head:].split(b"\n")
        self._tail = lines.pop()
        # A file may end without a line end; a range that is not its end stops before the line it cuts.
        self._closes = at_end and bool(self._tail)
        if self._closes:
            lines.append(self._tail)
        self._lines: Sequence[bytes] = () if self._is_skipped else lines
        self.position = 0

    @property
    def place(self) -> Place:
        """Where the next record starts."""
        if self._is_skipped or self._is_endless:
            return Place(self._start.offset + self._size, self._first_line, skipping=not self._at_end)
        read = self._lines[: self.position]
        size = self._head + sum(map(len, read)) + len(read)
        if self._closes and self.position == len(self._lines):
            size -= 1
        return Place(self._start.offset + size, self._first_line + self.position)

    @property
    def _is_endless(self) -> bool:
        """A line that fills the range and goes on: no record that is to be read is that long."""
        return not self._lines and not self._at_end and len(self._tail) > self._longest_bytes

    @property
    def is_over(self) -> bool:
        """Whether the file ends here and every record of it was read."""
        return self._at_end and (self._is_skipped or self.position >= len(self._lines))

    def records(self, format_: str, delimiter: str = ",") -> Iterator[Record]:
        """The records that end within the range."""
        if self._is_endless and not self._is_skipped:
            yield Record(self._first_line, self._tail[: self._longest_bytes], broken=_too_long())
            return
        yield from self._rows(delimiter) if format_ == "csv" else self._documents()

    def _documents(self) -> Iterator[Record]:
        while self.position < len(self._lines):
            number, raw = self._first_line + self.position, self._lines[self.position]
            self.position += 1
            yield self._document(number, raw)

    def _document(self, number: int, raw: bytes) -> Record:
        if not raw.strip():
            return Record(number, raw)
        if len(raw) > self._longest_bytes:
            return Record(number, raw, broken=_too_long())
        try:
            content = parse(raw, limit_bytes=self._longest_bytes)
        except BadInput as bad:
            return Record(number, raw, broken=bad)
        if not isinstance(content, dict):
            return Record(number, raw, broken=BadInput("bad_type", "A line is one JSON object."))
        return Record(number, raw, content)

    def _rows(self, delimiter: str) -> Iterator[Record]:
        room = self._longest_bytes - (0 if self._at_end else len(self._tail))
        feed = _Feed(self._lines, self._longest_bytes, at_end=self._at_end, longest_open_bytes=room)
        reader = csv.reader(feed, delimiter=delimiter, strict=True)
        while self.position < len(self._lines):
            first, broken, cells = self.position, None, None
            feed.start_at(first)
            try:
                cells = next(reader)
            except _RanOut:
                return
            except _TooLong:
                long_line = len(self._lines[first]) > self._longest_bytes
                broken = _too_long() if long_line else _bad_csv()
            except UnicodeDecodeError:
                broken = BadInput("bad_utf8", "The line is not UTF-8.")
            except csv.Error:
                broken = _bad_csv()
            self.position = first + 1 if broken else feed.position
            raw = b"\n".join(self._lines[first : self.position])
            is_blank = broken is None and not "".join(cells or ()).strip()
            yield Record(self._first_line + first, raw, None if is_blank else cells, broken)


class _Feed:
    """Lines for the CSV reader, which asks for the next one while a quote is open."""

    def __init__(self, lines: Sequence[bytes], longest_bytes: int, *, at_end: bool, longest_open_bytes: int) -> None:
        """``longest_open_bytes``: how long a record may be that goes on in the line which the range cuts."""
        self._lines = lines
        self._longest_open_bytes = longest_open_bytes
        self._longest_bytes = longest_bytes
        self._at_end = at_end
        self._size = 0
        self.position = 0

    def start_at(self, position: int) -> None:
        """Go on with a new record."""
        self.position, self._size = position, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.position == len(self._lines):
            if self._at_end:
                raise StopIteration
            raise _TooLong if self._size > self._longest_open_bytes else _RanOut
        line = self._lines[self.position]
        self.position += 1
        self._size += len(line)
        if self._size > self._longest_bytes:
            raise _TooLong
        return line.decode() + "\n"


def _too_long() -> BadInput:
    return BadInput("line_too_long", f"A record has at most {LONGEST_RECORD_BYTES} bytes.")


def _bad_csv() -> BadInput:
    return BadInput("bad_csv", "The line is not CSV as in RFC 4180.")
