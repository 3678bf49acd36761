"""What the pages say, as values: code spans, blocks, links, tables; and what the code has, read from its source."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^(#+) ", re.MULTILINE)


def text_of(name: str) -> str:
    """A page of the repository."""
    return (ROOT / name).read_text()


def blocks(text: str, language: str | None = None) -> list[str]:
    """Fenced blocks, of one language if told."""
    return [body for kind, body in BLOCK.findall(text) if language is None or kind == language]


def section(text: str, title: str) -> str:
    """What stands under a heading of the second level."""
    return text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def steps(text: str) -> list[tuple[str, Any]]:
    """Shell blocks in their order, each with the JSON that is shown after it; None where nothing is."""
    found: list[tuple[str, Any]] = []
    for language, body in BLOCK.findall(text):
        if language == "sh":
            found.append((body, None))
        elif language == "json":
            found[-1] = (found[-1][0], json.loads(body))
    return found


def calls(text: str) -> set[tuple[str, str]]:
    """Method and path of every call of curl in the shell blocks; ``ask`` is the README's word for curl with a token."""
    typed = "\n".join(blocks(text, "sh")).replace("\\\n", " ")
    found = re.findall(r"\b(?:curl|ask)\b([^\n|]*?)\"\$URL(/v1/[^\"?]*)[^\"]*\"([^\n|]*)", typed)
    return {(_method(before + after), path) for before, path, after in found}


def _method(options: str) -> str:
    named = re.search(r"-X (\w+)", options)
    return named[1] if named else "POST" if " -d " in options else "GET"


def spans(text: str) -> list[str]:
    """Inline code outside of blocks."""
    return SPAN.findall(BLOCK.sub("", text))


def commands(text: str) -> list[str]:
    """Everything in a page that could be typed: lines of shell blocks, and inline code."""
    lines = [line.partition(" #")[0] for block in blocks(text, "sh") for line in block.splitlines()]
    return [line.strip() for line in (*lines, *spans(text)) if line.strip()]


def table_rows(text: str, header: str) -> list[list[str]]:
    """The rows of every table whose header line starts with these words."""
    rows: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        if line.startswith(header):
            inside = True
        elif inside and line.startswith("|---"):
            continue
        elif inside and line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
        else:
            inside = False
    return rows


def trees(*folders: str) -> Iterator[ast.Module]:
    """Every module of some folders, parsed."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ast.parse(path.read_text())


def literals(*folders: str) -> set[str]:
    """Every text that stands in the code."""
    return {
        node.value
        for tree in trees(*folders)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def first_arguments(names: set[str], *folders: str) -> set[str]:
    """The literal first arguments of calls of some functions, methods or classes."""
    found: set[str] = set()
    for tree in trees(*folders):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and _name(node.func) in names:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return found


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def error_classes() -> set[str]:
    """The names of the error tree's classes, wherever they are defined."""
    found, before = {"ZhiyinError"}, 0
    while len(found) > before:
        before = len(found)
        for tree in trees("chalicelib"):
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and {_name(base) for base in node.bases} & found:
                    found.add(node.name)
    return found


def inherited_codes() -> set[str]:
    """Codes that an error class gives itself: the literal in ``super().__init__``."""
    classes = error_classes()
    return {
        call.args[0].value
        for tree in trees("chalicelib")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name in classes
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and _name(call.func) == "__init__"
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }
