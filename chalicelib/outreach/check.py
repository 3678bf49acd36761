"""Checks a plan of proactive service: every mistake at once, each with its place and a suggestion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec

from chalicelib.events.types import CHANNELS
from chalicelib.kernel.names import is_name
from chalicelib.outreach.caps import KEPT_DAYS
from chalicelib.outreach.model import Plan, RiskRule
from chalicelib.outreach.rules import SCORE, SEGMENT, TAG, risk_reads, shipped_rules
from chalicelib.privacy.uses import Use, wider
from chalicelib.profiles.measures import Measure
from chalicelib.segments.purposes import Purposes, may_serve, purposes_of
from chalicelib.segments.score_specs import score_specs
from chalicelib.tags.condition_check import condition_mistakes
from chalicelib.tags.model import TagRule
from chalicelib.tags.shapes import Mistake, shape_mistakes
from chalicelib.tags.vocabulary import Vocabulary, nearest

MOST_RULES, MOST_SIGNS = 50, 8
MOST_HELD_BACK = 0.5
_LONGEST_VALID_DAYS = 90
_NAME = "A name has lower-case letters, digits and underscores, a letter first, at most 63."


class RiskVocabulary(Vocabulary):
    """What risk rules may read: what tags may, and tags, scores and segments."""

    reads_judged = True

    def __init__(self, measures: Mapping[str, Measure], rules: Mapping[str, TagRule], segments: Purposes) -> None:
        """``segments``: what each segmentation in force may be used for."""
        super().__init__(measures, rules={id_: one for id_, one in rules.items() if one.granularity == "person"})
        self.segments = segments

    @cached_property
    def paths(self) -> frozenset[str]:
        """Every path that a rule may read."""
        judged = {SCORE + one for one in score_specs()} | {SEGMENT + one for one in self.segments}
        return super().paths | judged | {TAG + one for one in self.rules}

    def use(self, path: str) -> Use | None:
        """What may be done with the value at a path; None of what models say, which has its own purposes."""
        if path.startswith(TAG):
            return self.uses.of_rule(self.rules[path.removeprefix(TAG)])
        return self.uses.of_path(path)


def plan_mistakes(raw: Any, vocabulary: RiskVocabulary) -> list[Mistake]:
    """All mistakes of a plan that is to be published."""
    found = list(shape_mistakes(raw, Plan, "$"))
    if found:
        return found
    plan = msgspec.convert(raw, Plan)
    found += _number_mistakes(plan)
    if plan.id != "default":
        found.append(Mistake("$.id", "other_id", "There is one plan, “default”.", "default"))
    if not is_name(plan.experiment):
        found.append(Mistake("$.experiment", "bad_name", _NAME))
    known = {one.id for one in (*shipped_rules(), *plan.rules)}
    for place, id_ in enumerate(plan.off):
        if id_ not in known:
            found.append(Mistake(f"$.off[{place}]", "unknown_risk", "There is no such risk.", nearest(id_, known)))
    if len(plan.rules) > MOST_RULES:
        found.append(Mistake("$.rules", "too_costly", f"A plan has at most {MOST_RULES} risks of its own."))
    ids = [one.id for one in plan.rules]
    for place, rule in enumerate(plan.rules):
        path = f"$.rules[{place}]"
        if rule.id in ids[:place]:
            found.append(Mistake(f"{path}.id", "repeated_id", "Two risks have this id."))
        found += _rule_mistakes(rule, vocabulary, path)
    return found


def _number_mistakes(plan: Plan) -> Iterator[Mistake]:
    if not 0 <= plan.hold_back <= MOST_HELD_BACK:
        yield Mistake("$.hold_back", "bad_share", f"A share of 0 to {MOST_HELD_BACK} is held back.")
    caps, quiet = plan.caps, plan.quiet
    for name, value, least, most in (
        ("caps.person", caps.person, 1, 20),
        ("caps.person_days", caps.person_days, 1, KEPT_DAYS),
        ("caps.kind", caps.kind, 1, 20),
        ("caps.kind_days", caps.kind_days, 1, KEPT_DAYS),
        ("quiet.begins", quiet.begins, 0, 23),
        ("quiet.ends", quiet.ends, 0, 23),
    ):
        yield from _within(f"$.{name}", value, least, most)


def _within(path: str, value: int, least: int, most: int) -> Iterator[Mistake]:
    if not least <= value <= most:
        yield Mistake(path, "out_of_range", f"It is {least} to {most}.")


def _rule_mistakes(rule: RiskRule, vocabulary: RiskVocabulary, path: str) -> Iterator[Mistake]:
    yield from _within(f"{path}.valid_days", rule.valid_days, 1, _LONGEST_VALID_DAYS)
    yield from _within(f"{path}.again_days", rule.again_days, 1, KEPT_DAYS)
    named = [(f"{path}.id", rule.id)] + [(f"{path}.signs[{at}].id", one.id) for at, one in enumerate(rule.signs)]
    for where, name in named:
        if not is_name(name):
            yield Mistake(where, "bad_name", _NAME)
    for at, channel in enumerate(rule.channels):
        if channel not in CHANNELS:
            message = "There is no such channel."
            yield Mistake(f"{path}.channels[{at}]", "unknown_channel", message, nearest(channel, CHANNELS) or "phone")
    if not rule.signs:
        yield Mistake(f"{path}.signs", "no_signals", "A risk has at least one sign.")
    if len(rule.signs) > MOST_SIGNS:
        yield Mistake(f"{path}.signs", "too_many_signals", f"A risk has at most {MOST_SIGNS} signs.")
    conditions = [(f"{path}.signs[{at}].when", one.when) for at, one in enumerate(rule.signs)]
    conditions += [(f"{path}.high", rule.high)] if rule.high is not None else []
    wrong = [one for where, condition in conditions for one in condition_mistakes(condition, vocabulary, where)]
    yield from wrong
    if not wrong:
        yield from _purpose_mistakes(rule, vocabulary, path)


def _purpose_mistakes(rule: RiskRule, vocabulary: RiskVocabulary, path: str) -> Iterator[Mistake]:
    for read in sorted(risk_reads(rule)):
        if not may_read(read, rule.purpose, vocabulary):
            message = f"“{read}” may not be used for {rule.purpose}."
            yield Mistake(f"{path}.purpose", "wider_purposes", message)


def may_read(path: str, purpose: str, vocabulary: RiskVocabulary) -> bool:
    """Whether a purpose may use what stands at a path: what models say has the purposes it is declared for."""
    if path.startswith(SCORE):
        return may_serve(purposes_of("scores"), path.removeprefix(SCORE), purpose)
    if path.startswith(SEGMENT):
        return may_serve(vocabulary.segments, path.removeprefix(SEGMENT), purpose)
    use = vocabulary.use(path)
    return use is None or not wider([purpose], use)
