"""What can be wrong in a policy of the right shape: conditions, names of queues and texts, numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.profiles.conditions import LARGEST_NUMBER, has_large_number
from chalicelib.routing.declaration import PolicyDeclaration
from chalicelib.routing.given import ENGINE
from chalicelib.routing.model import LEVELS
from chalicelib.routing.shape import Mistake, nearest

FEWEST_REASONS = 2
LOWEST_PRIORITY, HIGHEST_PRIORITY = 1, 99
LAST_HOUR = 24
MOST_RULES = 500
LONGEST_POINTER = 120


def mistakes_of_conditions(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """Conditions that would fail or whose paths are not plain text; works on a policy of any shape."""
    for path, rule in rules_of(raw):
        if "when" in rule:
            yield from _of_condition(rule["when"], f"{path}.when")


def mistakes_of_names(declared: PolicyDeclaration) -> Iterator[Mistake]:
    """Queues, texts and levels that are named and not there; ids that stand twice."""
    for position, rule in enumerate(declared.rules):
        for queue in rule.queues:
            yield from _unless(queue, declared.queues, f"rules[{position}].queues.{queue}", "queue")
    yield from _unless(declared.default.queue, declared.queues, "default.queue", "queue")
    for name, waiting in declared.queues.items():
        for other in waiting.overflow:
            yield from _unless(other, declared.queues, f"queues.{name}.overflow", "queue")
    for kind, queue in declared.tickets.queues.items():
        yield from _unless(queue, declared.queues, f"tickets.queues.{kind}", "queue")
    if declared.tickets.escalation.queue:
        yield from _unless(declared.tickets.escalation.queue, declared.queues, "tickets.escalation.queue", "queue")
    for position, hint in enumerate(declared.hints):
        offer = () if hint.offer is None else (hint.offer,)
        for field, texts in (("ask", hint.ask), ("do_not_ask", hint.do_not_ask), ("offer", offer)):
            for text in texts:
                yield from _unless(text, declared.texts, f"hints[{position}].{field}", "text")
    yield from _of_levels(declared)
    yield from _of_doubles(declared)


def mistakes_of_numbers(declared: PolicyDeclaration) -> Iterator[Mistake]:
    """Zones, hours, weights, priorities and counts outside their bounds."""
    yield from _of_times(declared)
    yield from _of_counts(declared)
    if not LOWEST_PRIORITY <= declared.default.priority <= HIGHEST_PRIORITY:
        yield Mistake("default.priority", "out_of_range", "A priority is from 1 to 99.")
    for path, weight in _weights(declared):
        if not 0.0 < weight <= 1.0:
            yield Mistake(path, "out_of_range", "A weight is above 0 and at most 1.")


def _of_times(declared: PolicyDeclaration) -> Iterator[Mistake]:
    try:
        ZoneInfo(declared.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Mistake("timezone", "bad_timezone", "That is not an IANA time zone.", "Asia/Shanghai")
    if not all(0 <= hour <= LAST_HOUR for hour in (declared.night.start, declared.night.end)):
        yield Mistake("night", "out_of_range", "The night begins and ends at an hour from 0 to 24.")


def _of_counts(declared: PolicyDeclaration) -> Iterator[Mistake]:
    if not declared.queues:
        yield Mistake("queues", "no_queue", "A policy has at least one queue.")
    for name, queue in declared.queues.items():
        if not queue.modes:
            yield Mistake(f"queues.{name}.modes", "no_mode", "A queue serves at least one mode.")
    for path, reasons in (("floor", declared.floor), ("default.reasons", declared.default.reasons)):
        if len(reasons) < FEWEST_REASONS:
            yield Mistake(path, "few_reasons", "Every decision gives at least two reasons: two entries are needed.")
    for path, rules in _lists(declared).items():
        if len(rules) > MOST_RULES:
            yield Mistake(path, "too_many", f"A list has at most {MOST_RULES} entries, so that a route stays cheap.")


def rules_of(raw: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every rule with its path, as far as the shape allows."""
    urgency = raw.get("urgency")
    sections = {name: raw.get(name) for name in ("intents", "rules", "hints", "what_if")}
    sections["urgency.rules"] = urgency.get("rules") if isinstance(urgency, Mapping) else None
    for name, rules in sections.items():
        for position, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, Mapping):
                yield f"{name}[{position}]", rule


def _of_condition(when: Any, path: str) -> Iterator[Mistake]:
    if not isinstance(when, dict | bool):
        # The engine would take a text or number for a constant: a rule that always or never holds, unseen.
        yield Mistake(path, "bad_condition", "A condition is an object of JSONLogic, true or false.")
        return
    if has_large_number(when):
        yield Mistake(path, "bad_number", f"A number of a condition is at most {LARGEST_NUMBER}.")
        return
    found = ENGINE.check(when)
    for wrong in found:
        inside = wrong["pointer"].replace("/", ".")[:LONGEST_POINTER]
        yield Mistake(path + inside, "bad_condition", wrong["message"])
    if not found and not ENGINE.compile(when).facts()["reads_complete"]:
        yield Mistake(path, "computed_path", "A condition names its paths as plain text.")


def _unless(name: str, known: Iterable[str], path: str, what: str) -> Iterator[Mistake]:
    listed = list(known)
    if name not in listed:
        yield Mistake(path, f"unknown_{what}", f"There is no {what} of this id.", nearest(name, listed))


def _of_levels(declared: PolicyDeclaration) -> Iterator[Mistake]:
    scale = declared.urgency
    above_low = LEVELS[1:]
    for field, found, levels in (
        ("levels", set(scale.levels), above_low),
        ("priority", set(scale.priority), LEVELS),
        ("sla", set(scale.sla) | set(LEVELS), LEVELS),
    ):
        for level in sorted(found):
            yield from _unless(level, levels, f"urgency.{field}.{level}", "level")
        for level in levels:
            if level not in found:
                yield Mistake(f"urgency.{field}.{level}", "missing_level", "This level is needed.")


def _of_doubles(declared: PolicyDeclaration) -> Iterator[Mistake]:
    for section, ids in (
        ("intents", [entry.id for entry in declared.intents]),
        ("urgency.rules", [entry.id for entry in declared.urgency.rules]),
        ("rules", [entry.id for entry in declared.rules]),
        ("what_if", [entry.id for entry in declared.what_if]),
    ):
        for position, id_ in enumerate(ids):
            if id_ in ids[:position]:
                yield Mistake(f"{section}[{position}].id", "double_id", "An earlier entry has this id.")


def _lists(declared: PolicyDeclaration) -> dict[str, Sequence[object]]:
    return {
        "intents": declared.intents,
        "urgency.rules": declared.urgency.rules,
        "rules": declared.rules,
        "hints": declared.hints,
        "what_if": declared.what_if,
    }


def _weights(declared: PolicyDeclaration) -> Iterator[tuple[str, float]]:
    for position, presumed in enumerate(declared.intents):
        yield f"intents[{position}].weight", presumed.weight
        yield f"intents[{position}].confidence", presumed.confidence
    for position, urgent in enumerate(declared.urgency.rules):
        yield f"urgency.rules[{position}].weight", urgent.weight
    for position, rule in enumerate(declared.rules):
        yield f"rules[{position}].weight", rule.weight
    for name, reasons in (("floor", declared.floor), ("default.reasons", declared.default.reasons)):
        for position, floor in enumerate(reasons):
            yield f"{name}[{position}].weight", floor.weight
