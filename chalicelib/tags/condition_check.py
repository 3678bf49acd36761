"""Checks one condition: its form, what it reads, what it costs, and what it says where nothing is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datalogic_py import DataLogicError

from chalicelib.profiles.conditions import (
    ENGINE,
    LARGEST_NUMBER,
    MOST_NODES,
    OPERATORS,
    has_large_number,
    nodes,
    reads,
    reads_zero_when_absent,
)
from chalicelib.profiles.operators import OURS, BadOperator, expand
from chalicelib.tags.shapes import Mistake
from chalicelib.tags.vocabulary import Vocabulary, nearest

_ALLOWED = "var and or ! if == >= in ?? …"


def condition_mistakes(condition: Any, vocabulary: Vocabulary, path: str) -> Iterator[Mistake]:
    """The mistakes of one condition: operators, form, paths, cost, and truth where nothing is known."""
    try:
        condition = expand(condition)
    except BadOperator as bad:
        yield Mistake(path, "bad_operator", str(bad), bad.suggestion)
        return
    wrong = list(_form_mistakes(condition, path))
    for read in sorted(reads(condition)):
        refused = vocabulary.mistake(read)
        if refused is not None:
            code, message, suggestion = refused
            wrong.append(Mistake(path, code, message, suggestion))
    yield from wrong
    if not wrong:
        yield from _baseline_mistakes(condition, path)


def outcome(condition: Any, flat: dict[str, Any]) -> bool:
    """A condition over values by flat path; absent ones read as nothing known. Raises DataLogicError."""
    condition = expand(condition)
    known = {path: 0 if reads_zero_when_absent(path) else None for path in reads(condition)}
    return bool(ENGINE.eval({"!!": [condition]}, nested({**known, **flat})))


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """Values by flat path as the nested mapping that conditions read."""
    whole: dict[str, Any] = {}
    for path, value in flat.items():
        place, parts = whole, path.split(".")
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        place[parts[-1]] = value
    return whole


def _form_mistakes(condition: Any, path: str) -> Iterator[Mistake]:
    parts = list(nodes(condition))
    if len(parts) > MOST_NODES:
        yield Mistake(path, "too_costly", f"A condition has at most {MOST_NODES} parts; this has {len(parts)}.")
        return
    if has_large_number(condition):
        yield Mistake(path, "bad_number", f"A number of a condition is at most {LARGEST_NUMBER}.", str(LARGEST_NUMBER))
        return
    for part in parts:
        if not isinstance(part, dict):
            continue
        if len(part) != 1:
            yield Mistake(path, "bad_operator", "Each part of a condition has exactly one operator.")
            continue
        operator, given = next(iter(part.items()))
        if operator not in OPERATORS:
            message = f"There is no operator “{operator}”."
            yield Mistake(path, "bad_operator", message, nearest(operator, OPERATORS | OURS.keys()) or _ALLOWED)
        elif operator == "var" and not isinstance(given, str):
            yield Mistake(path, "computed_path", "A path is written out: a string, without a default.")
    for diagnostic in ENGINE.check(condition):
        if diagnostic["code"] == "ArgumentCount":
            yield Mistake(path + diagnostic["pointer"], "bad_operator", diagnostic["message"])


def _baseline_mistakes(condition: Any, path: str) -> Iterator[Mistake]:
    try:
        if outcome(condition, {}):
            yield Mistake(
                path,
                "true_of_nobody",
                "This is true of a person of whom nothing is known.",
                "Add a part that needs something seen, by “and”.",
            )
    except DataLogicError as error:
        yield Mistake(
            path,
            "fails_on_nothing",
            f"This cannot be evaluated where a value is missing ({error.error_type}).",
            'Give the missing value a meaning: {"??": [{"var": …}, 0]}.',
        )
