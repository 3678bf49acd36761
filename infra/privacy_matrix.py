"""What each role sees of whom for which purpose, asked of the running system: `make matrix`.

python -m infra.privacy_matrix            ask the local cloud and print the table
python -m infra.privacy_matrix --json     print the rows that tests/cases/privacy_matrix.json holds

Nothing here reads the tables that the code decides by: the roles' tokens are made by the operator's command, the
people by events and by what a privacy officer writes down, and what is seen is read off the answers.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import requests
from rich.console import Console
from rich.table import Table

from chalicelib.privacy.credentials import SCOPES
from chalicelib.privacy.permission import PURPOSES
from infra.demo import commands

ROLES = tuple(role for role in SCOPES if role != "source")
REFUSED = "refused"
OFFICER = "privacy_officer"
TRAITS = ("name", "phone", "birth_date", "address", "income_band", "gender", "city", "credit_level", "department")
IDENTIFIERS = ("user_id", "phone")
MEASURES = ("orders_paid", "ask_price")
TAGS = ("female", "price_sensitive", "vip")
_CONSENTED = ("service", "marketing", "analytics")
_WORDS: Mapping[str, tuple[tuple[str, ...], bool] | None] = {
    "absent": None,
    "given": (_CONSENTED, True),
    "withdrawn": (_CONSENTED, False),
    "no_profiling": (("profiling",), False),
    "restricted": None,
    "child": None,
}
"""Who the people are, by what they said: the purposes that were agreed to or refused."""
_PATIENCE_SECONDS = 60

type Ask = Callable[[str, str, str, Any], tuple[int, Any]]
"""Role, method, path and body → status and answer."""


class Row(msgspec.Struct, frozen=True):
    """What a role sees of somebody for a purpose: field → clear, masked, withheld and why, or refused; all refused: one word."""

    person: str
    role: str
    purpose: str
    profile: str | dict[str, str]
    timeline: str | dict[str, str]
    context: str


def people_events(now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Person → what a shop's own source sends of them (calls of the batch)."""
    return {name: _events(name, place, now) for place, name in enumerate(_WORDS)}


def speak(ask: Ask, ids: Mapping[str, str]) -> None:
    """What each of them said, and who is restricted, as a privacy officer writes it down. Raises RuntimeError."""
    for name, words in _WORDS.items():
        if words is not None:
            body = {"purposes": list(words[0]), "granted": words[1], "reason": "as the form says"}
            _expect(ask(OFFICER, "PUT", f"/v1/profiles/{ids[name]}/consents", body))
    body = {"profile_id": ids["restricted"], "reason": "asked for by letter"}
    _expect(ask(OFFICER, "POST", "/v1/privacy/restrictions", body))


def rows(ask: Ask, ids: Mapping[str, str]) -> list[Row]:
    """Every person × role × purpose."""
    return [_row(ask, name, ids[name], role, purpose) for name in _WORDS for role in ROLES for purpose in PURPOSES]


def written(found: Iterable[Row]) -> str:
    """The rows as the table of cases: one a line; a role that is refused everywhere for a purpose is not listed."""
    lines = [json.dumps(msgspec.to_builtins(row), ensure_ascii=False) for row in found if not _refuses(row)]
    return "[\n  " + ",\n  ".join(lines) + "\n]\n"


