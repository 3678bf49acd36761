"""Load a policy: check all of it, tell every mistake at once, compile its conditions once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.texts import Text
from chalicelib.profiles.values import CASE_PATHS, PERSON_PATHS, STATS
from chalicelib.routing.conditions import ENGINE, Conditions
from chalicelib.routing.declaration import PolicyDeclaration
from chalicelib.routing.facts import INPUT_PATHS, INTENT_PATHS, PROFILE_STEMS, URGENCY_PATHS
from chalicelib.routing.model import LEVELS
from chalicelib.routing.shape import Mistake, mistakes_of_shape, nearest

PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)\}")
SHOWN_NAMES: frozenset[str] = frozenset({"intent.name", "urgency.name", "channel.name"})
"""Placeholders that stand for a name in the reader's language and not for a value."""


class PolicyRefused(BadInput):
    """A policy with mistakes; ``mistakes`` holds every one."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("bad_policy", f"The policy has {len(mistakes)} mistakes.", mistakes[0].path)
        self.mistakes = tuple(mistakes)


class Known(msgspec.Struct, frozen=True):
    """The ids that a policy may name; None means: not checked."""

    tags: Collection[str] | None = None
    traits: Collection[str] | None = None
    measures: Collection[str] | None = None


class Policy(msgspec.Struct, frozen=True):
    """A checked policy with its compiled conditions.

    ``paths`` are the values it reads from a profile; ``tag_ids`` the tags it reads.
    """

    declared: PolicyDeclaration
    intents: Conditions
    urgency: Conditions
    rules: Conditions
    hints: Conditions
    what_if: Conditions
    paths: frozenset[str]
    tag_ids: frozenset[str]


def load_policy(raw: Mapping[str, Any], known: Known | None = None) -> Policy:
    """Check and compile a policy. Raises PolicyRefused with every mistake."""
    shape = list(mistakes_of_shape(dict(raw), PolicyDeclaration))
    if shape:
        raise PolicyRefused(shape + list(_of_raw_conditions(raw)))
    declared = msgspec.convert(raw, PolicyDeclaration)
    mistakes = [*_of_raw_conditions(raw), *_of_names(declared), *_of_numbers(declared)]
    if mistakes:
        raise PolicyRefused(mistakes)
    policy = _compiled(declared)
    unknown = list(_of_paths(policy, known or Known()))
    if unknown:
        raise PolicyRefused(unknown)
    return policy


@cache
def shipped_policy(name: str = "retail") -> Policy:
    """A policy of the package, by file name."""
    return load_policy(msgspec.json.decode((Path(__file__).parent / "policies" / f"{name}.json").read_bytes()))


def placeholders(says: Text) -> tuple[str, ...]:
    """The paths that a sentence shows, names left out."""
    found = PLACEHOLDER.findall(says.zh) + PLACEHOLDER.findall(says.en)
    return tuple(dict.fromkeys(path for path in found if path not in SHOWN_NAMES))


def _compiled(declared: PolicyDeclaration) -> Policy:
    sections = {
        "intents": Conditions([rule.when for rule in declared.intents]),
        "urgency": Conditions([rule.when for rule in declared.urgency.rules]),
        "rules": Conditions([rule.when for rule in declared.rules]),
        "hints": Conditions([rule.when for rule in declared.hints]),
        "what_if": Conditions([trial.when for trial in declared.what_if]),
    }
    read = {path for conditions in sections.values() for reads in conditions.reads for path in reads}
    read |= {path for _, path in _paths_outside_conditions(declared)}
    return Policy(
        declared=declared,
        paths=frozenset(path for path in read if path.partition(".")[0] in PROFILE_STEMS),
        tag_ids=frozenset(path.removeprefix("tags.") for path in read if path.startswith("tags.")),
        **sections,
    )


def _sections(raw: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every rule of a policy that may be out of shape, with its path."""
    urgency = raw.get("urgency")
    for name, rules in (
        ("intents", raw.get("intents")),
        ("urgency.rules", urgency.get("rules") if isinstance(urgency, Mapping) else None),
        *((name, raw.get(name)) for name in ("rules", "hints", "what_if")),
    ):
        for position, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, Mapping):
                yield f"{name}[{position}]", rule


