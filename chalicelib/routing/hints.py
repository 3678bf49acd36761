"""How to talk to the person: the hint rules that hold, merged in their order."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.routing.declaration import HintRule
from chalicelib.routing.facts import Facts, value_at
from chalicelib.routing.model import Advice, Hints
from chalicelib.routing.policy import Policy
from chalicelib.routing.sentences import render


def hints_of(policy: Policy, facts: Facts, held: Iterable[int]) -> Hints:
    """The first of the rules that hold that sets a single field wins it; questions add up without repetition."""
    rules = [policy.declared.hints[position] for position in held]
    plain = policy.declared.plain_hints
    asked = _listed(rule.ask for rule in rules)
    known = _listed(rule.do_not_ask for rule in rules)
    offer = next((rule.offer for rule in rules if rule.offer), None)
    return Hints(
        tone=next((rule.tone for rule in rules if rule.tone), plain.tone),
        format=next((rule.format for rule in rules if rule.format), plain.format),
        scene=next((rule.scene for rule in rules if rule.scene), plain.scene),
        language=next(filter(None, (_language(rule, facts) for rule in rules)), plain.language),
        # What is known must never be asked, whatever another rule wants to ask.
        ask=tuple(_advice(policy, id_, facts) for id_ in asked if id_ not in known),
        do_not_ask=tuple(_advice(policy, id_, facts) for id_ in known),
        offer=None if offer is None else _advice(policy, offer, facts),
    )


def _listed(lists: Iterable[tuple[str, ...]]) -> list[str]:
    return list(dict.fromkeys(id_ for ids in lists for id_ in ids))


def _advice(policy: Policy, id_: str, facts: Facts) -> Advice:
    return Advice(id_, render(policy.declared.texts[id_], facts))


def _language(rule: HintRule, facts: Facts) -> str | None:
    if not isinstance(rule.language, dict):
        return rule.language
    found = value_at(facts, rule.language["var"])
    return found if isinstance(found, str) else None
