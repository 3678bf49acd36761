"""Whether a declaration may be put in force: its own mistakes, what it costs, and who reads what it takes away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.flows.effective import POLICY, InForce
from chalicelib.flows.outrun_readers import outrun_readers, uses_of
from chalicelib.insights.groups import GroupVocabulary
from chalicelib.kernel.errors import BadInput, ManyMistakes
from chalicelib.kernel.names import bad_texts, texts_in
from chalicelib.privacy.free_text import find
from chalicelib.profiles.measures import Measure
from chalicelib.routing.declared_policy import declared_policy_mistakes
from chalicelib.routing.policy_paths import Known
from chalicelib.routing.policy_purposes import policy_purpose_mistakes
from chalicelib.store.declarations import Kind
from chalicelib.tags.declared_rule import declared_rule_mistakes, parts_of
from chalicelib.tags.measure_check import measure_mistakes
from chalicelib.tags.model import TagRule
from chalicelib.tags.scene_check import scene_mistakes
from chalicelib.tags.shapes import Mistake
from chalicelib.tags.uses import reads_of
from chalicelib.tags.vocabulary import Vocabulary
from chalicelib.tags.word_list_check import word_list_mistakes

MOST: Mapping[Kind, int] = {
    "tags": 10_000,
    "measures": 100,
    "scenes": 50,
    "policies": 1,
    "words": 100,
    "outreach": 1,
    "segmentations": 8,
}
"""Declarations of its own that a tenant may have in force."""
MOST_PARTS = 400_000
"""Parts of all conditions of a tenant's own rules together."""
_SUGGESTIONS: Mapping[str, str] = {
    "missing_field": "Add it; GET /v1/catalogue/{kind}/{id} shows a shipped declaration.",
    "unknown_field": "Leave it out.",
    "wrong_type": "GET /v1/catalogue/{kind}/{id} shows a shipped declaration.",
    "weights_sum": "Such as 0.6 and 0.4.",
    "bad_weight": "Such as 0.5.",
    "bad_threshold": "Such as 0.5.",
    "bad_days": "Such as 30, or null.",
    "no_purpose": "Such as service.",
    "bad_version": "Leave it out.",
    "no_signals": "Add one.",
    "too_many_signals": "Make two tags of it.",
    "repeated_id": "Give each its own.",
    "too_costly": "Say it in fewer parts, or declare a measure for it.",
    "judged_path": "A risk of outreach/default may read it; a segmentation by rule groups people by the same features.",
    "computed_path": 'Such as {"var": "m.contacts.count_30d"}.',
    "bad_operator": "GET /v1/catalogue/tags/{id} shows the conditions of a shipped tag.",
    "no_example": "Give the values of somebody who has it and of somebody who has not.",
    "example_fails": "Change the example's values, or the threshold.",
    "unread_path": "Leave it out, or read it.",
    "bad_name": "Such as frequent_caller.",
    "unknown_scene": "GET /v1/catalogue/scenes lists them.",
    "missing_weight": "Say what every signal weighs in the scene.",
    "circle": "Such as null.",
    "excludes_ancestor": "Such as null.",
    "personal_text": "Leave it out: a declaration is in no seal, and is shown to many.",
    "wider_purposes": "Leave those purposes out.",
    "not_for_purpose": "Leave it out, or read something that may be used for service.",
    "bad_text": "Say it shorter, on one line.",
    "bad_share": "Such as 0.1.",
    "out_of_range": "Such as 14.",
    "bad_kinds": "Such as three.",
    "bad_k": "Such as [3, 5].",
    "more_groups_than_kinds": "Declare more kinds, or fewer groups.",
    "least_share_too_large": "Such as 0.02.",
    "not_a_share": "Such as 0.15.",
    "bad_features": "GET /v1/catalogue/segmentations/customers names some.",
    "unknown_feature": "GET /v1/catalogue/segmentations/customers names some.",
    "double_id": "Give each its own.",
    "no_signs": 'Such as {"spend_365d": 1.5}.',
    "bad_sign": "Such as 1.5, or -0.5.",
    "conditions_of_a_model": 'Leave it out, or say "by": "rule".',
    "signs_of_a_rule": "Leave it out.",
    "no_conditions": 'Such as [[{"feature": "silent_days", "op": ">=", "value": 90}]].',
    "not_everybody": 'Let the last kind have "when": [[]].',
    "too_low": "Leave it out.",
}
_PERSONAL = "A text holds what reads like somebody's number, address or name."
_ANYWAY = "GET /v1/catalogue/{kind}/{id} shows a shipped declaration."


def check_declaration(kind: Kind, id_: str, raw: Any, in_force: InForce) -> None:
    """Whether this may be put in force. Raises ManyMistakes ``bad_declaration`` with all that is wrong."""
    found = [Mistake(path, "bad_text", why) for path, why in bad_texts(raw, "$")]
    found += [Mistake(path, "personal_text", _PERSONAL) for path, text in texts_in(raw, "$") if find(text)]
    found += _CHECKS[kind](raw, id_, in_force)
    if not found:
        after = in_force.with_entry(kind, id_, 0, msgspec.json.encode(raw))
        found = [*_room_mistakes(kind, after), *broken_readers(in_force, after)]
    _refuse(kind, found)


def check_removal(kind: Kind, in_force: InForce, after: InForce) -> None:
    """Whether a declaration may be taken away. Raises ManyMistakes ``bad_declaration`` naming who reads it."""
    _refuse(kind, list(broken_readers(in_force, after)))


def broken_readers(in_force: InForce, after: InForce) -> Iterator[Mistake]:
    """Declarations in force that would read what is no more, or is no more what they can read."""
    rules = after.rules()
    for of_groups in (False, True):
        known = vocabulary_of(after, of_groups=of_groups)
        if vocabulary_of(in_force, of_groups=of_groups).paths - known.paths:
            for rule in rules.values():
                if (rule.granularity != "person") is of_groups:
                    yield from _unreadable(rule, known)
    for rule in rules.values():
        if rule.parent is not None and rule.parent not in rules and rule.parent in in_force.rules():
            message = f"It is the parent of the tag “{rule.id}”."
            yield Mistake("$", "in_use", message, f"Change or withdraw the tag “{rule.id}” first.")
    yield from _broken_policy(in_force, after)
    yield from _broken_plan(in_force, after)
    yield from outrun_readers(in_force, after)
    if after.outreach is not None or in_force.measures.uses != after.measures.uses:
        from chalicelib.flows.check_segmentation import broken_by

        yield from broken_by(in_force, after)


def vocabulary_of(in_force: InForce, *, of_groups: bool = False) -> Vocabulary:
    """What rules may read: those of single persons, or those of groups."""
    if of_groups:
        persons = {one.id: one for one in in_force.rules().values() if one.granularity == "person"}
        return GroupVocabulary(persons, in_force.measures.measures)
    return Vocabulary(in_force.measures.measures, scenes=in_force.scenes.keys())


def _unreadable(rule: TagRule, known: Vocabulary) -> Iterator[Mistake]:
    for path in sorted(reads_of(rule)):
        if known.mistake(path) is not None:
            message = f"The tag “{rule.id}” reads “{path}”."
            yield Mistake("$", "in_use", message, f"Change or withdraw the tag “{rule.id}” first.")
    for scene in sorted({one.scene for one in rule.scenes} - set(known.scenes)):
        message = f"The tag “{rule.id}” weighs otherwise in the scene “{scene}”."
        yield Mistake("$", "in_use", message, f"Change or withdraw the tag “{rule.id}” first.")


def _broken_policy(in_force: InForce, after: InForce) -> Iterator[Mistake]:
    policy, tags = after.policy, after.rules()
    for tag_id in sorted(policy.tag_ids - tags.keys()):
        if tag_id in in_force.rules():
            message = f"The routing policy reads the tag “{tag_id}”."
            yield Mistake("$", "in_use", message, "Publish a policy without it first.")
    for path in sorted(policy.paths):
        head, _, rest = path.partition(".")
        measure = rest.partition(".")[0]
        if head == "m" and measure not in after.measures.measures and measure in in_force.measures.measures:
            message = f"The routing policy reads “{path}”."
            yield Mistake("$", "in_use", message, "Publish a policy without it first.")


def _room_mistakes(kind: Kind, after: InForce) -> Iterator[Mistake]:
    own = [one for (of, _), one in after.overlay.items() if of == kind and one.body]
    if len(own) > MOST[kind]:
        message = f"A tenant has at most {MOST[kind]} {kind} of its own."
        yield Mistake("$", "too_many", message, "Withdraw some that are not needed.")
    if kind == "segmentations":
        from chalicelib.flows.check_segmentation import too_many

        yield from too_many(after)
    if kind == "tags":
        rules = after.rules()
        parts = sum(parts_of(rules[one.id]) for one in own)
        if parts > MOST_PARTS:
            message = f"A tenant's own rules have at most {MOST_PARTS} parts together; they would have {parts}."
            yield Mistake("$", "too_costly", message, "Withdraw rules that are not needed.")