def _of_raw_conditions(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    for path, rule in _sections(raw):
        if "when" in rule:
            for found in ENGINE.check(rule["when"]):
                where = f"{path}.when{found['pointer'].replace('/', '.')}"
                yield Mistake(where, "bad_condition", found["message"])
            if not found_complete(rule["when"]):
                yield Mistake(f"{path}.when", "computed_path", "A condition names its paths as plain text.")


def found_complete(when: Any) -> bool:
    """Whether every path that a condition reads is known before it runs."""
    return bool(ENGINE.compile(when).facts()["reads_complete"])


def _unless(name: str, known: Iterable[str], path: str, what: str) -> Iterator[Mistake]:
    listed = list(known)
    if name not in listed:
        yield Mistake(path, f"unknown_{what}", f"There is no {what} of this id.", nearest(name, listed))


def _of_names(declared: PolicyDeclaration) -> Iterator[Mistake]:
    queues, texts = declared.queues, declared.texts
    for position, rule in enumerate(declared.rules):
        for queue in rule.queues:
            yield from _unless(queue, queues, f"rules[{position}].queues.{queue}", "queue")
    yield from _unless(declared.default.queue, queues, "default.queue", "queue")
    for position, hint in enumerate(declared.hints):
        for field, ids in (("ask", hint.ask), ("do_not_ask", hint.do_not_ask), ("offer", filter(None, (hint.offer,)))):
            for text in ids:
                yield from _unless(text, texts, f"hints[{position}].{field}", "text")
    for field, levels in (("levels", LEVELS[1:]), ("priority", LEVELS), ("sla", LEVELS)):
        found = getattr(declared.urgency, field)
        for level in found:
            yield from _unless(level, levels, f"urgency.{field}.{level}", "level")
        for level in levels:
            if level not in found and field != "sla":
                yield Mistake(f"urgency.{field}.{level}", "missing_level", "This level is needed.")
    for section in (declared.intents, declared.urgency.rules, declared.rules, declared.what_if):
        ids = [entry.id for entry in section]
        for double in sorted({id_ for id_ in ids if ids.count(id_) > 1}):
            yield Mistake(double, "double_id", "Two entries of one list have this id.")


def _of_numbers(declared: PolicyDeclaration) -> Iterator[Mistake]:
    try:
        ZoneInfo(declared.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        yield Mistake("timezone", "bad_timezone", "That is not an IANA time zone.", "Asia/Shanghai")
    if not declared.queues:
        yield Mistake("queues", "no_queue", "A policy has at least one queue.")
    for name, queue in declared.queues.items():
        if not queue.modes:
            yield Mistake(f"queues.{name}.modes", "no_mode", "A queue serves at least one mode.")
    if len(declared.floor) < 2:
        yield Mistake("floor", "few_reasons", "Every decision gives at least two reasons: two entries are needed.")
    default = declared.default
    if len(default.reasons) < 2:
        yield Mistake("default.reasons", "few_reasons", "Every decision gives at least two reasons.")
    if not 1 <= default.priority <= 99:
        yield Mistake("default.priority", "out_of_range", "A priority is from 1 to 99.")
    weighted = {"intents": declared.intents, "urgency.rules": declared.urgency.rules, "rules": declared.rules}
    for section, rules in weighted.items():
        for position, rule in enumerate(rules):
            if not 0.0 < rule.weight <= 1.0:
                yield Mistake(f"{section}[{position}].weight", "out_of_range", "A weight is above 0 and at most 1.")


def _paths_outside_conditions(declared: PolicyDeclaration) -> Iterator[tuple[str, str]]:
    """(where it stands, path) of the paths in sentences, ``times``, ``var`` values and what-ifs."""
    for section, rules in (("intents", declared.intents), ("urgency.rules", declared.urgency.rules)):
        for position, entry in enumerate(rules):
            yield from ((f"{section}[{position}].says", path) for path in placeholders(entry.says))
    for position, presumed in enumerate(declared.intents):
        if isinstance(presumed.intent, dict):
            yield f"intents[{position}].intent", presumed.intent.get("var", "")
    for position, rule in enumerate(declared.rules):
        yield from ((f"rules[{position}].says", path) for path in placeholders(rule.says))
        if rule.times is not None:
            yield f"rules[{position}].times", rule.times
    for position, hint in enumerate(declared.hints):
        if isinstance(hint.language, dict):
            yield f"hints[{position}].language", hint.language.get("var", "")
    for name, text in declared.texts.items():
        yield from ((f"texts.{name}", path) for path in placeholders(text))
    for position, trial in enumerate(declared.what_if):
        yield from ((f"what_if[{position}].set", path) for path in trial.set)
    for position, floor in enumerate(declared.floor):
        yield from ((f"floor[{position}]", path) for path in (*floor.reads, *placeholders(floor.says)))


def _of_paths(policy: Policy, known: Known) -> Iterator[Mistake]:
    """Paths that no fact has, or that are not there yet where they are read."""
    derived: Mapping[str, frozenset[str]] = {
        "intents": frozenset(),
        "urgency": INTENT_PATHS,
        "rules": INTENT_PATHS | URGENCY_PATHS,
        "hints": INTENT_PATHS | URGENCY_PATHS,
        "what_if": INTENT_PATHS | URGENCY_PATHS,
    }
    for section, allowed in derived.items():
        where = "urgency.rules" if section == "urgency" else section
        for position, reads in enumerate(getattr(policy, section).reads):
            for path in reads:
                yield from _of_path(path, f"{where}[{position}].when", known, allowed)
    for place, path in _paths_outside_conditions(policy.declared):
        inputs_only = place.startswith(("what_if", "intents"))
        yield from _of_path(path, place, known, frozenset() if inputs_only else INTENT_PATHS | URGENCY_PATHS)


def _of_path(path: str, place: str, known: Known, derived: frozenset[str]) -> Iterator[Mistake]:
    head, _, rest = path.partition(".")
    families = {"tags": known.tags, "t": known.traits}
    if head in families:
        listed = families[head]
        if not rest or (listed is not None and rest not in listed):
            near = nearest(rest, listed or ())
            yield Mistake(place, "unknown_path", f"Nothing is at {path}.", near and f"{head}.{near}")
    elif head == "m":
        measure, _, stat = rest.partition(".")
        if known.measures is not None and measure not in known.measures:
            near = nearest(measure, known.measures)
            yield Mistake(place, "unknown_path", f"Nothing is at {path}.", near and f"m.{near}.{stat}")
        if stat not in STATS:
            near = nearest(stat, STATS)
            yield Mistake(place, "unknown_path", f"Nothing is at {path}.", near and f"m.{measure}.{near}")
    else:
        plain = INPUT_PATHS | PERSON_PATHS | CASE_PATHS | derived
        if path not in plain:
            yield Mistake(place, "unknown_path", f"Nothing is at {path} here.", nearest(path, plain))
