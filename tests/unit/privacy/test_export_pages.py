"""Exports as a page and as a table: nothing in them runs, and nothing is lost."""

from __future__ import annotations

import csv
import io
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel.texts import Text
from chalicelib.privacy.export_csv import HEAD, safe_cell, to_csv
from chalicelib.privacy.export_html import _SECTIONS, CSP, LANGUAGES, Language, to_html

SCRIPT = "<img src=x onerror=alert(1)><script>alert(2)</script>\" ' & </dd>"
FORMULAS = (
    "=cmd|' /C calc'!A0",
    "+8613907551234",
    "-1+1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "＝1",
    "  =1",
    "\n=1",
    "\u00a0=1",
    "\x00=1",
    "\u200b=1",
    "\u202e\ufeff=1",
    "\u2003\x0b@SUM(1)",
)


def exported(value: str) -> dict[str, Any]:
    """One part of each kind with this value wherever a person could have put it."""
    text = {"zh": value, "en": value}
    person = {name: [{"name": value, "names": text, value: [value, {value: value}]}] for name in _SECTIONS}
    overview = {"state": value, "generation": 1, "first_seen": value, "last_seen": value, "done_complete": True}
    head = {"profile_id": value, "part": 1, "parts": 2, "made_at": value, "held_by": value}
    return head | {"person": overview | person | {"measures": {value: {"count": 3}}, "scores": {}}}


class Reading(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> Reading:
    reading = Reading()
    reading.feed(page)
    return reading


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("value", [SCRIPT, "张三", "a&b", "'\"><svg onload=1>"])
def test_page__whatever_a_value_holds__it_is_text(value: str, language: Language) -> None:
    """No value becomes an element or an attribute; it is shown as it is (bad input 33)."""
    page, plain = read(to_html(exported(value), language)), read(to_html(exported("x"), language))
    assert page.tags == plain.tags
    assert [name for name, _ in page.attributes] == [name for name, _ in plain.attributes]
    assert "".join(page.text).count(value) == "".join(plain.text).split().count("x") or value in "".join(page.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_page__loads_and_runs_nothing(language: Language) -> None:
    """No script, no form, no link, nothing from elsewhere; the policy says so again and knows the style by its hash."""
    page = to_html(exported(SCRIPT), language)
    assert not {"script", "link", "img", "iframe", "form", "a", "object", "svg"} & set(read(page).tags)
    assert ("content", CSP) in read(page).attributes
    assert "default-src 'none'" in CSP and "unsafe-inline" not in CSP
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    assert b64encode(sha256(style[1].encode()).digest()).decode() in CSP, "or the page would have no style"
    assert f'<html lang="{language}">' in page


def test_page__both_languages__differ_in_words_and_not_in_values() -> None:
    """Titles are of the language; texts that have both are shown in it."""
    part = exported("x")
    part["person"]["tags"] = [{"tag": {"id": "t", "name": {"zh": "高价值", "en": "High value"}}}]
    zh, en = (to_html(part, one) for one in LANGUAGES)
    assert "高价值" in zh and "High value" not in zh and "标签及原因" in zh
    assert "High value" in en and "高价值" not in en and "Tags, and why" in en


def test_page__events__have_a_section() -> None:
    """The other parts are pages of events."""
    head = {"profile_id": "p", "part": 2, "parts": 2, "made_at": "now", "held_by": "shop"}
    page = to_html(head | {"events": [{"type": "message.received", "data": {"text": SCRIPT}}]}, "en")
    assert "message.received" in page and "<script" not in page and "Part 2 of 2" in page


@pytest.mark.parametrize("value", FORMULAS)
def test_table__cell_that_would_run__is_text(value: str) -> None:
    """A cell that a spreadsheet would run begins with an apostrophe, wherever in the table it stands (bad input 32)."""
    rows = list(csv.reader(io.StringIO(to_csv(exported(value)).removeprefix("\ufeff"), newline="")))
    assert tuple(rows[0]) == HEAD
    bare = value.replace("'", "")
    found = [cell for row in rows[1:] for cell in row if bare in cell.replace("'", "")]
    assert found and all(cell.startswith("'") or not cell.lstrip().startswith(FORMULAS) for cell in found)
    assert not [
        cell for row in rows for cell in row if cell.lstrip(" \u00a0").startswith(("=", "+", "-", "@", "\t", "\r"))
    ]


@pytest.mark.parametrize("text", ["a;=1", 'a";=1', "a\t=1", "a\n=1", "a;  @SUM(1)", 'a\r\n"+1', "a;＝1"])
def test_table__split_at_another_separator__begins_no_formula(text: str) -> None:
    """A spreadsheet set to semicolons or tabs ends a quoted cell where it likes: what it begins there is text too."""
    cells = re.split(r"[;\t\r\n]", safe_cell(text))
    assert len(cells) > 1, "or nothing was split"
    assert not [one for one in cells if one.strip(" \"'").startswith(("=", "+", "-", "@", "＝")) and "'" not in one]


@given(value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_table__any_value__can_be_read_back(value: str) -> None:
    """RFC 4180: quotes, commas and line ends stay inside their cell, and no cell begins a formula."""
    part = {"events": [{"event": "e1", "data": {"text": value}}]}
    table = to_csv(part)
    rows = list(csv.reader(io.StringIO(table.removeprefix("\ufeff"), newline=""), strict=True))
    assert rows[-1] == ["events", "e1", "data.text", safe_cell(value)]
    assert safe_cell(value).replace("'", "") == value.replace("'", ""), (
        "apostrophes are put in, and nothing else is done"
    )
    assert table.endswith("\r\n")


def test_table__ordinary_values__are_left_alone() -> None:
    """Only what would run is touched."""
    for value in ("张三", "a=b", "12.50", "a@shop.test", "2026-11-22T00:00:00Z", "", "a; b=c", "第一行\n第二行"):
        assert safe_cell(value) == value


def test_words__every_section__has_both_languages() -> None:
    """No section is without its title."""
    assert msgspec.to_builtins(Text("a", "b")).keys() == {"zh", "en"}
    for language in LANGUAGES:
        page = to_html(exported("x"), language)
        assert page.count("<h2>") == len(_SECTIONS) + 1
