"""``python -m infra.demo.kiosk``: thousands of people type in the phone of one kiosk, and stay thousands of people.

What a system without protections would have made of them, what Zhiyin makes of them, and how a wrong
merge that an operator forces is seen beforehand and taken back. It all runs in this process.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from chalicelib.events.model import Identifier
from chalicelib.flows.merge_people import MergeOrder, merge_people
from chalicelib.flows.preview_merge import PreviewView, preview_merge
from chalicelib.flows.split_people import SplitOrder, split_people
from chalicelib.identity.normalise import normalise_all
from chalicelib.identity.partition import NOBODY_SAID, Limits, partition
from chalicelib.profiles.links import edges_of, nodes_of
from chalicelib.store.rows import IdentifierRow, QuarantineRow
from infra.demo import kiosk_printout as printout
from infra.demo.in_process import InProcess

PHONE = "+86 139 0755 0001"
PEOPLE = 5_000
_AT_ONCE = 4
_ENDLESS = 10**9
_NO_BOUNDS = Limits({"user_id": _ENDLESS}, _ENDLESS, _ENDLESS, _ENDLESS, _ENDLESS)
_WHO = "supervisor-1"


class Blob(msgspec.Struct, frozen=True):
    """What a system that believes every link would have made: how many people, and the largest's accounts."""

    people: int
    largest: int


class Kept(msgspec.Struct, frozen=True):
    """What is stored: how many people, the most accounts and identifiers of one, and where the phone leads."""

    people: int
    accounts: int
    identifiers: int
    phone: IdentifierRow
    codes: Counter[str]
    rows: tuple[QuarantineRow, ...]


class Wrong(msgspec.Struct, frozen=True):
    """A wrong merge: its preview, and a hash of each body before it, after it, and after its split ('' = redirect)."""

    preview: PreviewView
    before: dict[str, str]
    merged: dict[str, str]
    after: dict[str, str]


class Shown(msgspec.Struct, frozen=True):
    """Everything that the show found. ``wrong`` is None when there are no two people to merge."""

    people: int
    blob: Blob
    kept: Kept
    wrong: Wrong | None

    @property
    def is_good(self) -> bool:
        """Whether nobody was merged by the phone, and the split restored both people byte for byte."""
        kept, wrong = self.kept, self.wrong
        apart = (kept.people, kept.accounts) == (self.people, 1) and kept.phone.shared and not kept.phone.profile_id
        return apart and wrong is not None and wrong.before == wrong.after != wrong.merged


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the show; 0 when everybody stays who they are."""
    parser = argparse.ArgumentParser(prog="python -m infra.demo.kiosk", description="The phone of a kiosk.")
    parser.add_argument("--people", type=int, default=PEOPLE)
    chosen = parser.parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=130)
    shown = show(InProcess(), chosen.people, console)
    return 0 if shown.is_good else 1


def show(shop: InProcess, people: int, console: Console) -> Shown:
    """Deliver, compare, merge wrongly, split; print each step."""
    deliver(shop, people, console)
    blob, kept = _blob(shop), _kept(shop)
    printout.show_before(console, people, PHONE, blob.people, blob.largest)
    printout.show_after(console, kept.people, kept.accounts, kept.identifiers, kept.phone)
    printout.show_quarantine(console, kept.codes, kept.rows)
    wrong = _merge_wrongly(shop, console) if kept.people > 1 else None
    found = Shown(people, blob, kept, wrong)
    printout.show_verdict(console, is_good=found.is_good)
    return found


def deliver(shop: InProcess, people: int, console: Console) -> None:
    """Everybody's order through the door and ingestion, each with an account and the phone of the kiosk."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        sent = progress.add_task("发送 · sending", total=people)
        applied = progress.add_task("入画像 · applied", total=people)
        for start in range(0, people, _AT_ONCE):
            calls = [_order(number) for number in range(start, min(start + _AT_ONCE, people))]
            progress.advance(sent, shop.send(calls))
        shop.ingest(lambda count: progress.advance(applied, count))


def _order(number: int) -> dict[str, Any]:
    return {
        "type": "track",
        "messageId": f"kiosk-{number}",
        "userId": f"customer-{number}",
        "event": "Order Completed",
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": {"order_id": f"K{number}", "total": "12.00", "currency": "CNY"},
        "context": {"identifiers": [{"namespace": "phone", "value": PHONE}]},
    }


def _blob(shop: InProcess) -> Blob:
    facets = {facet: one for body in shop.bodies() for facet, one in body.facets.items()}
    found = partition(facets, edges_of(facets), NOBODY_SAID, _NO_BOUNDS)
    return Blob(len(found.components), max(len(one.facets) for one in found.components))


def _kept(shop: InProcess) -> Kept:
    (phone,), _ = normalise_all([Identifier("phone", PHONE)], region=shop.tenant.region, blocked=())
    bodies = list(shop.bodies())
    rows = sorted(shop.history.quarantine_rows.values(), key=lambda row: (row.at, row.quarantine_id))
    return Kept(
        people=len(bodies),
        accounts=max(len(body.facets) for body in bodies),
        identifiers=max(len(nodes_of(body)) for body in bodies),
        phone=shop.profiles.identifiers[shop.tenant.tenant_id, shop.index.identifier_key(phone)],
        codes=Counter(row.code for row in rows),
        rows=(*rows[:2], *rows[-2:]),
    )


def _merge_wrongly(shop: InProcess, console: Console) -> Wrong:
    """Two customers whom somebody takes for one: look, force it, regret it."""
    ids = tuple(sorted(shop.people())[:2])
    services, reading, tenant = shop.identity(), shop.reading(), shop.tenant
    order = MergeOrder("m_wrong", ids, "both gave the same phone", _WHO)
    preview = preview_merge(order, "phone", tenant, services, reading, shop.now)
    forced = msgspec.structs.replace(order, force=True)
    printout.show_preview(console, preview, preview_merge(forced, "phone", tenant, services, reading, shop.now))
    before = _hashes(shop, ids)
    merge_people(forced, tenant, services, shop.now)
    merged = _hashes(shop, ids)
    split_people(SplitOrder("x_wrong", "it is a kiosk's phone", _WHO, "m_wrong"), tenant, services, shop.now)
    wrong = Wrong(preview, before, merged, _hashes(shop, ids))
    printout.show_undone(console, wrong.before, wrong.merged, wrong.after)
    return wrong


def _hashes(shop: InProcess, ids: Sequence[str]) -> dict[str, str]:
    bodies = {one: shop.profiles.rows[shop.tenant.tenant_id, one].body for one in ids}
    return {one: sha256(body).hexdigest()[:16] if body else "" for one, body in bodies.items()}


if __name__ == "__main__":
    sys.exit(main())
