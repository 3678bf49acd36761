"""A tenant's own segmentation, checked before it is taken: every mistake at once, each with its path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from typing import Any

import msgspec

from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.names import is_name
from chalicelib.segments.features import features
from chalicelib.segments.score_specs import score_specs
from chalicelib.segments.segmentation import MOST_KINDS, Condition, Kind, Segmentation

MOST_SEGMENTATIONS = 8
"""A person is put into each of them at every event, those that ship among them."""
_MOST_FEATURES = 40
_LARGEST_SIGN = 5.0
_NAME = "An id has lower-case letters, digits and underscores, a letter first, at most 63."
_AT_THE_OTHER = 0.5
"""So far past the middle somebody stands at the other centroid."""


def segmentation_mistakes(given: Any, segmentation_id: str) -> list[BadInput]:
    """All that is wrong with a JSON value as the segmentation of an id, each with its path (``kinds[0].signs``)."""
    found = list(_of_shape(given, "$"))
    if found:
        return found
    one = msgspec.convert(given, Segmentation)
    if one.id != segmentation_id:
        found.append(BadInput("other_id", "The id is the one that the address names.", "$.id", segmentation_id))
    if one.id in score_specs():
        # Models are kept by their ids.
        found.append(BadInput("taken_id", "A score has this id.", "$.id", f"{one.id}_kinds"))
    return found + list(mistakes(one, "$"))


def mistakes(one: Segmentation, path: str = "") -> Iterator[BadInput]:
    """All that is wrong with what a segmentation says, given that it has the shape of one."""
    at = f"{path}." if path else ""
    if one.version < 1:
        yield BadInput("too_low", "Versions count from 1.", f"{at}version")
    if not 1 < len(one.kinds) <= MOST_KINDS:
        yield BadInput("bad_kinds", f"From 2 to {MOST_KINDS} kinds are needed.", f"{at}kinds")
    if not 0 <= one.hysteresis < _AT_THE_OTHER:
        yield BadInput("bad_hysteresis", "A number from 0 to less than 0.5 is needed.", f"{at}hysteresis")
    yield from _doubles([kind.id for kind in one.kinds], f"{at}kinds")
    for place, kind in enumerate(one.kinds):
        if not is_name(kind.id):
            yield BadInput("bad_name", _NAME, f"{at}kinds[{place}].id")
    yield from _doubles(one.features, f"{at}features")
    if not one.purposes:
        yield BadInput("no_purpose", "It serves at least one purpose.", f"{at}purposes")
    yield from _numbers(one, at)
    yield from _of_rows(one.whom, f"{at}whom")
    for place, kind in enumerate(one.kinds):
        yield from _of_kind(one, kind, f"{at}kinds[{place}]")
    if one.by == "rule" and one.kinds and () not in one.kinds[-1].when:
        yield BadInput("not_everybody", "The last kind needs a row without conditions.", f"{at}kinds")


def _numbers(one: Segmentation, at: str) -> Iterator[BadInput]:
    for name in ("least_share", "most_renamed", "least_stability"):
        if not 0 <= getattr(one, name) <= 1:
            yield BadInput("not_a_share", "A number from 0 to 1 is needed.", f"{at}{name}")
    if one.by == "rule":
        return
    fewest, most = one.k
    if not 2 <= fewest <= most:
        yield BadInput("bad_k", "The fewest groups are at least 2 and at most the most.", f"{at}k")
    if most > len(one.kinds):
        yield BadInput("more_groups_than_kinds", f"There are {len(one.kinds)} kinds to name them.", f"{at}k")
    if most * one.least_share > 1:
        yield BadInput("least_share_too_large", "So many groups of so many people each are more than all.", f"{at}k")
    if not 2 <= len(one.features) <= _MOST_FEATURES:
        yield BadInput("bad_features", f"From 2 to {_MOST_FEATURES} features are needed.", f"{at}features")
    known = {feature.id for feature in features()}
    for place, name in enumerate(one.features):
        if name not in known:
            yield _unknown(name, known, f"{at}features[{place}]")


def _of_kind(one: Segmentation, kind: Kind, path: str) -> Iterator[BadInput]:
    if one.by == "rule":
        yield from _of_rule(kind, path)
        return
    if kind.when:
        yield BadInput("conditions_of_a_model", "Kinds by model have signs and no conditions.", f"{path}.when")
    if not any(kind.signs.values()):
        yield BadInput("no_signs", "Without a sign no group could be given this name.", f"{path}.signs")
    for name, sign in kind.signs.items():
        if name not in one.features:
            yield _unknown(name, one.features, f"{path}.signs.{name}")
        if not -_LARGEST_SIGN <= sign <= _LARGEST_SIGN:
            yield BadInput(
                "bad_sign", f"Signs are from -{_LARGEST_SIGN:g} to {_LARGEST_SIGN:g}.", f"{path}.signs.{name}"
            )


def _of_rule(kind: Kind, path: str) -> Iterator[BadInput]:
    if kind.signs:
        yield BadInput("signs_of_a_rule", "Kinds by rule have conditions and no signs.", f"{path}.signs")
    if not kind.when:
        yield BadInput("no_conditions", "A kind by rule needs conditions.", f"{path}.when")
    yield from _of_rows(kind.when, f"{path}.when")


def _of_rows(rows: Sequence[Sequence[Condition]], path: str) -> Iterator[BadInput]:
    for row, conditions in enumerate(rows):
        for place, condition in enumerate(conditions):
            yield from _of_condition(condition, f"{path}[{row}][{place}]")


def _of_condition(condition: Condition, path: str) -> Iterator[BadInput]:
    known = {feature.id for feature in features()}
    for field, name in (("feature", condition.feature), ("times", condition.times)):
        if name and name not in known:
            yield _unknown(name, known, f"{path}.{field}")


def _unknown(name: str, known: Collection[str], path: str) -> BadInput:
    alike = get_close_matches(name, sorted(known), 1, 0.6)
    return BadInput("unknown_feature", "No such feature is used here.", path, alike[0] if alike else "")


def _doubles(ids: Sequence[str], path: str) -> list[BadInput]:
    return [
        BadInput("double_id", f"“{one}” stands here {times} times.", path)
        for one, times in Counter(ids).items()
        if times > 1
    ]


def _of_shape(given: Any, path: str) -> Iterator[BadInput]:
    """What has not the shape of a segmentation; its kinds one by one, so that all of them are told."""
    yield from _of_fields(given, Segmentation, path, walked="kinds")
    kinds = given.get("kinds") if isinstance(given, dict) else None
    if isinstance(kinds, list):
        for place, kind in enumerate(kinds):
            yield from _of_fields(kind, Kind, f"{path}.kinds[{place}]")
    elif kinds is not None:
        yield BadInput("wrong_type", "A list of kinds is needed.", f"{path}.kinds")


def _of_fields(given: Any, type_: type[msgspec.Struct], path: str, walked: str = "") -> Iterator[BadInput]:
    if not isinstance(given, dict):
        yield BadInput("wrong_type", "An object is needed.", path)
        return
    known = {field.encode_name: field for field in msgspec.structs.fields(type_)}
    for name in given:
        if name not in known:
            alike = get_close_matches(str(name), sorted(known), 1, 0.6)
            yield BadInput("unknown_field", "There is no such field here.", f"{path}.{name}", "".join(alike))
    for name, field in known.items():
        if name not in given:
            if field.required:
                yield BadInput("missing_field", "This field is needed.", f"{path}.{name}")
        elif name != walked:
            try:
                msgspec.convert(given[name], field.type)
            except msgspec.ValidationError as error:
                yield BadInput("wrong_type", str(error), f"{path}.{name}")
