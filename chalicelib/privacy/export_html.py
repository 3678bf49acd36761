"""An export as a page that people read: no script, nothing loaded, every value escaped, in Chinese or English."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from importlib import resources
from typing import Any, Literal

import msgspec

from chalicelib.kernel.texts import Text

type Language = Literal["zh", "en"]

LANGUAGES: tuple[Language, ...] = ("zh", "en")
_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1a1a1a;background:#fff}"
    "h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem;border-bottom:1px solid #bbb}"
    "dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.1rem 1rem;margin:.2rem 0}"
    "dt{color:#555}dd{margin:0;overflow-wrap:anywhere}li{margin:.4rem 0}ul{padding-left:1.2rem}"
)
_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CSP = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
"""No script runs whatever a value holds; the page's own style is known by its hash."""
_SECTIONS = (
    "identifiers",
    "traits",
    "consents",
    "measures",
    "tags",
    "segments",
    "scores",
    "risks",
    "control_group",
    "decisions",
    "tickets",
    "links",
    "recipients",
    "read_by",
    "done",
)
_TEXT = {"zh", "en"}


def to_html(exported: Mapping[str, Any], language: Language) -> str:
    """The page. ``exported`` is JSON's kinds of values."""
    words = {name: getattr(text, language) for name, text in _words().items()}
    title = escape(words["title"])
    parts = escape(words["part"].format(part=exported["part"], parts=exported["parts"]))
    head = {name: exported[name] for name in ("held_by", "profile_id", "made_at")}
    body = "".join(_sections(exported, words, language))
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(CSP)}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{title}</h1><p>{parts}</p>{_value(head, words, language)}{body}</body></html>\n"
    )


@cache
def _words() -> Mapping[str, Text]:
    text = resources.files(__package__).joinpath("export_words.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, Text])


def _sections(exported: Mapping[str, Any], words: Mapping[str, str], language: Language) -> Iterator[str]:
    person = exported.get("person")
    if person is not None:
        overview = {name: person[name] for name in ("state", "first_seen", "last_seen", "generation")}
        yield _section("person", overview, words, language)
        for name in _SECTIONS:
            yield _section(name, person[name], words, language)
    else:
        yield _section("events", exported.get("events") or [], words, language)


def _section(name: str, value: Any, words: Mapping[str, str], language: Language) -> str:
    return f"<section><h2>{escape(words[name])}</h2>{_value(value, words, language)}</section>"


def _value(value: Any, words: Mapping[str, str], language: Language) -> str:
    if isinstance(value, Mapping):
        if value.keys() == _TEXT:
            return escape(str(value[language]))
        pairs = ((name, inner) for name, inner in value.items() if inner not in (None, "", [], {}))
        rows = "".join(
            f"<dt>{escape(words.get(str(name), str(name)))}</dt><dd>{_value(inner, words, language)}</dd>"
            for name, inner in pairs
        )
        return f"<dl>{rows}</dl>" if rows else escape(words["none"])
    if isinstance(value, list):
        items = "".join(f"<li>{_value(one, words, language)}</li>" for one in value)
        return f"<ul>{items}</ul>" if items else escape(words["none"])
    if isinstance(value, bool):
        return escape(words["yes" if value else "no"])
    return escape(str(value))
