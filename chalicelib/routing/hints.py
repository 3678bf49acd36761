"""How to talk to the person: the hint rules that hold, merged in their order. Compiled once per policy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from chalicelib.kernel.texts import Text
from chalicelib.routing.declaration import HintRule, PolicyDeclaration
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
        texts = {id_: _text(id_, text) for id_, text in declared.texts.items()}
        plain, rules = declared.plain_hints, declared.hints
        self._plain: dict[str, Any] = {"tone": plain.tone, "format": plain.format, "scene": plain.scene, "offer": None}
        self._language = plain.language
        # Each by the positions of the rules that have any.
        self._single = _set({place: _single(rule, texts) for place, rule in enumerate(rules)})
        self._ask = _set({place: {id_: texts[id_] for id_ in rule.ask} for place, rule in enumerate(rules)})
        self._known = _set({place: {id_: texts[id_] for id_ in rule.do_not_ask} for place, rule in enumerate(rules)})
        self._languages = {
            place: (None, rule.language["var"]) if isinstance(rule.language, dict) else (rule.language, "")
            for place, rule in enumerate(rules)
            if rule.language
        }
        self._plan = lru_cache(SETS_KEPT)(self._planned)

    def hints(self, facts: Facts, held: Held) -> Hints:
        """The first of the rules that hold that sets a single field wins it; questions add up without repetition."""
        plan = self._plan(held)
        return Hints(
            plan.tone,
            plan.format,
            self._spoken(plan, facts),
            plan.scene,
            tuple([text.told(facts) for text in plan.ask]),
            tuple([text.told(facts) for text in plan.do_not_ask]),
            None if plan.offer is None else plan.offer.told(facts),
        )

    def _spoken(self, plan: _Plan, facts: Facts) -> str:
        for named, path in plan.languages:
            found = named or value_at(facts, path)
            if found and isinstance(found, str):
                return found
        return self._language

    def _planned(self, held: Held) -> _Plan:
        singles, asks, knowns, languages = self._single, self._ask, self._known, self._languages
        single = self._plain.copy()
        # What comes later is written over by what comes earlier.
        for place in reversed(held):
            if place in singles:
                single |= singles[place]
        ask: dict[str, _Text] = {}
        known: dict[str, _Text] = {}
        for place in held:
            if place in asks:
                ask |= asks[place]
            if place in knowns:
                known |= knowns[place]
        return _Plan(
            single["tone"],
            single["format"],
            single["scene"],
            tuple([languages[place] for place in held if place in languages]),
            # What is known must never be asked, whatever another rule wants to ask.
            tuple([text for id_, text in ask.items() if id_ not in known]),
            tuple(known.values()),
            single["offer"],
        )


def _single(rule: HintRule, texts: Mapping[str, _Text]) -> dict[str, Any]:
    """The single fields that a rule sets, by name."""
    fields = {"tone": rule.tone, "format": rule.format, "scene": rule.scene}
    offer = {"offer": texts[rule.offer]} if rule.offer else {}
    return {**{field: value for field, value in fields.items() if value}, **offer}


def _set[T](by_place: Mapping[int, dict[str, T]]) -> dict[int, dict[str, T]]:
    return {place: values for place, values in by_place.items() if values}


def _text(id_: str, says: Text) -> _Text:
    sentence = Sentence(says)
    return _Text(Advice(id_, says), None if sentence.is_fixed else sentence)