def _tag_mistakes(raw: Any, id_: str, in_force: InForce) -> Sequence[Mistake]:
    of_groups = isinstance(raw, dict) and raw.get("granularity") in {"segment", "crowd"}
    return declared_rule_mistakes(raw, id_, vocabulary_of(in_force, of_groups=of_groups), in_force.rules())


def _measure_mistakes(raw: Any, id_: str, in_force: InForce) -> Sequence[Mistake]:
    found = measure_mistakes(raw, id_)
    before = in_force.measures.measures.get(id_)
    if found or before is None:
        return found
    meant = msgspec.convert(raw, Measure)
    if msgspec.structs.replace(meant, names=before.names, purposes=before.purposes) != before:
        message = "What a measure counts cannot be changed: stored counts would have two meanings."
        return [Mistake("$", "measure_changes", message, "Declare a measure under another id.")]
    return []


def _scene_mistakes(raw: Any, id_: str, _: InForce) -> Sequence[Mistake]:
    return scene_mistakes(raw, id_)


def _policy_mistakes(raw: Any, id_: str, in_force: InForce) -> Sequence[Mistake]:
    if id_ != POLICY:
        return [Mistake("$.id", "other_id", f"There is one policy, “{POLICY}”.", POLICY)]
    vocabulary = vocabulary_of(in_force)
    clear = {name for name, field in vocabulary.traits.items() if not field.is_sealed}
    known = Known(tags=in_force.rules().keys(), traits=clear, measures=vocabulary.measures.keys())
    return declared_policy_mistakes(raw, known) or list(policy_purpose_mistakes(raw, uses_of(in_force)))


def _word_mistakes(raw: Any, id_: str, _: InForce) -> Sequence[Mistake]:
    return word_list_mistakes(raw, id_)


def _outreach_mistakes(raw: Any, id_: str, in_force: InForce) -> Sequence[Mistake]:
    from chalicelib.flows.check_segmentation import vocabulary_of_risks
    from chalicelib.outreach.check import plan_mistakes

    if id_ != POLICY:
        return [Mistake("$.id", "other_id", f"There is one plan, “{POLICY}”.", POLICY)]
    return plan_mistakes(raw, vocabulary_of_risks(in_force))


def _broken_plan(in_force: InForce, after: InForce) -> Iterator[Mistake]:
    """The plan's own risks that would read what is no more. Shipped ones that would are not raised."""
    plan = after.outreach
    if plan is None or not plan.rules:
        return
    from chalicelib.flows.check_segmentation import vocabulary_of_risks
    from chalicelib.outreach.rules import risk_reads

    known, before = (vocabulary_of_risks(one).paths for one in (after, in_force))
    for rule in plan.rules:
        for path in sorted(risk_reads(rule) & (before - known)):
            message = f"The risk “{rule.id}” reads “{path}”."
            yield Mistake("$", "in_use", message, "Publish a plan of outreach without it first.")


def _segmentation_mistakes(raw: Any, id_: str, in_force: InForce) -> Sequence[Mistake]:
    from chalicelib.flows.check_segmentation import own_mistakes

    return own_mistakes(raw, id_, in_force)


_CHECKS: Mapping[Kind, Callable[[Any, str, InForce], Sequence[Mistake]]] = {
    "tags": _tag_mistakes,
    "measures": _measure_mistakes,
    "scenes": _scene_mistakes,
    "policies": _policy_mistakes,
    "words": _word_mistakes,
    "outreach": _outreach_mistakes,
    "segmentations": _segmentation_mistakes,
}


def _refuse(kind: Kind, found: Iterable[Mistake]) -> None:
    told = tuple(_told(one, kind) for one in found)
    if told:
        raise ManyMistakes("bad_declaration", f"The declaration has {len(told)} mistake{'s' * (len(told) > 1)}.", told)


def _told(mistake: Mistake, kind: Kind) -> BadInput:
    suggestion = mistake.suggestion or _SUGGESTIONS.get(mistake.code, _ANYWAY).replace("{kind}", kind)
    path = mistake.path.removeprefix("$.") or "$"
    return BadInput(mistake.code, _plain(mistake.message), _plain(path), _plain(suggestion))


def _plain(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in text)[:400]
