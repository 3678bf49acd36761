"""Why of any tag of anybody recomputes the tag from the values that it lists, and from nothing else."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from chalicelib.events.types import CHANNELS, EVENT_TYPES, TOPICS
from chalicelib.kernel.moments import DAY_MS
from chalicelib.kernel.texts import Text
from chalicelib.privacy.fields import FIELDS
from chalicelib.profiles.model import Profile, Trait
from chalicelib.tags.catalogue import Catalogue, load_catalogue
from chalicelib.tags.condition_check import outcome
from chalicelib.tags.engine import evaluate
from chalicelib.tags.health import Health, MeasureHealth, SourceHealth
from chalicelib.tags.why import why
from tests.unit.tags.persons import NOW, happened, person

PEOPLE = 1_000
BATCH = 50
LIBRARY = load_catalogue()
_KINDS = {
    "id": lambda chance: f"r{chance.randrange(4)}",
    "text": lambda chance: chance.choice(["beauty", "优惠券", "退款", "loan", "help_center", "promotion", "vpn"]),
    "amount": lambda chance: str(chance.choice([5, 80, 300, 1_200, 9_000])),
    "currency": lambda chance: "CNY",
    "count": lambda chance: chance.randrange(1, 5),
    "seconds": lambda chance: chance.randrange(1, 4_000),
    "score": lambda chance: chance.randrange(1, 6),
    "flag": lambda chance: chance.random() < 0.5,
    "topic": lambda chance: chance.choice(sorted(TOPICS)),
    "word": lambda chance: chance.choice(["high", "low"]),
    "moment": lambda chance: "2025-01-01T00:00:00Z",
}


def _traits(chance: random.Random) -> dict[str, Any]:
    clear = [field for field in FIELDS.values() if not field.is_sealed]
    made: dict[str, Any] = {}
    for field in chance.sample(clear, min(len(clear), 8)):
        if field.values:
            made[field.name] = chance.choice(sorted({*field.values} - {"under_14"}))
        elif field.type == "flag":
            made[field.name] = chance.random() < 0.6
        elif field.type == "integer":
            made[field.name] = chance.randrange(1, 60)
    return made


def somebody(chance: random.Random) -> Profile:
    """A random life: a few kinds of events that come again, some traits, now and then a person's word."""
    kinds = chance.sample(sorted(EVENT_TYPES), 7)
    events = []
    for _ in range(chance.randrange(1, 25)):
        type_ = chance.choice(kinds)
        data = {name: _KINDS[kind](chance) for name, kind in EVENT_TYPES[type_].items() if chance.random() < 0.8}
        channel = chance.choice(sorted(CHANNELS))
        events.append(happened(type_, chance.choice([0.1, 1, 2, 6, 20, 45, 100, 300]), channel, **data))
    found = person(events, _traits(chance), hour=chance.choice([3, 12, 23]))
    if chance.random() < 0.2:
        pins = {
            f"tag:{one}": Trait(chance.choice([True, False]), NOW - DAY_MS, 1_000, b"k", "person:lin")
            for one in chance.sample(sorted(LIBRARY.rules), 3)
        }
        found = msgspec.structs.replace(found, traits={**found.traits, **pins})
    return found


def _conditions(chance: random.Random) -> tuple[Catalogue, tuple[str, ...]]:
    """The catalogue as it may stand: sources well or not, and the scenes that are on."""
    health = Health()
    if chance.random() < 0.3:
        measure = chance.choice(sorted(LIBRARY.measures.measures))
        health = Health(
            sources={"s": SourceHealth("drifting", 0.5, NOW, Text("漂移", "drifts"))} if chance.random() < 0.5 else {},
            measures={measure: MeasureHealth(0.4, chance.choice([None, NOW - 9 * DAY_MS]), Text("静默", "silent"))},
        )
    scenes = sorted(LIBRARY.stage.scenes)
    return LIBRARY.under(health), tuple(chance.sample(scenes, chance.choice([0, 0, 1, 2])))


def recomputed(answer: dict[str, Any], declared: Any) -> tuple[bool, float]:
    """Whether the tag is set and how surely, from the answer's values and the rule's conditions."""
    true = [
        outcome(signal.when, listed["values"])
        for signal, listed in zip(declared.signals, answer["signals"], strict=True)
    ]
    kept = [one["weight"] * one["factor"] for one in answer["signals"]]
    plain = sum(one["weight"] for one, is_true in zip(answer["signals"], true, strict=True) if is_true)
    held = sum(share for share, is_true in zip(kept, true, strict=True) if is_true)
    weight = round(plain, 6)
    trust = held / plain if plain else 1.0
    lasts = [
        (all(path.startswith("p.") for path in one["values"]), one["last_event_at"])
        for one, is_true in zip(answer["signals"], true, strict=True)
        if is_true and one["last_event_at"] is not None
    ]
    # That a person was seen is evidence only where nothing else is.
    last = max([at for of_person, at in lasts if not of_person] or [at for _, at in lasts], default=None)
    age = 0.0 if last is None else (NOW - last) / DAY_MS
    decay = 1.0 if declared.half_life_days is None else 0.5 ** (age / declared.half_life_days)
    alive = weight >= declared.threshold and (declared.expires_days is None or age < declared.expires_days)
    alive = alive and weight * decay >= declared.threshold - 1e-9
    own = round(weight * trust * decay, 4)
    if answer["pinned"] is not None:
        return answer["pinned"]["value"], float(answer["pinned"]["value"])
    implied = [one["confidence"] for one in answer["implied_by"]]
    alive = alive and answer["lost_to"] is None
    return alive or bool(implied), max([own] * alive + implied, default=own)


@pytest.mark.parametrize("batch", range(PEOPLE // BATCH))
def test_why__of_any_tag_of_random_people__recomputes_the_tag(batch: int) -> None:
    """Conditions over the listed values, weights, factors, decay, implications and a person's word: no more is needed."""
    chance = random.Random(batch)
    explained = 0
    for _ in range(BATCH):
        someone = somebody(chance)
        catalogue, scenes = _conditions(chance)
        # The engine's own answer, so that why is held to what everybody else sees.
        seen = {tag.id: tag for tag in evaluate(catalogue, someone, NOW)} if not scenes else None
        told = [*(seen or ()), *chance.sample(sorted(catalogue.rules), 25)]
        for tag_id in dict.fromkeys(told):
            answer = msgspec.to_builtins(why(catalogue, someone, tag_id, NOW, scenes))
            is_set, confidence = recomputed(answer, catalogue.rules[tag_id])
            assert answer["set"] is is_set, (tag_id, answer)
            assert answer["confidence"] == pytest.approx(confidence, abs=2e-4), (tag_id, answer)
            if seen is not None:
                assert is_set is (tag_id in seen)
                assert not is_set or seen[tag_id].confidence == answer["confidence"]
            explained += is_set
    assert explained > BATCH, "people without tags prove nothing"


def test_recomputing__an_answer_with_one_changed_value__notices() -> None:
    """The control: the listed values are what the answer rests on."""
    someone = person([happened("call.started", 5), happened("call.started", 2)], {"gender": "female"})
    answer = msgspec.to_builtins(why(LIBRARY, someone, "female", NOW))
    assert recomputed(answer, LIBRARY.rules["female"])[0]
    answer["signals"][0]["values"] = dict.fromkeys(answer["signals"][0]["values"], "male")
    assert not recomputed(answer, LIBRARY.rules["female"])[0]
