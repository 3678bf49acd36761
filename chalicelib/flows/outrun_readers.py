"""Who in force reads what a change would narrow: a tag that may serve less than before, or a measure that may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chalicelib.flows.effective import InForce
from chalicelib.privacy.uses import Use, wider
from chalicelib.routing.policy_purposes import PURPOSE
from chalicelib.tags.shapes import Mistake
from chalicelib.tags.uses import Uses, reads_of


def uses_of(in_force: InForce) -> Uses:
    """What may be done with what rules and policies read."""
    return Uses(in_force.measures.uses, in_force.rules())


def outrun_readers(in_force: InForce, after: InForce) -> Iterator[Mistake]:
    """Tags and the policy in force that would then read what may not be used for what they serve."""
    uses = uses_of(after)
    measures = _narrowed(in_force.measures.uses, after.measures.uses)
    tags = _narrowed(_changed(in_force, after), _changed(after, in_force))
    if not measures and not tags:
        return
    for rule in after.rules().values():
        for path in sorted(reads_of(rule)):
            use = uses.of_path(path) if tags.union(measures).intersection(path.split(".")) else None
            if use is not None and wider(rule.purposes, use):
                message = f"The tag “{rule.id}” reads “{path}” for {', '.join(wider(rule.purposes, use))}."
                yield Mistake("$.purposes", "in_use", message, f"Change the purposes of the tag “{rule.id}” first.")
    for tag_id in sorted(tags & after.policy.tag_ids):
        if wider([PURPOSE], uses.of_rule(after.rules()[tag_id])):
            message = f"The routing policy reads the tag “{tag_id}” for {PURPOSE}."
            yield Mistake("$.purposes", "in_use", message, "Publish a policy without it first.")


def _changed(one: InForce, other: InForce) -> dict[str, Use]:
    """The uses of the rules that the other does not have as they are."""
    rules, uses = other.rules(), uses_of(one)
    return {id_: uses.of_rule(rule) for id_, rule in one.rules().items() if rules.get(id_) != rule}


def _narrowed(before: Mapping[str, Use], after: Mapping[str, Use]) -> set[str]:
    return {name for name, use in before.items() if name in after and wider(use.purposes, after[name])}
