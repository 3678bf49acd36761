"""Checks declarations of tags: every mistake at once, each with its place and a suggestion.

A rule that passes reads only what exists, costs a bounded number of steps, is false of a person of
whom nothing is known, and does what its own examples say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from datalogic_py import DataLogicError

from chalicelib.kernel.errors import BadInput
from chalicelib.privacy.uses import wider
from chalicelib.profiles.values import stem
from chalicelib.tags.condition_check import condition_mistakes, outcome
from chalicelib.tags.confidence import reaches, weight_of
from chalicelib.tags.model import TagRule
from chalicelib.tags.shapes import Mistake, shape_mistakes
from chalicelib.tags.uses import reads_of
from chalicelib.tags.vocabulary import Vocabulary, nearest

MOST_SIGNALS = 16


class CatalogueRefused(BadInput):
    """Declarations that cannot be published; ``mistakes`` holds all of them."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("bad_catalogue", f"The declarations have {len(mistakes)} mistakes.", mistakes[0].path)
        self.mistakes = tuple(mistakes)


def read_rules(declarations: Any, vocabulary: Vocabulary) -> tuple[TagRule, ...]:
    """The rules of a list of declarations. Raises CatalogueRefused with every mistake there is."""
    if not isinstance(declarations, list):
        raise CatalogueRefused([Mistake("$", "wrong_type", "A list of tag declarations is expected.")])
    mistakes: list[Mistake] = []
    rules: list[TagRule] = []
    for place, raw in enumerate(declarations):
        path = f"$[{place}]"
        wrong_shape = list(shape_mistakes(raw, TagRule, path))
        mistakes += wrong_shape
        if not wrong_shape:
            rule = msgspec.convert(raw, TagRule)
            rules.append(rule)
            mistakes += rule_mistakes(rule, vocabulary, path)
    mistakes += _twins(rules)
    mistakes += kinship_mistakes(rules)
    if mistakes:
        raise CatalogueRefused(mistakes)
    return tuple(rules)


def rule_mistakes(rule: TagRule, vocabulary: Vocabulary, path: str = "$") -> list[Mistake]:
    """The mistakes of one well-formed rule."""
    found = [Mistake(f"{path}.{field}", code, message) for field, wrong, code, message in _NUMBERS if wrong(rule)]
    ids = Counter(signal.id for signal in rule.signals)
    conditions_fine = True
    for place, signal in enumerate(rule.signals):
        where = f"{path}.signals[{place}]"
        if ids[signal.id] > 1:
            found.append(Mistake(f"{where}.id", "repeated_id", f"The id “{signal.id}” is used twice."))
        if not 0 < signal.weight <= 1:
            found.append(Mistake(f"{where}.weight", "bad_weight", "A weight is above 0 and at most 1."))
        wrong = list(condition_mistakes(signal.when, vocabulary, f"{where}.when"))
        conditions_fine = conditions_fine and not wrong
        found += wrong
    found += _purpose_mistakes(rule, vocabulary, path)
    found += _scene_mistakes(rule, vocabulary, path)
    found += _example_mistakes(rule, path, runnable=conditions_fine and bool(rule.signals))
    return found


_NUMBERS: Sequence[tuple[str, Callable[[TagRule], bool], str, str]] = (
    ("signals", lambda rule: not rule.signals, "no_signals", "A tag needs at least one signal."),
    (
        "signals",
        lambda rule: len(rule.signals) > MOST_SIGNALS,
        "too_many_signals",
        f"A tag has at most {MOST_SIGNALS} signals.",
    ),
    (
        "signals",
        lambda rule: bool(rule.signals) and weight_of(rule, (1 << len(rule.signals)) - 1) != 1,
        "weights_sum",
        "The weights of the signals must sum to 1.",
    ),
    ("threshold", lambda rule: not 0 < rule.threshold <= 1, "bad_threshold", "Above 0 and at most 1."),
    (
        "half_life_days",
        lambda rule: rule.half_life_days is not None and rule.half_life_days <= 0,
        "bad_days",
        "Days are above 0, or null.",
    ),
    (
        "expires_days",
        lambda rule: rule.expires_days is not None and rule.expires_days <= 0,
        "bad_days",
        "Days are above 0, or null.",
    ),
    ("purposes", lambda rule: not rule.purposes, "no_purpose", "A tag needs at least one purpose."),
    ("version", lambda rule: rule.version < 1, "bad_version", "Versions count from 1."),
)


def _example_mistakes(rule: TagRule, path: str, *, runnable: bool) -> Iterator[Mistake]:
    read = reads_of(rule)
    cases = (("positive", rule.examples.positive, True), ("negative", rule.examples.negative, False))
    for name, flat, wanted in cases:
        where = f"{path}.examples.{name}"
        if not flat:
            yield Mistake(where, "no_example", "An example gives at least one value.")
        for given in sorted(flat.keys() - read):
            message = f"The rule does not read “{given}”."
            yield Mistake(where, "unread_path", message, nearest(given, read))
        if runnable and flat:
            yield from _ran(rule, flat, wanted, where)


