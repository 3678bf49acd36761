"""Made-up calls to a policy: drawn from what the policy itself reads, so that its rules have something to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from msgspec.structs import replace

from chalicelib.kernel.moments import DAY_MS, HOUR_MS, Millis
from chalicelib.profiles.cases import Case
from chalicelib.profiles.conditions import nodes
from chalicelib.routing.facts import PROFILE_STEMS, changed
from chalicelib.routing.model import Caller, RouteRequest
from chalicelib.routing.policy import Policy
from tests.unit.routing.calls import NOON, case, request

CHANNELS = ("wechat", "phone", "app", "web_chat", "email", "sms", "desk")
MOODS = ("", "气死我了，", "很着急，", "谢谢，")
PRESSING = ("", "马上处理，", "被盗刷了，", "转人工，", "immediately ")
MATTERS = ("", "你好", "我要投诉", "退款", "I want a refund", "账号登录不了", "where is my order", "hello there")
WORDS = {"t.language": ("en", "zh", None), "t.region": ("华东", None), "t.department": ("财务", None)}

type Call = tuple[RouteRequest, Caller, Millis]


def entries(policy: Policy) -> list[tuple[str, int, Any]]:
    """Every entry with a condition: its section, its place there, the condition."""
    declared = policy.declared
    sections = {
        "intents": declared.intents,
        "urgency": declared.urgency.rules,
        "rules": declared.rules,
        "hints": declared.hints,
        "what_if": declared.what_if,
    }
    return [(name, place, one.when) for name, of in sections.items() for place, one in enumerate(of)]


def calls(policy: Policy, seed: int, count: int) -> Iterator[Call]:
    """Calls in which, more often than by chance, what some entry asks for is so."""
    rng = Random(seed)
    conditions = [when for _, _, when in entries(policy)]
    for _ in range(count):
        yield any_call(policy, rng, rng.choice(conditions))


def any_call(policy: Policy, rng: Random, when: Any) -> Call:
    """One call. ``when`` is a condition that may well hold in it."""
    wanted = {str(part["var"]) for part in nodes(when) if isinstance(part, dict) and isinstance(part.get("var"), str)}
    named = [part for part in nodes(when) if isinstance(part, str)]
    intents = [one for one in named if one in policy.declared.next_best] or sorted(policy.declared.next_best)
    tags = {path.removeprefix("tags.") for path in wanted if path.startswith("tags.") and rng.random() < 0.7}
    tags |= set(rng.sample(sorted(policy.tag_ids), rng.randint(0, 3)))
    message = rng.choice(MOODS) + rng.choice(PRESSING) + rng.choice(MATTERS)
    now = NOON + rng.randrange(7 * 24) * HOUR_MS
    asked = request(
        channel="phone" if rng.random() < 0.2 else rng.choice(CHANNELS),
        message=(message if rng.random() < 0.5 else "") or None,
        intent=rng.choice(intents) if rng.random() < 0.5 else None,
    )
    if rng.random() < 0.1:
        return asked, Caller(), now
    caller = Caller(
        "p_someone",
        tags={one: round(rng.uniform(0.3, 1.0), 2) for one in sorted(tags)},
        values=_values(policy, rng, wanted),
        cases=tuple(_cases(rng, now)),
    )
    return asked, caller, now


def _values(policy: Policy, rng: Random, wanted: set[str]) -> dict[str, Any]:
    values: dict[str, Any] = {stem: {} for stem in sorted(PROFILE_STEMS)}
    for path in sorted(policy.paths):
        likely = path in wanted and rng.random() < 0.8
        found = rng.choice(WORDS.get(path, (0, 1, 5, 8))) if likely or rng.random() < 0.2 else None
        values = changed(values, {path: found})
    return values


def _cases(rng: Random, now: Millis) -> Iterator[Case]:
    if rng.random() < 0.4:
        status = rng.choice(("placed", "shipped", "delivered", "refunded"))
        yield case("order", "o1", status, at=now - rng.randrange(12) * DAY_MS, open=status in {"placed", "shipped"})
    if rng.random() < 0.3:
        topic = rng.choice(("fault", "refund", None))
        yield case("ticket", "t1", "opened", at=now - rng.randrange(5) * DAY_MS, open=True, topic=topic)
    if rng.random() < 0.2:
        yield case("complaint", "c1", "filed", at=now - rng.randrange(4) * DAY_MS, open=True)


def applied(changes: Mapping[str, Any], asked: RouteRequest, caller: Caller, now: Millis) -> Call:
    """The call with a trial's changes made by the means of a caller of ``decide``, not by those of the decision."""
    for path, value in changes.items():
        stem, _, last = path.partition(".")
        if stem == "tags":
            kept = {id_: sure for id_, sure in {**caller.tags, last: value}.items() if sure is not None}
            caller = replace(caller, tags=kept)
        elif path == "stated.intent":
            asked = replace(asked, intent=value)
        elif path == "now.hour":
            # The hour of China, which has no other: its day begins at 16:00 UTC.
            local = now + 8 * HOUR_MS
            then = local - local % DAY_MS + value * HOUR_MS - 8 * HOUR_MS
            # Another hour of the day makes nothing older.
            aged = [replace(one, changed_at=one.changed_at + then - now) for one in caller.cases]
            caller, now = replace(caller, cases=tuple(aged)), then
        elif path == "known":
            caller = replace(caller, profile_id="p_someone")
        elif stem == "recent":
            caller = replace(caller, cases=tuple(_with_recent(caller.cases, last, value, now)))
        elif stem in PROFILE_STEMS:
            caller = replace(caller, values=changed(dict(caller.values), {path: value}))
        elif path not in {"stated.confidence", "stated.source", "now.night"}:
            raise NotImplementedError(path)
    return asked, caller, now


def _with_recent(cases: tuple[Case, ...], last: str, value: Any, now: Millis) -> Iterator[Case]:
    if last == "complaint_days":
        yield from (one for one in cases if one.kind != "complaint")
    elif last == "order_status":
        yield from (one for one in cases if one.kind != "order")
        yield case("order", "o1", value, at=now, open=False)
    else:
        raise NotImplementedError(last)
