"""Rules that are asked as one program say what each says by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from datalogic_py import BatchItemError
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.profiles.conditions import STEP_BUDGET
from chalicelib.profiles.values import at_path, values
from chalicelib.tags import programs
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.compiled import Compiled
from chalicelib.tags.programs import Apart, Outcome, Together, Unreadable
from tests.unit.tags.persons import NOW, happened, person
from tests.unit.tags.rules import rule, signal

_SHIPPED = [load_catalogue().compiled(one) for one in load_catalogue().rules]
_MONEY = load_catalogue().measures.money
_TOGETHER, _APART = Together(_SHIPPED, _MONEY), Apart(_SHIPPED, _MONEY)
_PATHS = sorted({path for one in _SHIPPED for path in one.reads})
_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 400), st.floats(0, 400), st.sampled_from(["", "gold", "zh"])
)


def _asking(id_: str, *whens: Any) -> Compiled:
    weight = 1 / len(whens)
    return Compiled(rule(id=id_, signals=[signal(f"s{n}", weight, when) for n, when in enumerate(whens)]))


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for path, value in flat.items():
        *stems, last = path.split(".")
        place = nested
        for one in stems:
            place = place.setdefault(one, {})
        place[last] = value
    return nested


def _told(found: programs.Outcomes) -> dict[str, Outcome | str]:
    return {one.rule.id: outcome.tag if isinstance(outcome, BatchItemError) else outcome for one, outcome in found}


def _together(together: Together, nested: dict[str, Any], *, alone: bool = True) -> dict[str, Outcome | str]:
    """What one program says of values. Not ``alone``: no rule may be asked apart."""

    def apart(rules: Sequence[Compiled]) -> programs.Outcomes:
        assert alone, "Asked apart."
        return Apart(rules, ()).of_values(nested)

    return _told(together.of_row([at_path(nested, path) for path in together.paths], apart))


@settings(max_examples=40)
@given(st.fixed_dictionaries(dict.fromkeys(_PATHS, _VALUES)))
def test_together__of_any_values__is_what_each_rule_says_by_itself(given_: dict[str, Any]) -> None:
    """One program for all shipped rules gives the true signals, and the failures, that a program for each gives."""
    nested = _nested(given_)
    assert _together(_TOGETHER, nested) == _told(_APART.of_values(nested))


@pytest.mark.parametrize(
    ("when", "value", "holds"),
    [
        ({"var": "t.city"}, "", False),
        ({"var": "t.city"}, "0", True),
        ({"or": [{"var": "t.city"}, False]}, [], False),
        ({"and": [{"==": [1, 1]}, {"var": "t.city"}]}, {}, False),
        ({"if": [{"var": "t.city"}, "", "yes"]}, None, True),
        ({"or": [{"==": [{"var": "t.city"}, 2]}, {"!": [{"var": "t.city"}]}]}, 2, True),
    ],
)
def test_signal__that_comes_to_no_boolean__is_true_as_the_engine_takes_it(
    when: Any, value: Any, *, holds: bool
) -> None:
    """What is true of a value is what the engine says, not what Python says of it."""
    one, nested = _asking("one", when), {"t": {"city": value}}
    assert _together(Together([one], ()), nested, alone=False) == ({"one": 1} if holds else {})
    assert _told(Apart([one], ()).of_values(nested)) == ({"one": 1} if holds else {})


def test_rule__that_breaks_in_company__fails_alone() -> None:
    """A condition that cannot be evaluated takes no other rule with it."""
    sound, broken, other = (
        _asking("sound", {"==": [{"var": "t.city"}, "x"]}, {"==": [1, 1]}),
        _asking("broken", {">": [{"*": [{"var": "t.city"}, 2]}, 3]}),
        _asking("other", {"==": [{"var": "t.city"}, "y"]}),
    )
    found = _together(Together([sound, broken, other], ()), {"t": {"city": "x"}})
    assert found == {"sound": 3, "broken": "Thrown"}


def test_value__that_the_engine_cannot_take__fails_its_readers_of_a_company() -> None:
    """The others are asked without it."""
    reader, other = _asking("reader", {"==": [{"var": "t.city"}, 1]}), _asking("other", {"!": [{"var": "t.age"}]})
    found = _together(Together([reader, other], ()), {"t": {"city": object(), "age": None}})
    assert found == {"reader": Unreadable(), "other": 1}


def test_rules__more_than_a_budget_of_steps_pays__are_several_programs() -> None:
    """However many are asked together, none fails for the steps that others took."""
    long = {"or": [{"==": [{"var": "t.city"}, str(n)]} for n in range(30)]}
    many = [_asking(f"r{n}", long, {"==": [{"var": "t.city"}, "x"]}) for n in range(STEP_BUDGET // 60)]
    assert set(_together(Together(many, ()), {"t": {"city": "x"}}, alone=False).values()) == {2}


def test_rules__all_that_ship__are_asked_together() -> None:
    """What the shipped rules take together is paid by the budget, and none of them fails the others."""
    nested = values(person([happened("call.started", 1, "phone")]), _PATHS, NOW, _MONEY)
    assert _together(_TOGETHER, nested, alone=False) == _told(_APART.of_values(nested)) != {}


def test_profile__asked_of_rules_together__gives_what_each_says_of_it() -> None:
    """What is read of a person as a row is what is read by names."""
    someone = person([happened("call.started", 1, "phone"), happened("order.paid", 40, order_id="o", amount="8.50")])
    together, apart = (one.of(someone, NOW, {"weekend"}, {}) for one in (_TOGETHER, _APART))
    assert _told(together) == _told(apart) != {}
