"""A file of orders as a shop would export it, of any size, with one line in a thousand broken in a known way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

DECLARATION: dict[str, Any] = {
    "kind": "orders",
    "format": "csv",
    "mapping": {
        "identifiers.user_id": "member",
        "identifiers.phone": "phone",
        "data.order_id": "order",
        "data.amount": "amount",
        "data.items": "items",
        "data.category": "category",
        "status": "status",
        "time": "at",
        "extra.note": "note",
    },
    "values": {"status": {"已付款": "paid", "已发货": "shipped", "已退款": "refunded"}},
    "constants": {"data.currency": "CNY"},
    "time_format": "local",
    "timezone": "Asia/Shanghai",
}
HEADER = "order,member,phone,amount,items,category,status,at,warehouse,carrier,note\n"
_STATUSES = ("已付款", "已发货", "paid", "delivered", "已退款")
_EVERY = 1_000
_LINES_AT_ONCE = 20_000


class Expected(msgspec.Struct):
    """What is in a file: how many records of each kind, and which lines are broken and how."""

    records: int = 0
    good: int = 0
    blank: int = 0
    lines: int = 1
    size_bytes: int = 0
    broken: list[tuple[int, str]] = []


def _cells(number: int) -> list[str]:
    return [
        f"A{number:09d}",
        f"m{number % 700_001:06d}",
        f"139{number % 90_000_000 + 10_000_000:08d}",
        f"{number % 9_000 + 10}.{number % 100:02d}",
        str(number % 9 + 1),
        "家用电器",
        _STATUSES[number % 5],
        f"2026-{number % 9 + 1:02d}-{number % 28 + 1:02d} {number % 24:02d}:{number % 60:02d}:{number % 59:02d}",
        "华东一号仓",
        "顺丰速运",
        "",
    ]


def _plain(number: int) -> str:
    return ",".join(_cells(number)) + "请放在门口，谢谢\n"


def _bad_amount(number: int) -> bytes:
    cells = _cells(number)
    cells[3] = "1,234.5" if number % 2 else "免费"
    return (",".join(f'"{cell}"' for cell in cells) + "\n").encode()


_BREAKS = (
    ("bad_amount", _bad_amount),
    ("bad_width", lambda number: ",".join(_cells(number)[:7]).encode() + b"\n"),
    ("bad_csv", lambda number: (",".join(_cells(number)) + '"送到\n').replace(",华东", ',"华东').encode()),
    ("bad_utf8", lambda number: ",".join(_cells(number)).encode() + "备注".encode("gb18030") + b"\n"),
    (
        "unknown_status",
        lambda number: ",".join(_cells(number)).replace(_STATUSES[number % 5], "审核中").encode() + b"\n",
    ),
    ("bad_time", lambda number: ",".join(_cells(number)).replace("2026-", "2026-13-", 1).encode() + b"\n"),
    ("bad_identifier", lambda number: ",".join(["A1", "", "12", *_cells(number)[3:]]).encode() + b"\n"),
)
"""Ways a line is broken, with the code that each must get."""


def _records(expected: Expected, number: int) -> Iterator[bytes]:
    """One record, and what it adds to what is expected."""
    expected.records += 1
    expected.lines += 1
    if number % _EVERY == 500:
        code, broken = _BREAKS[number // _EVERY % len(_BREAKS)]
        expected.broken.append((expected.lines, code))
        yield broken(number)
    elif number % _EVERY == 700:
        expected.blank += 1
        yield b"\n"
    elif number % _EVERY == 900:
        expected.good += 1
        expected.lines += 2
        yield (",".join(_cells(number)[:-1]) + ',"第一行\n""第二行""\n第三行"\n').encode()
    else:
        expected.good += 1
        yield _plain(number).encode()


def write(path: Path, size_bytes: int) -> Expected:
    """Write a file of about a size; what is in it."""
    expected = Expected(broken=[])
    with path.open("wb") as file:
        file.write(HEADER.encode())
        number = 0
        while file.tell() < size_bytes:
            file.write(
                b"".join(part for one in range(number, number + _LINES_AT_ONCE) for part in _records(expected, one))
            )
            number += _LINES_AT_ONCE
        expected.size_bytes = file.tell()
    return expected
