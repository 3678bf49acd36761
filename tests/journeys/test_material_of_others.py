"""Data nobody here made, replayed through the doors, adds up to what the files say."""

from __future__ import annotations

import gzip
import json
import os
import zipfile
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.demo.sending import Sending
from tests.journeys.live import Live, sending

pytestmark = pytest.mark.deployed

CUSTOMERS, DIALOGUES = int(os.environ.get("CUSTOMERS", "700")), 500


class Purchase(NamedTuple):
    """One line of the cdnow file."""

    line: int
    customer: str
    day: date
    pieces: int
    dollars: Decimal


def _purchases(file: Path) -> list[Purchase]:
    """All purchases of the first customers, on their days of 1997 and 1998."""
    found = []
    with gzip.open(file, "rt") as lines:
        for number, line in enumerate(lines):
            fields = line.split()
            if not fields or not fields[0].isdigit() or int(fields[0]) > CUSTOMERS:
                continue
            day = datetime.strptime(fields[1], "%Y%m%d").replace(tzinfo=UTC).date()
            found.append(Purchase(number, fields[0], day, int(fields[2]), Decimal(fields[3])))
    return found


def _shift(purchases: list[Purchase]) -> timedelta:
    """Whole days that move the last purchase to yesterday: the doors refuse what is older than two years."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    return yesterday - max(purchase.day for purchase in purchases)


def _order(purchase: Purchase, shift: timedelta) -> Sending:
    day = purchase.day + shift
    at = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp() * 1000)
    data = {
        "order_id": f"cd-{purchase.line}",
        "amount": str(purchase.dollars),
        "currency": "USD",
        "items": purchase.pieces,
    }
    return sending(
        "order.paid", f"cdnow-{purchase.customer}", id=f"cd-{purchase.line}", at=at, channel="shop", data=data
    )


def test_cdnow__first_customers__add_up_as_the_file(live: Live, shared_data: Path) -> None:
    """Per customer, spend, count, first and last date equal an aggregation of the file itself."""
    file = shared_data / "cdnow" / "CDNOW_master.lifetimes.txt.gz"
    if not file.exists():
        pytest.skip(f"The material of others is not here: {file}")
    purchases = _purchases(file)
    shift = _shift(purchases)
    outcome = live.send([_order(purchase, shift) for purchase in purchases])
    assert (outcome.distinct, dict(outcome.refused)) == (len(purchases), {})
    counts = live.counts()
    assert (counts.applied, counts.quarantined) == (len(purchases), 0)

    expected: dict[str, list[Purchase]] = defaultdict(list)
    for purchase in purchases:
        expected[purchase.customer].append(purchase)
    assert len(expected) == CUSTOMERS
    profiles = live.profiles([("user_id", f"cdnow-{customer}") for customer in expected])
    wrong = {
        customer: (seen, meant)
        for customer, bought in expected.items()
        if (seen := _seen(profiles.get(("user_id", f"cdnow-{customer}")))) != (meant := _meant(bought, shift))
    }
    assert not wrong, f"{len(wrong)} customers differ, such as {next(iter(wrong.items()))}"


def _meant(bought: list[Purchase], shift: timedelta) -> tuple[int, Decimal, str, str]:
    days = [purchase.day + shift for purchase in bought]
    return len(bought), sum((purchase.dollars for purchase in bought), Decimal()), str(min(days)), str(max(days))


def _seen(profile: Any) -> tuple[int, Decimal, str, str] | None:
    if profile is None:
        return None
    paid = profile["measures"]["orders_paid"]
    return paid["count"], Decimal(paid["sum"]), paid["first_at"][:10], paid["last_at"][:10]


def _conversation(dialogue_id: str, dialogue: Any, begun: int) -> list[Sending]:
    """One dialogue as an opened conversation, its messages and its end, ten seconds apart."""
    user = f"crosswoz-{dialogue_id}"
    about = {"conversation_id": f"cw-{dialogue_id}"}
    turns: list[tuple[str, dict[str, Any]]] = [("conversation.opened", {})]
    for message in dialogue["messages"]:
        kind = "message.received" if message["role"] == "usr" else "message.sent"
        turns.append((kind, {"text": message["content"]}))
    turns.append(("conversation.closed", {"resolved": True}))
    return [
        sending(
            kind, user, id=f"cw-{dialogue_id}-{step}", at=begun + step * 10_000, channel="web_chat", data=about | more
        )
        for step, (kind, more) in enumerate(turns)
    ]


def test_crosswoz__five_hundred_dialogues__are_all_accounted_for(live: Live, shared_data: Path) -> None:
    """Every turn of every Chinese dialogue is applied once, and each profile counts its person's own messages."""
    file = shared_data / "crosswoz" / "val.json.zip"
    if not file.exists():
        pytest.skip(f"The material of others is not here: {file}")
    with zipfile.ZipFile(file) as archive:
        dialogues = json.loads(archive.read("val.json"))
    assert len(dialogues) == DIALOGUES
    begun = int((datetime.now(UTC) - timedelta(days=1)).timestamp() * 1000)
    sendings = [one for key, dialogue in dialogues.items() for one in _conversation(key, dialogue, begun)]
    outcome = live.send(sendings)
    assert (outcome.distinct, dict(outcome.refused)) == (len(sendings), {})
    counts = live.counts()
    assert (counts.applied, counts.quarantined) == (len(sendings), 0)

    profiles = live.profiles([("user_id", f"crosswoz-{key}") for key in dialogues])
    said = {key: profile["measures"]["messages"]["count"] for (_, key), profile in profiles.items()}
    meant = {
        f"crosswoz-{key}": sum(message["role"] == "usr" for message in dialogue["messages"])
        for key, dialogue in dialogues.items()
    }
    assert said == meant
