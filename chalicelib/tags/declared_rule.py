"""Checks one tag declaration among those in force: every mistake at once, also where its form is wrong.

What is of a wrong form is replaced by something sound, so that all the rest can be looked at; mistakes
that follow from the replacement are not told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from chalicelib.kernel.names import is_name, shown
from chalicelib.profiles.conditions import nodes
from chalicelib.profiles.operators import BadOperator, expand
from chalicelib.tags.check import kinship_mistakes, rule_mistakes
from chalicelib.tags.model import Signal, TagRule
from chalicelib.tags.shapes import Mistake, shape_mistakes
from chalicelib.tags.uses import reads_of
from chalicelib.tags.vocabulary import Vocabulary, nearest

MOST_PARTS = 600
"""Parts of all conditions of one rule."""
_MOST_NODES = 3_000
_MOST_UNKNOWN = 20
"""To look for what was meant by an unknown path takes 30 ms: so many are looked for."""
_NAME_MESSAGE = "An id has lower-case letters, digits and underscores, a letter first, at most 63."
_PLACE = re.compile(r"\$\.(\w+)(?:\[(\d+)\])?(?:\.(\w+))?")
_TEXT = {"zh": "…", "en": "…"}
_SIGNAL: Mapping[str, Any] = {"id": "sound", "weight": 1.0, "when": {"!!": [{"var": "p.days_known"}]}, "says": _TEXT}
_RULE: Mapping[str, Any] = {
    "id": "sound",
    "version": 1,
    "name": _TEXT,
    "meaning": _TEXT,
    "class": "customer_group",
    "dimension": "needs",
    "owner": "…",
    "purposes": ["service"],
    "signals": [_SIGNAL],
    "threshold": 0.5,
    "half_life_days": None,
    "expires_days": None,
    "examples": {"positive": {"p.days_known": 1}, "negative": {"p.days_known": 0}},
}


def declared_rule_mistakes(
    raw: Any, tag_id: str, vocabulary: Vocabulary, others: Mapping[str, TagRule]
) -> list[Mistake]:
    """All mistakes of a declaration that is to be published as ``tag_id`` beside ``others``."""
    if sum(1 for _ in nodes(raw)) > _MOST_NODES:
        return [Mistake("$", "too_costly", f"A declaration has at most {_MOST_NODES} parts.")]
    found = list(shape_mistakes(raw, TagRule, "$"))
    if not isinstance(raw, dict):
        return found
    rule, replaced = _mended(raw, found)
    unknown = sorted(reads_of(rule) - vocabulary.paths)
    if len(unknown) > _MOST_UNKNOWN:
        message = f"{len(unknown)} of the paths that it reads do not exist, such as “{shown(unknown[0])}”."
        return [*found, Mistake("$.signals", "unknown_path", message, nearest(unknown[0], vocabulary.paths))]
    wrong = [one for one in rule_mistakes(rule, vocabulary) if not _follows(one, replaced)]
    if any(one.path.startswith(("$.signals", "$.threshold")) for one in wrong):
        # An example that fits what was meant says nothing about what was written.
        wrong = [one for one in wrong if not one.path.startswith("$.examples") or one.code == "no_example"]
    found += wrong
    found += (one for one in _name_mistakes(rule, tag_id) if one.path not in replaced)
    found += _cost_mistakes(rule)
    if "$.parent" not in replaced:
        found += _parent_mistakes(rule, others)
    return found or list(_twin_mistakes(rule, others))


def parts_of(rule: TagRule) -> int:
    """What a rule costs: the parts of its conditions, as they are run."""
    return sum(_parts(signal) for signal in rule.signals)


def _mended(raw: Mapping[str, Any], wrong: list[Mistake]) -> tuple[TagRule, frozenset[str]]:
    """The rule with everything of a wrong form replaced, and the paths of what was."""
    fixed, replaced = _known(raw, TagRule), set[str]()
    if isinstance(raw.get("signals"), list):
        fixed["signals"] = [_known(one, Signal) if isinstance(one, dict) else one for one in raw["signals"]]
    for one in wrong:
        found = _PLACE.match(one.path)
        if found is None:
            continue
        field, place, inner = found.groups()
        if field == "signals" and place is not None and inner is not None:
            _replace(fixed["signals"][int(place)], inner, _SIGNAL)
            replaced.add(f"$.signals[{place}].{inner}")
        else:
            _replace(fixed, field, _RULE)
            replaced.add(f"$.{field}")
    return msgspec.convert(fixed, TagRule), frozenset(replaced)


def _known(raw: Mapping[str, Any], shape: type[msgspec.Struct]) -> dict[str, Any]:
    names = {field.encode_name for field in msgspec.structs.fields(shape)}
    return {name: value for name, value in raw.items() if name in names}


def _replace(fields: dict[str, Any], name: str, sound: Mapping[str, Any]) -> None:
    if name in sound:
        fields[name] = sound[name]
    else:
        fields.pop(name, None)


def _follows(mistake: Mistake, replaced: frozenset[str]) -> bool:
    """Whether a mistake is of what was put in place of something else, or comes of it."""
    if any(mistake.path.startswith(one) for one in replaced):
        return True
    if mistake.code == "weights_sum":
        return any(one == "$.signals" or one.endswith(".weight") for one in replaced)
    return mistake.path.startswith("$.examples") and any(one.startswith(("$.signals", "$.thr")) for one in replaced)


def _name_mistakes(rule: TagRule, tag_id: str) -> Iterator[Mistake]:
    if rule.id != tag_id:
        yield Mistake("$.id", "other_id", "The id is the one that the address names.", tag_id)
    named = [(f"$.signals[{place}].id", one.id) for place, one in enumerate(rule.signals)]
    if rule.exclusive is not None:
        named.append(("$.exclusive", rule.exclusive))
    for path, name in named:
        if not is_name(name):
            yield Mistake(path, "bad_name", _NAME_MESSAGE)


def _parent_mistakes(rule: TagRule, others: Mapping[str, TagRule]) -> Iterator[Mistake]:
    """Parents that are not there, make a circle or are excluded. The first tag of a new exclusive group is alone, and may be."""
    for one in kinship_mistakes([*(other for other in others.values() if other.id != rule.id), rule]):
        owner, _, field = one.path.rpartition(".")
        if owner == rule.id and one.code != "lone_group":
            yield Mistake(f"$.{field}", one.code, one.message, one.suggestion)


def _cost_mistakes(rule: TagRule) -> Iterator[Mistake]:
    parts = parts_of(rule)
    if parts > MOST_PARTS:
        yield Mistake("$.signals", "too_costly", f"The conditions of a tag have at most {MOST_PARTS} parts; {parts}.")


def _parts(signal: Signal) -> int:
    try:
        return sum(1 for _ in nodes(expand(signal.when)))
    except BadOperator:
        return 0


def _twin_mistakes(rule: TagRule, others: Mapping[str, TagRule]) -> Iterator[Mistake]:
    said = _said(rule)
    for other in others.values():
        if other.id != rule.id and len(other.signals) == len(rule.signals) and _said(other) == said:
            yield Mistake("$.signals", "same_signals", f"Its signals are those of “{other.id}”.", other.id)
            return


def _said(rule: TagRule) -> tuple[object, ...]:
    return (rule.threshold, *((one.weight, one.when) for one in rule.signals))
