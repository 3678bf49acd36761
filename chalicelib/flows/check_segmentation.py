"""Whether a segmentation may be put in force, beyond what it says itself: room, purposes, and who reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from chalicelib.flows.effective import InForce
from chalicelib.outreach.check import RiskVocabulary, may_read
from chalicelib.outreach.rules import SEGMENT, risk_reads
from chalicelib.outreach.rules import in_force as risks_in_force
from chalicelib.segments.declared import MOST_SEGMENTATIONS, segmentation_mistakes
from chalicelib.segments.reads import WIDER, beyond
from chalicelib.segments.segmentation import Segmentation
from chalicelib.tags.shapes import Mistake


def own_mistakes(raw: Any, id_: str, in_force: InForce) -> Sequence[Mistake]:
    """The mistakes of a declaration, and purposes that what it reads may not be used for."""
    found = [
        Mistake(one.path, one.code, one.message, one.suggestion or None) for one in segmentation_mistakes(raw, id_)
    ]
    if found:
        return found
    outrun = beyond(msgspec.convert(raw, Segmentation), in_force.measures.uses)
    return [
        Mistake("$.purposes", WIDER, f"“{feature}” may not be used for {', '.join(purposes)}.")
        for feature, purposes in outrun.items()
    ]


def too_many(after: InForce) -> Iterator[Mistake]:
    """More than may be in force: everybody is put into each of them at every event."""
    if len(after.segmentations) > MOST_SEGMENTATIONS:
        message = f"At most {MOST_SEGMENTATIONS} segmentations are in force, those that ship among them."
        yield Mistake("$", "too_many", message, "Withdraw one that is not needed.")


def broken_by(in_force: InForce, after: InForce) -> Iterator[Mistake]:
    """Segmentations that would serve more than what they read does by then, and risks that would read these."""
    if in_force.measures.uses != after.measures.uses:
        for id_, one in after.segmentations.items():
            before, outrun = beyond(one, in_force.measures.uses), beyond(one, after.measures.uses)
            for feature in sorted(outrun.keys() - before.keys()):
                message = f"The segmentation “{id_}” reads “{feature}” for {', '.join(outrun[feature])}."
                yield Mistake("$.purposes", "in_use", message, f"Publish “{id_}” with fewer purposes first.")
    yield from _outrun_risks(in_force, after)


def _outrun_risks(in_force: InForce, after: InForce) -> Iterator[Mistake]:
    """Risks of the plan, shipped ones too, that read a segment for what it may no longer be used for."""
    before = (in_force.outreach, in_force.segment_purposes)
    if after.outreach is None or (after.outreach, after.segment_purposes) == before:
        return
    known = vocabulary_of_risks(after)
    for rule in risks_in_force(after.outreach, after.trade):
        for path in sorted(risk_reads(rule) & known.paths):
            if path.startswith(SEGMENT) and not may_read(path, rule.purpose, known):
                message = f"The risk “{rule.id}” reads “{path}” for {rule.purpose}."
                yield Mistake(
                    "$", "in_use", message, f"Switch “{rule.id}” off in the plan of outreach, or leave the purpose."
                )


def vocabulary_of_risks(in_force: InForce) -> RiskVocabulary:
    """What risk rules may read."""
    return RiskVocabulary(in_force.measures.measures, in_force.rules(), in_force.segment_purposes)
