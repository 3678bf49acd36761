"""How to talk to the person: the hint rules that hold, merged in their order. Compiled once per policy."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from chalicelib.kernel.texts import Text
from chalicelib.routing.declaration import PolicyDeclaration
from chalicelib.routing.effects import SETS_KEPT, Held
from chalicelib.routing.facts import Facts, value_at
from chalicelib.routing.model import Advice, Hints
from chalicelib.routing.sentences import Sentence


class _Text(msgspec.Struct, frozen=True):
    """A text that hints name; ``sentence`` where values are filled in."""

    advice: Advice
    sentence: Sentence | None

    def told(self, facts: Facts) -> Advice:
        return self.advice if self.sentence is None else Advice(self.advice.id, self.sentence.told(facts))


class _Plan(msgspec.Struct, frozen=True):
    """What a set of hint rules comes to before its values are filled in. ``languages``: (named, path) in their order."""

    tone: str
    format: str
    scene: str
    languages: tuple[tuple[str | None, str], ...]
    ask: tuple[_Text, ...]
    do_not_ask: tuple[_Text, ...]
    offer: _Text | None


class Talk:
    """The hint rules of a policy and the texts that they name."""

    def __init__(self, declared: PolicyDeclaration) -> None:
        self._rules, self._plain = declared.hints, declared.plain_hints
        self._texts = {id_: _text(id_, text) for id_, text in declared.texts.items()}
        self._plan = lru_cache(SETS_KEPT)(self._planned)

    def hints(self, facts: Facts, held: Held) -> Hints:
        """The first of the rules that hold that sets a single field wins it; questions add up without repetition."""
        plan = self._plan(held)
        return Hints(
            plan.tone,
            plan.format,
            self._language(plan, facts),
            plan.scene,
            tuple([text.told(facts) for text in plan.ask]),
            tuple([text.told(facts) for text in plan.do_not_ask]),
            None if plan.offer is None else plan.offer.told(facts),
        )

    def _language(self, plan: _Plan, facts: Facts) -> str:
        for named, path in plan.languages:
            found = named or value_at(facts, path)
            if found and isinstance(found, str):
                return found
        return self._plain.language

    def _planned(self, held: Held) -> _Plan:
        rules, plain = [self._rules[place] for place in held], self._plain
        known = _listed(rule.do_not_ask for rule in rules)
        return _Plan(
            tone=next((rule.tone for rule in rules if rule.tone), plain.tone),
            format=next((rule.format for rule in rules if rule.format), plain.format),
            scene=next((rule.scene for rule in rules if rule.scene), plain.scene),
            languages=tuple(
                (None, rule.language["var"]) if isinstance(rule.language, dict) else (rule.language, "")
                for rule in rules
                if rule.language
            ),
            # What is known must never be asked, whatever another rule wants to ask.
            ask=tuple(self._texts[id_] for id_ in _listed(rule.ask for rule in rules) if id_ not in known),
            do_not_ask=tuple(self._texts[id_] for id_ in known),
            offer=next((self._texts[rule.offer] for rule in rules if rule.offer), None),
        )


def _text(id_: str, says: Text) -> _Text:
    sentence = Sentence(says)
    return _Text(Advice(id_, says), None if sentence.is_fixed else sentence)


def _listed(lists: Iterable[tuple[str, ...]]) -> list[str]:
    return list(dict.fromkeys(id_ for ids in lists for id_ in ids))
