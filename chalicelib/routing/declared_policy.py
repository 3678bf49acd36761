"""Checks a policy that is to be published: its mistakes, what it costs, and the names in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.kernel.names import is_name, shown
from chalicelib.profiles.conditions import MOST_NODES, OPERATORS, nodes
from chalicelib.routing.checked_policy import PolicyRefused, load_policy
from chalicelib.routing.policy_checks import rules_of
from chalicelib.routing.policy_paths import Known
from chalicelib.routing.shape import Mistake as PolicyMistake
from chalicelib.tags.shapes import Mistake
from chalicelib.tags.vocabulary import nearest

MOST_PARTS = 20_000
"""Parts of all conditions of a policy: each route evaluates all of them."""
_MOST_UNKNOWN = 20
_NAMED = ("queues", "texts", "next_best")


def declared_policy_mistakes(raw: Any, known: Known) -> list[Mistake]:
    """All mistakes of a policy. ``known`` are the ids that it may name."""
    if not isinstance(raw, dict):
        return [Mistake("$", "wrong_type", "An object is expected here.")]
    found = [*_cost_mistakes(raw), *_name_mistakes(raw), *_operator_mistakes(raw), *_stranger_mistakes(raw, known)]
    if any(one.code in ("too_costly", "bad_operator", "unknown_paths") for one in found):
        return found
    try:
        load_policy(raw, known)
    except PolicyRefused as refused:
        found += map(_ours, refused.mistakes)
    return found


def _cost_mistakes(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    parts = 0
    for path, rule in rules_of(raw):
        own = sum(1 for _ in nodes(rule.get("when")))
        parts += own
        if own > MOST_NODES:
            yield Mistake(
                f"$.{path}.when", "too_costly", f"A condition has at most {MOST_NODES} parts; this has {own}."
            )
    if parts > MOST_PARTS:
        message = f"The conditions of a policy have at most {MOST_PARTS} parts together; these have {parts}."
        yield Mistake("$", "too_costly", message)


def _name_mistakes(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    for field in _NAMED:
        named = raw.get(field)
        for name in named if isinstance(named, dict) else ():
            if not is_name(name):
                message = "A name has lower-case letters, digits and underscores, a letter first, at most 63."
                yield Mistake(f"$.{field}", "bad_name", message)


def _operator_mistakes(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """The engine of routes knows loops, clocks and more: what a policy may use is what a tag may."""
    for path, rule in rules_of(raw):
        for part in nodes(rule.get("when")):
            for operator in part.keys() - OPERATORS if isinstance(part, dict) else ():
                message = f"There is no operator “{shown(str(operator))}”."
                yield Mistake(f"$.{path}.when", "bad_operator", message, nearest(str(operator), OPERATORS))


def _stranger_mistakes(raw: Mapping[str, Any], known: Known) -> Iterator[Mistake]:
    """Many tags that nobody declared: to look for what was meant by each would take longer than a call may."""
    read = {
        str(part["var"]).removeprefix("tags.")
        for _, rule in rules_of(raw)
        for part in nodes(rule.get("when"))
        if isinstance(part, dict) and str(part.get("var")).startswith("tags.")
    }
    unknown = sorted(read.difference(known.tags or ()))
    if len(unknown) > _MOST_UNKNOWN:
        message = f"{len(unknown)} of the tags that it reads do not exist, such as “{shown(unknown[0])}”."
        yield Mistake("$", "unknown_paths", message, "Publish the tags first.")


def _ours(mistake: PolicyMistake) -> Mistake:
    path = f"$.{mistake.path}" if mistake.path else "$"
    return Mistake(path, mistake.code, mistake.message, mistake.suggestion)