def _purpose_mistakes(rule: TagRule, vocabulary: Vocabulary, path: str) -> Iterator[Mistake]:
    """A tag tells what it reads: it may serve no purpose that any of that may not."""
    told: set[tuple[str, str]] = set()
    for read in sorted(reads_of(rule)):
        use = vocabulary.uses.of_path(read)
        too_wide = [] if use is None else wider(rule.purposes, use)
        if use is not None and too_wide and (stem(read), ", ".join(too_wide)) not in told:
            told.add((stem(read), ", ".join(too_wide)))
            message = f"“{read}” may not be used for {', '.join(too_wide)}."
            yield Mistake(f"{path}.purposes", "wider_purposes", message, ", ".join(use.purposes))


def _scene_mistakes(rule: TagRule, vocabulary: Vocabulary, path: str) -> Iterator[Mistake]:
    """Scenes that nobody declared, and weights that are not those of the signals or do not sum to 1."""
    ids = {signal.id for signal in rule.signals}
    for place, one in enumerate(rule.scenes):
        where = f"{path}.scenes[{place}]"
        if one.scene not in vocabulary.scenes:
            known = nearest(one.scene, vocabulary.scenes)
            yield Mistake(f"{where}.scene", "unknown_scene", f"There is no scene “{one.scene}”.", known)
        for name in sorted(one.weights.keys() - ids):
            yield Mistake(
                f"{where}.weights.{name}", "unknown_signal", f"There is no signal “{name}”.", nearest(name, ids)
            )
        if any(weight < 0 for weight in one.weights.values()):
            yield Mistake(f"{where}.weights", "bad_weight", "A weight is not below 0.", "0")
        if ids <= one.weights.keys() and round(sum(one.weights.values()), 6) != 1:
            yield Mistake(f"{where}.weights", "weights_sum", "The weights of a scene must sum to 1.")
        for name in sorted(ids - one.weights.keys()):
            message = f"What the signal “{name}” weighs in this scene is missing."
            yield Mistake(f"{where}.weights", "missing_weight", message, f'"{name}": 0')


def kinship_mistakes(rules: Sequence[TagRule], known: Collection[str] = ()) -> Iterator[Mistake]:
    """Parents that are not there or that make a circle, and exclusive groups of one. ``known``: further ids."""
    by_id = {rule.id: rule for rule in rules}
    groups = Counter(rule.exclusive for rule in rules if rule.exclusive is not None)
    ids = by_id.keys() | set(known)
    for rule in rules:
        if rule.parent is not None and rule.parent not in ids:
            message = f"There is no tag “{rule.parent}”."
            yield Mistake(f"{rule.id}.parent", "unknown_tag", message, nearest(rule.parent, ids))
        elif _in_circle(rule, by_id):
            yield Mistake(f"{rule.id}.parent", "circle", "A tag cannot be its own ancestor.")
        if rule.exclusive is not None and groups[rule.exclusive] == 1:
            message = f"The group “{rule.exclusive}” has no other tag."
            others = [one for one in groups if one != rule.exclusive]
            yield Mistake(f"{rule.id}.exclusive", "lone_group", message, nearest(rule.exclusive, others))
        if rule.exclusive is not None and any(one.exclusive == rule.exclusive for one in _above(rule, by_id)):
            message = "A tag cannot exclude its own ancestor: whoever has it has that one, too."
            yield Mistake(f"{rule.id}.exclusive", "excludes_ancestor", message)


def _in_circle(rule: TagRule, by_id: Mapping[str, TagRule]) -> bool:
    return rule.id in (rule.parent, *(one.parent for one in _above(rule, by_id)))


def _above(rule: TagRule, by_id: Mapping[str, TagRule]) -> Iterator[TagRule]:
    """The ancestors of a rule, each once."""
    parent, seen = rule.parent, {rule.id}
    while parent is not None and parent in by_id and parent not in seen:
        seen.add(parent)
        yield by_id[parent]
        parent = by_id[parent].parent


def _ran(rule: TagRule, flat: dict[str, Any], wanted: bool, where: str) -> Iterator[Mistake]:
    try:
        bits = sum(1 << place for place, one in enumerate(rule.signals) if outcome(one.when, flat))
    except DataLogicError as error:
        yield Mistake(where, "example_fails", f"The rule cannot be evaluated on it ({error.error_type}).")
        return
    weight = weight_of(rule, bits)
    if reaches(rule, weight) is not wanted:
        should = "reach" if wanted else "stay below"
        message = f"It should {should} {rule.threshold}; its true signals weigh {weight}."
        yield Mistake(where, "example_fails", message)


def _twins(rules: Iterable[TagRule]) -> Iterator[Mistake]:
    """Ids used twice, and tags whose signals are those of another."""
    seen: dict[bytes, str] = {}
    ids: set[str] = set()
    for rule in rules:
        if rule.id in ids:
            yield Mistake(rule.id, "repeated_id", f"The tag “{rule.id}” is declared twice.")
        ids.add(rule.id)
        said = msgspec.json.encode([(one.weight, one.when) for one in rule.signals] + [rule.threshold])
        other = seen.setdefault(said, rule.id)
        if other != rule.id:
            message = f"Its signals are those of “{other}”."
            yield Mistake(rule.id, "same_signals", message, other)
