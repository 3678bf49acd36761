"""What is refused when tags are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.profiles.conditions import MOST_NODES
from chalicelib.tags.check import MOST_SIGNALS, CatalogueRefused, read_rules
from chalicelib.tags.shapes import Mistake
from tests.unit.tags.rules import declaration, signal, vocabulary

CASES = json.loads((Path(__file__).parents[2] / "cases" / "tags_mistakes.json").read_text())


def mistakes(*declarations: Any) -> tuple[Mistake, ...]:
    with pytest.raises(CatalogueRefused) as refused:
        read_rules(list(declarations), vocabulary())
    return refused.value.mistakes


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_declaration__with_one_mistake__is_refused_with_its_place(case: dict[str, Any]) -> None:
    """Each mistake has a place, a code and, where there is one, a suggestion."""
    found = mistakes(declaration(**case["change"]))
    matching = [one for one in found if one.code == case["code"] and one.path == case["path"]]
    assert [one.suggestion for one in matching[:1]] == [case["suggestion"]], found


def test_declaration__without_mistakes__is_read() -> None:
    """The declaration that the cases change is itself sound."""
    assert read_rules([declaration()], vocabulary())[0].id == "sample"


def test_declarations__with_many_mistakes__are_refused_with_all_at_once() -> None:
    """Nobody has to publish five times to hear of five mistakes."""
    unknown = signal("a", 0.3, {">": [{"var": "m.nothing.count"}, 1]})
    sealed = signal("b", 0.3, {"==": [{"var": "t.phone"}, "1"]})
    first = declaration(threshold=2, version=0, signals=[unknown, sealed])
    second = declaration(id="other", owner=5, colour="red")
    assert {(one.path, one.code) for one in mistakes(first, second)} >= {
        ("$[0].threshold", "bad_threshold"),
        ("$[0].version", "bad_version"),
        ("$[0].signals", "weights_sum"),
        ("$[0].signals[0].when", "unknown_path"),
        ("$[0].signals[1].when", "sealed_trait"),
        ("$[1].owner", "wrong_type"),
        ("$[1].colour", "unknown_field"),
    }


def test_declarations__not_a_list__are_refused() -> None:
    """A file holds a list of declarations."""
    with pytest.raises(CatalogueRefused) as refused:
        read_rules({"id": "sample"}, vocabulary())
    assert refused.value.code == "bad_catalogue"
    assert refused.value.path == "$"


def test_declaration__missing_a_field__is_refused_by_its_name() -> None:
    """A field that has no default is needed."""
    incomplete = declaration()
    del incomplete["owner"], incomplete["examples"]["negative"]
    assert {one.path for one in mistakes(incomplete)} == {"$[0].owner", "$[0].examples.negative"}


def test_declarations__of_one_id__are_refused() -> None:
    """An id names one tag."""
    assert "repeated_id" in {one.code for one in mistakes(declaration(), declaration())}


def test_declarations__of_equal_signals__are_refused() -> None:
    """Two tags that always agree are one tag."""
    (twin,) = mistakes(declaration(), declaration(id="twin"))
    assert (twin.path, twin.code, twin.suggestion) == ("twin", "same_signals", "sample")


def test_condition__of_too_many_parts__is_refused() -> None:
    """A rule's cost is bounded when it is published, not when it runs."""
    parts = [{">=": [{"var": "m.contacts.count_30d"}, place]} for place in range(MOST_NODES)]
    found = mistakes(declaration(signals=[signal("a", 1, {"and": parts})]))
    assert [one.code for one in found] == ["too_costly"]


def test_declaration__of_too_many_signals__is_refused() -> None:
    """A tag that needs more signals than people can read is several tags."""
    many = [signal(f"s{place}", 1 / 32, {">=": [{"var": "m.contacts.count_30d"}, place + 1]}) for place in range(32)]
    assert len(many) > MOST_SIGNALS
    assert "too_many_signals" in {one.code for one in mistakes(declaration(signals=many))}
