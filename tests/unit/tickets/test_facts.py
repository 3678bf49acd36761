"""The key facts of messages, as tests/cases/ticket_facts.json tells them: anybody who reads it can add a case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.kernel.moments import parse_moment
from chalicelib.tickets.facts import LONGEST_READ, facts_of, kind_of
from chalicelib.tickets.model import Facts
from chalicelib.tickets.numbers import number_of

TABLE: Any = json.loads((Path(__file__).parents[2] / "cases" / "ticket_facts.json").read_text())
NOW = parse_moment(TABLE["read_at"])
ZONE = "Asia/Shanghai"


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_facts__of_a_message__are_those_of_the_table(case: Any) -> None:
    """All that is there, and nothing that is not."""
    facts = facts_of(case["text"], NOW, ZONE)
    assert list(facts.orders) == case.get("orders", [])
    assert list(facts.products) == case.get("products", [])
    assert list(facts.demands) == case.get("demands", [])
    assert [f"{one.value} {one.currency}" for one in facts.amounts] == case.get("amounts", [])
    due = case.get("deadline")
    assert (None if facts.deadline is None else facts.deadline.at) == (None if due is None else parse_moment(due))
    assert kind_of(case["text"], case.get("topic", "other"), facts) == case["kind"]


def test_table__has_both_languages__and_enough_of_each() -> None:
    """The table itself: a reader of either language finds their cases."""
    names = [case["name"] for case in TABLE["cases"]]
    assert len(set(names)) == len(names) >= 48
    assert sum(name.startswith("zh") for name in names) >= 25 and sum(name.startswith("en") for name in names) >= 15


def test_order__that_reads_like_a_persons_number__becomes_a_reference_or_nothing() -> None:
    """A telephone or card number under the name of an order stands nowhere in clear."""
    text = "订单 13900001234 要退款"
    assert facts_of(text, NOW, ZONE).orders == ()
    assert facts_of(text, NOW, ZONE, lambda number: f"~{len(number)}").orders == ("~11",)
    assert "13900001234" not in repr(facts_of(text, NOW, ZONE))


@pytest.mark.parametrize(
    "text",
    [
        "订单" * 4_000,
        "订单:" + "a-" * 4_000,
        "1," * 4_000,
        "¥" * 8_000,
        "一" * 8_000,
        "九百" * 4_000 + "元",
        "within " * 2_000,
        "by the " * 2_000,
        "1 " * 4_000,
        "refund" * 2_000,
        "不" * 8_000 + "退款",
        "1万" * 4_000,
    ],
)
def test_facts__of_a_text_made_to_be_slow__cost_what_it_is_long(text: str) -> None:
    """Counted in steps and not in seconds: ten times the text takes at most some twenty times the lines of code."""
    short, long = _steps(text[:800]), _steps(text[:8_000])
    assert long <= 25 * max(short, 200)


def _steps(text: str) -> int:
    import sys

    count = 0

    def each(frame: Any, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "line"
        return each

    before = sys.gettrace()
    sys.settrace(each)
    try:
        facts_of(text, NOW, ZONE)
    finally:
        sys.settrace(before)
    return count


def test_facts__of_a_long_text__are_those_of_its_beginning() -> None:
    """What is beyond the bound is not read, and only the first few of a kind are kept."""
    assert facts_of("。" * LONGEST_READ + "退款", NOW, ZONE) == Facts()
    many = " ".join(f"订单 A{number}00" for number in range(9))
    assert len(facts_of(many, NOW, ZONE).orders) == 5


@pytest.mark.parametrize(
    ("text", "number"),
    [("十二", 12), ("三百五", 350), ("三百零五", 305), ("一万二", 12_000), ("两千", 2_000), ("一万零二十", 10_020),
     ("七十", 70), ("百", 100), ("1,299", 1299), ("twelve", 12), ("an", 1), ("", None), ("abc", None), ("1" * 13, None),
     ("二〇", 0)],
)  # fmt: skip
def test_number__in_words_or_digits__is_read(text: str, number: int | None) -> None:
    """Chinese units, a shortened last digit, thousands' commas; what is none is none."""
    assert number_of(text) == number
