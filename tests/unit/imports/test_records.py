"""Records of a file, however it is cut into ranges."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.imports.model import Place
from chalicelib.imports.records import Range

LONGEST = 64


def read(content: bytes, format_: str = "csv", *, range_bytes: int = 1 << 20, longest: int = LONGEST):
    """Every record of a file, read range by range, and how many ranges that took."""
    place, found, ranges = Place(), [], 0
    while True:
        piece = content[place.offset : place.offset + range_bytes]
        within = Range(piece, place, at_end=place.offset + len(piece) == len(content), longest_bytes=longest)
        found += within.records(format_)
        assert within.place.offset > place.offset or within.is_over, "a range that does not move never ends"
        place, ranges = within.place, ranges + 1
        if within.is_over:
            assert place.offset == len(content)
            return found, ranges


def told(content: bytes, format_: str = "csv", **sizes):
    """(line, cells) of good records, (line, code) of broken ones, (line, None) of blank ones."""
    records, _ = read(content, format_, **sizes)
    return [(one.line, one.broken.code if one.broken else one.content) for one in records]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"a,b\n1,2\n", [(1, ["a", "b"]), (2, ["1", "2"])]),
        (b"a,b\r\n1,2\r\n", [(1, ["a", "b"]), (2, ["1", "2"])]),
        (b"a,b\n1,2", [(1, ["a", "b"]), (2, ["1", "2"])]),
        (b"\xef\xbb\xbfa,b\n", [(1, ["a", "b"])]),
        (b'a,"x\ny\n"\nb,2\n', [(1, ["a", "x\ny\n"]), (4, ["b", "2"])]),
        (b'a,"x ""y"", z"\n', [(1, ["a", 'x "y", z'])]),
        (b'a,5" pipe\nb,2\n', [(1, ["a", '5" pipe']), (2, ["b", "2"])]),
        (b"a\n\n , \nb\n", [(1, ["a"]), (2, None), (3, None), (4, ["b"])]),
        (b"\n\n", [(1, None), (2, None)]),
        (b"a,\xff\nb,2\n", [(1, "bad_utf8"), (2, ["b", "2"])]),
        (b'a,"x\n\xff"\nb,2\n', [(1, "bad_utf8"), (2, "bad_utf8"), (3, ["b", "2"])]),
        (b'a,"x\nb,2\nc,3\n', [(1, "bad_csv"), (2, ["b", "2"]), (3, ["c", "3"])]),
        (b'a,"x\nb,"y"\nc,3\n', [(1, "bad_csv"), (2, ["b", "y"]), (3, ["c", "3"])]),
        (b"a,b\rc\nd,e\n", [(1, "bad_csv"), (2, ["d", "e"])]),
        (b"a,b\n" + b"x" * 65 + b"\nc,d\n", [(1, ["a", "b"]), (2, "line_too_long"), (3, ["c", "d"])]),
        (b'a,"x\n' + b"y\n" * 40 + b"z,1\n", [(1, "bad_csv"), *((n + 2, ["y"]) for n in range(40)), (42, ["z", "1"])]),
    ],
)
def test_csv__each_shape__is_read_as_declared(content: bytes, expected: list[object]) -> None:
    """RFC 4180 with any line end and a BOM; a broken record costs its first line and no other."""
    assert told(content) == expected
    assert told(content, range_bytes=2 * LONGEST) == expected


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"a": 1', "bad_json"),
        (b"[1]", "bad_type"),
        (b"1", "bad_type"),
        (b'{"a": NaN}', "bad_number"),
        (b'{"a": 1e400}', "bad_number"),
        (b'{"a": ' + b"9" * 50 + b"}", "bad_number"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b'{"a": "\xff"}', "bad_utf8"),
        (b'{"a": "\\ud800"}', "lone_surrogate"),
        (b'{"a": ' + b"[" * 20 + b"]" * 20 + b"}", "too_deep"),
        (b"\xef\xbb\xbf{}", "bad_json"),
        (b'{"a": "' + b"x" * 65 + b'"}', "line_too_long"),
    ],
)
def test_json_lines__bad_line__is_refused_with_its_number(line: bytes, code: str) -> None:
    """Bad inputs 1, 4–8, 40: what no door takes, no line takes; the lines around it are read."""
    content = b'{"n": 1}\n' + line + b'\n\n{"n": 2}\n'
    assert told(content, "jsonl") == [(1, {"n": 1}), (2, code), (3, None), (4, {"n": 2})]


def test_line_without_end__is_passed_over_in_bounded_memory() -> None:
    """Bad input 40: a line longer than any range is refused once; its rest is never held, and the next line is read."""
    content = b"a,b\n" + b"x" * 10_000 + b"\nc,d\n"
    assert told(content, range_bytes=128) == [(1, ["a", "b"]), (2, "line_too_long"), (3, ["c", "d"])]
    _, ranges = read(content, range_bytes=128)
    assert ranges > 70
    assert told(b"x" * 10_000, range_bytes=128) == [(1, "line_too_long")]
    assert told(b'a,"b\n' + b"x" * 10_000 + b"\nc,d\n", range_bytes=128) == [
        (1, "bad_csv"),
        (2, "line_too_long"),
        (3, ["c", "d"]),
    ]


CELLS = st.text(alphabet='ab", \n知', max_size=6)


@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=3), max_size=12), ends=st.sampled_from(["\n", "\r\n"]))
def test_csv__whatever_is_written__is_read_the_same(rows: list[list[str]], ends: str) -> None:
    """What a CSV writer wrote comes back cell by cell, with the line it starts at."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=ends).writerows(rows)
    records, _ = read(out.getvalue().encode())
    assert [one.broken for one in records] == [None] * len(rows)
    expected = [row if "".join(row).strip() else None for row in rows]
    assert [one.content for one in records] == expected
    line = 1
    for one in records:
        assert one.line == line
        line += one.raw.count(b"\n") + 1


@given(
    content=st.binary(max_size=600) | st.text(alphabet='a,"\n\r', max_size=600).map(str.encode),
    size=st.integers(128, 400),
    format_=st.sampled_from(["csv", "jsonl"]),
)
def test_file__cut_into_any_ranges__has_the_same_records(content: bytes, size: int, format_: str) -> None:
    """Where a range ends decides nothing: neither records, nor numbers, nor refusals."""
    whole, _ = read(content, format_)
    cut, _ = read(content, format_, range_bytes=size)
    assert [(one.line, one.content, one.broken and one.broken.code) for one in cut] == [
        (one.line, one.content, one.broken and one.broken.code) for one in whole
    ]


@given(content=st.text(alphabet='a,"\n', max_size=300).map(str.encode))
def test_csv__any_text__every_line_belongs_to_one_record(content: bytes) -> None:
    """No line is lost or read twice: the records' bytes, put together, are the file."""
    records, _ = read(content)
    joined = b"\n".join(one.raw for one in records)
    assert joined in (content, content.removesuffix(b"\n"))
