"""What a supervisor declares of an agent is checked whole."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.desk.agents import AgentDeclaration, declared, is_agent_id, mistakes_of_agent

SKILLS = {"complaints", "vip", "general"}


def told(**fields: Any) -> list[tuple[str, str, str]]:
    declaration = msgspec.convert({"skills": {"vip": 4}, **fields}, AgentDeclaration)
    found = mistakes_of_agent(declared("a-1", declaration, 10, 1), SKILLS)
    return [(one.code, one.path, one.suggestion) for one in found]


def test_agent__as_it_should_be__has_no_mistake() -> None:
    """Skills of the policy, costs within the units, hours of days there are, a zone there is."""
    hours = {"weekdays": [0, 6], "start_minute": 1320, "end_minute": 360}
    assert (
        told(units=20, costs={"phone": 20}, languages=["zh", "en-GB"], shifts=[hours], timezone="Asia/Shanghai") == []
    )


def test_agent__several_mistakes__are_told_at_once() -> None:
    """Each with its path, and a suggestion where something like it is known."""
    found = told(
        skills={"complaint": 3, "vip": 2},
        units=5,
        costs={"phone": 6},
        shifts=[{"weekdays": [], "start_minute": 0, "end_minute": 1}],
        timezone="Mars/Olympus",
    )
    assert found == [
        ("unknown_skill", "skills.complaint", "complaints"),
        ("cost_over_units", "costs.phone", ""),
        ("no_weekday", "shifts[0].weekdays", ""),
        ("bad_timezone", "timezone", ""),
    ]


def test_agent__too_much_of_everything__is_refused() -> None:
    """Lists have bounds: a body of ten megabytes is no agent."""
    hours = {"weekdays": [0], "start_minute": 0, "end_minute": 1}
    codes = told(languages=["zh"] * 21, shifts=[hours] * 29, costs={f"c{at}": 1 for at in range(41)})
    assert [code for code, _, _ in codes] == ["too_many"] * 3


@pytest.mark.parametrize(
    ("text", "may"),
    [("a-1", True), ("Li.Wei_2", True), ("", False), ("-a", False), ("a#b", False), ("王芳", False), ("a" * 65, False)],
)
def test_agent_id__is_safe_in_addresses_and_keys(text: str, may: bool) -> None:
    """Letters, digits, dots, dashes, underscores."""
    assert is_agent_id(text) is may


def test_declaration__without_units__has_those_of_the_policy() -> None:
    """What is left out is as the policy says."""
    assert declared("a-1", AgentDeclaration({"vip": 4}), 12, 3).units == 12
    assert declared("a-1", AgentDeclaration({"vip": 4}, units=4), 12, 3).units == 4
