"""Every call that changes something, and every call that shows a person, writes into the audit.

Read off the code, so that a route of tomorrow fails here until it is audited or its reason stands below.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from app import app
from infra.package import ROOT

CHANGES = [(method, path) for path, ways in app.routes.items() for method in ways if method != "GET"]
SHOWS = [(method, path) for path, ways in app.routes.items() for method in ways if "{profile_id}" in path]
NOT_AUDITED = {
    **{
        (
            "POST",
            f"/v1/{call}",
        ): "sources send events; each is a row of the history with its source, and no principal's deed"
        for call in ("batch", "track", "identify", "page", "screen", "group", "alias", "events")
    },
    ("POST", "/v1/webhooks/standard/{source_id}"): "the same",
    ("POST", "/v1/route"): "its decision is kept, with the profile's id; it shows no field of a person",
    (
        "POST",
        "/v1/agents/{agent_id}/presence",
    ): "an agent's own heartbeat, once a minute; it shows and changes nobody else",
    **{
        (
            "POST",
            f"/v1/reservations/{{reservation_id}}/{way}",
        ): "the conversation says who holds it, its decision whose it is"
        for way in ("accept", "decline", "release")
    },
    ("POST", "/v1/decisions/{decision_id}/outcome"): "the decision keeps who reported what when, and shows no field",
    ("POST", "/v1/outreach/{risk_id}/outcome"): "what came of it keeps who told it, and shows no field",
    ("POST", "/v1/privacy/erasures"): "the function that erases writes the row, in one transaction with the tombstones",
    ("POST", "/v1/catalogue/{kind}/{id}/dry-run"): "changes nothing; the job names who asked",
    ("POST", "/v1/what-if"): "changes nothing; the job names who asked",
}
"""Whoever adds a route here has to say why."""
WRITES = re.compile(r"\b(audit_record|note_read)\(")


@cache
def source(module: str) -> str:
    path = ROOT / Path(*module.split(".")).with_suffix(".py")
    return path.read_text() if path.exists() else ""


@cache
def imports(module: str) -> dict[str, str]:
    """Names that a module imports from ours, wherever it does, and the modules they come from."""
    return dict(_imported(ast.parse(source(module))))


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("chalicelib."):
            for one in node.names:
                yield one.asname or one.name, node.module or ""


def writes(view: Callable[..., Any]) -> bool:
    """Whether a view, or a use case that it calls, writes a row. Values that it is handed are not followed."""
    module = inspect.unwrap(view).__module__
    tree = ast.parse(dedent(inspect.getsource(inspect.unwrap(view))))
    return _reaches(module, tree, set())


def _reaches(module: str, tree: ast.AST, been: set[tuple[str, str]]) -> bool:
    if WRITES.search(ast.unparse(tree)):
        return True
    known = {**imports(module), **dict(_imported(tree))}
    functions = {node.name: node for node in ast.parse(source(module)).body if isinstance(node, ast.FunctionDef)}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    for name in called:
        there, wanted = (module, functions.get(name)) if name in functions else (known.get(name, ""), None)
        if (there, name) in been or not there.startswith(("chalicelib.flows.", "chalicelib.entrypoints.")):
            continue
        been.add((there, name))
        body = wanted or next(
            (node for node in ast.parse(source(there)).body if isinstance(node, ast.FunctionDef) and node.name == name),
            None,
        )
        if body is not None and _reaches(there, body, been):
            return True
    return False


def view_of(method: str, path: str) -> Callable[..., Any]:
    return app.routes[path][method].view_function


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_call_that_changes__writes_into_the_audit(method: str, path: str) -> None:
    """By itself or through its use case; what needs no row says why, and says so no longer once it has one."""
    assert writes(view_of(method, path)) != ((method, path) in NOT_AUDITED)


@pytest.mark.parametrize(("method", "path"), SHOWS)
def test_call_about_a_person__writes_into_the_audit(method: str, path: str) -> None:
    """Whoever is shown somebody stands there."""
    assert writes(view_of(method, path))


def test_reading_of_the_code__sees_what_is_missing() -> None:
    """The check itself: a view that calls use cases without a row is found."""
    assert not writes(view_of("POST", "/v1/route"))
    assert not writes(view_of("GET", "/v1/quality"))
    assert writes(view_of("POST", "/v1/merges"))
