"""Outcomes: told field by field, corrected with their past kept, and counted once in an agent's record."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.desk.model import Track
from chalicelib.kernel.errors import Conflict
from chalicelib.routing.outcome import (
    MOST_REPORTS,
    NO_REPORTS,
    NOTHING_TOLD,
    Moves,
    Outcome,
    Outcomes,
    reported,
    track_moves,
)


def outcomes() -> st.SearchStrategy[Outcome]:
    return st.builds(
        Outcome,
        resolved=st.none() | st.booleans(),
        transferred=st.none() | st.booleans(),
        csat=st.none() | st.integers(1, 5),
        handling_seconds=st.none() | st.integers(0, 900),
        agent_id=st.none() | st.sampled_from(["ann", "bo"]),
    )


def after(*told: Outcome) -> Outcomes:
    whole = NO_REPORTS
    for number, one in enumerate(told):
        whole = reported(whole, one, f"r{number}", number, "bot")
    return whole


def summed(parts: list[Moves]) -> dict[tuple[str, str], Track]:
    totals: dict[tuple[str, str], list[float]] = {}
    for moves in parts:
        for place, track in moves.items():
            one = totals.setdefault(place, [0, 0, 0, 0])
            for at, number in enumerate(msgspec.structs.astuple(track)):
                one[at] += number
    return {place: Track(*map(int, one[:3]), one[3]) for place, one in totals.items() if any(one)}


def test_outcome__told_in_parts__adds_up() -> None:
    """What is not told stays as it was; a survey may come a day later."""
    found = after(Outcome(resolved=True, handling_seconds=300), Outcome(csat=5))
    assert found.now == Outcome(resolved=True, handling_seconds=300, csat=5)
    assert [one.replaced for one in found.reports] == [{"resolved": None, "handling_seconds": None}, {"csat": None}]


def test_outcome__corrected__keeps_what_it_was() -> None:
    """The later word wins, and the earlier one can be read."""
    found = after(Outcome(resolved=True), Outcome(resolved=False))
    assert found.now.resolved is False
    assert found.reports[1].replaced == {"resolved": True}


def test_outcome__said_again__changes_nothing() -> None:
    """A repeat with or without a key is no second report; one that comes late takes no correction back."""
    first = after(Outcome(resolved=True))
    assert reported(first, Outcome(resolved=True), "another", 9, "bot") is first
    corrected = reported(first, Outcome(resolved=False), "r9", 9, "bot")
    assert reported(corrected, Outcome(resolved=True), "r0", 10, "bot") is corrected


def test_outcome__told_without_end__is_refused() -> None:
    """A loop fills no item; what repeats is taken all the same."""
    whole = after(*(Outcome(csat=1 + number % 2) for number in range(MOST_REPORTS)))
    with pytest.raises(Conflict) as raised:
        reported(whole, Outcome(csat=3), "more", 1, "bot")
    assert raised.value.code == "too_many_reports"
    assert reported(whole, whole.now, "more", 1, "bot") is whole


@pytest.mark.parametrize(
    "body",
    [
        {"csat": 0},
        {"csat": 6},
        {"csat": 4.5},
        {"resolved": "yes"},
        {"handling_seconds": -1},
        {"handling_seconds": 90 * 86_400 + 1},
        {"agent_id": ""},
        {"agent_id": "a b"},
        {"agent_id": "#1"},
        {"solved": True},
    ],
)
def test_outcome__that_is_none__is_refused(body: dict[str, Any]) -> None:
    """Numbers have bounds, names a form, and there is no other field."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, Outcome)


def test_track__of_an_outcome__counts_for_the_intent_and_for_all() -> None:
    """An agent's record has the intent's numbers, and those of all under no name."""
    moves = track_moves(NOTHING_TOLD, Outcome(resolved=True, csat=4), "ann", "refund")
    assert moves == {("ann", "refund"): Track(1, 1, 1, 4.0), ("ann", ""): Track(1, 1, 1, 4.0)}
    assert track_moves(NOTHING_TOLD, Outcome(resolved=True), "", "refund") == {}


def test_track__of_a_transfer__goes_to_who_is_named() -> None:
    """A correction of who served takes all of it from one and gives it to the other."""
    moves = track_moves(Outcome(resolved=False, csat=2), Outcome(resolved=True, csat=2, agent_id="bo"), "ann", "refund")
    assert moves[("ann", "refund")] == Track(-1, 0, -1, -2.0)
    assert moves[("bo", "refund")] == Track(1, 1, 1, 2.0)


@given(st.lists(outcomes(), max_size=6))
def test_track__after_any_reports__is_that_of_the_last_outcome(told: list[Outcome]) -> None:
    """However it came about, the records are what the outcome as it stands would give at once."""
    whole, parts = NO_REPORTS, []
    for number, one in enumerate(told):
        then = reported(whole, one, f"r{number}", number, "bot")
        parts.append(track_moves(whole.now, then.now, "ann", "refund"))
        whole = then
    assert summed(parts) == track_moves(NOTHING_TOLD, whole.now, "ann", "refund")
