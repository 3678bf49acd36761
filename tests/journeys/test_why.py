"""Every tag says why: weights that sum to 1, and values that are those of the events sent."""

from __future__ import annotations

from typing import Any

import pytest

from infra.demo.sending import DAY_MS, WEBHOOK, Sending
from tests.journeys.live import Live, described, now_ms, sending, unique

pytestmark = pytest.mark.deployed

# What the events below amount to, by the path a signal may read.
EXPECTED: dict[str, Any] = {
    "t.gender": "female",
    "t.member_level": "gold",
    "m.orders_paid.count": 4,
    "m.orders_paid.count_90d": 4,
    "m.orders_paid.count_365d": 4,
    "m.orders_paid.sum_90d": 8000,
    "m.orders_paid.sum_365d": 8000,
    "m.orders_paid.mean_365d": 2000,
    "m.orders_paid.max": 3500,
    "m.surveys.count_90d": 3,
    "m.low_scores.count_90d": 0,
    "m.high_scores.count_90d": 3,
    "m.contacts.count_90d": 3,
    "m.contacts_web_chat.count_90d": 3,
    "m.ask_product.count_90d": 3,
    "complaints.open": 1,
}
AMOUNTS = ("1000.00", "1500.00", "2000.00", "3500.00")


def _events(user: str) -> list[Sending]:
    now = now_ms()
    made = [described(user, gender="female", member_level="gold")]
    for index, amount in enumerate(AMOUNTS):
        bought = {"order_id": unique("o"), "amount": amount, "currency": "CNY"}
        made.append(sending("order.paid", user, at=now - (index + 2) * DAY_MS, channel="shop", data=bought))
    for index in range(3):
        asked = {"conversation_id": unique("c"), "topic": "product_question"}
        made.append(sending("conversation.opened", user, at=now - (index + 1) * DAY_MS, channel="web_chat", data=asked))
        scored = {"score": 5, "ticket_id": unique("t")}
        made.append(
            sending("survey.answered", user, door=WEBHOOK, channel="desk", at=now - (index + 1) * DAY_MS, data=scored)
        )
    filed = {"ticket_id": unique("t"), "topic": "complaint", "text": "不满意"}
    made.append(sending("complaint.filed", user, door=WEBHOOK, channel="desk", at=now - DAY_MS, data=filed))
    return made


def test_why__every_tag_of_a_profile__adds_up(live: Live) -> None:
    """Weights sum to 1, confidence is the true weights decayed, values are those of the events, in zh and en."""
    user = unique("why")
    live.send(_events(user))
    profile = live.api.lookup([("user_id", user)])
    tags = {tag["id"]: tag for tag in profile["tags"]}
    assert {
        "female",
        "member",
        "repeat_buyer",
        "high_purchasing_power",
        "prefers_web_chat",
        "satisfied",
        "open_complaint",
    } <= set(tags)
    compared: set[str] = set()
    for tag_id, tag in tags.items():
        why = live.api.why(profile["profile_id"], tag_id)
        _check_sums(why, tag)
        compared |= _check_values(why)
    assert len(compared) >= 8, f"too few values could be compared: {sorted(compared)}"


def _check_sums(why: Any, tag: Any) -> None:
    assert sum(signal["weight"] for signal in why["signals"]) == pytest.approx(1.0)
    met = sum(signal["weight"] for signal in why["signals"] if signal["true"])
    assert why["confidence"] == pytest.approx(met * why["decay"], abs=0.001)
    assert why["confidence"] == pytest.approx(tag["confidence"], abs=0.001)
    assert why["set"] is True
    assert why["says"]["zh"]
    assert why["says"]["en"]
    assert why["rule_version"] >= 1


def _check_values(why: Any) -> set[str]:
    compared = set()
    for signal in why["signals"]:
        assert signal["says"]["zh"]
        assert signal["says"]["en"]
        for path, value in signal["values"].items():
            if path in EXPECTED:
                meant = EXPECTED[path]
                # A measure without events reads as nothing at all, or as none of them.
                assert value == meant or (meant == 0 and value is None), f"{why['tag']}: {path} is {value}, not {meant}"
                compared.add(path)
    return compared


def test_why__tag_that_is_not_set__says_so(live: Live) -> None:
    """A tag can be asked about that is not set, and the answer shows what is missing."""
    user = unique("why")
    live.send([described(user, gender="female")])
    profile = live.api.lookup([("user_id", user)])
    why = live.api.why(profile["profile_id"], "vip")
    assert why["set"] is False
    assert sum(signal["weight"] for signal in why["signals"]) == pytest.approx(1.0)
