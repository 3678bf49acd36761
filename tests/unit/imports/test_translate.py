"""What a line becomes, and what is wrong with a declaration: tests/cases/imports.json."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.model import SourceProfile
from chalicelib.imports.declaration import read_declaration
from chalicelib.imports.model import Declaration, Header, Job, Place
from chalicelib.imports.records import Range
from chalicelib.imports.results import Result, read_header, results
from chalicelib.imports.times import reader
from chalicelib.imports.translate import Translator
from chalicelib.kernel.errors import BadInput, ManyMistakes, TooLarge
from chalicelib.kernel.moments import format_moment, parse_moment
from chalicelib.privacy.fields import FIELDS, SOURCE_TRAITS

CASES = json.loads((Path(__file__).parents[2] / "cases/imports.json").read_text())
NOW = 1_760_000_000_000
TRUSTED = frozenset(name for name, field in FIELDS.items() if field.writable_by in ("source", "trusted"))
SOURCE = SourceProfile("t_1", "s_1", "shop", 1, TRUSTED)


def whole(value: Any) -> Any:
    """A case's value with what it abbreviates."""
    if isinstance(value, dict) and value.keys() == {"repeat", "times"}:
        return value["repeat"] * value["times"]
    if isinstance(value, dict):
        return {name: whole(one) for name, one in value.items()}
    return [whole(one) for one in value] if isinstance(value, list) else value


def job_of(name: str, **changes: Any) -> Job:
    declared = msgspec.convert(CASES["declarations"][name], Declaration)
    columns = list(declared.mapping)
    header = Header(len(columns), {path: place for place, path in enumerate(columns)})
    job = Job("t_1", "i_1", "admin", declared, NOW, NOW, header=header if declared.format == "csv" else None)
    return msgspec.structs.replace(job, **changes)


def result_of(name: str, content: Any, source: SourceProfile = SOURCE) -> Result:
    """What one line comes to, read as the import reads it."""
    job = job_of(name)
    line = json.dumps(content) if isinstance(content, dict) else ",".join(f'"{cell}"' for cell in content)
    within = Range(line.encode(), Place(line=7), at_end=True)
    (found,) = results(within, job, Translator(job, source, NOW, region="CN"))
    return found


@pytest.mark.parametrize("case", CASES["lines"], ids=lambda case: case["name"])
def test_line__each_case__becomes_what_the_table_says(case: dict[str, Any]) -> None:
    """A line becomes events, or is refused with its number, a code and a path, and keeps its original for the quarantine."""
    found = result_of(case["import"], whole(case.get("line") or case["cells"]))
    if "refused" in case:
        assert found.refused is not None
        assert [found.refused.line, found.refused.code, found.refused.path] == [7, *case["refused"]]
        assert found.raw and not found.events
        return
    assert found.refused is None, found.refused
    assert found.left_out == case.get("left_out", 0)
    assert len(found.events) == len(case["events"])
    for event, expected in zip(found.events, case["events"], strict=True):
        told = {"type": event.type, "data": event.data, "at": format_moment(event.time), "channel": event.channel}
        assert {name: told[name] for name in expected} == expected


@pytest.mark.parametrize("case", CASES["mistakes"], ids=lambda case: case["name"])
def test_declaration__all_that_is_wrong__is_told_at_once(case: dict[str, Any]) -> None:
    """Every mistake has its code and its place, and no mistake hides another."""
    with pytest.raises(ManyMistakes) as refusal:
        read_declaration(case["body"], lambda source_id: SOURCE_TRAITS if source_id == "s_1" else None)
    assert refusal.value.code == "bad_import"
    assert [[one.code, one.path] for one in refusal.value.mistakes] == case["mistakes"]


@pytest.mark.parametrize("name", sorted(CASES["declarations"]))
def test_declaration__of_each_case__is_taken(name: str) -> None:
    """The imports that the lines above use are well declared."""
    body = CASES["declarations"][name]
    assert read_declaration(body, lambda _: TRUSTED) == msgspec.convert(body, Declaration)


def test_declaration__misspelt_path__is_told_which_was_meant() -> None:
    """A mistake that is nearly right comes with what is right."""
    body = CASES["declarations"]["customers"] | {
        "mapping": {"identifiers.user_id": "a", "traits.member_levl": "b"},
        "values": {},
    }
    with pytest.raises(ManyMistakes) as refusal:
        read_declaration(body, lambda _: TRUSTED)
    assert "traits.member_level?" in refusal.value.mistakes[0].message


def test_declaration__longer_than_a_row_holds__is_refused() -> None:
    """Bad input 2: a declaration is kept in one item, so it has a limit in bytes."""
    body = CASES["declarations"]["customers"] | {"values": {"traits.name": {"王": "x" * 70_000}}}
    with pytest.raises(TooLarge):
        read_declaration(body, lambda _: TRUSTED)


def order(**changes: Any) -> dict[str, Any]:
    return {"user": "u1", "order": "A1", "amount": "1.00", "status": "paid", "at": "2025-10-01T10:00:00Z"} | changes


def test_event_id__same_order_status_and_time__is_the_same() -> None:
    """Lines that tell of one thing have one id, however else they differ; another status or time is another thing."""
    first = result_of("orders", order()).events[0].id
    assert result_of("orders", order(amount="2.00", at="2025-10-01T18:00:00+08:00")).events[0].id == first
    others = [order(order="A2"), order(status="退款"), order(at="2025-10-01T10:00:01Z")]
    assert len({first, *(result_of("orders", one).events[0].id for one in others)}) == 4


