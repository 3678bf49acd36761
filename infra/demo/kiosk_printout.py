"""What the show of the kiosk prints, in Chinese and English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from chalicelib.flows.preview_merge import PersonAfter, PersonBefore, PreviewView, Route
from chalicelib.store.rows import IdentifierRow, QuarantineRow

_LONGEST_ID = 44


def show_before(console: Console, people: int, phone: str, found: int, largest: int) -> None:
    """What the same links would have come to if every one were believed."""
    table = Table(title="没有保护会怎样 · What a system without protections would have made")
    table.add_column("顾客\ncustomers", justify="right")
    table.add_column("共用电话\nphone they all typed in")
    table.add_column("会剩下的人\npeople it would see", justify="right")
    table.add_column("最大画像的账号\naccounts of the largest", justify="right")
    table.add_row(f"{people:,}", phone, f"{found:,}", f"{largest:,}")
    console.print(table)


def show_after(console: Console, people: int, accounts: int, identifiers: int, phone: IdentifierRow) -> None:
    """What Zhiyin stores."""
    table = Table(title="知音的结果 · What Zhiyin made")
    table.add_column("人\npeople", justify="right")
    table.add_column("最大画像的账号\naccounts of the largest", justify="right")
    table.add_column("最大画像的标识\nidentifiers of the largest", justify="right")
    table.add_column("这部电话\nthe phone")
    table.add_column("指向\nleads to")
    shared = "公用 shared" if phone.shared else "[red]私用 one person's[/red]"
    leads = phone.profile_id or "无人 nobody"
    table.add_row(f"{people:,}", f"{accounts:,}", f"{identifiers:,}", shared, leads)
    console.print(table)


def show_quarantine(console: Console, codes: Counter[str], rows: Sequence[QuarantineRow]) -> None:
    """What is kept for review: each link that was refused, by its reason."""
    table = Table(title="隔离区复核 · The quarantine's review: links refused, events applied", min_width=90)
    table.add_column("代码 · Code")
    table.add_column("条数 · Rows", justify="right")
    for code, number in sorted(codes.items()):
        table.add_row(code, f"{number:,}")
    console.print(table)
    for row in rows:
        at = datetime.fromtimestamp(row.at / 1000, UTC).isoformat(timespec="seconds")
        console.print(f"  {at} · {row.code} · {row.path} · {row.quarantine_id[:_LONGEST_ID]}…")


def show_preview(console: Console, plain: PreviewView, forced: PreviewView) -> None:
    """Two people before a wrong merge, and whom it would make."""
    table = Table(title="误合并预览 · A wrong merge, looked at before it is made", show_lines=True)
    for heading in ("", "profile_id", "画像 · Summary", "标识 · Identifiers", "事件 · Events", "去向 · Route"):
        table.add_column(heading)
    for before in plain.people:
        table.add_row("之前 before", *_person(before), str(before.events), _route(before.route))
    for after in forced.after:
        table.add_row("强制后 forced", *_person(after), "", _route(after.route))
    console.print(table)
    console.print(f"  保护 · Protections: {', '.join(plain.protections)} · 需强制 needs force: {plain.needs_force}")


def show_undone(
    console: Console, before: Mapping[str, str], merged: Mapping[str, str], after: Mapping[str, str]
) -> None:
    """The bytes of both people before the merge, after it, and after its split."""
    table = Table(title="强制合并，再拆分 · A forced merge, and its split (SHA-256 of the stored bytes)")
    for heading in ("profile_id", "合并前 · before", "合并后 · merged", "拆分后 · split", "相同 · equal"):
        table.add_column(heading, no_wrap=True)
    for one in before:
        same = "✓ 逐字节 byte for byte" if before[one] == after[one] else "[red]✗[/red]"
        table.add_row(one, before[one], merged[one] or "→ 转向 redirect", after[one], same)
    console.print(table)


def show_verdict(console: Console, *, is_good: bool) -> None:
    """Whether everybody stays who they are."""
    good = "[b]每个人仍是自己 · Everybody stays who they are[/b]"
    console.print(good if is_good else "[red]有人被并成一人 · People were taken for one[/red]")


def _person(one: PersonBefore | PersonAfter) -> tuple[str, str, str]:
    identifiers = "\n".join(f"{each.namespace} {each.masked}" for each in one.identifiers)
    return one.profile_id, f"{one.summary.zh}\n{one.summary.en}", identifiers


def _route(route: Route) -> str:
    return f"{route.mode} · {route.queue} · {route.priority}"