def main() -> int:
    """Ask the local cloud; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.privacy_matrix", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the rows as the tests hold them")
    as_json = parser.parse_args().json
    found = _of_the_cloud()
    if as_json:
        sys.stdout.write(written(found))
    else:
        show(Console(width=None if sys.stdout.isatty() else 200), found)
    return 0


def show(console: Console, found: Sequence[Row]) -> None:
    """A table per person: a line per field, a column per role and purpose that is let in."""
    for name in _WORDS:
        of_person = [row for row in found if row.person == name and not _refuses(row)]
        table = Table("field", *(f"{row.role}\n{row.purpose}" for row in of_person), title=name)
        seen = [_flat(row) for row in of_person]
        for field in dict.fromkeys(field for one in seen for field in one):
            table.add_row(field, *(one.get(field, REFUSED) for one in seen))
        console.print(table)
    console.print(f"Refused altogether: {', '.join(_closed(found))}.")


def _row(ask: Ask, name: str, profile_id: str, role: str, purpose: str) -> Row:
    base = f"/v1/profiles/{profile_id}"
    status, profile = ask(role, "GET", f"{base}?purpose={purpose}", None)
    told, timeline = ask(role, "GET", f"{base}/timeline?purpose={purpose}", None)
    briefed, _ = ask(role, "GET", f"{base}/context?purpose={purpose}", None)
    return Row(
        name,
        role,
        purpose,
        dict(_profile(profile)) if _let_in(status) else REFUSED,
        dict(_timeline(timeline)) if _let_in(told) else REFUSED,
        "answered" if _let_in(briefed) else REFUSED,
    )


def _profile(seen: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in TRAITS:
        trait = seen["traits"].get(name)
        yield f"traits.{name}", _reason(seen, f"traits.{name}") if trait is None else _shown(trait)
    held = {one["namespace"] for one in seen["identifiers"]}
    for name in IDENTIFIERS:
        yield f"identifiers.{name}", "masked" if name in held else _reason(seen, f"identifiers.{name}")
    for name in MEASURES:
        yield f"measures.{name}", "clear" if name in seen["measures"] else _reason(seen, f"measures.{name}")
    tags = {one["id"] for one in seen["tags"]}
    for name in TAGS:
        yield f"tags.{name}", "clear" if name in tags else _reason(seen, f"tags.{name}")
    yield "last_seen", _reason(seen, "last_seen") if seen["last_seen"] is None else "clear"


def _timeline(seen: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    events = {one["type"]: one["data"] for one in seen["events"]}
    for type_, name in (("order.paid", "amount"), ("order.paid", "currency"), ("survey.answered", "score")):
        shown = name in events.get(type_, {})
        yield f"events.{type_}.{name}", "clear" if shown else _reason(seen, "events")
    texts = [data for data in events.values() if "text" in data]
    yield "events.message.received.text", "clear" if texts else "not shown"


def _shown(trait: Mapping[str, Any]) -> str:
    return "masked" if trait.get("masked") else "clear"


def _reason(seen: Mapping[str, Any], path: str) -> str:
    """Why something is not there: of itself, or of the whole that it is part of."""
    whole = path.partition(".")[0]
    reasons = [one["reason"] for one in seen["masked"] if one["path"] == path]
    reasons = reasons or [one["reason"] for one in seen["masked"] if one["path"] == whole]
    return f"withheld: {', '.join(sorted(reasons))}" if reasons else "not there"


def _let_in(status: int) -> bool:
    if status in (200, 401, 403):
        return status == 200
    raise RuntimeError(f"The service answered {status}.")


def _expect(answer: tuple[int, Any]) -> None:
    if answer[0] != 200:
        raise RuntimeError(f"The service answered {answer[0]}.")


def _refuses(row: Row) -> bool:
    return row.profile == row.timeline == row.context == REFUSED


def _closed(found: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(f"{row.role} for {row.purpose}" for row in found if _refuses(row)))


def _flat(row: Row) -> dict[str, str]:
    profile = {} if isinstance(row.profile, str) else row.profile
    timeline = {} if isinstance(row.timeline, str) else row.timeline
    return {**profile, **timeline, "context": row.context}


def _events(name: str, place: int, now: datetime) -> list[dict[str, Any]]:
    born = f"{now.year - 9 if name == 'child' else now.year - 40}-01-15"
    traits = {
        "name": "王小明", "phone": f"1390755{place:04d}", "birthday": born, "gender": "female",
        "address": "幸福路 8 号", "income_band": "high", "city": "上海", "credit_level": "watch",
        "department": "sales", "vip": True,
    }  # fmt: skip
    said = {"text": "能不能便宜点？多少钱"}
    calls: list[dict[str, Any]] = [
        {"type": "identify", "traits": traits},
        {
            "type": "track",
            "event": "Order Completed",
            "properties": {"order_id": "o1", "total": "99.50", "currency": "CNY"},
        },
        *({"type": "track", "event": "Message Received", "properties": said} for _ in range(4)),
        {"type": "track", "event": "Survey Answered", "properties": {"score": 5}},
    ]
    at = now.isoformat()
    return [
        {**call, "userId": f"matrix-{name}", "messageId": f"{name}-{at}-{number}", "timestamp": at}
        for number, call in enumerate(calls)
    ]


def _of_the_cloud() -> list[Row]:
    base, tenant = commands.cloud_up().url, commands.create_tenant("matrix")
    tokens = {role: commands.create_token(tenant.tenant_id, role) for role in ROLES}

    def ask(role: str, method: str, path: str, body: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {tokens[role]}"}
        answer = requests.request(method, base + path, json=body, headers=headers, timeout=_PATIENCE_SECONDS)
        return answer.status_code, answer.json()

    sent = people_events(datetime.now(UTC))
    for batch in sent.values():
        # The shop's own records may write what other sources may not.
        answer = requests.post(
            f"{base}/v1/batch", json={"batch": batch}, auth=(tenant.records.write_key, ""), timeout=_PATIENCE_SECONDS
        )
        answer.raise_for_status()
    _wait(tenant.tenant_id, sum(map(len, sent.values())))
    ids = {name: _found(ask, name) for name in sent}
    speak(ask, ids)
    return rows(ask, ids)


def _wait(tenant_id: str, events: int) -> None:
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while commands.counts(tenant_id).kept < events:
        if time.monotonic() > ends_at:
            raise commands.CommandFailed("The events were not applied in time; see: make logs")
        time.sleep(1)


def _found(ask: Ask, name: str) -> str:
    sought = {"identifiers": [{"namespace": "user_id", "value": f"matrix-{name}"}], "purpose": "legal"}
    status, answer = ask(OFFICER, "POST", "/v1/profiles/lookup", sought)
    _expect((status, answer))
    return str(answer["profile_id"])


if __name__ == "__main__":
    sys.exit(main())
