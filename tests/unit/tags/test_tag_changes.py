"""What is published when a profile changes."""

from __future__ import annotations

from chalicelib.tags.changes import changes
from chalicelib.tags.engine import assess
from chalicelib.tags.model import Assessment, Failure
from tests.unit.tags.persons import NOW, happened, person
from tests.unit.tags.rules import catalogue, rule, signal

ONE = catalogue(
    rule(id="once", signals=[signal("a", 1, {"==": [{"var": "m.contacts.count"}, 1]})]),
    rule(id="often", signals=[signal("a", 1, {">=": [{"var": "m.contacts.count"}, 2]})]),
    rule(id="ever", signals=[signal("a", 1, {">=": [{"var": "m.contacts.count"}, 1]})]),
)
BEFORE = assess(ONE, person([happened("call.started", 3)]), NOW)
AFTER = assess(ONE, person([happened("call.started", 3), happened("call.started", 1)]), NOW)


def test_changes__of_a_second_contact__are_what_it_set_and_cleared() -> None:
    """A tag that stays is no change."""
    found = changes(BEFORE, AFTER)
    assert [tag.id for tag in found.set] == ["often"]
    assert [tag.id for tag in found.cleared] == ["once"]


def test_changes__of_nothing__are_none() -> None:
    """Equal assessments differ in nothing."""
    found = changes(AFTER, AFTER)
    assert not found.set
    assert not found.cleared


def test_changes__where_a_rule_failed__say_nothing_of_its_tag() -> None:
    """A rule that could not be evaluated has neither set nor cleared its tag."""
    failing = Assessment((), (Failure("once", "Thrown"),))
    assert [tag.id for tag in changes(BEFORE, failing).cleared] == ["ever"]
    assert [tag.id for tag in changes(failing, BEFORE).set] == ["ever"]