def test_event_id__customer__follows_from_what_is_said_of_whom() -> None:
    """The same description of the same person is one event; another description is another."""
    line = {"customer": {"id": "u1", "name": "Li"}, "seen_at": "2025-10-01T10:00:00Z"}
    first = result_of("customers_nested", line).events[0].id
    assert result_of("customers_nested", line).events[0].id == first
    assert result_of("customers_nested", line | {"city": "杭州"}).events[0].id != first
    assert result_of("customers_nested", line | {"seen_at": "2025-10-02T10:00:00Z"}).events[0].id != first


def test_event_id__of_a_column__is_taken_as_it_is() -> None:
    """Who sends the same events through a door as well maps their ids, and each counts once."""
    declared = {
        **CASES["declarations"]["orders"],
        "mapping": {**CASES["declarations"]["orders"]["mapping"], "id": "event"},
    }
    job = job_of("orders", declaration=msgspec.convert(declared, Declaration))
    found = Translator(job, SOURCE, NOW, region="CN").translate(order(event="evt-1"))
    assert found.events[0].id == "evt-1"


def test_traits__not_the_source_s_to_write__are_left_out() -> None:
    """Bad input 25: a source that lost a right after the import was declared writes no more than it may."""
    line = ["u1", "", "王芳", "", "是", "", "", ""]
    found = result_of("customers", line, SourceProfile("t_1", "s_1", "shop", 1, SOURCE_TRAITS))
    assert found.events[0].data == {"traits": {"name": "王芳"}} and found.left_out == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "does not start"),
        (b"\n1,2\n", "does not start"),
        (b'"a,b\n', "does not start"),
        (b"user,order,amount,items,placed\n", "once: paid."),
        (b"user,user,order,amount,items,placed,paid\n", "once: user."),
    ],
)
def test_header__unfit__is_refused_by_the_columns_that_were_declared(content: bytes, said: str) -> None:
    """A header without a mapped column, or with one twice, refuses the file; the message quotes nothing of it."""
    with pytest.raises(BadInput, match=said) as refusal:
        read_header(Range(content, Place(), at_end=True), job_of("orders_by_times").declaration)
    assert refusal.value.code == "bad_header"


def test_header__columns_in_any_order__are_found() -> None:
    """Columns are known by their names; others may stand between them."""
    content = b" paid ,x,user,order,amount,items,placed\n"
    header = read_header(Range(content, Place(), at_end=True), job_of("orders_by_times").declaration)
    assert header.width == 7 and header.positions["times.paid"] == 0 and header.positions["identifiers.user_id"] == 2


@pytest.mark.parametrize(
    ("format_", "zone", "text", "moment"),
    [
        ("local", "Europe/Berlin", "2025-07-01 12:00", "2025-07-01T10:00:00.000Z"),
        ("local", "Europe/Berlin", "2025-10-26 02:30", "2025-10-26T00:30:00.000Z"),
        ("local", "Asia/Shanghai", "2025-7-1T9:05:06.789", "2025-07-01T01:05:06.789Z"),
        ("epoch_millis", "", "1759284000123", "2025-10-01T02:00:00.123Z"),
        ("epoch_seconds", "", 1759284000, "2025-10-01T02:00:00.000Z"),
        ("rfc3339", "", "2025-10-01T10:00:00+08:00", "2025-10-01T02:00:00.000Z"),
    ],
)
def test_time__of_each_format__is_read(format_: str, zone: str, text: object, moment: str) -> None:
    """A declared zone counts with its summer time; an hour that comes twice is the first."""
    assert reader(format_, zone)(text, "time") == parse_moment(moment)


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("local", "2025-03-30 02:30"),
        ("local", "2025-07-01 12:00Z"),
        ("local", "2025-07/01 12:00"),
        ("local", "0000-07-01 12:00"),
        ("local", 5),
        ("epoch_seconds", True),
        ("epoch_seconds", "-5"),
        ("epoch_millis", "１７５９"),
        ("epoch_millis", ""),
    ],
)
def test_time__that_no_clock_showed__is_refused(format_: str, text: object) -> None:
    """Bad inputs 18, 29: skipped hours, other spellings, other scripts."""
    with pytest.raises(BadInput, match="bad_time"):
        reader(format_, "Europe/Berlin")(text, "time")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=3,
)


@given(
    name=st.sampled_from(["orders", "customers_nested"]),
    members=st.dictionaries(
        st.sampled_from(
            [
                "user",
                "phone",
                "order",
                "amount",
                "currency",
                "items",
                "colour",
                "status",
                "at",
                "channel",
                "customer",
                "city",
                "seen_at",
                "customer.id",
            ]
        ),
        JSON,
    ),
)
def test_line__whatever_it_holds__is_an_event_or_a_refusal(name: str, members: dict[str, Any]) -> None:
    """No value of a line can stop an import: it becomes events or a refusal, and nothing else is raised."""
    job = job_of(name)
    with suppress(BadInput):
        assert Translator(job, SOURCE, NOW, region="CN").translate(members).events


@given(
    name=st.sampled_from(["orders_by_times", "tickets", "customers"]),
    cells=st.lists(
        st.text(max_size=12) | st.sampled_from(["u1", "A1", "1", "2025-10-01 10:00", "opened", "1759284000", "a@b.cn"]),
        min_size=8,
        max_size=8,
    ),
)
def test_cells__whatever_they_hold__are_an_event_or_a_refusal(name: str, cells: list[str]) -> None:
    """The same of text: digits of every script, controls, anything."""
    with suppress(BadInput):
        assert Translator(job_of(name), SOURCE, NOW, region="CN").translate(cells).events
