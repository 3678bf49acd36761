"""The table of routing cases holds row by row, and the page that says how to extend it is true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.routing.shipped import TRADES
from infra.failures import Failure
from infra.routing_cases.__main__ import main
from infra.routing_cases.page import PAGE, with_list
from infra.routing_cases.run import decided, differences
from infra.routing_cases.table import OPTED_OUT, RECENT, TIMES, UNKNOWN, Expected, Row, call_of, rows
from tests.house import reading_docs as docs

ROWS = rows()
TEXT = PAGE.read_text("utf-8")
LEAST, LEAST_OF_A_TRADE = 40, 10


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.trade}: {row.name.en}")
def test_case__of_the_table__is_decided_as_told(row: Row) -> None:
    """The row's name is the rule."""
    assert "\n".join(differences(row, decided(row))) == ""


def test_table__covers_each_trade_in_both_languages() -> None:
    """At least 40 cases, ten of each trade; each promises a queue, a mode, a limit, how to talk, and says why."""
    assert len(ROWS) >= LEAST
    assert all(sum(row.trade == trade for row in ROWS) >= LEAST_OF_A_TRADE for trade in TRADES)
    assert len({row.name for row in ROWS}) == len(ROWS)
    for row in ROWS:
        told = row.expect
        assert re.search("[\u4e00-\u9fff]", row.name.zh) and row.name.en.isascii(), row.name
        assert told.queue and told.mode and told.priority and told.first_answer_within and told.tone and told.format
    written = " ".join(word for row in ROWS for word in (*row.who, row.says or ""))
    assert re.search("[\u4e00-\u9fff]", written) and re.search("[A-Za-z]{5}", written)


def raw_of(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(row)
    return found


@pytest.mark.parametrize(
    ("promised", "told"),
    [
        ({"queue": "VIP 专属"}, "queue: told VIP 专属, is complaints / 投诉处理 / Complaints"),
        ({"mode": "bot"}, "mode: told bot, is human"),
        ({"priority": [1, 2]}, "priority: told 1 to 2, is "),
        ({"urgency": "low"}, "urgency: told low, is high"),
        ({"intent": "refund"}, "intent: told refund, is complaint"),
        ({"tone": "lively"}, "tone: told lively, is apologetic"),
        ({"offer": "best_price"}, "offer: told best_price, is vip_care"),
        ({"ask": ["which_order"]}, "ask: which_order not among wished_outcome"),
        ({"first_answer_within": 1}, "first_answer_within: told 1 s, is 5 s"),
        ({"why": ["night"]}, "why: night not among complaint_open"),
    ],
)
def test_case__that_promises_something_else__is_told_with_what_is(promised: dict[str, Any], told: str) -> None:
    """The negative control: each promise can fail, and says how."""
    row = msgspec.convert({**raw_of(ROWS[0]), "expect": promised}, Row)
    (found,) = differences(row, decided(row))
    assert found.startswith(told)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"who": ["大客户"]}, "nobody of the trade retail is called “大客户”"),
        ({"who": ["涉诈预警"]}, "nobody of the trade retail"),
        ({"facts": {"orders.opened": 1}}, "the policy reads no “orders.opened”"),
        ({"when": "tomorrow"}, "a time is workday, night, weekend"),
    ],
)
def test_row__that_names_what_there_is_not__is_refused_by_name(changed: dict[str, Any], says: str) -> None:
    """A typing mistake must not make a case that tests something else."""
    with pytest.raises(Failure, match=re.escape(says)):
        call_of(msgspec.convert({**raw_of(ROWS[0]), **changed}, Row))


def test_command__with_another_table__tells_the_rows_that_do_not_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table of one's own: what holds, what does not, and what is no row."""
    table = tmp_path / "ours.json"
    table.write_bytes(msgspec.json.encode([ROWS[0], msgspec.structs.replace(ROWS[1], expect=Expected(mode="bot"))]))
    assert main([str(table)]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == ["  mode: told bot, is human", "1 of 2 cases hold."]
    table.write_bytes(msgspec.json.encode([{**raw_of(ROWS[0]), "wo": []}]))
    assert main([str(table)]) == 1
    assert "unknown field `wo`" in capsys.readouterr().err
    assert main([]) == 0


def test_page__lists_the_cases_as_they_are() -> None:
    """``python -m infra.routing_cases --write`` writes the list anew."""
    assert with_list(TEXT, ROWS) == TEXT


def test_page__names_every_field_and_word_of_a_row_and_no_other() -> None:
    """Who extends the table by the page finds what there is."""
    about, _, promises = TEXT.partition("| In `expect`")
    assert first_cells(about.partition("| Field |")[2]) == set(Row.__struct_fields__)
    assert first_cells(promises.partition("A field, tag")[0]) == set(Expected.__struct_fields__)
    words = {*UNKNOWN, *OPTED_OUT, *TIMES, *TRADES, *RECENT}
    assert words <= set(docs.SPAN.findall(about))


def first_cells(table: str) -> set[str]:
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    return {name for line in lines for name in docs.SPAN.findall(line.split("|")[1])}


def test_page__its_example__is_a_row_that_holds() -> None:
    """What is copied from the page works."""
    block = TEXT.partition("```json")[2].partition("```")[0]
    row = msgspec.convert(json.loads(block), Row)
    assert list(differences(row, decided(row))) == []
