"""A past decision as a contact to be played again."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from chalicelib.kernel.codec import decode
from chalicelib.routing.inputs import read_inputs
from chalicelib.routing.outcome import NO_REPORTS, Outcomes
from chalicelib.routing.policy import Policy
from chalicelib.simulation.past import UNKNOWN, PastContact, segment_of, sent_by
from chalicelib.store.rows import DecisionRow
from chalicelib.tags.catalogue import Catalogue

GROUPS = "customer_group"


class _Agent(msgspec.Struct, frozen=True):
    agent_id: str


class _Intent(msgspec.Struct, frozen=True):
    id: str


class _Answered(msgspec.Struct, frozen=True):
    """What is needed of a decision as it was answered."""

    intent: _Intent
    agent: _Agent | None = None


_ANSWERED = msgspec.json.Decoder(_Answered)


def groups_of(catalogue: Catalogue) -> frozenset[str]:
    """The tags that are groups of people."""
    return frozenset(tag_id for tag_id, rule in catalogue.rules.items() if rule.class_ == GROUPS)


def past_contact(row: DecisionRow, before: Policy, after: Policy, groups: Iterable[str]) -> PastContact | None:
    """The contact; None for a decision whose inputs were not kept. Raises BadInput ``bad_inputs``."""
    if not row.inputs:
        return None
    inputs = read_inputs(row.inputs)
    answered = _ANSWERED.decode(row.content)
    told = (decode(row.outcome, Outcomes) if row.outcome else NO_REPORTS).now
    facts = inputs.facts
    return PastContact(
        at=row.at,
        channel=str(facts["channel"]),
        intent=answered.intent.id,
        segment=segment_of(facts, groups) if inputs.profiled else UNKNOWN,
        language=str((facts.get("message") or {}).get("language") or ""),
        before=sent_by(before, facts, profiled=inputs.profiled),
        after=sent_by(after, facts, profiled=inputs.profiled),
        agent_id=told.agent_id or (answered.agent.agent_id if answered.agent else ""),
        handling_seconds=told.handling_seconds,
        resolved=told.resolved,
        transferred=told.transferred,
    )
