"""An export as a table (RFC 4180) that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

HEAD = ("section", "item", "field", "value")
_RUNS_FROM = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins so is a formula to a spreadsheet, or becomes one when it is saved and opened again."""
_NEXT_CELL = re.compile(r"([;\t\r\n][\s\"']*)(?=[=+\-@＝＋－＠])")
"""Where a spreadsheet whose separator is another one would begin a cell, within one of ours: quotes do not stop it."""
_MARK = "\ufeff"
"""Without it spreadsheets take Chinese for something else."""
_NAMED_BY = ("name", "id", "event", "namespace", "decision_id", "purpose", "action", "role")


def to_csv(exported: Mapping[str, Any]) -> str:
    """One row per value: which section, which thing in it, which of its fields. ``exported`` is JSON's kinds of values."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(HEAD)
    for row in _rows(exported):
        writer.writerow([safe_cell(one) for one in row])
    return _MARK + written.getvalue()


def safe_cell(text: str) -> str:
    """The cell as text and nothing else: an apostrophe goes before what would run.

    What is not seen counts for nothing: spreadsheets drop NULs and blanks, and then the formula is what begins the cell.
    """
    inert = _NEXT_CELL.sub(r"\1'", text)
    return f"'{inert}" if text.startswith(_RUNS_FROM) or _seen(text).startswith(_RUNS_FROM) else inert


def _seen(text: str) -> str:
    """The text from its first visible character on: blanks (Z*), controls, zero-width and bidi marks (C*) lead nowhere."""
    at = next((place for place, one in enumerate(text) if unicodedata.category(one)[0] not in "ZC"), len(text))
    return text[at:]


def _rows(exported: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    person = exported.get("person") or {}
    head = {name: value for name, value in exported.items() if name not in ("person", "events")}
    plain = {name: value for name, value in person.items() if not isinstance(value, list | dict)}
    yield from (("export", "", path, value) for path, value in _leaves(head, ""))
    yield from (("person", "", path, value) for path, value in _leaves(plain, ""))
    for section, value in person.items():
        if isinstance(value, list | dict):
            yield from _section(section, value)
    yield from _section("events", exported.get("events") or [])


def _section(section: str, value: Any) -> Iterator[tuple[str, str, str, str]]:
    if isinstance(value, Mapping):
        items = [(str(name), one) for name, one in value.items()]
    else:
        items = [(_name(one, place), one) for place, one in enumerate(value, 1)]
    for item, one in items:
        yield from ((section, item, path, leaf) for path, leaf in _leaves(one, ""))


def _name(item: Any, place: int) -> str:
    inner = item.get("tag") if isinstance(item, Mapping) else None
    named = inner if isinstance(inner, Mapping) else item
    found = (named[key] for key in _NAMED_BY if isinstance(named, Mapping) and isinstance(named.get(key), str))
    return next(found, str(place))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Path and text of every value inside."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for place, inner in enumerate(value, 1):
            yield from _leaves(inner, f"{path}.{place}" if path else str(place))
    elif isinstance(value, bool):
        yield path, "true" if value else "false"
    elif value is not None:
        yield path, str(value)
