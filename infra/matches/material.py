"""Rows whose people are known: the FEBRL sets and splink's fake_1000, and many rows made by spoiling FEBRL's values.

They are read from a folder beside the checkout (or ``ZHIYIN_SHARED_DATA``) and are no part of the product.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from chalicelib.matching.forms import date, digits, email, plain
from chalicelib.matching.model import Field, Row, Rule, Schema
from chalicelib.matching.schema import SCHEMA
from infra.package import ROOT

FOLDER = Path(os.environ.get("ZHIYIN_SHARED_DATA") or ROOT.parent / "shared" / "data")
SPLIT = "zhiyin"
"""The salt of the split: a person belongs to the test half by the hash of this and the person's number."""

#: FEBRL writes an address in five fields and has a number that is like an id card's.
SPREAD = Schema(
    fields=(
        *SCHEMA.fields,
        Field("id_number", "digits"),
        Field("house_number", "code", shared=True),
        Field("estate", "text", shared=True),
        Field("postcode", "code", shared=True),
    ),
    crossings=(*SCHEMA.crossings, ("address", "estate")),
    rules=(
        *SCHEMA.rules,
        Rule((("id_number", "whole"),)),
        Rule((("estate", "whole"),)),
        Rule((("family_name", "sound"), ("postcode", "whole"))),
        Rule((("given_name", "sound"), ("postcode", "whole"))),
        Rule((("address", "start"), ("postcode", "whole"))),
        Rule((("city", "start"), ("house_number", "whole"))),
    ),
)

_FEBRL = {
    "given_name": ("given_name", plain),
    "surname": ("family_name", plain),
    "date_of_birth": ("birth_date", date),
    "soc_sec_id": ("id_number", digits),
    "street_number": ("house_number", digits),
    "address_1": ("address", plain),
    "address_2": ("estate", plain),
    "suburb": ("city", plain),
    "postcode": ("postcode", digits),
    "state": ("region", digits),
}
_FAKE = {
    "first_name": ("given_name", plain),
    "surname": ("family_name", plain),
    "dob": ("birth_date", date),
    "city": ("city", plain),
    "email": ("email", email),
}


class Material(msgspec.Struct, frozen=True):
    """Rows, and for scoring alone the person of each row."""

    name: str
    rows: tuple[Row, ...]
    person: Mapping[str, str]

    def half(self, *, test: bool) -> Material:
        """The rows of the people in one half of the fixed split."""
        rows = tuple(row for row in self.rows if _is_test(self.person[row.row_id]) == test)
        return msgspec.structs.replace(self, rows=rows)

    def without(self, field: str) -> Material:
        """The same rows without one field."""
        rows = [Row(row.row_id, {name: one for name, one in row.values.items() if name != field}) for row in self.rows]
        return msgspec.structs.replace(self, name=f"{self.name} without {field}", rows=tuple(rows))

    def true_pairs(self) -> int:
        """How many pairs of rows are of one person."""
        sizes: dict[str, int] = {}
        for row in self.rows:
            sizes[self.person[row.row_id]] = sizes.get(self.person[row.row_id], 0) + 1
        return sum(size * (size - 1) // 2 for size in sizes.values())


def febrl(number: int) -> Material:
    """dataset1 to dataset3; ``rec-N-org`` and ``rec-N-dup-k`` are one person."""
    rows = _read(FOLDER / "febrl" / f"dataset{number}.csv.gz")
    made = [(line["rec_id"], line["rec_id"].split("-")[1], _row(line["rec_id"], line, _FEBRL)) for line in rows]
    return Material(f"febrl dataset{number}", tuple(row for _, _, row in made), {id_: one for id_, one, _ in made})


def fake_1000() -> Material:
    """Splink's fake_1000; its ``cluster`` is the person."""
    rows = list(_read(FOLDER / "splink" / "fake_1000.csv.gz"))
    made = tuple(_row(line["unique_id"], line, _FAKE) for line in rows)
    return Material("fake_1000", made, {line["unique_id"]: line["cluster"] for line in rows})


def spoiled(size: int, seed: int = 7) -> Material:
    """So many rows built of FEBRL's values: half of the people twice or thrice, spoiled, and families in between."""
    draw = random.Random(seed)  # noqa: S311 - invented people, the same ones every time
    known: dict[str, list[str]] = {}
    for row in febrl(3).rows:
        for name, value in row.values.items():
            known.setdefault(name, []).append(value)
    rows: list[Row] = []
    person: dict[str, str] = {}
    number = 0
    family: dict[str, str] = {}
    while len(rows) < size:
        whole = _invented(draw, known, family if draw.random() < _RELATED else {})
        family = {name: whole[name] for name in _HOUSEHOLD}
        copies = [whole, *(_spoil(draw, whole) for _ in range(draw.choice((0, 0, 1, 2))))]
        for copy, values in enumerate(copies[: size - len(rows)]):
            rows.append(Row(f"r{number}-{copy}", values))
            person[f"r{number}-{copy}"] = str(number)
        number += 1
    return Material(f"{size} rows made of febrl", tuple(rows), person)


_RELATED = 0.2
"""How many people live with the one before: same family name, same address."""
_HOUSEHOLD = ("family_name", "house_number", "address", "estate", "city", "postcode", "region")


def _invented(draw: random.Random, known: Mapping[str, list[str]], family: Mapping[str, str]) -> dict[str, str]:
    values = {name: draw.choice(known[name]) for name in ("given_name", *_HOUSEHOLD)}
    values["birth_date"] = f"{draw.randint(1935, 2004)}{draw.randint(1, 12):02}{draw.randint(1, 28):02}"
    values["id_number"] = str(draw.randint(1_000_000, 9_999_999))
    return {**values, **family}


def _spoil(draw: random.Random, values: Mapping[str, str]) -> dict[str, str]:
    spoiled_ = dict(values)
    for name in draw.sample(sorted(values), draw.randint(1, 5)):
        if draw.random() < 0.2:
            del spoiled_[name]
        else:
            spoiled_[name] = _slip(draw, values[name])
    return spoiled_


def _slip(draw: random.Random, text: str) -> str:
    """One typing mistake: a letter more, less or other, or two swapped."""
    at = draw.randrange(len(text))
    other = draw.choice("0123456789" if text[at].isdigit() else "abcdefghijklmnopqrstuvwxyz")
    swapped = text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
    return draw.choice(
        (text[:at] + other + text[at + 1 :], text[:at] + other + text[at:], text[:at] + text[at + 1 :], swapped)
    )


def _is_test(person: str) -> bool:
    return hashlib.sha256(f"{SPLIT} {person}".encode()).digest()[0] >= 128


def _read(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file, skipinitialspace=True):
            yield {str(name).strip(): (value or "").strip() for name, value in line.items()}


def _row(row_id: str, line: Mapping[str, str], fields: Mapping[str, tuple[str, Callable[[str], str]]]) -> Row:
    values = {}
    for source, (name, form) in fields.items():
        if value := form(line[source]):
            values[name] = value
    return Row(row_id, values)
