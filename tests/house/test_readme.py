"""The README is true of the code: its numbers, the calls that it makes, and the bodies that it sends."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import msgspec
import pytest

from app import app
from chalicelib.channels import segment
from chalicelib.channels.model import SourceProfile
from chalicelib.entrypoints.http_catalogue import PublishRequest
from chalicelib.entrypoints.http_profiles import Lookup
from chalicelib.flows.check_declaration import check_declaration
from chalicelib.flows.effective import InForce
from chalicelib.kernel.errors import ManyMistakes
from chalicelib.privacy.fields import FIELDS
from chalicelib.routing.model import RouteRequest
from chalicelib.tags.catalogue import load_catalogue
from tests.house import reading_docs as docs
from tests.house.handlers import handlers

README = docs.text_of("README.md")
PAGES = ("README.md", "README.zh-CN.md")
OWN_TAG = docs.steps(docs.section(README, "A tag of your own"))
SHIPPED = InForce({})


def declared(block: str) -> dict[str, Any]:
    """The declaration that a block of the walk-through would send: its shell runs, and ``ask`` sends nothing."""
    instead = "ask() { cat; }\nshow() { cat; }\n"
    typed = f"{OWN_TAG[0][0]}\n{instead}\n{block}"
    ran = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, check=True)
    sent: dict[str, Any] = json.loads(ran.stdout)
    return sent | {"id": "upset_first_buyer", "version": 1}


def test_declaration__of_the_walk_through__passes_the_check():
    """The tag that the README declares may be published as it stands."""
    check_declaration("tags", "upset_first_buyer", declared('echo "$TAG"'), SHIPPED)


def test_declaration__with_the_walk_throughs_mistakes__is_refused_as_shown():
    """The README's two mistakes are found, with the places, sentences and suggestions that it shows."""
    block, shown = OWN_TAG[1]
    with pytest.raises(ManyMistakes) as refused:
        check_declaration("tags", "upset_first_buyer", declared(block), SHIPPED)
    assert (refused.value.code, refused.value.message) == (shown["code"], shown["message"])
    told = [
        {"path": one.path, "code": one.code, "message": one.message, "suggestion": one.suggestion}
        for one in refused.value.mistakes
    ]
    assert told == shown["errors"]


def test_calls__of_the_readme__are_served():
    """Each call that the README makes with curl is a route of the app with that method."""
    routes = [
        (method, re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
        for path, ways in app.routes.items()
        for method in ways
    ]
    calls = docs.calls(README)
    assert {("PUT", "/v1/catalogue/tags/upset_first_buyer"), ("GET", "/v1/catalogue/jobs/$JOB")} <= calls
    assert {("POST", "/v1/batch"), ("POST", "/v1/catalogue/tags/upset_first_buyer/publish")} <= calls
    for method, path in calls:
        assert any(method == way and re.fullmatch(served, path) for way, served in routes), (method, path)


def test_bodies__that_the_readme_sends__are_accepted():
    """The events of the README are events, and its questions are questions."""
    sent = "\n".join(docs.blocks(README, "sh"))
    bodies = (json.loads(body) for body in re.findall(r"-d '(.*?)'(?:\n| \|)", sent, re.DOTALL))
    batch, lookup, route, publish = bodies
    source = SourceProfile("t_1", "s_1", "web", 2, frozenset(FIELDS))
    translated = segment.translate_batch(batch, source=source, now=1_795_321_200_000)
    assert [event.type for event in translated.events] == ["profile.described", "order.paid", "complaint.filed"]
    assert not translated.refused and not translated.notes
    msgspec.convert(lookup, Lookup)
    msgspec.convert(route, RouteRequest)
    msgspec.convert(publish, PublishRequest)


@pytest.mark.parametrize("page", PAGES)
def test_numbers__of_the_readme__are_those_of_the_code(page, template):
    """Tags, measures, calls and functions are counted anew by the test."""
    catalogue = load_catalogue()
    counted = [
        len(catalogue.rules),
        len(catalogue.group_rules),
        len(catalogue.measures.measures),
        sum(len(ways) for ways in app.routes.values()),
        len(handlers(template)),
    ]
    line = next(line for line in docs.text_of(page).splitlines() if line.startswith(("- In numbers", "- 数目")))
    assert [int(one) for one in re.findall(r"\d+", line)] == counted
