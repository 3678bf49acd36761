"""What one event adds to the measures of finance, telecom and the IT service desk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.events.model import Event
from chalicelib.profiles import measures
from chalicelib.profiles.measures import deltas, load_measures

CASES = json.loads((Path(__file__).parents[1] / "cases" / "trade_measures.json").read_text())
FOLDER = Path(measures.__file__).with_name("declared")
OF_TRADES = {
    one["id"]
    for trade in ("finance", "telecom", "it_desk")
    for one in json.loads((FOLDER / f"{trade}.json").read_text())
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_event__of_a_trade__adds_to_its_measures(case: dict[str, Any]) -> None:
    """The table says what each event adds, among the measures of these trades."""
    event = Event("e", case["type"], 0, 0, "t", "s", case["channel"], (), case["data"])
    found = {one.measure: one.amount for one in deltas(load_measures(), event, case["hour"])}
    assert {name: amount for name, amount in found.items() if name in OF_TRADES} == case["adds"]


def test_table__of_events__has_each_measure() -> None:
    """No measure ships that no event of the table adds to."""
    assert {name for case in CASES for name in case["adds"]} == OF_TRADES


def test_money__of_a_bank__is_counted_and_not_summed() -> None:
    """Of what somebody owns, owes or spends at a bank the clear profile holds counts only."""
    finance = json.loads((FOLDER / "finance.json").read_text())
    assert [one["id"] for one in finance if one.get("amount")] == []
