"""The rows of ``tests/cases/service_desk.json``, and the call that a row tells of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import DAY_MS, Millis, parse_moment
from chalicelib.kernel.texts import Text
from chalicelib.profiles.cases import Case
from chalicelib.profiles.values import CASE_PATHS, PERSON_PATHS
from chalicelib.routing.facts import changed
from chalicelib.routing.model import Caller, RouteRequest
from chalicelib.routing.policy import shipped_policy
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.model import Trade
from infra.failures import Failure

TABLE = Path(__file__).parents[2] / "tests/cases/service_desk.json"
SURE = 0.9
"""How sure a tag of a row is."""
UNKNOWN, OPTED_OUT = ("unknown", "陌生人"), ("opted out", "已关闭个性化")
TIMES = {"workday": "2026-03-04 14:00", "night": "2026-03-04 23:30", "weekend": "2026-03-07 14:00"}
RECENT = ("recent.order_status", "recent.refund_days", "recent.ticket_topic")


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a row promises; what it does not name may be anything."""

    queue: str | None = None
    mode: str | None = None
    priority: tuple[int, int] | None = None
    urgency: str | None = None
    intent: str | None = None
    tone: str | None = None
    format: str | None = None
    language: str | None = None
    scene: str | None = None
    ask: tuple[str, ...] = ()
    do_not_ask: tuple[str, ...] = ()
    offer: str | None = None
    first_answer_within: int | None = None
    solved_within: int | None = None
    why: tuple[str, ...] = ()


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One case: somebody, with what is known of them, comes by a channel at a time and says something."""

    name: Text
    trade: Trade
    expect: Expected
    who: tuple[str, ...] = ()
    facts: dict[str, Any] = {}
    channel: str = "wechat"
    when: str = "workday"
    says: str | None = None
    chose: str | None = None


def rows(path: Path = TABLE) -> tuple[Row, ...]:
    """The table. Raises Failure with the place of what is no row."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Row, ...])
    except msgspec.DecodeError as wrong:
        raise Failure(f"{path.name}: {wrong}") from None


def call_of(row: Row) -> tuple[RouteRequest, Caller, Millis]:
    """The call that a row tells of. Raises Failure for a tag, fact or time that there is not."""
    now = _moment(row)
    known = row.who[:1] not in [(word,) for word in UNKNOWN]
    asked = RouteRequest(
        channel=row.channel, purpose="service", profile_id="p_case", message=row.says, intent=row.chose
    )
    named = [word for word in row.who if word not in UNKNOWN + OPTED_OUT]
    values: dict[str, Any] = {}
    for path, value in row.facts.items():
        if path not in RECENT:
            values = changed(values, {_known_path(row, path): value})
    return (
        asked,
        Caller(
            profile_id="p_case" if known else None,
            personalised=not set(row.who) & set(OPTED_OUT),
            tags={tag_of(row, word): SURE for word in named},
            values=values,
            cases=tuple(_cases(row, now)),
        ),
        now,
    )


def tag_of(row: Row, word: str) -> str:
    """The id of a tag by its id or its name in either language, among those of the row's trade."""
    found = _tags(row.trade).get(word)
    if found is None:
        raise Failure(f"“{row.name.en}”: nobody of the trade {row.trade} is called “{word}”.")
    return found


@cache
def _tags(trade: str) -> Mapping[str, str]:
    rules = [one for one in load_catalogue().rules.values() if trade in (one.trades or (trade,))]
    named = {name: one.id for one in rules for name in (one.name.zh, one.name.en)}
    return {**named, **{one.id: one.id for one in rules}}


def _known_path(row: Row, path: str) -> str:
    policy = shipped_policy(row.trade)
    if path not in CASE_PATHS | PERSON_PATHS | policy.paths:
        raise Failure(f"“{row.name.en}”: the policy reads no “{path}”.")
    return path


def _moment(row: Row) -> Millis:
    day, _, hour = TIMES.get(row.when, row.when).partition(" ")
    try:
        return parse_moment(f"{day}T{hour}:00+08:00")
    except BadInput:
        raise Failure(f"“{row.name.en}”: a time is {', '.join(TIMES)} or like 2026-03-04 14:00.") from None


def _cases(row: Row, now: Millis) -> Iterator[Case]:
    status, refunded, topic = (row.facts.get(path) for path in RECENT)
    if status is not None or refunded is not None:
        status = status or "refunded"
        at = now - (refunded or 0) * DAY_MS
        closed = status in {"refunded", "delivered", "cancelled"}
        yield Case("order", "o1", status, opened_at=at, changed_at=at, open=not closed)
    if topic is not None:
        yield Case("ticket", "t1", "opened", opened_at=now, changed_at=now, open=True, topic=topic)
