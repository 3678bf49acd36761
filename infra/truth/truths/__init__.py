"""What is true of a person, tag by tag, by plain reading of the ledger and of the hidden traits.

None of this looks at a rule, a measure or the engine: who reads a tag's meaning and knows all that happened would
judge so. A ``fact`` is what happened; a ``trait`` is what somebody is, counted only where it was lived at all lately,
because of somebody who was not in touch nobody can say how they get in touch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from infra.truth.ledger import Past
from infra.truth.persona import Trade

type Judge = Callable[[Past], bool]


class Truth(msgspec.Struct, frozen=True):
    """How one tag is judged: of whom, whether by what happened or by what somebody is, and the judgement."""

    trade: Trade | None
    kind: str
    judge: Judge


def truths() -> Mapping[str, Truth]:
    """Every tag that can be judged."""
    from infra.truth.truths import core_acts, core_people, finance, it_desk, retail, telecom

    found: dict[str, Truth] = {}
    for module in (core_people, core_acts):
        found |= _of(None, module.FACTS, module.TRAITS)
    found |= _of("retail", retail.FACTS, retail.TRAITS)
    found |= _of("finance", finance.FACTS, finance.TRAITS)
    found |= _of("telecom", telecom.FACTS, telecom.TRAITS)
    return found | _of("it_desk", it_desk.FACTS, it_desk.TRAITS)


def _of(trade: Trade | None, facts: Mapping[str, Judge], traits: Mapping[str, Judge]) -> dict[str, Truth]:
    return {tag: Truth(trade, "fact", judge) for tag, judge in facts.items()} | {
        tag: Truth(trade, "trait", judge) for tag, judge in traits.items()
    }
